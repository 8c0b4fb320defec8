"""Relationships over HTTP: recorded once, senseless ones refused with nothing changed, ended and still told of."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest

from shared.clock import new_id
from shared.testing.service import Service

SCOPES = (
    *(
        "customer.customers:write",
        "customer.customers:read",
        "customer.erasures:write",
        "customer.identity-links:write",
    ),
    *("customer.relationships:write", "customer.relationships:read"),
)


@pytest.fixture
async def staff(service: Service) -> httpx.AsyncClient:
    return await service.client(*SCOPES, actor="staff", sub="anna")


async def party(staff: httpx.AsyncClient, kind: str = "individual") -> str:
    body = {"kind": kind, "legal_name": "李", "external_ref": str(uuid4())}
    made: str = (await staff.post("/v1/customers", json=body)).json()["id"]
    return made


async def relate(staff: httpx.AsyncClient, kind: str, one: str, other: str, **more: Any) -> httpx.Response:
    body = {"kind": kind, "other_id": other, "external_ref": str(uuid4())} | more
    return await staff.post(f"/v1/customers/{one}/relationships", json=body)


async def test_a_relationship_is_read_from_both_ends_until_it_ends_and_then_as_of(staff: httpx.AsyncClient) -> None:
    owner, firm = await party(staff), await party(staff, "organisation")
    made = await relate(staff, "owner", owner, firm, share_percent="33.3", since="2020-01-01")
    assert made.status_code == 201, made.text
    assert made.json()["share_percent"] == "33.30"
    for end in (owner, firm):
        assert (await staff.get(f"/v1/customers/{end}/relationships")).json()["items"] == [made.json()]
    assert (await staff.delete(made.headers["location"])).status_code == 428
    assert (await staff.delete(made.headers["location"], headers={"If-Match": '"1"'})).status_code == 204
    assert (await staff.delete(made.headers["location"], headers={"If-Match": '"2"'})).status_code == 404
    path = f"/v1/customers/{owner}/relationships"
    assert (await staff.get(path)).json()["items"] == []
    then = await staff.get(path, params={"as_of": made.json()["recorded_at"]})
    assert [one["id"] for one in then.json()["items"]] == [made.json()["id"]]


async def test_circles_of_owners_and_guardians_are_refused_and_of_authorised_persons_are_not(
    staff: httpx.AsyncClient,
) -> None:
    a, b, c = [await party(staff, "organisation") for _ in range(3)]
    assert [(await relate(staff, "owner", *pair)).status_code for pair in ((a, b), (b, c))] == [201, 201]
    for pair in ((c, a), (a, a)):
        refused = await relate(staff, "owner", *pair)
        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/cyclic-relationship")
    assert len((await staff.get(f"/v1/customers/{a}/relationships")).json()["items"]) == 1
    wife, husband = await party(staff), await party(staff)
    assert (await relate(staff, "guardian", wife, husband)).status_code == 201
    assert (await relate(staff, "guardian", husband, wife)).status_code == 409
    for pair in ((wife, husband), (husband, wife)):
        assert (await relate(staff, "authorised_person", *pair)).status_code == 201


async def test_a_circle_through_linked_records_is_a_circle(staff: httpx.AsyncClient) -> None:
    one, same, firm = [await party(staff, "organisation") for _ in range(3)]
    proof = [{"kind": "registry_extract", "reference": "r/1"}]
    link = {
        "members": [one, same],
        "leader": one,
        "reason": "same_organisation",
        "evidence": proof,
        "external_ref": "x",
    }
    assert (await staff.post("/v1/identity-links", json=link)).status_code == 201
    assert (await relate(staff, "owner", one, firm)).status_code == 201
    for pair in ((firm, same), (one, same)):
        assert (await relate(staff, "owner", *pair)).json()["type"] == "/problems/cyclic-relationship"


async def test_a_household_lies_in_no_other_and_one_lives_in_one(staff: httpx.AsyncClient) -> None:
    head, child, aunt, other = [await party(staff) for _ in range(4)]
    assert (await relate(staff, "household", child, head)).status_code == 201
    for pair in ((head, aunt), (aunt, child), (child, other)):
        refused = await relate(staff, "household", *pair)
        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/household-within-household")
    assert (await relate(staff, "household", head, child)).json()["type"] == "/problems/cyclic-relationship"


async def test_at_most_the_whole_is_owned_and_only_what_can_be(staff: httpx.AsyncClient) -> None:
    a, b, firm = await party(staff), await party(staff), await party(staff, "organisation")
    assert (await relate(staff, "owner", a, firm, share_percent="60")).status_code == 201
    assert (await relate(staff, "owner", b, firm, share_percent="40.01")).json()["type"] == "/problems/over-owned"
    assert (await relate(staff, "owner", b, firm, share_percent="40")).status_code == 201
    assert (await relate(staff, "owner", a, firm)).json()["type"] == "/problems/relationship-known"
    for kind, one, other in (("owner", a, b), ("household", a, firm), ("guardian", firm, a)):
        assert (await relate(staff, kind, one, other)).json()["type"] == "/problems/kinds-do-not-fit"
    assert (await relate(staff, "guardian", a, b, share_percent="1")).status_code == 422
    assert (await relate(staff, "guardian", a, str(new_id()))).status_code == 404


async def test_two_edges_at_once_close_no_circle(staff: httpx.AsyncClient) -> None:
    a, b = await party(staff, "organisation"), await party(staff, "organisation")
    pairs = ((a, b), (b, a)) * 10
    answers = await asyncio.gather(*(relate(staff, "owner", *pair) for pair in pairs))
    assert sorted(one.status_code for one in answers) == [201] + [409] * 19


async def test_a_repeat_is_one_and_erasure_takes_it_away(staff: httpx.AsyncClient) -> None:
    a, b = await party(staff), await party(staff)
    first = await relate(staff, "guardian", a, b, external_ref="g")
    again = await relate(staff, "guardian", a, b, external_ref="g")
    assert (again.status_code, again.json()) == (200, first.json())
    await staff.post(f"/v1/customers/{b}/erasures", json={})
    assert (await staff.get(f"/v1/customers/{a}/relationships")).json()["items"] == []
    assert (await relate(staff, "guardian", a, b)).status_code == 410
