"""Places over HTTP: added once, changed on the version seen, brought in by the thousand, said whenever they change."""

import asyncio
import json
from typing import Any
from uuid import uuid4

import httpx
import pytest

from shared.testing.service import Service

WRITE, READ = "channel-router.places:write", "channel-router.places:read"
MAIN = {
    "kind": "branch",
    "names": {"zh-Hans": "总行营业部", "en": "Main branch"},
    "latitude": 39.9042,
    "longitude": 116.4074,
    "zone": "Asia/Shanghai",
    "opening_hours": "Mo-Fr 09:00-17:00; PH off",
    "wheelchair": True,
    "external_ref": "osm-1",
}


@pytest.fixture
async def staff(service: Service) -> httpx.AsyncClient:
    # Jobs of the service are read with the scope of its tickets.
    return await service.client(WRITE, READ, "channel-router.tickets:read", actor="staff", sub="anna")


async def said(service: Service) -> list[tuple[str, int]]:
    told = [one for one in await service.relay() if b"place_changed" in dict(one.headers)["ce_type"]]
    return [(json.loads(one.value)["state"], int(dict(one.headers)["ce_sequence"])) for one in told]


async def test_a_place_is_read_back_as_it_was_added(staff: httpx.AsyncClient) -> None:
    made = await staff.post("/v1/places", json=MAIN)
    assert made.status_code == 201, made.text
    shown = await staff.get(made.headers["location"])
    assert shown.json() == made.json()
    assert shown.headers["etag"] == '"1"'
    assert {name: shown.json()[name] for name in MAIN} == MAIN
    again = await staff.post("/v1/places", json=MAIN)
    assert (again.status_code, again.json()["id"]) == (200, made.json()["id"])
    assert (await staff.get(f"/v1/places/{uuid4()}")).status_code == 404


async def test_a_place_without_a_zone_stands_in_the_banks(service: Service, staff: httpx.AsyncClient) -> None:
    made = await staff.post("/v1/places", json={"kind": "atm", "external_ref": "a"})
    assert made.json()["zone"] == service.world.settings.zone
    assert made.json()["state"] == "open"


async def test_of_two_changes_of_one_version_one_is_done_and_said(service: Service, staff: httpx.AsyncClient) -> None:
    path = (await staff.post("/v1/places", json=MAIN)).headers["location"]
    head = {"If-Match": '"1"'}
    bodies = [{"state": state} for state in ("closed", "out_of_order")]
    answers = await asyncio.gather(*(staff.patch(path, json=body, headers=head) for body in bodies))
    assert sorted(one.status_code for one in answers) == [200, 412]
    (done,) = [one.json() for one in answers if one.status_code == 200]
    assert (await staff.patch(path, json=bodies[0])).status_code == 428
    assert await said(service) == [("open", 1), (done["state"], 2)]


async def test_a_merge_patch_removes_what_is_null_and_keeps_what_is_absent(staff: httpx.AsyncClient) -> None:
    path = (await staff.post("/v1/places", json=MAIN)).headers["location"]
    changed = await staff.patch(path, json={"opening_hours": None}, headers={"If-Match": '"1"'})
    assert (changed.json()["opening_hours"], changed.json()["state"], changed.json()["version"]) == (None, "open", 2)
    assert (await staff.patch(path, json={"state": None}, headers={"If-Match": '"2"'})).status_code == 422


async def test_an_import_twice_brings_each_place_once(service: Service, staff: httpx.AsyncClient) -> None:
    rows: list[dict[str, Any]] = [MAIN | {"external_ref": f"osm-{number}"} for number in range(700)]
    rows += [MAIN | {"external_ref": "osm-0"}, MAIN | {"external_ref": "osm-1", "kind": "atm"}]
    rows += [MAIN | {"external_ref": "x", "zone": "Moon/Tranquillity"}, MAIN | {"external_ref": "y", "latitude": None}]
    body = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()
    for expected in ([700, 1, 3], [0, 701, 3]):
        head = {"content-type": "application/x-ndjson"}
        taken = await staff.post("/v1/places/imports", content=body, headers=head)
        await service.run_jobs()
        job = (await staff.get(taken.headers["location"])).json()
        assert [job["created"], job["unchanged"], job["rejected"]] == expected


async def test_a_list_of_places_can_be_narrowed_and_turned(staff: httpx.AsyncClient) -> None:
    for number, kind in enumerate(("branch", "atm", "atm", "kiosk")):
        await staff.post("/v1/places", json={"kind": kind, "external_ref": f"p{number}"})
    first = (await staff.get("/v1/places", params={"kind": "atm", "limit": 1})).json()
    rest = (await staff.get("/v1/places", params={"kind": "atm", "cursor": first["next_cursor"]})).json()
    assert [one["external_ref"] for one in first["items"] + rest["items"]] == ["p2", "p1"]
    assert rest["next_cursor"] is None


async def test_everybody_may_look_and_few_may_change(service: Service, staff: httpx.AsyncClient) -> None:
    path = (await staff.post("/v1/places", json=MAIN)).headers["location"]
    customer = await service.client(READ, WRITE, actor="customer", sub="me", customer_id=uuid4())
    unscoped = await service.client(actor="client")
    assert (await customer.get(path)).status_code == 200
    assert (await customer.patch(path, json={"state": "closed"}, headers={"If-Match": '"1"'})).status_code == 403
    assert (await unscoped.get(path)).status_code == 403


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "castle"},
        {"latitude": 91},
        {"longitude": None},
        {"zone": "Europe/Atlantis"},
        {"zone": "../etc/passwd"},
        {"names": {"en": ""}},
        {"names": ["Main"]},
        {"unknown": 1},
    ],
)
async def test_a_place_that_cannot_be_is_refused(staff: httpx.AsyncClient, fault: dict[str, Any]) -> None:
    answer = await staff.post("/v1/places", json=MAIN | fault)
    assert answer.status_code == 422
    assert answer.json()["errors"]
