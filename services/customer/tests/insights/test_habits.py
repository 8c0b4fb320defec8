"""One word of each measure of what a customer did, held against a count by hand over the bare facts."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from customer.insights.domain.habits import Bands, Measure, habits_of, in_force, shipped
from customer.interactions.domain.facts import Fact

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
(BANDS,) = shipped()
NUMBER = count(1)
DIGITAL = {"web", "app", "wechat", "video", "email"}
Told = dict[str, str]


def fact(kind: str, days: float, *, channel: str | None = None, minor: int | None = None, **said: Any) -> Fact:
    at = NOW - timedelta(days=days)
    return Fact(UUID(int=next(NUMBER)), kind, at, 0, minor, None if minor is None else "CNY", channel, said)


def told(*facts: Fact) -> Told:
    return habits_of(facts, NOW, BANDS, UTC)


def by_hand(facts: list[Fact]) -> Told:
    """The same without features, windows or validity: loops over what happened."""

    def within(first: float, last: float = 0) -> list[Fact]:
        return [one for one in facts if NOW - timedelta(days=first) < one.occurred_at <= NOW - timedelta(days=last)]

    def channel(first: float, last: float = 0) -> str | None:
        used = Counter(one.channel for one in within(first, last) if one.channel is not None)
        return min(used, key=lambda one: (-used[one], str(one)), default=None)

    def sort(name: str) -> str:
        return "digital" if name in DIGITAL else "machines" if name == "atm" else "people"

    found: Told = {}
    now, before = channel(90), channel(180, 90)
    found["channel"] = now or "nothing"
    if now is None or before is None:
        found["channel_shift"] = "nothing" if now is before else "began" if before is None else "stopped"
    else:
        found["channel_shift"] = "same" if sort(now) == sort(before) else "to_" + sort(now)
    through = [one.channel for one in within(90) if one.channel is not None]
    share = sum(one in DIGITAL for one in through) / len(through) if through else None
    found["digital"] = (
        "nothing"
        if share is None
        else "not"
        if share == 0
        else "only"
        if share == 1
        else "mostly"
        if share >= 0.5
        else "some"
    )
    spent: Counter[str] = Counter()
    flow = {"credit": 0, "debit": 0}
    for one in within(90):
        flow[str(one.attributes["direction"])] += one.amount_minor or 0
        if one.attributes["direction"] == "debit":
            spent[str(one.attributes["category"])] += one.amount_minor or 0
    found["spending"] = min(spent, key=lambda name: (-spent[name], name), default="nothing")
    kept = (flow["credit"] - flow["debit"]) / flow["credit"] if flow["credit"] else None
    found["saving"] = (
        "nothing" if kept is None else "saves_much" if kept >= 0.3 else "saves" if kept >= 0.05
        else "even" if kept >= -0.05 else "draws_down"
    )  # fmt: skip
    last = max((one.occurred_at for one in facts), default=None)
    days = None if last is None else (NOW - last).days
    found["activity"] = (
        "nothing" if days is None else "active" if days < 30 else "quiet" if days < 90 else "drowsy" if days < 365
        else "dormant"
    )  # fmt: skip
    return found


payments = st.builds(
    lambda days, channel, minor, direction, category: fact(
        "transaction", days, channel=channel, minor=minor, direction=direction, category=category
    ),
    st.one_of(st.integers(0, 400), st.sampled_from([29.99, 30, 89.99, 90, 90.01, 180, 365])),
    st.sampled_from([None, "app", "wechat", "branch", "phone", "atm"]),
    st.sampled_from([100, 200, 285, 300]),
    st.sampled_from(["credit", "debit"]),
    st.sampled_from(["dining", "travel", "health"]),
)


@settings(max_examples=80, deadline=None)
@given(st.lists(payments, max_size=9))
def test_what_is_told_is_what_a_count_by_hand_finds(facts: list[Fact]) -> None:
    found, expected = told(*facts), by_hand(facts)
    assert {name: found[name] for name in expected} == expected


def test_the_last_product_taken_within_a_year_is_what_was_in_demand() -> None:
    old, card = (
        fact("account_changed", days, product=product, change="opened")
        for days, product in ((400, "loan"), (20, "credit_card"))
    )
    closed = fact("account_changed", 3, product="savings", change="closed")
    assert told(old)[Measure.PRODUCT_DEMAND] == "nothing"
    assert told(old, card, closed)[Measure.PRODUCT_DEMAND] == "credit_card"


def test_signs_of_leaving_are_counted_and_a_newcomer_shows_none() -> None:
    busy = [fact("login", days, channel="app") for days in range(31, 211, 6)]
    rich, poor = (
        fact("transaction", days, minor=1, direction="debit", balance_minor=balance, account="a")
        for days, balance in ((100, 1_000), (40, 400))
    )
    closed = fact("account_changed", 60, product="savings", change="closed")
    still = [fact("login", days, channel="app") for days in range(1, 30, 6)]
    assert told(*busy, *still)[Measure.CHURN] == "no_sign"
    assert told(*busy)[Measure.CHURN] == "one_sign"
    assert told(*busy, *still, rich, poor)[Measure.CHURN] == "one_sign"
    assert told(*busy, rich, poor)[Measure.CHURN] == "several_signs"
    assert told(*busy, rich, poor, closed)[Measure.CHURN] == "several_signs"
    assert told(*busy[:10])[Measure.CHURN] == "unknown"


def test_needs_are_joined_from_tickets_appointments_journeys_and_topics_of_feedback() -> None:
    said = [
        fact("ticket", 5, need="card", step="opened"),
        fact("ticket", 5, need="card", step="served"),
        fact("appointment", 9, need="loan", step="booked"),
        fact("feedback", 12, topic="loan"),
        fact("journey", 300, definition="open-account", step="started"),
    ]
    assert told(*said[:2])[Measure.NEED] == "card", "a step of the same ticket is no second need"
    assert told(*said)[Measure.NEED] == "loan"
    assert told(said[4])[Measure.NEED] == "nothing"


@pytest.mark.parametrize(("ratings", "word"), [([5], "high"), ([5, 3], "middle"), ([3, 1], "low"), ([], "nothing")])
def test_the_last_rating_counts_and_of_two_at_once_the_worse(ratings: list[int], word: str) -> None:
    rated = [fact("feedback", 50 - place, rating=rating) for place, rating in enumerate(ratings)]
    assert told(*rated)[Measure.SATISFACTION] == word
    twice = [fact("feedback", 9, rating=rating) for rating in (4, 2)]
    assert {told(*twice)[Measure.SATISFACTION], told(*twice[::-1])[Measure.SATISFACTION]} == {"low"}


def test_what_lies_ahead_is_not_known_yet() -> None:
    past = [fact("login", days, channel="app") for days in range(1, 211, 6)]
    ahead = [
        fact("login", -1, channel="branch"),
        fact("ticket", -1, channel="branch", need="card", step="opened"),
        fact("feedback", -1, rating=1),
        fact("account_changed", -1, product="loan", change="opened"),
        fact("account_changed", -2, product="savings", change="closed"),
        fact("transaction", -1, minor=9, direction="debit", category="dining", channel="branch"),
    ]
    assert told(*past, *ahead) == told(*past)


def test_borders_hold_from_their_date_on() -> None:
    later = Bands(date(2027, 1, 1), {}, {}, {}, 0, Fraction(0), Fraction(0), {})
    assert [in_force((BANDS, later), day) for day in (date(2026, 1, 1), date(2026, 12, 31), date(2027, 1, 1))] == [
        BANDS, BANDS, later,
    ]  # fmt: skip
