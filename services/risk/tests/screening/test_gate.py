"""One decision per event: in two processes as in one, in an import as over HTTP; and what may not be is refused."""

import asyncio
import json
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text

from shared import clock
from shared.testing.service import Service

SCOPES = ("risk.screenings:write", "risk.screenings:read")


@pytest.fixture
async def here(service: Service) -> httpx.AsyncClient:
    return await service.client(*SCOPES, actor="client", sub="gateway")


@pytest.fixture
async def there(twin: Service) -> httpx.AsyncClient:
    return await twin.client(*SCOPES, actor="client", sub="gateway")


@pytest.fixture
def event() -> dict[str, Any]:
    """A transaction as its channel tells it."""
    money = {"amount": "12.50", "currency": "CNY"}
    told = {"event_id": "e-1", "kind": "transaction", "customer_id": str(uuid4()), "amount": money}
    return told | {"occurred_at": clock.now().isoformat(), "attributes": {"account": "a", "mobile": True}}


async def counts(service: Service) -> tuple[int, ...]:
    query = "SELECT (SELECT count(*) FROM screening), (SELECT count(*) FROM fact), (SELECT count(*) FROM gate)"
    async with service.world.db.read() as conn:
        return tuple((await conn.execute(text(query))).one())


async def bring(service: Service, client: httpx.AsyncClient, *rows: dict[str, Any]) -> tuple[list[int], list[Any]]:
    head = {"content-type": "application/x-ndjson"}
    taken = await client.post("/v1/screenings/imports", content="\n".join(map(json.dumps, rows)), headers=head)
    await service.run_jobs()
    job = (await client.get(taken.headers["location"])).json()
    rejects = (await client.get(taken.headers["location"] + "/rejects")).text.splitlines()
    return [job["created"], job["unchanged"], job["rejected"]], [json.loads(line) for line in rejects]


async def test_eight_twins_in_one_process_are_one_decision(
    service: Service, here: httpx.AsyncClient, event: dict[str, Any]
) -> None:
    twins = await asyncio.gather(*(here.post("/v1/screenings", json=event) for _ in range(8)))
    assert sorted(one.status_code for one in twins) == [200] * 7 + [201]
    assert len({one.text for one in twins}) == 1
    assert await counts(service) == (1, 1, 1)


async def test_eight_twins_in_two_processes_are_one_decision_said_once(
    service: Service, here: httpx.AsyncClient, there: httpx.AsyncClient, event: dict[str, Any]
) -> None:
    twins = await asyncio.gather(*(one.post("/v1/screenings", json=event) for one in (here, there) * 4))
    assert sorted(one.status_code for one in twins) == [200] * 7 + [201]
    assert sum(one.headers.get("idempotent-replayed") == "true" for one in twins) == 7
    assert len({one.text for one in twins}) == 1
    assert await counts(service) == (1, 1, 1)
    assert [dict(one.headers)["ce_type"] for one in await service.relay()] == [b"cxbank.risk.screened.v1"]


async def test_of_eight_in_two_processes_with_two_contents_one_content_is_decided(
    service: Service, here: httpx.AsyncClient, there: httpx.AsyncClient, event: dict[str, Any]
) -> None:
    bodies = [event | {"kind": ("transaction", "login")[number % 2]} for number in range(8)]
    clients = (here, here, there, there) * 2
    sent = (one.post("/v1/screenings", json=body) for one, body in zip(clients, bodies, strict=True))
    answers = await asyncio.gather(*sent)
    assert sorted(one.status_code for one in answers) == [200] * 3 + [201] + [409] * 4
    assert {one.json()["type"] for one in answers if one.status_code == 409} == {"/problems/external-ref-conflict"}
    assert await counts(service) == (1, 1, 1)


async def test_a_header_key_adds_nothing_to_the_events_own(
    service: Service, here: httpx.AsyncClient, event: dict[str, Any]
) -> None:
    first = await here.post("/v1/screenings", json=event, headers={"Idempotency-Key": "k-1"})
    again = await here.post("/v1/screenings", json=event, headers={"Idempotency-Key": "k-2"})
    assert (first.status_code, again.status_code, again.json()["id"]) == (201, 200, first.json()["id"])
    other = event | {"event_id": "e-2"}
    assert (await here.post("/v1/screenings", json=other, headers={"Idempotency-Key": "k-1"})).status_code == 201
    keyless = {name: value for name, value in event.items() if name != "event_id"}
    assert (await here.post("/v1/screenings", json=keyless, headers={"Idempotency-Key": "k-3"})).status_code == 422
    assert await counts(service) == (2, 2, 2)


async def test_an_event_twice_in_a_batch_is_one_decision_and_an_unequal_one_a_reject(
    service: Service, here: httpx.AsyncClient, event: dict[str, Any]
) -> None:
    rows = [event, event, event | {"kind": "login"}, event | {"event_id": "e-2"}]
    conflict = {"line": 3, "code": "external-ref-conflict", "pointer": ""}
    assert await bring(service, here, *rows) == ([2, 1, 1], [conflict])
    assert await bring(service, here, *rows) == ([0, 3, 1], [conflict])
    assert await counts(service) == (2, 2, 2)


async def test_an_import_and_its_twin_in_another_process_share_the_decisions(
    service: Service, twin: Service, here: httpx.AsyncClient, there: httpx.AsyncClient, event: dict[str, Any]
) -> None:
    rows = [event | {"event_id": f"e-{number}"} for number in range(120)]
    (one, rejects), (other, more) = await asyncio.gather(
        bring(service, here, *rows), bring(twin, there, *reversed(rows))
    )
    assert (rejects, more) == ([], [])
    assert [sum(pair) for pair in zip(one, other, strict=True)] == [120, 120, 0]
    assert await counts(service) == (120, 120, 120)


async def test_who_may_not_is_told_so(service: Service, here: httpx.AsyncClient, event: dict[str, Any]) -> None:
    reader = await service.client("risk.screenings:read", actor="client", sub="reader")
    own = await service.client(*SCOPES, actor="customer", sub="me", customer_id=uuid4())
    foreign = {"Authorization": f"Bearer {service.issuer.token('kpi', SCOPES)}"}
    assert (await here.post("/v1/screenings", json=event, headers={"Authorization": ""})).status_code == 401
    assert (await here.post("/v1/screenings", json=event, headers=foreign)).status_code == 401
    for caller in (reader, own):
        assert (await caller.post("/v1/screenings", json=event)).status_code == 403
        assert (await caller.post("/v1/screenings/imports", content=b"{}")).status_code == 403
    assert await counts(service) == (0, 0, 0)
