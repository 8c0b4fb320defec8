"""Whose ticket it is, is forgotten with them, whatever comes late; and nothing is done that cannot be recorded."""

import asyncio
import json
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text

from channel_router import storage
from channel_router.queue import usecases
from channel_router.queue.schemas import OpenTicket
from shared import audit, clock
from shared.access import Caller
from shared.crypto import Subject
from shared.idempotency import wish_for
from shared.testing.service import Service

SCOPES = tuple(f"channel-router.{plural}:{verb}" for plural in ("tickets", "places") for verb in ("read", "write"))


@pytest.fixture
async def staff(service: Service) -> httpx.AsyncClient:
    return await service.client(*SCOPES, actor="staff", sub="anna")


@pytest.fixture
async def place(staff: httpx.AsyncClient) -> str:
    return str((await staff.post("/v1/places", json={"kind": "branch", "external_ref": "p"})).json()["id"])


async def erase(service: Service, who: UUID, request: UUID, *, event: UUID | None = None) -> None:
    asked = json.dumps({"request_id": str(request), "customer_id": str(who), "occurred_at": "2026-11-24T00:00:00Z"})
    kind = "cxbank.customer.erasure_requested.v1"
    await service.hear(kind, asked.encode(), key=str(who), subject=str(request), id_=event or clock.new_id())


async def learn(service: Service, who: UUID, version: int) -> None:
    data = json.dumps({"customer_id": str(who), "tier": "private"}).encode()
    kind = "cxbank.customer.changed.v1"
    await service.hear(kind, data, key=str(who), subject=str(who), sequence=version, id_=clock.new_id())


async def restrict(service: Service, who: UUID) -> None:
    restriction = str(uuid4())
    data = json.dumps({"restriction_id": restriction, "customer_id": str(who)}).encode()
    await service.hear("cxbank.risk.restriction_set.v1", data, key=str(who), subject=restriction, id_=clock.new_id())


async def traces(service: Service) -> list[int]:
    """In how many rows of each kind somebody is named."""
    asked = (
        "SELECT count(*) FROM ticket WHERE customer_id IS NOT NULL",
        "SELECT count(*) FROM known_customer",
        "SELECT count(*) FROM known_restriction",
    )
    async with service.world.db.read() as conn:
        return [int((await conn.execute(text(one))).scalar_one()) for one in asked]


async def test_an_erased_customers_tickets_stay_as_counts_of_nobody(
    service: Service, staff: httpx.AsyncClient, place: str
) -> None:
    who, head = uuid4(), {"Idempotency-Key": "k-1"}
    own = await service.client(*SCOPES, actor="customer", sub="me", customer_id=who)
    await learn(service, who, 1)
    await restrict(service, who)
    body = {"place_id": place, "need": "cash", "customer_id": str(who)}
    made = await own.post("/v1/tickets", json=body, headers=head)
    assert (made.status_code, (await own.get(made.headers["location"])).status_code) == (201, 200)
    assert await traces(service) == [1, 1, 1]
    await erase(service, who, uuid4())
    assert await traces(service) == [0, 0, 0]
    left = (await staff.get(made.headers["location"])).json()
    assert (left["number"], left["state"], left["customer_id"]) == (1, "waiting", None)
    assert (await own.get(made.headers["location"])).status_code == 404
    assert (await own.post("/v1/tickets", json=body, headers=head)).status_code == 410
    assert (await staff.post("/v1/tickets", json=body | {"external_ref": "b"})).status_code == 410
    assert (await staff.post("/v1/tickets/calls", json={"place_id": place})).json()["id"] == left["id"]


async def test_what_comes_late_brings_nobody_back(service: Service, staff: httpx.AsyncClient, place: str) -> None:
    who = uuid4()
    await erase(service, who, uuid4())
    await learn(service, who, 7)
    await restrict(service, who)
    row = {"external_ref": "r", "place_id": place, "need": "cash", "opened_at": "2020-01-01T09:00:00Z"}
    head = {"content-type": "application/x-ndjson"}
    taken = await staff.post("/v1/tickets/imports", content=json.dumps(row | {"customer_id": str(who)}), headers=head)
    await service.run_jobs()
    reject = json.loads((await staff.get(taken.headers["location"] + "/rejects")).text)
    assert (reject["line"], reject["code"]) == (1, "customer-erased")
    assert await traces(service) == [0, 0, 0]


async def test_an_erasure_is_confirmed_once_however_often_it_is_heard(service: Service) -> None:
    who, request, event = uuid4(), uuid4(), clock.new_id()
    for _ in range(3):
        await erase(service, who, request, event=event)
    told = [one for one in await service.relay() if b"erasure_confirmed" in dict(one.headers)["ce_type"]]
    assert [json.loads(one.value)["request_id"] for one in told] == [str(request)]
    assert [one.key for one in told] == [str(who).encode()]


async def test_an_erasure_waits_for_a_ticket_that_is_being_drawn(
    service: Service, staff: httpx.AsyncClient, place: str
) -> None:
    who = uuid4()
    caller = Caller(sub="anna", actor="staff", scopes=frozenset())
    body = OpenTicket(place_id=UUID(place), need="cash", customer_id=who, external_ref="a")
    async with service.world.db.begin() as tx:
        wish = wish_for(service.world.keyring, "ticket", body, caller)
        (answer,) = await usecases.open_tickets(service.world, tx, [wish])
        assert not isinstance(answer, Exception)
        erasure = asyncio.create_task(erase(service, who, uuid4()))
        while not erasure.done():
            if await waiting(service):
                break
    await erasure
    assert await traces(service) == [0, 0, 0]


async def waiting(service: Service) -> bool:
    """Whether anybody waits for a lock in this test's database."""
    asked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with service.world.db.read() as conn:
        return bool((await conn.execute(text(asked))).scalar_one())


async def test_an_erasure_among_twenty_tickets_and_restrictions_leaves_no_name(
    service: Service, staff: httpx.AsyncClient, place: str
) -> None:
    who = uuid4()
    body = {"place_id": place, "need": "cash", "customer_id": str(who)}
    draws = [
        asyncio.create_task(staff.post("/v1/tickets", json=body | {"external_ref": f"t{number}"}))
        for number in range(20)
    ]
    erasure = asyncio.create_task(erase(service, who, uuid4()))
    for _ in range(3):
        await restrict(service, who)
    await erasure
    assert {one.status_code for one in await asyncio.gather(*draws)} <= {201, 410}
    assert await traces(service) == [0, 0, 0]


async def test_without_a_record_nothing_is_told_and_nothing_done(
    service: Service, staff: httpx.AsyncClient, place: str
) -> None:
    body = {"place_id": place, "need": "cash", "customer_id": str(uuid4())}
    made = await staff.post("/v1/tickets", json=body | {"external_ref": "a"})
    path = made.headers["location"]
    async with service.world.db.begin() as tx:
        await tx.execute(text("ALTER TABLE audit RENAME TO audit_away"))
    answers = [
        await staff.get(path),
        await staff.post("/v1/tickets", json=body | {"external_ref": "b"}),
        await staff.post("/v1/tickets/calls", json={"place_id": place}),
        await staff.patch(path, json={"state": "abandoned"}, headers={"If-Match": '"1"'}),
        await staff.post("/v1/places", json={"kind": "atm", "external_ref": "q"}),
    ]
    async with service.world.db.begin() as tx:
        await tx.execute(text("ALTER TABLE audit_away RENAME TO audit"))
        kept = "SELECT (SELECT count(*) FROM ticket), (SELECT count(*) FROM place), (SELECT last FROM ticket_number)"
        held = tuple((await tx.execute(text(kept))).one())
    assert [one.status_code for one in answers] == [503] * 5
    assert {one.headers["content-type"] for one in answers} == {"application/problem+json"}
    assert held == (1, 1, 1)
    assert (await staff.get(path)).json() == made.json()


async def test_who_drew_read_and_called_whose_ticket_is_on_record(
    service: Service, staff: httpx.AsyncClient, place: str
) -> None:
    who = uuid4()
    body = {"place_id": place, "need": "cash", "customer_id": str(who), "external_ref": "a"}
    made = await staff.post("/v1/tickets", json=body)
    await staff.get(made.headers["location"])
    await staff.post("/v1/tickets/calls", json={"place_id": place})
    async with service.world.db.read() as conn:
        told = await audit.of_subject(conn, storage.AUDIT, Subject("customer", who), 10)
        assert await audit.verify(conn, storage.AUDIT, service.world.keyring) == []
    assert [one["action"] for one in told] == ["ticket.change", "ticket.read", "ticket.open"]
