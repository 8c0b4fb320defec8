"""Expressions over HTTP: kept once, redacted beside, read by those who may."""

import asyncio
import gzip
import json
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text

from shared import clock
from shared.testing.service import Service

SCOPES = ("feedback.feedback:write", "feedback.feedback:read")
SAID = {
    "source": "app",
    "source_ref": "s-1",
    "text": "柜台等了一个小时,请回电 13812345678 或 zhang@example.com",
    "rating": 2,
    "language": "zh-Hans",
    "subject": {"kind": "branch", "id": "b-1"},
}


@pytest.fixture
async def staff(service: Service) -> httpx.AsyncClient:
    return await service.client(*SCOPES, actor="staff", sub="anna")


async def test_an_expression_is_kept_with_a_redacted_copy_beside(staff: httpx.AsyncClient) -> None:
    made = await staff.post("/v1/feedback", json=SAID)
    assert made.status_code == 201, made.text
    assert made.json()["text"] == SAID["text"]
    assert made.json()["redacted_text"] == "柜台等了一个小时,请回电 [phone] 或 [email]"
    assert (await staff.get(made.headers["location"])).json() == made.json()
    (line,) = (await staff.get("/v1/feedback")).json()["items"]
    assert "text" not in line
    assert line["redacted_text"] == made.json()["redacted_text"]


async def test_the_same_source_ref_is_one_expression_whoever_brings_it(
    service: Service, staff: httpx.AsyncClient
) -> None:
    other = await service.client(*SCOPES, actor="client", sub="gateway")
    answers = await asyncio.gather(*(one.post("/v1/feedback", json=SAID) for one in (staff, other) * 8))
    assert len({one.json()["id"] for one in answers}) == 1
    assert sorted(one.status_code for one in answers) == [200] * 15 + [201]
    assert (await staff.post("/v1/feedback", json=SAID | {"rating": 1})).status_code == 409


async def test_a_customer_speaks_for_themself_and_reads_their_own_only(service: Service) -> None:
    me = uuid4()
    own = await service.client(*SCOPES, actor="customer", sub="me", customer_id=me)
    other = await service.client(*SCOPES, actor="customer", sub="other", customer_id=uuid4())
    made = await own.post("/v1/feedback", json=SAID | {"customer_id": str(me)})
    assert made.status_code == 201
    assert (await own.get(made.headers["location"])).status_code == 200
    assert (await other.get(made.headers["location"])).status_code == 404
    assert (await other.post("/v1/feedback", json=SAID | {"customer_id": str(me)})).status_code == 404


async def test_an_import_twice_changes_nothing_and_names_what_did_not_land(
    service: Service, staff: httpx.AsyncClient
) -> None:
    rows = [SAID | {"source_ref": f"r{number}"} for number in range(1_200)]
    lines = [json.dumps(row) for row in rows]
    lines[3] = '{"source": "nowhere", "text": "Zhang secret"}'
    lines[7] = json.dumps(SAID | {"source_ref": "r0", "rating": 5})
    lines[8] = lines[9]
    lines[10] = "not json"
    lines[11] = json.dumps({"source": "app", "rating": 3})
    body = gzip.compress("\n".join(lines).encode())
    head = {"content-type": "application/x-ndjson", "content-encoding": "gzip"}
    counts = []
    for _ in range(2):
        taken = await staff.post("/v1/feedback/imports", content=body, headers=head)
        assert taken.status_code == 202, taken.text
        await service.run_jobs()
        job = (await staff.get(taken.headers["location"])).json()
        assert job["state"] == "done"
        counts.append((job["created"], job["unchanged"], job["rejected"], job["done"]))
        told = (await staff.get(taken.headers["location"] + "/rejects")).text
        rejects = [json.loads(line) for line in told.splitlines()]
        assert [(one["line"], one["code"]) for one in rejects] == [
            (4, "enum"),
            (8, "external-ref-conflict"),
            (11, "malformed"),
            (12, "key-missing"),
        ]
        assert "secret" not in told
    assert counts == [(1_195, 1, 4, 1_200), (0, 1_196, 4, 1_200)]


async def test_a_csv_row_and_a_json_body_of_the_same_thing_are_equal(
    service: Service, staff: httpx.AsyncClient
) -> None:
    assert (await staff.post("/v1/feedback", json={"source": "app", "source_ref": "x", "rating": 3})).status_code == 201
    csv = 'source,source_ref,rating,text\napp,x,3,\napp,y,,"two\nlines, one field"\n'
    taken = await staff.post("/v1/feedback/imports", content=csv, headers={"content-type": "text/csv"})
    await service.run_jobs()
    job = (await staff.get(taken.headers["location"])).json()
    assert (job["created"], job["unchanged"], job["rejected"]) == (1, 1, 0)
    kept = [one["redacted_text"] for one in (await staff.get("/v1/feedback")).json()["items"]]
    assert "two\nlines, one field" in kept


async def test_tiers_are_heard_and_an_older_word_changes_nothing(service: Service, staff: httpx.AsyncClient) -> None:
    who = uuid4()
    for version, tier in ((2, "private"), (1, "mass")):
        data = json.dumps({"customer_id": str(who), "tier": tier, "state": "active", "more": 1}).encode()
        kind = "cxbank.customer.changed.v1"
        await service.hear(kind, data, key=str(who), subject=str(who), sequence=version, id_=clock.new_id())
    made = await staff.post("/v1/feedback", json=SAID | {"customer_id": str(who)})
    assert made.json()["customer_tier"] == "private"


async def test_after_an_erasure_nothing_is_left_and_a_late_event_brings_nobody_back(
    service: Service, staff: httpx.AsyncClient
) -> None:
    who, request = uuid4(), uuid4()
    made = await staff.post("/v1/feedback", json=SAID | {"customer_id": str(who)})
    asked = json.dumps({"request_id": str(request), "customer_id": str(who), "occurred_at": "2026-11-24T00:00:00Z"})
    kind = "cxbank.customer.erasure_requested.v1"
    await service.hear(kind, asked.encode(), key=str(who), subject=str(request), id_=clock.new_id())
    assert (await staff.get(made.headers["location"])).status_code == 410
    assert (await staff.post("/v1/feedback", json=SAID | {"customer_id": str(who)})).status_code == 410
    fresh = await staff.post("/v1/feedback", json=SAID | {"customer_id": str(who), "source_ref": "late"})
    assert fresh.status_code == 410
    data = json.dumps({"customer_id": str(who), "tier": "mass"}).encode()
    await service.hear("cxbank.customer.registered.v1", data, key=str(who), subject=str(who), id_=clock.new_id())
    async with service.world.db.read() as conn:
        assert (await conn.execute(text("SELECT count(*) FROM known_customer"))).scalar_one() == 0
    said = [record for record in await service.relay() if b"erasure_confirmed" in dict(record.headers)["ce_type"]]
    assert [UUID(json.loads(record.value)["request_id"]) for record in said] == [request]
