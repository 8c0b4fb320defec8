"""Linked records wait and read as one person while the link stands; what was drawn meanwhile keeps its place."""

import json
from uuid import UUID, uuid4

import httpx
import pytest

from shared import clock
from shared.testing.service import Service

SCOPES = tuple(f"channel-router.{plural}:{verb}" for plural in ("tickets", "places") for verb in ("read", "write"))
LINKED, UNLINKED = "cxbank.customer.linked.v1", "cxbank.customer.unlinked.v1"


@pytest.fixture
async def staff(service: Service) -> httpx.AsyncClient:
    return await service.client(*SCOPES, actor="staff", sub="anna")


@pytest.fixture
async def place(staff: httpx.AsyncClient) -> str:
    return str((await staff.post("/v1/places", json={"kind": "branch", "external_ref": "p"})).json()["id"])


async def say(service: Service, type_: str, leader: UUID, version: int, *members: UUID) -> None:
    for one in (leader, *members):
        data = json.dumps({"member": str(one), "leader": str(leader), "version": version}).encode()
        subject = f"identity-link:{one}"
        await service.hear(type_, data, key=str(one), subject=subject, sequence=version, id_=clock.new_id())


async def learn(service: Service, who: UUID, tier: str) -> None:
    data = json.dumps({"customer_id": str(who), "tier": tier}).encode()
    kind = "cxbank.customer.registered.v1"
    await service.hear(kind, data, key=str(who), subject=str(who), id_=clock.new_id())


async def draw(caller: httpx.AsyncClient, place: str, who: UUID | None) -> str:
    body = {"place_id": place, "need": "cash", "external_ref": str(uuid4())}
    answer = await caller.post("/v1/tickets", json=body | ({"customer_id": str(who)} if who else {}))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def test_a_person_waits_by_the_best_tier_of_their_records_while_these_are_one(
    service: Service, staff: httpx.AsyncClient, place: str
) -> None:
    valued, second = uuid4(), uuid4()
    await learn(service, valued, "private")
    await learn(service, second, "mass")
    early = await draw(staff, place, second)
    await say(service, LINKED, second, 1, valued)
    linked = await draw(staff, place, second)
    await say(service, UNLINKED, second, 2, valued)
    late = await draw(staff, place, second)

    async def position(ticket: str) -> int:
        return int((await staff.get(f"/v1/tickets/{ticket}")).json()["position"])

    # Drawn while they were one, it keeps its place; before and after, each waits by their own tier.
    assert [await position(one) for one in (linked, early, late)] == [1, 2, 3]


async def test_customers_read_the_tickets_of_all_their_records_and_of_nobody_else(
    service: Service, staff: httpx.AsyncClient, place: str
) -> None:
    first, second = uuid4(), uuid4()
    theirs = await service.client(*SCOPES, actor="customer", sub="me", customer_id=first)
    drawn = [await draw(staff, place, one) for one in (first, second, None)]

    async def read() -> list[int]:
        return [(await theirs.get(f"/v1/tickets/{one}")).status_code for one in drawn]

    assert await read() == [200, 404, 404]
    await say(service, LINKED, second, 1, first)
    assert await read() == [200, 200, 404]
    await say(service, UNLINKED, second, 2, first)
    assert await read() == [200, 404, 404]
