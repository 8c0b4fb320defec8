"""What offers were worth and whom they reach: people counted once, small groups hidden, intervals that cover the truth."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from customer.offers.domain.experiments import Arm, Experiment, arm_of
from customer.offers.domain.fairness import Group, rate, rates
from customer.offers.training import covered, simulated
from customer.offers.usecases import weighing
from customer.outreach.domain.campaigns import lift, wilson
from shared import clock
from shared.testing.service import Service

AT = datetime(2026, 11, 20, tzinfo=UTC)
TRIAL = Experiment(UUID(int=7), AT, 10, 30)


def test_the_control_group_is_as_large_as_stated_and_nobody_changes_sides() -> None:
    people = [UUID(bytes=sha256(str(place).encode()).digest()[:16]) for place in range(20_000)]
    arms = [arm_of(TRIAL, one) for one in people]
    low, high = wilson(arms.count(Arm.HELD_OUT), len(arms), z=4)
    assert low < 0.10 < high
    assert arms == [arm_of(TRIAL, one) for one in people]
    other = [arm_of(Experiment(UUID(int=8), AT, 10, 30), one) for one in people]
    both = sum(one is two is Arm.HELD_OUT for one, two in zip(arms, other, strict=True))
    assert 120 < both < 280


def test_the_interval_of_the_lift_covers_a_known_uplift_as_often_as_it_says() -> None:
    told = covered(repeats=300, people=1_200, seed=5)
    low, _ = wilson(round(told.coverage * told.repeats), told.repeats, z=3)
    assert told.truth > 0
    assert low < 0.95 <= told.coverage + 0.05
    assert abs(told.mean - told.truth) < 0.02


def test_learning_by_draws_leaves_behind_what_it_began_with_and_by_the_mean_does_not() -> None:
    drawn, mean = ([simulated(people=2_000, seed=seed, draws=draws) for seed in (2, 3, 5)] for draws in (True, False))
    assert sum(one.regret_late for one in drawn) < sum(one.regret_early for one in drawn) / 3
    assert sum(one.regret_late for one in drawn) < sum(one.regret_late for one in mean) / 3
    assert sum(one.error_late for one in drawn) < sum(one.error_early for one in drawn) / 2


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(1, 200), st.integers(0, 200), st.integers(0, 200)), min_size=2, max_size=6))
def test_a_group_is_held_against_everybody_else(people: list[tuple[int, int, int]]) -> None:
    groups = {}
    for place, (considered, offered, accepted) in enumerate(people):
        shown = min(considered, offered)
        groups[str(place)] = Group(considered, shown, min(shown, accepted))
    sums = [sum(getattr(one, name) or 0 for one in groups.values()) for name in ("considered", "offered", "accepted")]
    told = rates(groups, Group(*sums), 0.8)
    for name, group in groups.items():
        found = told[name].offered
        assert found is not None
        rest = [one for other, one in groups.items() if other != name]
        hits, others = sum(one.offered or 0 for one in rest), sum(one.considered for one in rest)
        apart = lift(group.offered or 0, group.considered, hits, others)
        assert (found.difference, found.difference_low, found.difference_high) == (
            apart.difference,
            apart.low,
            apart.high,
        )
        assert found.low - 1e-9 <= found.share <= found.high + 1e-9


def test_a_group_that_is_offered_much_less_stands_out_and_a_little_less_does_not() -> None:
    assert rate(100, 1_000, 500, 1_000, 0.8).outside
    assert not rate(480, 1_000, 500, 1_000, 0.8).outside
    assert not rate(3, 10, 500, 1_000, 0.8).outside


async def exposures(service: Service, rows: Sequence[tuple[UUID, UUID, str, str, bool, bool]]) -> None:
    """People of an arm who were considered, and qualified or took it."""
    made = [
        {
            "experiment": weighing.experiment_at(clock.now()).id,
            "who": who,
            "person": person,
            "service": entry,
            "arm": arm,
            "at": AT,
            "qualified": AT if qualified else None,
            "took": AT + timedelta(days=3) if took else None,
        }
        for who, person, entry, arm, qualified, took in rows
    ]
    columns = "experiment_id, customer_id, person, service, arm, sells, first_at, qualified_at, accepted_at"
    values = ":experiment, :who, :person, :service, :arm, true, :at, :qualified, :took"
    async with service.world.db.begin() as tx:
        await tx.execute(text(f"INSERT INTO offer_exposure ({columns}) VALUES ({values})"), made)


async def test_lift_counts_people_who_qualified_by_arm_and_leaves_out_who_is_somebody_else_by_now(
    staff: httpx.AsyncClient, service: Service
) -> None:
    rows = []
    for arm, people, took in (("treated", 40, 20), ("held-out", 30, 6)):
        for place in range(people):
            who = clock.new_id()
            rows += [(who, who, entry, arm, True, place < took) for entry in ("card", "loan")]
            rows.append((who, who, "fund", arm, False, place < took))
    few = clock.new_id()
    rows.append((few, few, "rare", "held-out", True, True))
    moved, leader = clock.new_id(), clock.new_id()
    rows.append((moved, moved, "card", "held-out", True, True))
    await exposures(service, rows)
    async with service.world.db.begin() as tx:
        link = "INSERT INTO identity_link (member, leader, version, linked) VALUES (:member, :leader, 1, true)"
        await tx.execute(text(link), {"member": moved, "leader": leader})
    told = (await staff.get("/v1/services/lift")).json()
    items = {one["service"]: one for one in told["items"]}
    expected = lift(20, 40, 6, 30)
    for entry in ("card", "loan"):
        assert (items[entry]["treated"]["people"], items[entry]["held_out"]["people"]) == (40, 30)
        assert items[entry]["difference"] == pytest.approx(expected.difference)
        assert (items[entry]["low"], items[entry]["high"]) == pytest.approx((expected.low, expected.high))
    assert items["*"]["held_out"] == {**items["card"]["held_out"], "people": 31, "took": 7, **share(7, 31)}
    assert (items["rare"]["treated"], items["rare"]["held_out"], items["rare"]["low"]) == (None, None, None)
    assert ("fund" in items, told["moved"]) == (False, 1)
    assert (await staff.get("/v1/services/lift?from=2026-11-21")).json()["items"] == []


def share(took: int, people: int) -> dict[str, float]:
    low, high = wilson(took, people)
    return {"share": took / people, "low": low, "high": high}


async def test_everybody_is_counted_once_in_their_groups_however_often_they_are_asked_about(
    staff: httpx.AsyncClient, define: Any, register: Any, ask: Any, say: Any, service: Service
) -> None:
    await define("help")
    await define("old", eligible="age >= 65")
    who = await register(gender=2)
    for _ in range(3):
        told = await ask(who)
        for word in ("shown", "accepted"):
            await say(who, word, "help", told["id"])
    async with service.world.db.read() as conn:
        rows = await conn.execute(
            text("SELECT service, dimension, group_name, considered, offered, accepted, month FROM offer_tally")
        )
        found = {(row[0], row[1]): tuple(row[2:6]) for row in rows}
    assert found == {
        ("help", "age_band"): ("35-44", 1, 1, 1),
        ("help", "gender"): ("female", 1, 1, 1),
        ("help", "region"): ("CN-31", 1, 1, 1),
        ("old", "age_band"): ("35-44", 1, 0, 0),
        ("old", "gender"): ("female", 1, 0, 0),
        ("old", "region"): ("CN-31", 1, 0, 0),
    }
    report = (await staff.get("/v1/services/fairness")).json()
    assert all(one["withheld"] and one["groups"] == [] for one in report["items"])


async def test_the_fairness_report_hides_small_groups_and_marks_who_is_offered_much_less(
    staff: httpx.AsyncClient, service: Service
) -> None:
    month = date(2026, 11, 1)
    rows = [
        {"m": month, "g": name, "c": considered, "o": offered, "a": accepted}
        for name, considered, offered, accepted in (
            ("female", 400, 60, 20),
            ("male", 400, 200, 60),
            ("unknown", 40, 25, 3),
        )
    ]
    sql = "INSERT INTO offer_tally VALUES (:m, 'card', 'gender', :g, :c, :o, :a)"
    async with service.world.db.begin() as tx:
        await tx.execute(text(sql), rows)
    (table,) = (await staff.get("/v1/services/fairness?from=2026-11-01")).json()["items"]
    groups = {one["name"]: one for one in table["groups"]}
    assert groups["female"]["offered_share"]["outside"]
    assert not groups["male"]["offered_share"]["outside"]
    assert groups["unknown"]["accepted"] is None
    # Hidden alone it would follow from the sum: another one is hidden with it.
    assert sum(one["accepted"] is None for one in groups.values()) > 1
    assert (await staff.get("/v1/services/fairness?from=2026-12-01")).json()["items"] == []
