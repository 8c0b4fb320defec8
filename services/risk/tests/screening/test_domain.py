"""Rules fire on the edge of their half-open bands and not beside it; money is exact; nothing fails silently."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest

from risk.screening.domain.restrictions import restricted_until, too_far_ahead
from risk.screening.domain.rules import (
    Band,
    Decision,
    Outcome,
    Ratio,
    Rule,
    RuleState,
    Value,
    evaluate,
    outcome_for,
)
from risk.screening.domain.ruleset import RULESETS, ruleset_at
from risk.screening.domain.windows import Aggregate, Number, Pivot
from shared.money import DIGITS, decimal_text, minor_units

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAY = 86_400
TINY = Fraction(1, 10**9)
RULES = RULESETS[0]
NOTHING: Mapping[str, Number | None] = dict.fromkeys([feature.name for feature in RULES.features] + ["amount"])

Values = dict[str, Number | None]
Case = tuple[str, Values, int]
SPREE: Values = {"paid_90d": 20, "spent_90d": 1_000}
AVERAGE: Values = {"payments_30d": 5, "average_30d": Fraction(100)}
LARGEST: Values = {"paid_90d": 6, "largest_90d": 100}
DEVIATES: Values = {"payments_90d": 10, "average_90d": Fraction(1_000), "variance_90d": Fraction(10_000)}
DEVICE: Values = {"events_90d": 5}
CASES: list[Case] = [
    ("burst_of_events", {"events_1m": 4}, 0),
    ("burst_of_events", {"events_1m": 5}, 30),
    ("burst_of_events", {"events_1m": 9}, 30),
    ("burst_of_events", {"events_1m": 10}, 60),
    ("spending_spree", SPREE | {"spent_1d": 499}, 0),
    ("spending_spree", SPREE | {"spent_1d": 500}, 20),
    ("spending_spree", SPREE | {"spent_1d": 799}, 20),
    ("spending_spree", SPREE | {"spent_1d": 800}, 40),
    ("spending_spree", SPREE | {"spent_1d": 800, "paid_90d": 19}, 0),
    ("amount_over_average", AVERAGE | {"amount": 499}, 0),
    ("amount_over_average", AVERAGE | {"amount": 500}, 20),
    ("amount_over_average", AVERAGE | {"amount": 500, "average_30d": 100 + TINY}, 0),
    ("amount_over_average", AVERAGE | {"amount": 999}, 20),
    ("amount_over_average", AVERAGE | {"amount": 1_000}, 35),
    ("amount_over_average", AVERAGE | {"amount": 1_000, "payments_30d": 4}, 0),
    ("amount_over_largest", LARGEST | {"amount": 199}, 0),
    ("amount_over_largest", LARGEST | {"amount": 200}, 15),
    ("amount_over_largest", LARGEST | {"amount": 399}, 15),
    ("amount_over_largest", LARGEST | {"amount": 400}, 25),
    ("amount_over_largest", LARGEST | {"amount": 400, "paid_90d": 5}, 0),
    ("amount_deviates", DEVIATES | {"amount": 1_399}, 0),
    ("amount_deviates", DEVIATES | {"amount": 1_400}, 15),
    ("amount_deviates", DEVIATES | {"amount": 1_400, "variance_90d": 10_000 + TINY}, 0),
    ("amount_deviates", DEVIATES | {"amount": 1_599}, 15),
    ("amount_deviates", DEVIATES | {"amount": 1_600}, 25),
    ("amount_deviates", DEVIATES | {"amount": 1}, 0),
    ("amount_deviates", DEVIATES | {"amount": 1_600, "payments_90d": 9}, 0),
    ("payee_of_many", {"payers_1d": 4}, 0),
    ("payee_of_many", {"payers_1d": 5}, 25),
    ("payee_of_many", {"payers_1d": 9}, 25),
    ("payee_of_many", {"payers_1d": 10}, 50),
    ("new_device", DEVICE | {"device_age_90d": 0}, 20),
    ("new_device", DEVICE | {"device_age_90d": 3_599}, 20),
    ("new_device", DEVICE | {"device_age_90d": 3_600}, 10),
    ("new_device", DEVICE | {"device_age_90d": DAY - 1}, 10),
    ("new_device", DEVICE | {"device_age_90d": DAY}, 0),
    ("new_device", {"events_90d": 4, "device_age_90d": 0}, 0),
    ("account_wakes", {"account_rest_90d": 30 * DAY - 1}, 0),
    ("account_wakes", {"account_rest_90d": 30 * DAY}, 10),
    ("account_wakes", {"account_rest_90d": 60 * DAY - 1}, 10),
    ("account_wakes", {"account_rest_90d": 60 * DAY}, 20),
    ("shared_device", {"device_customers_7d": 2}, 0),
    ("shared_device", {"device_customers_7d": 3}, 30),
    ("shared_device", {"device_customers_7d": 5}, 30),
    ("shared_device", {"device_customers_7d": 6}, 60),
    ("rush_at_place", {"place_events_10m": 29}, 0),
    ("rush_at_place", {"place_events_10m": 30}, 15),
    ("rush_at_place", {"place_events_10m": 59}, 15),
    ("rush_at_place", {"place_events_10m": 60}, 30),
]


@pytest.mark.parametrize(("name", "values", "points"), CASES)
def test_a_rule_fires_on_the_edge_of_its_band_and_not_beside_it(
    name: str, values: dict[str, Number | None], points: int
) -> None:
    decision = evaluate(RULES, {**NOTHING, **values})
    told = {result.rule: result for result in decision.results}
    assert told[name].points == points
    assert told[name].state is (RuleState.FIRED if points else RuleState.CLEAR)
    if points:
        assert values.items() >= {key: value for key, value in told[name].values.items() if key in values}.items()


def test_all_ten_rules_are_held_to_their_edges() -> None:
    assert len(RULES.rules) == 10
    assert {rule.name for rule in RULES.rules} == {name for name, _, _ in CASES}


def test_the_features_use_every_aggregate_and_pivot_from_a_minute_to_ninety_days() -> None:
    assert {feature.aggregate for feature in RULES.features} == set(Aggregate)
    assert {feature.pivot for feature in RULES.features} == set(Pivot)
    windows = {feature.window for feature in RULES.features}
    assert (min(windows), max(windows)) == (timedelta(minutes=1), timedelta(days=90))
    read = {name for rule in RULES.rules for name in (*rule.measure.names, *(given.name for given in rule.given))}
    assert read == set(NOTHING)


def test_where_there_is_nothing_to_look_at_no_rule_applies_and_the_event_is_allowed() -> None:
    decision = evaluate(RULES, NOTHING)
    assert (decision.outcome, decision.score) == (Outcome.ALLOW, 0)
    assert {result.state for result in decision.results} == {RuleState.NOT_APPLICABLE}


@pytest.mark.parametrize(
    ("score", "outcome"),
    [(0, "allow"), (29, "allow"), (30, "step_up"), (59, "step_up"), (60, "review"), (89, "review"), (90, "decline")],
)
def test_an_outcome_is_a_half_open_band_of_the_score(score: int, outcome: str) -> None:
    assert outcome_for(RULES.outcomes, score) == outcome


def test_no_pattern_alone_declines() -> None:
    assert all(outcome_for(RULES.outcomes, band.points) != "decline" for rule in RULES.rules for band in rule.bands)


@pytest.mark.parametrize(("events", "outcome"), [(0, "review"), (5, "review"), (10, "review")])
def test_a_broken_rule_ends_in_a_review_and_never_in_a_silent_pass(events: int, outcome: str) -> None:
    broken = replace(RULES, rules=(Rule("broken", Value("no_such_feature"), (Band(0, None, 1),)), *RULES.rules))
    decision = evaluate(broken, {**NOTHING, "events_1m": events})
    assert decision.outcome == outcome
    assert [result.rule for result in decision.results if result.state is RuleState.ERROR] == ["broken"]


def test_a_broken_rule_does_not_soften_a_decline() -> None:
    class Raises(Value):
        def of(self, seen: Any) -> Number | None:
            raise ZeroDivisionError

    broken = replace(RULES, rules=(Rule("broken", Raises("amount"), ()), *RULES.rules))
    decision = evaluate(broken, {**NOTHING, "events_1m": 10, "device_customers_7d": 6})
    assert (decision.outcome, decision.score) == (Outcome.DECLINE, 120)


def test_over_nothing_there_is_no_ratio() -> None:
    assert Ratio("a", "b").of({"a": 1, "b": 0}) is None
    assert Ratio("a", "b").of({"a": 1, "b": None}) is None
    assert Ratio("a", "b").of({"a": 1, "b": 3}) == Fraction(1, 3)


def test_the_rules_of_an_instant_are_the_last_that_had_begun() -> None:
    assert ruleset_at(NOW) is RULES
    assert ruleset_at(RULES.since - timedelta(days=1)) is RULES
    assert [one.version for one in RULESETS] == sorted({one.version for one in RULESETS})


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [("12.50", "CNY", 1_250), ("12.5", "CNY", 1_250), ("7", "JPY", 7), ("0.001", "KWD", 1), ("1.0001", "CLF", 10_001)],
)
def test_money_is_whole_minor_units(amount: str, currency: str, minor: int) -> None:
    assert minor_units(amount, currency) == minor
    assert minor_units(decimal_text(minor, currency), currency) == minor


@pytest.mark.parametrize(
    ("amount", "currency"),
    [
        ("1.005", "CNY"),
        ("1.0", "JPY"),
        ("1", "XXX"),
        ("1", "cny"),
        ("-1", "CNY"),
        ("1e3", "CNY"),
        ("٣", "CNY"),
        ("01", "CNY"),
        ("100000000000000000", "CNY"),
    ],
)
def test_what_is_no_money_is_refused(amount: str, currency: str) -> None:
    with pytest.raises(ValueError, match=r"currency|amount"):
        minor_units(amount, currency)


def test_every_currency_is_listed_once() -> None:
    assert all(len(code) == 3 and code.isupper() for code in DIGITS)
    assert (len(DIGITS), DIGITS["CNY"], DIGITS["JPY"], DIGITS["KWD"]) == (len(set(DIGITS)), 2, 0, 3)


def test_only_a_decline_restricts_and_only_from_the_event_on() -> None:
    no = Decision(Outcome.DECLINE, 90, ())
    assert restricted_until(RULES, no, NOW, NOW) == NOW + timedelta(hours=24)
    assert restricted_until(RULES, no, NOW - timedelta(hours=24), NOW) is None
    assert restricted_until(RULES, Decision(Outcome.REVIEW, 60, ()), NOW, NOW) is None


def test_two_minutes_ahead_is_the_most() -> None:
    assert not too_far_ahead(NOW + timedelta(minutes=2), NOW)
    assert too_far_ahead(NOW + timedelta(minutes=2, microseconds=1), NOW)
