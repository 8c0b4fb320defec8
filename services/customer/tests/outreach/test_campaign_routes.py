"""Campaigns over HTTP: checked when planned, changed by who saw them, moved only where they may go."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from shared import clock
from shared.testing.service import Service


@pytest.mark.parametrize(
    ("fault", "pointer"),
    [
        ({"segment_id": str(uuid4())}, "/segment_id"),
        ({"variants": [{"name": "a", "template": "nothing"}]}, "/variants/0/template"),
        ({"variants": [{"name": "a", "template": "code"}], "purpose": "servicing"}, "/variants/0/template"),
        ({"purpose": "servicing"}, "/purpose"),
        ({"data": {}}, "/data/number"),
        ({"data": {"number": 7, "other": 1}}, "/data/other"),
        ({"variants": []}, "/variants"),
        ({"variants": [{"name": "holdout", "template": "sales"}]}, ""),
        ({"variants": [{"name": "a", "template": "sales"}] * 2}, ""),
        ({"holdout_percent": 91}, "/holdout_percent"),
        ({"per_minute": 0}, "/per_minute"),
        ({"hours": {"start": "10:00", "end": "10:00"}}, "/hours"),
        ({"conversion": {"kind": "screening", "within_days": 1}}, "/conversion/kind"),
        ({"conversion": {"kind": "login", "within_days": 0}}, "/conversion/within_days"),
        ({"conversion": {"kind": "login", "product": "savings", "within_days": 1}}, "/conversion"),
        ({"conversion": {"kind": "account_changed", "product": "yacht", "within_days": 1}}, "/conversion/product"),
        ({"starts_at": "2099-01-01T00:00:00Z"}, ""),
        ({"starts_at": "0001-01-01T00:00:00+14:00"}, "/starts_at"),
        ({"ends_at": "9999-12-31T23:59:59-14:00"}, "/ends_at"),
        ({"channels": []}, "/channels"),
        ({"unknown": 1}, "/unknown"),
    ],
)
async def test_a_campaign_that_could_not_run_is_refused_with_a_pointer(
    staff: httpx.AsyncClient, everybody: str, fault: dict[str, Any], pointer: str
) -> None:
    body = {
        "name": "x",
        "segment_id": everybody,
        "purpose": "marketing",
        "variants": [{"name": "a", "template": "sales"}],
        "data": {"number": 7},
        "ends_at": "2098-01-01T00:00:00Z",
        "conversion": {"kind": "login", "within_days": 1},
        "external_ref": "x",
    }
    answer = await staff.post("/v1/campaigns", json=body | fault)
    assert answer.status_code == 422, answer.text
    assert pointer in [one["pointer"] for one in answer.json()["errors"]]


async def test_the_same_plan_twice_is_one_campaign(staff: httpx.AsyncClient, plan: Any, everybody: str) -> None:
    made = await plan(draft=True)
    body = {name: made[name] for name in ("name", "segment_id", "purpose", "data", "conversion", "ends_at")}
    body |= {"variants": [{"name": "a", "template": "sales"}], "external_ref": "two"}
    answers = await asyncio.gather(*(staff.post("/v1/campaigns", json=body) for _ in range(10)))
    assert Counter(one.status_code for one in answers) == {201: 1, 200: 9}
    assert len({one.json()["id"] for one in answers}) == 1
    assert (await staff.post("/v1/campaigns", json=body | {"name": "other"})).status_code == 409
    listed = (await staff.get("/v1/campaigns", params={"state": "draft"})).json()["items"]
    assert [one["id"] for one in listed] == [answers[0].json()["id"], made["id"]]


async def test_of_two_changes_at_once_one_is_stale_and_none_goes_without_a_tag(
    staff: httpx.AsyncClient, plan: Any
) -> None:
    path = f"/v1/campaigns/{(await plan(draft=True))['id']}"
    tag = {"If-Match": '"1"'}
    answers = await asyncio.gather(
        *(staff.patch(path, json={"holdout_percent": one}, headers=tag) for one in (20, 21, 22))
    )
    assert sorted(one.status_code for one in answers) == [200, 412, 412]
    assert (await staff.patch(path, json={"name": "y"})).status_code == 428
    same = await staff.patch(path, json={"name": "Autumn"}, headers={"If-Match": '"2"'})
    assert (same.status_code, same.json()["version"]) == (200, 2)


@pytest.mark.parametrize(
    ("first", "allowed"),
    [
        ("draft", {"scheduled", "finished"}),
        ("scheduled", {"draft", "finished"}),
        ("finished", set()),
    ],
)
async def test_a_campaign_goes_only_where_it_may(
    staff: httpx.AsyncClient, plan: Any, moved: Any, first: str, allowed: set[str]
) -> None:
    for wanted in ("draft", "scheduled", "running", "paused", "finished"):
        made = await plan(draft=True)
        if first != "draft":
            made = await moved(made["id"], first)
        tag = {"If-Match": f'"{made["version"]}"'}
        answer = await staff.patch(f"/v1/campaigns/{made['id']}", json={"state": wanted}, headers=tag)
        assert answer.status_code == (200 if wanted in allowed | {first} else 409), (wanted, answer.text)


async def test_once_it_is_scheduled_only_name_and_pace_may_change(staff: httpx.AsyncClient, plan: Any) -> None:
    made = await plan()
    path, tag = f"/v1/campaigns/{made['id']}", {"If-Match": f'"{made["version"]}"'}
    bodies: list[dict[str, Any]] = [
        {"holdout_percent": 1},
        {"variants": [{"name": "c", "template": "sales"}]},
        {"hours": None, "data": {}},
    ]
    for body in bodies:
        assert (await staff.patch(path, json=body, headers=tag)).json()["type"] == "/problems/campaign-fixed"
    answer = await staff.patch(path, json={"name": "y", "per_minute": 5}, headers=tag)
    assert (answer.status_code, answer.json()["per_minute"]) == (200, 5)


async def test_a_draft_whose_end_has_passed_is_not_scheduled(staff: httpx.AsyncClient, plan: Any) -> None:
    with clock.frozen(clock.now()) as held:
        made = await plan(draft=True, ends_at=(held.at + timedelta(hours=1)).isoformat())
        held.move(timedelta(hours=1))
        answer = await staff.patch(
            f"/v1/campaigns/{made['id']}", json={"state": "scheduled"}, headers={"If-Match": '"1"'}
        )
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/ends_at")


async def test_a_draft_has_results_and_they_are_empty(staff: httpx.AsyncClient, plan: Any) -> None:
    told = (await staff.get(f"/v1/campaigns/{(await plan(draft=True))['id']}/results")).json()
    assert (told["counts_from"], told["enrolled"], told["holdout"]["assigned"]) == (None, False, 0)
    assert (told["addressed"]["rate"], told["addressed"]["lift"]) == (None, None)


async def test_nobody_else_plans_and_unknown_ones_are_not_found(
    service: Service, staff: httpx.AsyncClient, plan: Any
) -> None:
    path = f"/v1/campaigns/{(await plan(draft=True))['id']}"
    reader = await service.client("customer.campaigns:read", actor="client", sub="crm")
    customer = await service.client("customer.campaigns:read", actor="customer", customer_id=uuid4())
    assert (await reader.get(path)).status_code == 200
    assert (await reader.patch(path, json={"name": "y"}, headers={"If-Match": '"1"'})).status_code == 403
    assert (await customer.get(f"{path}/results")).status_code == 403
    for unknown in (f"/v1/campaigns/{uuid4()}", f"/v1/campaigns/{uuid4()}/results"):
        assert (await staff.get(unknown)).status_code == 404
