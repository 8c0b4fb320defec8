"""Segments over HTTP: checked when saved, explained when asked, erased with the customer."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from customer.parties.domain.details import OccupationGroup
from customer.segments.domain.readings import Person, person_at
from customer.segments.domain.rules import Book
from customer.segments.events import SegmentSnapshot
from customer.segments.usecases.catalogue import presets, wilson
from customer.segments.usecases.library import compiled, vocabulary
from shared import clock
from shared.testing.service import Service

Told = Callable[..., Awaitable[int]]
Define = Callable[..., Awaitable[httpx.Response]]
Did = Callable[..., Awaitable[None]]


async def of(staff: httpx.AsyncClient, who: UUID, **query: Any) -> dict[str, Any]:
    answer = await staff.get(f"/v1/customers/{who}/segments", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_segment_has_its_members_and_says_how_fresh_it_is(
    staff: httpx.AsyncClient, define: Define, who: UUID, told: Told
) -> None:
    made = (await define("grown", "age >= 18 && tier == 'affluent'")).json()
    waiting = (await staff.get(f"/v1/segments/{made['id']}")).json()
    assert (waiting["members"], waiting["freshness"]["waiting"]) == (0, 1)
    await told()
    shown = (await staff.get(f"/v1/segments/{made['id']}")).json()
    assert (shown["members"], shown["freshness"]["waiting"]) == (1, 0)
    assert shown["reads"] == ["age", "tier"]
    members = (await staff.get(f"/v1/segments/{made['id']}/members")).json()
    assert [one["customer_id"] for one in members["items"]] == [str(who)]
    found = await of(staff, who)
    assert [(one["segment"], one["member"], one["by"]) for one in found["items"]] == [("grown", True, "rule")]
    assert found["told_until"] == found["as_of"]


UNSOUND = (
    ("age >= '18'", "type", "line 1, column 5"),
    ("age >", "syntax", "line 1, column 6"),
    ("surname == 'x'", "undeclared", "line 1, column 1"),
    ("known('surname')", "argument", "line 1, column 7"),
    ("occupation.matches('(a{100}){10}')", "too-costly", "line 1, column 1"),
    ("age > 1 &&\n in_segment('nobody')", "unknown-segment", "line 2, column 12"),
    ("in_segment('mine') || age > 1", "circular", "line 1, column 11"),
)


async def test_a_rule_that_is_not_sound_is_refused_with_its_place(staff: httpx.AsyncClient, define: Define) -> None:
    for rule, code, place in UNSOUND:
        for answer in (
            await define("mine", rule),
            await staff.post("/v1/segments/previews", json={"rule": rule.replace("'mine'", "'_previewed'")}),
        ):
            assert answer.status_code == 422, answer.text
            (error,) = answer.json()["errors"]
            assert (error["pointer"], error["code"]) == ("/rule", code)
            assert error["detail"].startswith(place)
    assert (await staff.get("/v1/segments")).json()["items"] == []


async def test_a_key_is_defined_once_and_a_repeat_is_no_second(staff: httpx.AsyncClient, define: Define) -> None:
    first, again, other = await define("a", "age > 1"), await define("a", "age > 1"), await define("a", "age > 2")
    assert [first.status_code, again.status_code, other.status_code] == [201, 200, 409]
    assert again.json() == first.json()
    assert again.headers["Idempotent-Replayed"] == "true"


async def test_two_changes_at_once_cannot_close_a_circle(staff: httpx.AsyncClient, define: Define) -> None:
    made = {key: (await define(key, "age > 1")).json()["id"] for key in ("a", "b")}

    async def asks(key: str, other: str) -> int:
        body = {"rule": f"in_segment('{other}')"}
        answer = await staff.patch(f"/v1/segments/{made[key]}", json=body, headers={"If-Match": '"1"'})
        return answer.status_code

    assert sorted(await asyncio.gather(asks("a", "b"), asks("b", "a"))) == [200, 422]


async def test_a_change_needs_the_version_and_an_asked_segment_stays(staff: httpx.AsyncClient, define: Define) -> None:
    made = (await define("a", "age > 1")).json()
    await define("b", "in_segment('a') && age < 9")
    path = f"/v1/segments/{made['id']}"
    assert (await staff.patch(path, json={"state": "archived"})).status_code == 428
    stale = await staff.patch(path, json={"state": "archived"}, headers={"If-Match": '"9"'})
    assert stale.status_code == 412
    used = await staff.patch(path, json={"state": "archived"}, headers={"If-Match": '"1"'})
    assert (used.status_code, used.json()["type"]) == (409, "/problems/segment-in-use")
    assert (await staff.patch(path, json={"rule": None}, headers={"If-Match": '"1"'})).status_code == 422


async def test_an_explanation_names_each_condition_with_its_value_and_what_is_missing(
    staff: httpx.AsyncClient, register: Callable[..., Awaitable[UUID]], define: Define, told: Told
) -> None:
    who = await register(birth_date="1990-05-01", occupation="Engineer")
    await define("engineers", "occupation == 'engineer' && (age < 18 || region == 'HK')")
    await told()
    (item,) = (await of(staff, who, explain=True))["items"]
    reason = item["explanation"]
    assert (item["member"], reason["outcome"], reason["joint"]) == (False, "unknown", "all")
    first, second = reason["parts"]
    assert (first["text"], first["outcome"]) == ("occupation == 'engineer'", "true")
    young, lately = second["parts"]
    assert (young["outcome"], young["values"][0]["name"], young["values"][0]["unit"]) == ("false", "age", "years")
    assert (lately["outcome"], lately["missing"]) == ("unknown", ["region"])


async def test_a_preview_counts_everybody_of_a_small_bank_and_keeps_nothing(
    staff: httpx.AsyncClient, register: Callable[..., Awaitable[UUID]], define: Define
) -> None:
    old = {str(await register(birth_date="1950-01-01")) for _ in range(2)}
    await register(birth_date="2010-01-01")
    await register()
    await define("grown", "age >= 18")
    found = (await staff.post("/v1/segments/previews", json={"rule": "in_segment('grown') && age > 60"})).json()
    assert (found["exact"], found["customers"], found["judged"]) == (True, 4, 4)
    assert (found["members"], found["low"], found["high"], found["unknown"]) == (2, 2, 2, 1)
    assert set(found["sample"]) == old
    assert len((await staff.get("/v1/segments")).json()["items"]) == 1


def test_the_interval_of_a_sample_is_that_of_wilson() -> None:
    # Newcombe (1998), Statistics in Medicine 17, table I: 81 of 263 is 0.2553 to 0.3662.
    low, high = wilson(81, 263, 10_000)
    assert (low, high) == (2553, 3662)
    assert wilson(0, 20, 10_000) == (0, 1611)
    assert wilson(0, 0, 10) == (0, 10)


async def test_all_presets_are_sound_and_are_adopted_once(staff: httpx.AsyncClient, who: UUID, told: Told) -> None:
    made = (await staff.post("/v1/segments/presets")).json()
    assert {one["key"] for one in made} == {one.key for one in presets()}
    assert all(set(one["names"]) == {"en", "zh-Hans", "zh-Hant"} for one in made)
    assert (await staff.post("/v1/segments/presets")).json() == []
    await told()
    assert {one["segment"] for one in (await of(staff, who))["items"]} == {
        "tier_affluent",
        "age_35_44",
        "occupation_technical",
        "region_mainland",
        "prospects",
    }


def test_presets_cover_every_kind_of_segment_the_bank_names() -> None:
    keys = {one.key for one in presets()}
    for stem, fewest in (
        ("tier_", 3), ("need_", 3), ("age_", 7), ("occupation_", 9), ("region_", 5), ("industry_", 21),
        ("digital_", 4), ("potential_", 3), ("rfm_", 6),
    ):  # fmt: skip
        assert sum(key.startswith(stem) for key in keys) >= fewest, stem
    assert {"tier_private", "tier_affluent", "tier_mass", "need_investing", "need_spending", "need_operating"} <= keys
    sections = {one.rule for one in presets() if one.key.startswith("industry_")}
    assert sections == {f"industry_section == '{letter}'" for letter in "ABCDEFGHIJKLMNOPQRSTU"}


@pytest.mark.parametrize(
    ("industry", "found"),
    [
        ("C", ["industry_manufacturing"]),
        ("C10", ["industry_manufacturing"]),
        ("K6419", ["industry_finance"]),
        (None, []),
    ],
)
def test_an_industry_puts_a_customer_into_its_section_whatever_its_depth(
    industry: str | None, found: list[str]
) -> None:
    at = clock.now()
    rules = {one.key: compiled(one.rule) for one in presets() if one.key.startswith("industry_")}
    firm = Person(at, "organisation", "active", "mass", None, None, None, industry)
    book = Book(vocabulary(), rules)
    readings = person_at([firm], at, UTC)
    assert sorted(book.judge({name: readings[name] for name in book.reads}).members) == found


@pytest.mark.parametrize("group", OccupationGroup)
def test_every_occupation_group_has_its_segment_and_nobody_is_in_two(group: OccupationGroup) -> None:
    at = clock.now()
    rules = {one.key: compiled(one.rule) for one in presets() if one.key.startswith("occupation_group_")}
    someone = Person(at, "individual", "active", "mass", None, None, None, occupation_group=group)
    book = Book(vocabulary(), rules)
    readings = person_at([someone], at, UTC)
    assert book.judge({name: readings[name] for name in book.reads}).members == {f"occupation_group_{group}"}


RECORDED = {
    "occupation_group": "professionals",
    "education": 6,
    "languages": ["zh-Hant", "en"],
    "home_branch": "b-1",
    "declared_income_band": "i3",
    "declared_asset_band": "a2",
}


async def test_a_rule_reads_what_else_is_recorded_and_a_change_of_it_moves_people(
    staff: httpx.AsyncClient, register: Callable[..., Awaitable[UUID]], define: Define, told: Told
) -> None:
    who, other = await register(**RECORDED), await register()
    rules = {name: f"{name} == '{said}'" for name, said in RECORDED.items() if isinstance(said, str)}
    rules |= {"education": "education >= 6", "language": "language == 'zh-Hant'", "none": "!known('education')"}
    for key, rule in rules.items():
        made = await define(key, rule)
        assert made.status_code == 201, made.text
    await told()
    assert {one["segment"] for one in (await of(staff, who))["items"]} == rules.keys() - {"none"}
    assert {one["segment"] for one in (await of(staff, other))["items"]} == {"none"}
    desk, head = f"/v1/customers/{who}", {"If-Match": '"1"'}
    assert (await staff.patch(desk, json={"home_branch": "b-2"}, headers=head)).status_code == 200
    await told()
    assert "home_branch" not in {one["segment"] for one in (await of(staff, who))["items"]}


async def test_an_explanation_shows_staff_no_value_that_is_masked_for_them_until_it_is_opened(
    service: Service, staff: httpx.AsyncClient, register: Callable[..., Awaitable[UUID]], define: Define, told: Told
) -> None:
    who = await register(birth_date="1990-05-01", occupation="Engineer", declared_income_band="i3")
    await define("all", "age > 1 && occupation != 'x' && declared_income_band != 'i1' && tier != 'private'")
    await told()

    async def values(client: httpx.AsyncClient) -> dict[str, Any]:
        (item,) = (await of(client, who, explain=True))["items"]
        return {one["name"]: one["value"] for part in item["explanation"]["parts"] for one in part["values"]}

    sealed = {"age": "***", "occupation": "***", "declared_income_band": "***", "tier": "mass"}
    assert await values(staff) == sealed
    back = await service.client("customer.segments:read", actor="client", sub="gateway")
    assert (await values(back))["occupation"] == "engineer"
    claims = {"actor": "staff", "sub": "ben", "roles": ["break_glass"]}
    ben = await service.client("customer.access-grants:write", "customer.segments:read", **claims)
    body = {"reason": "customer_in_danger", "note": "Somebody is at the counter.", "fields": ["occupation"]}
    head = {"Idempotency-Key": "g-1"}
    assert (await ben.post(f"/v1/customers/{who}/break-glass", json=body, headers=head)).status_code == 201
    assert await values(ben) == sealed | {"occupation": "engineer"}
    assert await values(staff) == sealed


async def test_republishing_says_of_everybody_what_they_are_in_now(
    service: Service,
    staff: httpx.AsyncClient,
    who: UUID,
    register: Callable[..., Awaitable[UUID]],
    define: Define,
    told: Told,
) -> None:
    child = await register(birth_date="2020-01-01")
    made = (await define("grown", "age >= 18")).json()
    await define("rich", "tier == 'private'")
    await told()
    said = {
        emit.event.customer_id: emit
        async for page in service.work.snapshots(service.world)
        for emit in page
        if isinstance(emit.event, SegmentSnapshot)
    }
    assert said.keys() == {who, child}
    (standing,) = said[who].event.segments  # type: ignore[attr-defined]  # told apart above
    assert (standing.segment, str(standing.segment_id), standing.by) == ("grown", made["id"], "rule")
    assert said[child].event.segments == []  # type: ignore[attr-defined]  # the same
    headers = [dict(record.headers) for record in await service.relay()]
    entered = [int(one["ce_sequence"]) for one in headers if one["ce_type"].endswith(b".segment_entered.v1")]
    assert entered == [said[who].sequence]


async def test_a_customer_sees_only_themself_and_an_unknown_one_is_not_found(
    service: Service, staff: httpx.AsyncClient, who: UUID, define: Define, told: Told
) -> None:
    await define("grown", "age >= 18")
    await told()
    own = await service.client("customer.segments:read", actor="customer", customer_id=str(who))
    other = await service.client("customer.segments:read", actor="customer", customer_id=str(uuid4()))
    assert [one["segment"] for one in (await of(own, who))["items"]] == ["grown"]
    assert (await other.get(f"/v1/customers/{who}/segments")).status_code == 404
    assert (await own.get("/v1/segments")).status_code == 403
    assert (await staff.get(f"/v1/customers/{uuid4()}/segments")).status_code == 404
    assert (await staff.get(f"/v1/segments/{uuid4()}/members")).status_code == 404
    late = (clock.now()).replace(year=2099).isoformat()
    assert (await staff.get(f"/v1/customers/{who}/segments", params={"as_of": late})).status_code == 422


RULES = {
    "grown": "age >= 18",
    "active": "in_segment('grown') && count_login(30) >= 1",
    "screened": "count_screening(7) >= 1",
    "screened_ever": "known('days_since_screening')",
    "screened_since": "in_segment('grown') && days_since_screening >= 0",
    "quiet": "!in_segment('screened')",
    "not_quiet": "in_segment('active') && !in_segment('quiet')",
    "ranked": "rfm_class == '555' || age >= 18",
    "found": "cluster == 'c1' || age >= 18",
}


async def test_a_customer_is_told_no_reason_and_no_segment_that_ranks_them_or_tips_them_off(
    service: Service, staff: httpx.AsyncClient, who: UUID, did: Did, define: Define, told: Told
) -> None:
    for key, rule in RULES.items():
        assert (await define(key, rule)).status_code == 201, key
    now = clock.now()
    await did(who, "login", now - timedelta(hours=2), channel="app")
    await did(who, "screening", now - timedelta(hours=1))
    await told()
    whole = {one["segment"] for one in (await of(staff, who))["items"]}
    assert whole == set(RULES) - {"quiet"}
    own = await service.client("customer.segments:read", actor="customer", customer_id=str(who))
    for query in ({}, {"explain": True}, {"as_of": clock.now().isoformat(), "explain": True}):
        shown = await of(own, who, **query)
        assert {one["segment"] for one in shown["items"]} == {"grown", "active"}
        assert {one["explanation"] for one in shown["items"]} == {None}
        assert shown["next_check_at"] is None
    assert (await of(staff, who, explain=True))["items"][0]["explanation"] is not None


async def test_a_rule_that_has_looked_at_what_tips_off_stays_untold_when_it_is_changed(
    service: Service, staff: httpx.AsyncClient, who: UUID, define: Define, told: Told
) -> None:
    made = await define("watched", "count_screening(7) == 0")
    await told()
    head = {"If-Match": made.headers["ETag"]}
    assert (await staff.patch(made.headers["Location"], json={"rule": "age >= 18"}, headers=head)).status_code == 200
    await told()
    own = await service.client("customer.segments:read", actor="customer", customer_id=str(who))
    assert [one["segment"] for one in (await of(staff, who))["items"]] == ["watched"]
    assert (await of(own, who))["items"] == []


async def test_nothing_is_left_of_somebody_erased_and_nobody_judges_them_again(
    service: Service,
    staff: httpx.AsyncClient,
    who: UUID,
    define: Define,
    told: Told,
) -> None:
    made = (await define("grown", "age >= 18")).json()
    await told()
    erased = await staff.post(f"/v1/customers/{who}/erasures", json={})
    assert erased.status_code in (201, 202), erased.text
    await told()
    assert (await staff.get(f"/v1/customers/{who}/segments")).status_code == 410
    assert (await staff.get(f"/v1/segments/{made['id']}")).json()["members"] == 0
    assert (await staff.post("/v1/segments/previews", json={"rule": "age > 1"})).json()["customers"] == 0
