"""What customers say stays theirs: sealed, redacted, recorded, and gone when they are."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text

from feedback import storage
from shared import audit, clock
from shared.crypto import Subject
from shared.telemetry import configure
from shared.testing.service import Service

SCOPES = ("feedback.feedback:write", "feedback.feedback:read")
Dump = Callable[[Service], Awaitable[bytes]]
Search = Callable[[bytes, Iterable[str]], list[str]]
SECRETS = ("13812345678", "+4915112345679", "lina.wang@example.com", "11010519491231002X", "letter-of-wang-lina")
SAID = {
    "source": "letter",
    "source_ref": "letter-of-wang-lina",
    "text": f"请回电 {SECRETS[0]} 或 {SECRETS[1]},邮箱 {SECRETS[2]},身份证 {SECRETS[3]}",
    "rating": 1,
}
ASKED = "cxbank.customer.erasure_requested.v1"


@pytest.fixture
async def staff(service: Service) -> httpx.AsyncClient:
    return await service.client(*SCOPES, actor="staff", sub="anna")


async def erase(service: Service, who: UUID, request: UUID, *, event: UUID | None = None) -> None:
    asked = json.dumps({"request_id": str(request), "customer_id": str(who), "occurred_at": "2026-11-24T00:00:00Z"})
    await service.hear(ASKED, asked.encode(), key=str(who), subject=str(request), id_=event or clock.new_id())


async def confirmed(service: Service) -> list[str]:
    said = [one for one in await service.relay() if b"erasure_confirmed" in dict(one.headers)["ce_type"]]
    return [json.loads(one.value)["request_id"] for one in said]


async def bring(service: Service, staff: httpx.AsyncClient, *rows: dict[str, Any]) -> list[Any]:
    head = {"content-type": "application/x-ndjson"}
    taken = await staff.post("/v1/feedback/imports", content="\n".join(map(json.dumps, rows)), headers=head)
    await service.run_jobs()
    rejects = (await staff.get(taken.headers["location"] + "/rejects")).text.splitlines()
    return [json.loads(line) for line in rejects]


async def test_an_erased_customers_words_are_gone_from_every_door(
    service: Service, staff: httpx.AsyncClient, stored: Dump, unsealed: Search
) -> None:
    who, request = uuid4(), uuid4()
    named = SAID | {"customer_id": str(who)}
    head = {"Idempotency-Key": "k-1"}
    made = await staff.post("/v1/feedback", json=named)
    keyed = await staff.post("/v1/feedback", json={**named, "source_ref": None}, headers=head)
    assert (made.status_code, keyed.status_code) == (201, 201)
    await erase(service, who, request)
    answers = [
        await staff.get(made.headers["location"]),
        await staff.post("/v1/feedback", json=named),
        await staff.post("/v1/feedback", json={**named, "source_ref": None}, headers=head),
        await staff.post("/v1/feedback", json=named | {"source_ref": "another"}),
    ]
    assert [one.status_code for one in answers] == [410] * 4
    lines = (await staff.get("/v1/feedback")).json()["items"]
    assert [(one["redacted_text"], one["rating"]) for one in lines] == [(None, 1)] * 2
    async with service.world.db.read() as conn:
        rows = (await conn.execute(text("SELECT text, redacted_text, source_ref FROM feedback"))).all()
        keys = (await conn.execute(text("SELECT wrapped FROM subject_key"))).scalars().all()
    assert [tuple(row) for row in rows] == [(None, None, None)] * 2
    assert keys == [None]
    assert "请回电".encode() not in await stored(service)


async def test_another_process_that_still_has_the_key_has_no_words_to_open(
    service: Service, twin: Service, staff: httpx.AsyncClient
) -> None:
    who = uuid4()
    made = await staff.post("/v1/feedback", json=SAID | {"customer_id": str(who)})
    elsewhere = await twin.client(*SCOPES, actor="staff", sub="bob")
    assert (await elsewhere.get(made.headers["location"])).json()["text"] == SAID["text"]
    await erase(service, who, uuid4())
    left = (await elsewhere.get(made.headers["location"])).json()
    assert [left.get(name) for name in ("text", "redacted_text", "source_ref")] == [None, None, None]


async def test_what_comes_late_brings_nobody_back(service: Service, staff: httpx.AsyncClient) -> None:
    who = uuid4()
    await staff.post("/v1/feedback", json=SAID | {"customer_id": str(who)})
    await erase(service, who, uuid4())
    data = json.dumps({"customer_id": str(who), "tier": "private", "state": "active", "region": "CN-SH"}).encode()
    for number, kind in enumerate(("registered", "changed", "closed", "snapshot"), 1):
        type_ = f"cxbank.customer.{kind}.v1"
        await service.hear(type_, data, key=str(who), subject=str(who), sequence=number, id_=clock.new_id())
    rejects = await bring(
        service, staff, SAID | {"customer_id": str(who)}, SAID | {"customer_id": str(who), "source_ref": "b"}
    )
    assert [(one["line"], one["code"]) for one in rejects] == [(1, "gone"), (2, "customer-erased")]
    async with service.world.db.read() as conn:
        assert (await conn.execute(text("SELECT count(*) FROM known_customer"))).scalar_one() == 0
        assert (await conn.execute(text("SELECT count(*) FROM feedback WHERE text IS NOT NULL"))).scalar_one() == 0


async def test_an_erasure_is_confirmed_once_however_often_it_is_heard(service: Service) -> None:
    who, request, event = uuid4(), uuid4(), clock.new_id()
    for _ in range(3):
        await erase(service, who, request, event=event)
    assert await confirmed(service) == [str(request)]
    again = uuid4()
    await erase(service, who, again)
    assert sorted(await confirmed(service)) == sorted([str(request), str(again)])


async def test_an_erasure_among_twenty_expressions_leaves_no_words(service: Service, staff: httpx.AsyncClient) -> None:
    who = uuid4()
    posts = [
        asyncio.create_task(
            staff.post("/v1/feedback", json=SAID | {"customer_id": str(who), "source_ref": f"r{number}"})
        )
        for number in range(20)
    ]
    await asyncio.sleep(0.01)
    await erase(service, who, uuid4())
    answers = await asyncio.gather(*posts)
    assert {one.status_code for one in answers} <= {201, 410}
    async with service.world.db.read() as conn:
        left = await conn.execute(text("SELECT count(*) FROM feedback WHERE coalesce(text, source_ref) IS NOT NULL"))
        assert left.scalar_one() == 0


async def test_what_nobody_known_said_is_not_touched_by_an_erasure(service: Service, staff: httpx.AsyncClient) -> None:
    made = await staff.post("/v1/feedback", json=SAID)
    await erase(service, uuid4(), uuid4())
    assert (await staff.get(made.headers["location"])).json()["text"] == SAID["text"]


async def test_whoever_reads_every_row_message_and_log_reads_nobody(
    service: Service,
    staff: httpx.AsyncClient,
    capsys: pytest.CaptureFixture[str],
    stored: Dump,
    unsealed: Search,
) -> None:
    configure("debug")
    try:
        made = await staff.post("/v1/feedback", json=SAID | {"customer_id": str(uuid4())})
        keyed = {"source": "web", "text": SAID["text"]}
        assert (await staff.post("/v1/feedback", json=keyed, headers={"Idempotency-Key": "k"})).status_code == 201
        assert (await staff.get(made.headers["location"])).json()["text"] == SAID["text"]
        answers = [
            await staff.post("/v1/feedback", json=SAID | {"language": SECRETS[2]}),
            await staff.post("/v1/feedback", json=SAID | {"customer_id": SECRETS[0]}),
            await staff.post("/v1/feedback", json=SAID | {"captured_at": SECRETS[3]}),
            await staff.post("/v1/feedback", json=SAID | {"rating": 3}),
        ]
        rejects = await bring(
            service, staff, SAID | {"rating": 4}, SAID | {"rating": SECRETS[1]}, {"text": SAID["text"]}
        )
        async with service.world.db.begin() as tx:
            await tx.execute(text("ALTER TABLE feedback ADD CONSTRAINT never_again CHECK (false) NOT VALID"))
        answers.append(await staff.post("/v1/feedback", json=SAID | {"source_ref": SECRETS[1]}))
        rejects += await bring(service, staff, SAID | {"source_ref": SECRETS[2]})
    finally:
        # The capture ends before the service does, which would say so into a closed file.
        configure("error")
    assert [one.status_code for one in answers] == [422, 422, 422, 409, 500]
    assert [one["code"] for one in rejects] == ["external-ref-conflict", "less-than-equal", "missing", "not-stored"]
    told = "\n".join([capsys.readouterr().out, json.dumps(rejects), *(one.text for one in answers)])
    assert '"event":"fault"' in told
    assert unsealed(told.encode(), SECRETS) == []
    assert unsealed(await stored(service), SECRETS) == []


async def test_without_a_record_nothing_is_told_and_nothing_kept(service: Service, staff: httpx.AsyncClient) -> None:
    made = await staff.post("/v1/feedback", json=SAID)
    async with service.world.db.begin() as tx:
        await tx.execute(text("ALTER TABLE audit RENAME TO audit_away"))
    answers = [
        await staff.get(made.headers["location"]),
        await staff.post("/v1/feedback", json=SAID | {"source_ref": "another"}),
    ]
    async with service.world.db.begin() as tx:
        await tx.execute(text("ALTER TABLE audit_away RENAME TO audit"))
        kept = (await tx.execute(text("SELECT (SELECT count(*) FROM feedback), (SELECT count(*) FROM gate)"))).one()
    assert [one.status_code for one in answers] == [503, 503]
    assert not any("请回电" in one.text for one in answers)
    assert {one.headers["content-type"] for one in answers} == {"application/problem+json"}
    assert tuple(kept) == (1, 1)


async def test_who_read_whose_words_is_on_record(service: Service, staff: httpx.AsyncClient) -> None:
    who = uuid4()
    made = await staff.post("/v1/feedback", json=SAID | {"customer_id": str(who)})
    await staff.get(made.headers["location"])
    async with service.world.db.read() as conn:
        told = await audit.of_subject(conn, storage.AUDIT, Subject("customer", who), 10)
        assert await audit.verify(conn, storage.AUDIT, service.world.keyring) == []
    assert [(one["action"], one["sub"]) for one in told] == [("feedback.read", "anna"), ("feedback.submit", "anna")]
