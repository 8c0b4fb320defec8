"""What a person is handed: all that is held of them, with where it came from and who looked, and nothing that tips off."""

import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from customer.segments.usecases import settle
from shared import clock
from shared.testing.service import Service

Do = Callable[..., Awaitable[Any]]
Bundle = Callable[[str], Awaitable[list[tuple[str, dict[str, Any]]]]]


class Silent:
    """Four others that hold nothing."""

    async def export(self, service: str, request_id: UUID, *, on_behalf_of: str) -> list[bytes]:
        return []


@pytest.fixture
def bundle(service: Service, staff: httpx.AsyncClient, ask: Do, answer: Do) -> Bundle:
    """What is handed over, as (section, record)."""

    async def handed(who: str) -> list[tuple[str, dict[str, Any]]]:
        service.app.state.others = Silent()
        told = (await ask(who, "access", external_ref=f"access-{who}")).json()
        await answer(told["id"], who, "export_ready")
        got = await staff.get(f"/v1/privacy-requests/{told['id']}/bundle")
        assert got.status_code == 200, got.text
        lines = [json.loads(line) for line in got.text.splitlines()]
        return [(line["section"], line["record"]) for line in lines]

    return handed


async def test_a_person_is_told_where_each_fact_came_from_and_what_they_asked(
    staff: httpx.AsyncClient, register: Do, ask: Do, bundle: Bundle
) -> None:
    who = await register(occupation="pilot", provenance={"source": "third_party", "confidence": 0.7})
    await ask(who, "rectification", details="我的名字写错了")
    told = await bundle(who)
    claims = {one["field"]: one for section, one in told if section == "claim"}
    assert (claims["occupation"]["source"], claims["occupation"]["value"]) == ("third_party", "pilot")
    asked = {one["kind"]: one["details"] for section, one in told if section == "privacy_request"}
    assert asked == {"rectification": "我的名字写错了", "access": None}


async def test_a_person_is_told_who_looked_and_whom_they_let_but_not_of_an_inquiry(
    service: Service, register: Do, bundle: Bundle
) -> None:
    who = await register()
    clerk = await service.client("customer.access-grants:write", "customer.customers:read", actor="staff", sub="ben")
    for purpose in ("advice", "fraud_inquiry"):
        body, head = {"purpose": purpose, "fields": ["birth_date"]}, {"Idempotency-Key": purpose}
        made = await clerk.post(f"/v1/customers/{who}/access-grants", json=body, headers=head)
        assert made.status_code == 201, made.text
    assert (await clerk.get(f"/v1/customers/{who}")).status_code == 200
    assert (await clerk.get(f"/v1/customers/{who}", params={"view": "risk"})).status_code == 200
    told = await bundle(who)
    assert [one["purpose"] for section, one in told if section == "access_grant"] == ["advice"]
    looks = [one for section, one in told if section == "access"]
    assert "customer.read" in {one["action"] for one in looks}
    assert {one["view"] for one in looks} == {None}
    assert not any("fraud" in json.dumps(one) or one["sub"] is not None for one in looks)


async def test_a_person_is_not_told_of_an_order_to_keep_neither_here_nor_in_their_log(
    service: Service, staff: httpx.AsyncClient, register: Do, hold: Do, bundle: Bundle
) -> None:
    who = await register()
    made = await hold(who)
    assert (await staff.delete(f"/v1/legal-holds/{made.json()['id']}", headers={"If-Match": '"1"'})).status_code == 200
    own = await service.client("customer.access-log:read", actor="customer", sub="w", customer_id=who)
    log = (await own.get(f"/v1/customers/{who}/access-log")).json()["items"]
    assert [one["action"] for one in log if one["action"].startswith("hold.")] == []
    assert not any("hold." in json.dumps(record) or "case-7" in json.dumps(record) for _, record in await bundle(who))


async def test_a_person_is_told_as_what_they_belong_with_others_and_not_with_whom(
    staff: httpx.AsyncClient, register: Do, bundle: Bundle
) -> None:
    mother, child = await register("a"), await register("b")
    body = {"kind": "guardian", "other_id": child, "external_ref": "r"}
    assert (await staff.post(f"/v1/customers/{mother}/relationships", json=body)).status_code == 201
    for who, end in ((mother, "customer"), (child, "other")):
        (told,) = [one for section, one in await bundle(who) if section == "relationship"]
        assert (told["kind"], told["end"]) == ("guardian", end)
        assert not {mother, child} & set(map(str, told.values()))


async def test_a_person_is_told_their_segments_and_features_but_none_that_ranks_or_tips_off(
    service: Service, staff: httpx.AsyncClient, register: Do, bundle: Bundle
) -> None:
    rules = {"northern": "region == 'CN-HL'", "watched": "count_screening(30) == 0", "lively": "rfm_recency >= 1"}
    for key, rule in rules.items():
        body = {"key": key, "rule": rule, "names": {"en": key, "zh-Hans": key, "zh-Hant": key}}
        assert (await staff.post("/v1/segments", json=body)).status_code == 201
    who = await register(region="CN-HL")
    at = (clock.now() - timedelta(days=1)).isoformat()
    visit = {"event_id": str(clock.new_id()), "customer_id": who, "kind": "visit", "occurred_at": at}
    assert (await staff.post("/v1/interactions", json=visit)).status_code == 201
    await settle(service.world)
    told = await bundle(who)
    assert [one["segment"] for section, one in told if section == "segment"] == ["northern"]
    features = {one["name"] for section, one in told if section == "feature"}
    assert "count_visit_30d" in features
    assert not any("screening" in one or one.startswith("rfm_") for one in features)
