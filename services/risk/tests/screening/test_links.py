"""Linked records are one customer to screening while the link stands; unlinked, each is judged as if it had never stood."""

import json
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from shared import clock
from shared.testing.service import Service

SCOPES = ("risk.screenings:write", "risk.screenings:read", "risk.restrictions:read", "risk.restrictions:write")
LINKED, UNLINKED = "cxbank.customer.linked.v1", "cxbank.customer.unlinked.v1"


@pytest.fixture
async def staff(service: Service) -> httpx.AsyncClient:
    return await service.client(*SCOPES, actor="staff", sub="anna")


async def say(service: Service, type_: str, leader: UUID, version: int, *members: UUID) -> None:
    """As customer does: once for every member, the leader among them."""
    for one in (leader, *members):
        data = json.dumps({"member": str(one), "leader": str(leader), "version": version}).encode()
        subject = f"identity-link:{one}"
        await service.hear(type_, data, key=str(one), subject=subject, sequence=version, id_=clock.new_id())


async def screen(staff: httpx.AsyncClient, who: UUID, *, device: str = "", at: datetime | None = None) -> Any:
    body = {
        "event_id": str(uuid4()),
        "kind": "transaction",
        "customer_id": str(who),
        "occurred_at": (at or clock.now()).isoformat(),
        "attributes": {"device": device} if device else {},
    }
    answer = await staff.post("/v1/screenings", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def restricted(staff: httpx.AsyncClient, who: UUID) -> str:
    """A restriction on this one: the tenth event of a minute, at a device that three customers share."""
    at, device = clock.now(), f"d-{who}"
    for one in (uuid4(), uuid4(), *([who] * 10)):
        answer = await screen(staff, one, device=device, at=at)
    assert answer["outcome"] == "decline", answer
    (standing,) = answer["restrictions"]
    return str(standing["id"])


def named(answer: Any) -> list[str]:
    return [one["id"] for one in answer["restrictions"]]


async def test_a_restriction_bites_every_record_of_the_person_and_only_while_they_are_one(
    service: Service, staff: httpx.AsyncClient
) -> None:
    first, second, third, stranger = (uuid4() for _ in range(4))
    standing = await restricted(staff, first)
    assert named(await screen(staff, second)) == []
    await say(service, LINKED, third, 1, first, second)
    meanwhile = await screen(staff, second)
    assert [named(one) for one in (meanwhile, await screen(staff, third))] == [[standing]] * 2
    assert named(await screen(staff, stranger)) == []
    await say(service, UNLINKED, third, 2, first, second)
    assert named(await screen(staff, second)) == named(await screen(staff, third)) == []
    assert named(await screen(staff, first)) == [standing]
    # What was decided while they were one stands as it was decided.
    assert named((await staff.get(f"/v1/screenings/{meanwhile['id']}")).json()) == [standing]


async def test_a_person_with_two_records_is_restricted_once_and_lifting_it_frees_both(
    service: Service, staff: httpx.AsyncClient
) -> None:
    first, second = uuid4(), uuid4()
    await say(service, LINKED, first, 1, second)
    standing = await restricted(staff, first)
    # Declined as well, and there is a restriction already.
    assert await restricted(staff, second) == standing
    assert len((await staff.get("/v1/restrictions", params={"customer_id": str(second)})).json()["items"]) == 1
    path = f"/v1/restrictions/{standing}"
    lifted = await staff.patch(path, json={"state": "lifted"}, headers={"If-Match": '"1"'})
    assert lifted.status_code == 200, lifted.text
    assert named(await screen(staff, second)) == named(await screen(staff, first)) == []


async def test_windows_over_a_customer_are_those_of_the_person_and_come_apart_again(
    service: Service, staff: httpx.AsyncClient
) -> None:
    first, second = uuid4(), uuid4()
    at = clock.now()

    async def seen() -> int | None:
        rules = {rule["rule"]: rule["values"] for rule in (await screen(staff, second, at=at))["rules"]}
        return rules["burst_of_events"]["events_1m"] if "burst_of_events" in rules else None

    for _ in range(6):
        await screen(staff, first, at=at)
    assert await seen() is None
    await say(service, LINKED, first, 1, second)
    assert await seen() == 8
    await say(service, UNLINKED, first, 2, second)
    assert [await seen() for _ in range(3)] == [None, None, 5]


async def test_two_records_of_one_person_are_one_customer_at_a_device(
    service: Service, staff: httpx.AsyncClient
) -> None:
    first, second, third = uuid4(), uuid4(), uuid4()

    async def sharers(who: UUID) -> int | None:
        rules = {rule["rule"]: rule["values"] for rule in (await screen(staff, who, device="tablet"))["rules"]}
        return rules["shared_device"]["device_customers_7d"] if "shared_device" in rules else None

    await say(service, LINKED, first, 1, second)
    assert [await sharers(one) for one in (first, second, third)] == [None] * 3
    await say(service, UNLINKED, first, 2, second)
    assert await sharers(third) == 3
