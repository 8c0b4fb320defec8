"""Tickets over HTTP: one number each, served by one person, past ones with their own times."""

import asyncio
import json
from typing import Any
from uuid import uuid4

import httpx
import pytest

from shared import clock
from shared.testing.service import Service

SCOPES = tuple(f"channel-router.{plural}:{verb}" for plural in ("tickets", "places") for verb in ("read", "write"))


@pytest.fixture
async def staff(service: Service) -> httpx.AsyncClient:
    return await service.client(*SCOPES, actor="staff", sub="anna")


@pytest.fixture
async def place(staff: httpx.AsyncClient) -> str:
    body = {"kind": "branch", "names": {"en": "Main"}, "zone": "Asia/Shanghai", "external_ref": "p"}
    made = await staff.post("/v1/places", json=body)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def draw(client: httpx.AsyncClient, place: str, ref: str, **other: Any) -> httpx.Response:
    return await client.post("/v1/tickets", json={"place_id": place, "need": "cash", "external_ref": ref} | other)


async def test_tickets_count_up_and_tell_their_place_in_the_queue(staff: httpx.AsyncClient, place: str) -> None:
    tickets = [(await draw(staff, place, f"t{n}")).json() for n in range(3)]
    assert [one["number"] for one in tickets] == [1, 2, 3]
    assert [one["position"] for one in tickets] == [1, 2, 3]
    assert tickets[2]["expected_wait"]["method"] == "default"
    called = (await staff.post("/v1/tickets/calls", json={"place_id": place})).json()
    assert called["id"] == tickets[0]["id"]
    assert (await staff.get(f"/v1/tickets/{tickets[1]['id']}")).json()["position"] == 1


async def test_forty_callers_draw_forty_numbers(staff: httpx.AsyncClient, place: str) -> None:
    answers = await asyncio.gather(*(draw(staff, place, f"t{n}") for n in range(40)))
    assert sorted(one.json()["number"] for one in answers) == list(range(1, 41))
    # A position told is of that moment; once all have drawn, everybody has a place of their own.
    shown = [(await staff.get(one.headers["location"])).json()["position"] for one in answers]
    assert sorted(shown) == list(range(1, 41))


async def test_sixty_four_staff_never_serve_one_ticket_twice(
    service: Service, staff: httpx.AsyncClient, place: str
) -> None:
    await asyncio.gather(*(draw(staff, place, f"t{n}") for n in range(50)))
    body = {"place_id": place}
    calls = await asyncio.gather(*(staff.post("/v1/tickets/calls", json=body | {"staff": f"s{n}"}) for n in range(64)))
    served = [one.json()["id"] for one in calls if one.status_code == 200]
    assert len(served) == len(set(served)) == 50
    assert sum(one.status_code == 404 for one in calls) == 14


async def test_whoever_has_not_finished_gets_the_same_ticket_again(staff: httpx.AsyncClient, place: str) -> None:
    await draw(staff, place, "a")
    await draw(staff, place, "b")
    calls = await asyncio.gather(*(staff.post("/v1/tickets/calls", json={"place_id": place}) for _ in range(5)))
    assert len({one.json()["id"] for one in calls}) == 1
    ticket = calls[0].json()
    done = await staff.patch(
        f"/v1/tickets/{ticket['id']}", json={"state": "served"}, headers={"If-Match": calls[0].headers["etag"]}
    )
    assert (done.status_code, done.json()["state"]) == (200, "served")
    following = (await staff.post("/v1/tickets/calls", json={"place_id": place})).json()
    assert following["id"] != ticket["id"]


async def test_a_step_the_queue_does_not_know_is_409(staff: httpx.AsyncClient, place: str) -> None:
    ticket = (await draw(staff, place, "a")).json()
    path = f"/v1/tickets/{ticket['id']}"
    assert (await staff.patch(path, json={"state": "served"}, headers={"If-Match": '"1"'})).status_code == 409
    assert (await staff.patch(path, json={"state": "abandoned"}, headers={"If-Match": '"1"'})).status_code == 200
    assert (await staff.patch(path, json={"state": "abandoned"}, headers={"If-Match": '"1"'})).status_code == 412


async def test_a_private_customer_waits_ahead_of_the_mass(
    service: Service, staff: httpx.AsyncClient, place: str
) -> None:
    who = uuid4()
    data = json.dumps({"customer_id": str(who), "tier": "private"}).encode()
    await service.hear("cxbank.customer.registered.v1", data, key=str(who), subject=str(who), id_=clock.new_id())
    await draw(staff, place, "a")
    valued = (await draw(staff, place, "b", customer_id=str(who))).json()
    assert valued["position"] == 1


async def test_an_unknown_place_is_a_clear_fault_of_one_wish(staff: httpx.AsyncClient, place: str) -> None:
    good, bad = await asyncio.gather(draw(staff, place, "a"), draw(staff, str(uuid4()), "b"))
    assert good.status_code == 201
    assert bad.status_code == 422
    assert bad.json()["errors"][0]["pointer"] == "/place_id"


async def test_past_tickets_enter_with_their_times_and_are_told_step_by_step(
    service: Service, staff: httpx.AsyncClient, place: str
) -> None:
    base = {"place_id": place, "need": "call.ps", "opened_at": "1999-01-05T08:00:00+02:00", "channel": "phone"}
    rows = [
        base
        | {"external_ref": "1", "called_at": "1999-01-05T08:01:00+02:00", "served_at": "1999-01-05T08:04:00+02:00"},
        base | {"external_ref": "2", "abandoned_at": "1999-01-05T08:00:30+02:00"},
        base | {"external_ref": "3", "served_at": "1999-01-05T08:00:30+02:00"},
        base | {"external_ref": "4", "place_id": str(uuid4())},
    ]
    body = "\n".join(json.dumps(row) for row in rows)
    for created, unchanged in ((2, 0), (0, 2)):
        head = {"content-type": "application/x-ndjson"}
        taken = await staff.post("/v1/tickets/imports", content=body, headers=head)
        await service.run_jobs()
        job = (await staff.get(taken.headers["location"])).json()
        assert (job["created"], job["unchanged"], job["rejected"]) == (created, unchanged, 2)
    told = [record for record in await service.relay() if b"ticket" in dict(record.headers)["ce_type"]]
    stories: dict[str, list[tuple[str, int]]] = {}
    for record in told:
        head_ = dict(record.headers)
        step = (head_["ce_type"].decode().split(".")[2], int(head_["ce_sequence"]))
        stories.setdefault(json.loads(record.value)["ticket_id"], []).append(step)
    assert sorted(stories.values()) == [
        [("ticket_opened", 1), ("ticket_abandoned", 2)],
        [("ticket_opened", 1), ("ticket_called", 2), ("ticket_served", 3)],
    ]
    served = next(json.loads(record.value) for record in told if b"ticket_served" in dict(record.headers)["ce_type"])
    assert (served["wait_seconds"], served["service_seconds"]) == (60.0, 180.0)
