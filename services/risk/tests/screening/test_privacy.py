"""What risk knows of a customer is sealed, recorded, said to nobody, and gone when they are."""

import json
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text

from risk import storage
from shared import audit, clock
from shared.crypto import Subject
from shared.telemetry import configure
from shared.testing.clear import stored, unsealed
from shared.testing.service import Service

SCOPES = ("risk.screenings:write", "risk.screenings:read", "risk.restrictions:read", "risk.restrictions:write")
SECRETS = ("6222020200112233445", "imei-867530912345678", "DE89370400440532013000", "tx-of-ouyang-nana", "欧阳娜娜")
WHEN = clock.now().isoformat()
ASKED = "cxbank.customer.erasure_requested.v1"


@pytest.fixture
async def staff(service: Service) -> httpx.AsyncClient:
    return await service.client(*SCOPES, actor="staff", sub="anna")


def event(who: UUID, **other: Any) -> dict[str, Any]:
    """A transaction full of what nobody else may read."""
    told = {"account": SECRETS[0], "device": SECRETS[1], "payee": SECRETS[2], "holder": SECRETS[4]}
    money = {"amount": "12345678.90", "currency": "CNY"}
    body = {"event_id": SECRETS[3], "kind": "transaction", "customer_id": str(who), "amount": money}
    return body | {"occurred_at": WHEN, "attributes": told} | other


async def erase(service: Service, who: UUID, request: UUID, *, said: UUID | None = None) -> None:
    asked = json.dumps({"request_id": str(request), "customer_id": str(who), "occurred_at": "2026-11-24T00:00:00Z"})
    await service.hear(ASKED, asked.encode(), key=str(who), subject=str(request), id_=said or clock.new_id())


async def learn(service: Service, who: UUID, version: int) -> None:
    data = json.dumps({"customer_id": str(who), "tier": "private", "state": "active"}).encode()
    kind = ("registered", "changed", "closed", "snapshot")[version % 4]
    type_ = f"cxbank.customer.{kind}.v1"
    await service.hear(type_, data, key=str(who), subject=str(who), sequence=version, id_=clock.new_id())


async def bring(service: Service, staff: httpx.AsyncClient, *rows: dict[str, Any]) -> list[Any]:
    head = {"content-type": "application/x-ndjson"}
    taken = await staff.post("/v1/screenings/imports", content="\n".join(map(json.dumps, rows)), headers=head)
    await service.run_jobs()
    return [json.loads(line) for line in (await staff.get(taken.headers["location"] + "/rejects")).text.splitlines()]


async def left_of(service: Service, who: UUID) -> tuple[int, ...]:
    """Hashes, sealed details, what was heard, and keys, of one customer."""
    queries = (
        "SELECT count(*) FROM fact WHERE customer_id = :who AND coalesce(account, device, payee) IS NOT NULL",
        "SELECT count(*) FROM screening WHERE customer_id = :who AND detail IS NOT NULL",
        "SELECT count(*) FROM known_customer WHERE customer_id = :who",
        "SELECT count(*) FROM subject_key WHERE subject_id = :who AND wrapped IS NOT NULL",
    )
    async with service.world.db.read() as conn:
        return tuple([(await conn.execute(text(query), {"who": who})).scalar_one() for query in queries])


async def test_an_erased_customers_events_stay_as_counts_of_nobody_in_particular(
    service: Service, twin: Service, staff: httpx.AsyncClient
) -> None:
    who, request = uuid4(), uuid4()
    await learn(service, who, 1)
    made = await staff.post("/v1/screenings", json=event(who))
    elsewhere = await twin.client(*SCOPES, actor="staff", sub="bob")
    assert (await elsewhere.get(made.headers["location"])).json()["event_id"] == SECRETS[3]
    assert await left_of(service, who) == (1, 1, 1, 1)
    await erase(service, who, request)
    assert await left_of(service, who) == (0, 0, 0, 0)
    # The other process still has the key in its memory, and nothing to open with it.
    for caller in (staff, elsewhere):
        answers = [
            await caller.get(made.headers["location"]),
            await caller.post("/v1/screenings", json=event(who)),
            await caller.post("/v1/screenings", json=event(who, event_id="another")),
        ]
        assert [one.status_code for one in answers] == [410] * 3
        assert unsealed("".join(one.text for one in answers).encode(), SECRETS) == []
    async with service.world.db.read() as conn:
        assert (await conn.execute(text("SELECT count(*) FROM fact"))).scalar_one() == 1


async def test_what_comes_late_brings_nobody_back(service: Service, staff: httpx.AsyncClient) -> None:
    who = uuid4()
    await staff.post("/v1/screenings", json=event(who))
    await erase(service, who, uuid4())
    for version in range(1, 5):
        await learn(service, who, version)
    rejects = await bring(service, staff, event(who), event(who, event_id="b"))
    assert [(one["line"], one["code"]) for one in rejects] == [(1, "gone"), (2, "customer-erased")]
    assert await left_of(service, who) == (0, 0, 0, 0)
    async with service.world.db.read() as conn:
        assert (await conn.execute(text("SELECT count(*) FROM parked"))).scalar_one() == 0


async def test_an_erasure_that_comes_before_the_customer_holds(service: Service, staff: httpx.AsyncClient) -> None:
    who, request = uuid4(), uuid4()
    await erase(service, who, request)
    await learn(service, who, 1)
    assert (await staff.post("/v1/screenings", json=event(who))).status_code == 410
    assert await left_of(service, who) == (0, 0, 0, 0)


async def test_an_erasure_heard_twice_is_done_once_and_confirmed(service: Service, staff: httpx.AsyncClient) -> None:
    who, request, said = uuid4(), uuid4(), clock.new_id()
    await staff.post("/v1/screenings", json=event(who))
    for _ in range(2):
        await erase(service, who, request, said=said)
    told = [one for one in await service.relay() if b"erasure_confirmed" in dict(one.headers)["ce_type"]]
    assert [json.loads(one.value)["request_id"] for one in told] == [str(request)]


async def test_another_customers_events_are_not_touched(service: Service, staff: httpx.AsyncClient) -> None:
    other = uuid4()
    made = await staff.post("/v1/screenings", json=event(other))
    await erase(service, uuid4(), uuid4())
    assert (await staff.get(made.headers["location"])).json() == made.json()
    assert await left_of(service, other) == (1, 1, 0, 1)


async def test_whoever_reads_every_row_message_and_log_reads_nobody(
    service: Service, staff: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    who = uuid4()
    configure("debug")
    try:
        made = await staff.post("/v1/screenings", json=event(who))
        assert (await staff.get(made.headers["location"])).json()["event_id"] == SECRETS[3]
        answers = [
            await staff.post("/v1/screenings", json=event(who, kind=SECRETS[4])),
            await staff.post("/v1/screenings", json=event(who, customer_id=SECRETS[0])),
            await staff.post("/v1/screenings", json=event(who, occurred_at=SECRETS[2])),
            await staff.post("/v1/screenings", json=event(who, attributes={"account": [SECRETS[0]]})),
            await staff.post("/v1/screenings", json=event(who, kind="login")),
        ]
        rejects = await bring(service, staff, event(who, kind="login"), event(who, kind=SECRETS[4]))
        async with service.world.db.begin() as tx:
            await tx.execute(text("ALTER TABLE screening ADD CONSTRAINT never_again CHECK (false) NOT VALID"))
        answers.append(await staff.post("/v1/screenings", json=event(who, event_id=SECRETS[1])))
        rejects += await bring(service, staff, event(who, event_id=SECRETS[2]))
    finally:
        # The capture ends before the service does, which would say so into a closed file.
        configure("error")
    assert [one.status_code for one in answers] == [422] * 4 + [409, 500]
    assert [one["code"] for one in rejects] == ["external-ref-conflict", "enum", "not-stored"]
    told = "\n".join([capsys.readouterr().out, json.dumps(rejects), *(one.text for one in answers)])
    assert '"event":"fault"' in told
    assert unsealed(told.encode(), SECRETS) == []
    assert unsealed(await stored(service), SECRETS) == []


async def test_the_search_finds_what_is_there(service: Service) -> None:
    async with service.world.db.begin() as tx:
        plain = "INSERT INTO timer VALUES ('a', 'a', now(), null, jsonb_build_object('who', CAST(:who AS text)))"
        await tx.execute(text(plain), {"who": SECRETS[4]})
    assert unsealed(await stored(service), SECRETS) == [SECRETS[4]]


async def test_without_a_record_nothing_is_told_and_nothing_decided(service: Service, staff: httpx.AsyncClient) -> None:
    who = uuid4()
    made = await staff.post("/v1/screenings", json=event(who))
    async with service.world.db.begin() as tx:
        await tx.execute(text("ALTER TABLE audit RENAME TO audit_away"))
    answers = [
        await staff.get(made.headers["location"]),
        await staff.post("/v1/screenings", json=event(who, event_id="another")),
    ]
    async with service.world.db.begin() as tx:
        await tx.execute(text("ALTER TABLE audit_away RENAME TO audit"))
        kept = (await tx.execute(text("SELECT (SELECT count(*) FROM screening), (SELECT count(*) FROM fact)"))).one()
    assert [one.status_code for one in answers] == [503, 503]
    assert {one.headers["content-type"] for one in answers} == {"application/problem+json"}
    assert tuple(kept) == (1, 1)


async def test_who_decided_and_read_about_whom_is_on_record(service: Service, staff: httpx.AsyncClient) -> None:
    who = uuid4()
    made = await staff.post("/v1/screenings", json=event(who))
    await staff.get(made.headers["location"])
    async with service.world.db.read() as conn:
        told = await audit.of_subject(conn, storage.AUDIT, Subject("customer", who), 10)
        assert await audit.verify(conn, storage.AUDIT, service.world.keyring) == []
    assert [(one["action"], one["sub"]) for one in told] == [("screening.read", "anna"), ("screening.decide", "anna")]
