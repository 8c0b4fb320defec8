"""One ticket per key, in two processes as in one; and what makes no sense, or may not be, is refused with a reason."""

import asyncio
import json
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text

from shared.testing.service import Service

SCOPES = tuple(f"channel-router.{plural}:{verb}" for plural in ("tickets", "places") for verb in ("read", "write"))


@pytest.fixture
async def here(service: Service) -> httpx.AsyncClient:
    return await service.client(*SCOPES, actor="client", sub="kiosk")


@pytest.fixture
async def there(twin: Service) -> httpx.AsyncClient:
    return await twin.client(*SCOPES, actor="client", sub="kiosk")


@pytest.fixture
async def wish(here: httpx.AsyncClient) -> dict[str, Any]:
    place = (await here.post("/v1/places", json={"kind": "branch", "external_ref": "p"})).json()["id"]
    return {"place_id": place, "need": "cash"}


async def count(service: Service) -> int:
    async with service.world.db.read() as conn:
        return int((await conn.execute(text("SELECT count(*) FROM ticket"))).scalar_one())


@pytest.mark.parametrize("of", [{}, {"customer_id": str(uuid4())}], ids=["nobody", "somebody"])
async def test_eight_twins_in_two_processes_with_one_header_key_are_one_row_and_eight_equal_answers(
    service: Service, here: httpx.AsyncClient, there: httpx.AsyncClient, wish: dict[str, Any], of: dict[str, Any]
) -> None:
    head = {"Idempotency-Key": "k-1"}
    twins = await asyncio.gather(*(one.post("/v1/tickets", json=wish | of, headers=head) for one in (here, there) * 4))
    assert [one.status_code for one in twins] == [201] * 8
    assert len({one.text for one in twins}) == 1
    assert sum(one.headers.get("idempotent-replayed") == "true" for one in twins) == 7
    assert await count(service) == 1
    opened = [one for one in await service.relay() if b"ticket_opened" in dict(one.headers)["ce_type"]]
    assert len(opened) == 1


async def test_one_external_ref_in_two_processes_is_one_ticket(
    service: Service, here: httpx.AsyncClient, there: httpx.AsyncClient, wish: dict[str, Any]
) -> None:
    body = wish | {"external_ref": "t-1"}
    twins = await asyncio.gather(*(one.post("/v1/tickets", json=body) for one in (here, there) * 4))
    assert sorted(one.status_code for one in twins) == [200] * 7 + [201]
    assert len({one.json()["id"] for one in twins}) == 1
    assert await count(service) == 1


async def test_numbers_drawn_in_two_processes_leave_no_gap(
    here: httpx.AsyncClient, there: httpx.AsyncClient, wish: dict[str, Any]
) -> None:
    draws = [one.post("/v1/tickets", json=wish | {"external_ref": f"t{n}"}) for n in range(20) for one in (here, there)]
    answers = await asyncio.gather(*draws)
    drawn = {one.json()["id"]: one.json()["number"] for one in answers}
    assert {one.status_code for one in answers} == {200, 201}
    assert sorted(drawn.values()) == list(range(1, 21))


async def test_a_header_key_counts_only_where_the_body_has_none(
    service: Service, here: httpx.AsyncClient, wish: dict[str, Any]
) -> None:
    head = {"Idempotency-Key": "k-1"}
    made = await here.post("/v1/tickets", json=wish | {"external_ref": "t-1"}, headers=head)
    again = await here.post("/v1/tickets", json=wish | {"external_ref": "t-1"}, headers={"Idempotency-Key": "k-2"})
    assert (again.status_code, again.json()["id"]) == (200, made.json()["id"])
    assert (await here.post("/v1/tickets", json=wish, headers=head)).status_code == 201
    reused = await here.post("/v1/tickets", json=wish | {"need": "loan"}, headers=head)
    assert (reused.status_code, reused.json()["type"]) == (422, "/problems/idempotency-key-reused")
    missing = await here.post("/v1/tickets", json=wish)
    assert (missing.status_code, missing.json()["type"]) == (422, "/problems/idempotency-key-missing")
    other = await here.post("/v1/tickets", json=wish | {"external_ref": "t-1", "need": "loan"})
    assert (other.status_code, other.json()["type"]) == (409, "/problems/external-ref-conflict")
    assert await count(service) == 2


async def test_one_key_twice_in_a_batch_is_one_row_and_an_unequal_one_a_reject(
    service: Service, here: httpx.AsyncClient, wish: dict[str, Any]
) -> None:
    row = wish | {"external_ref": "t-1", "opened_at": "2020-01-01T09:00:00+08:00"}
    lines = [row, row, row | {"need": "loan"}, row | {"external_ref": "t-2"}]
    head = {"content-type": "application/x-ndjson"}
    for expected in ([2, 1, 1], [0, 3, 1]):
        taken = await here.post("/v1/tickets/imports", content="\n".join(map(json.dumps, lines)), headers=head)
        await service.run_jobs()
        job = (await here.get(taken.headers["location"])).json()
        assert [job["created"], job["unchanged"], job["rejected"]] == expected
        reject = json.loads((await here.get(taken.headers["location"] + "/rejects")).text)
        assert reject == {"line": 3, "code": "external-ref-conflict", "pointer": ""}
    assert await count(service) == 2


async def test_of_twenty_changes_of_one_version_one_is_done(here: httpx.AsyncClient, wish: dict[str, Any]) -> None:
    path = (await here.post("/v1/tickets", json=wish | {"external_ref": "t-1"})).headers["location"]
    change = [here.patch(path, json={"state": "abandoned"}, headers={"If-Match": '"1"'}) for _ in range(20)]
    assert sorted(one.status_code for one in await asyncio.gather(*change)) == [200] + [412] * 19
    assert (await here.patch(path, json={"state": "abandoned"})).status_code == 428


async def test_who_may_not_is_told_so(service: Service, here: httpx.AsyncClient, wish: dict[str, Any]) -> None:
    who, body = uuid4(), wish | {"external_ref": "t-1"}
    reader = await service.client("channel-router.tickets:read", actor="client", sub="reader")
    own = await service.client(*SCOPES, actor="customer", sub="me", customer_id=who)
    other = await service.client(*SCOPES, actor="customer", sub="other", customer_id=uuid4())
    foreign = {"Authorization": f"Bearer {service.issuer.token('customer', SCOPES)}"}
    assert (await here.post("/v1/tickets", json=body, headers={"Authorization": ""})).status_code == 401
    assert (await here.post("/v1/tickets", json=body, headers=foreign)).status_code == 401
    assert (await reader.post("/v1/tickets", json=body)).status_code == 403
    assert (await own.post("/v1/tickets/calls", json={"place_id": wish["place_id"]})).status_code == 403
    assert (await own.get("/v1/tickets")).status_code == 403
    assert (await other.post("/v1/tickets", json=body | {"customer_id": str(who)})).status_code == 404
    made = await own.post("/v1/tickets", json=body | {"customer_id": str(who)})
    assert made.status_code == 201
    assert (await other.get(made.headers["location"])).status_code == 404
    assert (await here.get(f"/v1/tickets/{uuid4()}")).status_code == 404
    assert await count(service) == 1


@pytest.mark.parametrize(
    "change",
    [
        b"[" * 10_000 + b"]" * 10_000,
        b'{"need": "a\\u0000b"}',
        b'{"need": "\\ud800"}',
        b'{"need": "\xff"}',
        b'{"need": "NOT A CODE"}',
        b'{"need": 7}',
        b'{"need": "cash", "place_id": "somewhere"}',
        b'{"need": "cash", "place_id": "00000000-0000-4000-8000-000000000000", "channel": "owl"}',
        b'{"need": "cash", "place_id": "00000000-0000-4000-8000-000000000000", "unknown": 1}',
        b'{"need": "cash", "place_id": "00000000-0000-4000-8000-000000000000", "external_ref": "x"}',
    ],
)
async def test_what_makes_no_sense_is_refused_with_a_reason(
    service: Service, here: httpx.AsyncClient, change: bytes
) -> None:
    head = {"content-type": "application/json", "Idempotency-Key": "k"}
    answer = await here.post("/v1/tickets", content=change, headers=head)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"]
    assert await count(service) == 0


async def test_a_body_of_ten_megabytes_is_413(here: httpx.AsyncClient) -> None:
    answer = await here.post("/v1/tickets", content=b"x" * 10_000_000, headers={"content-type": "application/json"})
    assert answer.status_code == 413
