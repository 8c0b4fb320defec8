"""Cut points are found in the customers as they are, kept for ever, and judge from their date on."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from shared import clock
from shared.testing.service import Service

Told = Callable[..., Awaitable[int]]
Define = Callable[..., Awaitable[httpx.Response]]
Did = Callable[..., Awaitable[None]]
Register = Callable[..., Awaitable[UUID]]
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def paid(amount: int) -> dict[str, Any]:
    return {"channel": "app", "amount": {"amount": f"{amount}.00", "currency": "CNY"}}


async def freeze(staff: httpx.AsyncClient, kind: str, ahead: timedelta = HOUR) -> httpx.Response:
    at = (clock.now() + ahead).isoformat()
    return await staff.post("/v1/segments/cuts", json={"kind": kind, "valid_from": at})


@pytest.fixture
async def five(register: Register, did: Did) -> list[UUID]:
    """Five customers, each with more payments than the one before, and larger and later ones."""
    now = clock.now()
    whom = [await register() for _ in range(5)]
    for place, who in enumerate(whom, start=1):
        for number in range(place):
            await did(who, "transaction", now - DAY * (7 - place) - DAY * number, **paid(100 * place))
    return whom


async def test_fifths_of_rfm_judge_from_their_date_on_and_not_before(
    staff: httpx.AsyncClient, five: list[UUID], define: Define, told: Told
) -> None:
    made = (await define("best", "rfm_class == '555'")).json()
    frozen = await freeze(staff, "rfm")
    assert frozen.status_code == 201, frozen.text
    body = frozen.json()
    assert (body["exact"], body["judged"]) == (True, 5)
    assert body["bounds"]["frequency"] == [1, 2, 3, 4]
    assert body["bounds"]["monetary"] == [10_000, 40_000, 90_000, 160_000]
    await told()
    path = f"/v1/segments/{made['id']}/members"
    assert (await staff.get(path)).json()["items"] == []
    await told(clock.now() + HOUR)
    (member,) = (await staff.get(path)).json()["items"]
    assert (member["customer_id"], member["by"]) == (str(five[-1]), "rule")
    again = await staff.post("/v1/segments/cuts", json={"kind": "rfm", "valid_from": body["valid_from"]})
    assert again.json()["bounds"] == body["bounds"]
    assert (again.status_code, len((await staff.get("/v1/segments/cuts")).json())) == (200, 1)


async def test_who_objects_to_profiling_is_not_among_those_in_whom_cut_points_are_found(
    service: Service, staff: httpx.AsyncClient, five: list[UUID], register: Register, did: Did
) -> None:
    saying = await service.client("customer.consents:write", actor="staff")
    for purpose in ("profiling", "service_improvement"):
        who = await register()
        await did(who, "transaction", clock.now() - DAY, **paid(1_000))
        body = {"purpose": purpose, "decision": "refused", "external_ref": purpose}
        assert (await saying.post(f"/v1/customers/{who}/consents", json=body)).status_code == 201
    made = (await freeze(staff, "rfm")).json()
    assert (made["judged"], made["bounds"]["monetary"]) == (len(five), [10_000, 40_000, 90_000, 160_000])


async def test_a_profile_tells_staff_the_fifths_by_the_cut_points_then_in_force_and_the_customer_none(
    service: Service, staff: httpx.AsyncClient, five: list[UUID]
) -> None:
    body = (await freeze(staff, "rfm")).json()
    desk = await service.client("customer.profiles:read", actor="staff", sub="desk")
    own = await service.client("customer.profiles:read", actor="customer", customer_id=str(five[-1]), sub="me")
    names = ("rfm_recency", "rfm_frequency", "rfm_monetary", "rfm_class")

    async def features(client: httpx.AsyncClient, who: UUID, **at: str) -> dict[str, Any]:
        told = await client.get(f"/v1/customers/{who}/profile", params={"features": [*names], **at})
        assert told.status_code == 200, told.text
        found: dict[str, Any] = told.json()["features"]
        return found

    before = await features(desk, five[-1])
    assert {one["value"] for one in before.values()} == {None}
    assert before["rfm_class"]["valid_until"] == body["valid_from"], "from then on it may be another"
    then = {"valid_at": body["valid_from"]}
    assert [one["value"] for one in (await features(desk, five[-1], **then)).values()] == [5, 5, 5, "555"]
    assert [one["value"] for one in (await features(desk, five[0], **then)).values()] == [1, 1, 1, "111"]
    assert {one["value"] for one in (await features(own, five[-1], **then)).values()} == {None}
    not_yet = datetime.fromisoformat(body["recorded_at"]) - timedelta(milliseconds=1)
    known = await features(desk, five[-1], as_of=not_yet.isoformat(), **then)
    assert {one["value"] for one in known.values()} == {None}, "nothing was frozen by then"


async def test_cut_points_need_customers_and_a_date_that_is_not_past(staff: httpx.AsyncClient, who: UUID) -> None:
    nobody = await freeze(staff, "rfm")
    assert (nobody.status_code, nobody.json()["errors"][0]["pointer"]) == (422, "/kind")
    few = await freeze(staff, "clusters")
    assert (few.status_code, few.json()["errors"][0]["code"]) == (422, "population")
    past = await freeze(staff, "rfm", ahead=-DAY)
    assert (past.status_code, past.json()["errors"][0]["pointer"]) == (422, "/valid_from")


async def test_clusters_that_were_found_are_names_a_rule_may_use(
    staff: httpx.AsyncClient, register: Register, did: Did, define: Define, told: Told
) -> None:
    now = clock.now()
    many = [await register() for _ in range(12)]
    few = [await register() for _ in range(8)]
    for place, who in enumerate([*many, *few]):
        channel, amount = ("branch", 20 + place) if who in many else ("app", 90_000 + place)
        for number in range(1 if who in many else 3):
            more = paid(amount) | {"channel": channel}
            await did(who, "transaction", now - DAY * (number + place % 3 + 1), **more)
    frozen = await freeze(staff, "clusters")
    assert frozen.status_code == 201, frozen.text
    body = frozen.json()
    assert body["silhouette"] > 0.3
    assert all(set(one["profile"]) == {"en", "zh-Hans", "zh-Hant"} for one in body["clusters"])
    names = [one["name"] for one in body["clusters"]]
    for name in names:
        await define(f"found_{name}", f"cluster == '{name}'")
    await told(clock.now() + HOUR)
    where: dict[str, str] = {}
    for one in (await staff.get("/v1/segments")).json()["items"]:
        for member in (await staff.get(f"/v1/segments/{one['id']}/members")).json()["items"]:
            where[member["customer_id"]] = one["key"]
    assert len(where) == 20
    assert not {where[str(who)] for who in many} & {where[str(who)] for who in few}
