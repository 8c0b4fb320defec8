"""Features do not care how facts came, hold exactly as long as they say, and equal a twin that counts by hand."""

import random
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import count, islice, permutations
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from customer.interactions.domain.facts import HIDDEN_FROM_CUSTOMERS, Category, Channel, Fact, Kind, Product
from customer.interactions.domain.features import FEATURES, CutPoints, FeatureUnknown, features_at, tips_off
from customer.interactions.domain.rfm import cut_points_of, quintile_of

START = datetime(2025, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)
ZONE = ZoneInfo("Asia/Shanghai")
CUTS = (
    CutPoints(START + 100 * DAY, (1, 5, 20, 60), (1, 2, 4, 8), (0, 1_000, 5_000, 20_000)),
    CutPoints(START + 300 * DAY, (2, 9, 30, 90), (0, 3, 5, 7), (10, 900, 6_000, 30_000)),
)
# Half months collide with one another and with the borders of windows, and a tick is the difference a border makes.
instants = st.builds(
    lambda halves, ticks, odd: START + halves * 15 * DAY + ticks * TICK + odd,
    st.integers(0, 28),
    st.sampled_from([0, 0, 0, 0, -1, 1]),
    st.sampled_from([timedelta(0), timedelta(0), timedelta(hours=7, seconds=11)]),
)


def _attributes(draw: st.DrawFn, kind: Kind) -> dict[str, Any]:
    said: dict[str, Any] = {}
    if kind is Kind.TRANSACTION:
        said["direction"] = draw(st.sampled_from(["credit", "debit"]))
        said["category"] = draw(st.sampled_from([*Category, "unheard_of"]))
    if kind is Kind.ACCOUNT_CHANGED:
        said["product"] = draw(st.sampled_from(list(Product)))
        said["change"] = draw(st.sampled_from(["opened", "closed"]))
    more = {
        "account": st.sampled_from(["a", "b"]),
        "balance_minor": st.integers(-500, 5_000),
        "initiated_by": st.just("bank"),
        "date_only": st.booleans(),
        "source": st.sampled_from(["search", "friend"]),
        "sequence": st.integers(0, 2),
    }
    for name in draw(st.sets(st.sampled_from(sorted(more)), max_size=3)):
        said[name] = draw(more[name])
    return said


@st.composite
def streams(draw: st.DrawFn) -> list[Fact]:
    """Some facts of one customer in event order, with ids and ingest numbers as if they came so."""
    facts = []
    for number, at in enumerate(sorted(draw(st.lists(instants, max_size=30)))):
        kind = draw(st.sampled_from([Kind.TRANSACTION, Kind.TRANSACTION, *Kind]))
        money = kind is Kind.TRANSACTION or draw(st.booleans())
        facts.append(
            Fact(
                id=UUID(int=number + 1),
                kind=kind,
                occurred_at=at,
                ingest=number + 1,
                amount_minor=draw(st.integers(0, 3_000)) if kind is Kind.TRANSACTION else None,
                currency=draw(st.sampled_from(["CNY", "CNY", "EUR"])) if money else None,
                channel=draw(st.sampled_from([None, *Channel])),
                attributes=_attributes(draw, kind),
            )
        )
    return facts


def delivered(facts: Sequence[Fact], order: random.Random) -> list[Fact]:
    """The same facts as they come in the world: in another order, some twice, each with the id of its arrival."""
    shuffled = list(facts)
    order.shuffle(shuffled)
    arrived = [replace(fact, id=UUID(int=1_000 + number), ingest=number + 1) for number, fact in enumerate(shuffled)]
    return arrived + [replace(fact, ingest=fact.ingest + 900) for fact in order.sample(arrived, len(arrived) // 2)]


# Of the many alike, which differ by a word only, a few: the rest of the time goes into instants.
_ALIKE = re.compile(r"(count|channel_share|spend_share|days_since|holds)_(?!login|app_|household|loan)")
SOME = [name for name in FEATURES if not _ALIKE.match(name)]


def at_all(facts: Sequence[Fact], at: datetime) -> Any:
    return features_at(facts, at, SOME, zone=ZONE, cuts=CUTS)


@settings(max_examples=60, deadline=None)
@given(streams(), instants, st.randoms(use_true_random=False))
def test_shuffled_repeated_and_late_facts_give_the_features_of_the_sorted_stream(
    facts: list[Fact], at: datetime, order: random.Random
) -> None:
    assert at_all(delivered(facts, order), at) == at_all(facts, at)


def test_facts_of_one_instant_have_one_order_however_they_came() -> None:
    alike = [
        fact(1, balance_minor=10, account="a", sequence=1),
        fact(1, balance_minor=20, account="a", sequence=2),
        fact(1, Kind.ACCOUNT_CHANGED, product="loan", change="opened"),
        fact(1, Kind.ACCOUNT_CHANGED, product="loan", change="closed"),
        fact(1, Kind.LOGIN, channel="app"),
        fact(1, Kind.VISIT, channel="branch"),
    ]
    told = {
        repr(at_all(delivered(order, random.Random(1)), START + 2 * DAY))  # noqa: S311  # an order, no secret
        for order in islice(permutations(alike), 0, 720, 7)
    }
    assert len(told) == 1
    assert features_at(alike, START + 2 * DAY, ["balance"])["balance"].value == 20


@settings(max_examples=60, deadline=None)
@given(streams(), instants, st.data())
def test_a_value_is_constant_until_its_valid_until(facts: list[Fact], at: datetime, data: st.DataObject) -> None:
    told = at_all(facts, at)
    assert all(one.valid_until is None or one.valid_until > at for one in told.values())
    # The moments before any of them ends, those ends, and any other.
    ends = {one.valid_until for one in told.values() if one.valid_until is not None}
    later = ends | {end - TICK for end in ends} | set(data.draw(st.lists(instants, max_size=3)))
    for moment in data.draw(st.permutations(sorted(later)))[:16]:
        then = at_all(facts, moment)
        for name, one in told.items():
            if moment > at and (one.valid_until is None or moment < one.valid_until):
                assert then[name].value == one.value, (name, at, moment, one.valid_until)


@settings(max_examples=40, deadline=None)
@given(streams(), st.lists(instants, min_size=1, max_size=5), instants)
def test_only_a_feature_that_is_kept_from_customers_looks_at_what_risk_did(
    facts: list[Fact], hidden: list[datetime], at: datetime
) -> None:
    shown = [fact for fact in facts if fact.kind not in HIDDEN_FROM_CUSTOMERS]
    said = {"screening": "0", "screened": "payment", "outcome": "review"}
    more = [
        Fact(UUID(int=1_000 + number), kind, when, 1_000 + number, None, None, "app", said)
        for number, (kind, when) in enumerate((kind, when) for kind in HIDDEN_FROM_CUSTOMERS for when in hidden)
    ]
    before, after = (features_at(one, at, zone=ZONE, cuts=CUTS) for one in (shown, [*shown, *more]))
    differ = {name for name in before if before[name] != after[name]}
    assert all(map(tips_off, differ))
    assert {f"days_since_{kind}" for kind in HIDDEN_FROM_CUSTOMERS if min(hidden) <= at} <= differ


def by_hand(facts: Sequence[Fact], at: datetime) -> dict[str, Any]:
    """Some features counted without any window, index or order: the twin."""
    known = [fact for fact in facts if fact.occurred_at <= at]
    recent = [fact for fact in known if fact.occurred_at > at - 90 * DAY]
    money = [fact for fact in known if fact.amount_minor is not None]
    telling = [fact for fact in known if fact.currency and (fact in money or "balance_minor" in fact.attributes)]
    codes = sorted({str(fact.currency) for fact in telling})
    code = max(codes, key=lambda one: sum(fact.currency == one for fact in telling), default=None)
    flows = [fact for fact in recent if fact.amount_minor is not None and fact.currency == code]
    went = sum(fact.amount_minor or 0 for fact in flows if fact.attributes["direction"] == "debit")
    came = sum(fact.amount_minor or 0 for fact in flows if fact.attributes["direction"] == "credit")
    rent = [fact for fact in flows if fact.attributes["direction"] == "debit"]
    household = sum(fact.amount_minor or 0 for fact in rent if fact.attributes["category"] == "household")
    logins = [fact.occurred_at for fact in known if fact.kind == Kind.LOGIN]
    return {
        "currency": code,
        "outflow_90d": went,
        "inflow_90d": came,
        "net_flow_90d": came - went,
        "spend_share_household_90d": Fraction(household, went) if went else None,
        "count_login_90d": sum(fact.kind == Kind.LOGIN for fact in recent),
        "count_login_1d": sum(fact.kind == Kind.LOGIN and fact.occurred_at > at - DAY for fact in known),
        "days_since_login": (at - max(logins)).days if logins else None,
        "sources_365d": len(
            {
                fact.attributes["source"]
                for fact in known
                if "source" in fact.attributes and fact.occurred_at > at - 365 * DAY
            }
        ),
    }


@settings(max_examples=100, deadline=None)
@given(streams(), instants)
def test_features_equal_those_counted_by_hand(facts: list[Fact], at: datetime) -> None:
    expected = by_hand(facts, at)
    assert {name: one.value for name, one in features_at(facts, at, list(expected)).items()} == expected


@settings(max_examples=60, deadline=None)
@given(streams(), instants)
def test_a_count_falls_the_moment_its_validity_ends(facts: list[Fact], at: datetime) -> None:
    known = [fact for fact in facts if fact.occurred_at <= at]
    one = features_at(known, at, ["count_transaction_30d"])["count_transaction_30d"]
    inside = [fact.occurred_at for fact in known if fact.kind == Kind.TRANSACTION and fact.occurred_at > at - 30 * DAY]
    assert one.valid_until == (min(inside) + 30 * DAY if inside else None)
    if one.valid_until is not None:
        assert features_at(known, one.valid_until, ["count_transaction_30d"])["count_transaction_30d"].value < one.value  # type: ignore[operator]  # a count is a number


_numbers = count(1)


def fact(day: float, kind: Kind = Kind.TRANSACTION, amount: int | None = None, **more: Any) -> Fact:
    """One fact so many days after the start; what is no column is an attribute."""
    channel = more.pop("channel", None)
    number = next(_numbers)
    code = more.pop("currency", None if amount is None and "balance_minor" not in more else "CNY")
    return Fact(UUID(int=number), kind, START + day * DAY, number, amount, code, channel, more)


def value_of(name: str, facts: Sequence[Fact], day: float) -> Any:
    return features_at(facts, START + day * DAY, [name], zone=ZONE)[name].value


def test_a_clockwork_salary_has_no_irregularity_and_a_jittery_one_has() -> None:
    clockwork = [fact(30 * month, amount=5_000, direction="credit", category="salary") for month in range(12)]
    assert value_of("income_gap_cv2_365d", clockwork, 331) == 0
    assert value_of("income_gap_days_365d", clockwork, 331) == 30
    assert value_of("income_months_360d", clockwork, 331) == 12
    jittery = [fact(day, amount=5_000, direction="credit", category="salary") for day in (0, 10, 40)]
    # Gaps of 10 and 30 days: mean 20, variance 100, so the squared coefficient is a quarter.
    assert value_of("income_gap_cv2_365d", jittery, 41) == Fraction(1, 4)


def test_balances_of_accounts_add_up_and_their_trend_is_the_slope() -> None:
    told = [fact(30 * month, balance_minor=100 * month, account="a") for month in range(4)]
    told += [fact(0.5, balance_minor=7, account="b")]
    assert value_of("balance", told, 91) == 307
    assert value_of("balance_change_30d", told, 91) == 100
    assert value_of("balance_trend_90d", told, 91) == 100
    assert value_of("balance_trend_90d", told, 89) is None


def test_a_change_is_told_against_the_customers_own_half_year() -> None:
    spent = [fact(30 * month + 1, amount=amount) for month, amount in enumerate([90, 110, 90, 110, 90, 110, 300])]
    assert value_of("outflow_change_30d", spent, 210) == 3
    # Mean 100, variance 100, and 300 is 200 above: 40,000 / 100.
    assert value_of("outflow_deviation_30d", spent, 210) == 400


def test_the_decision_path_ends_at_the_product_and_does_not_age() -> None:
    steps = [
        fact(1, Kind.VISIT, channel="branch"),
        fact(100, Kind.APP_EVENT, channel="app"),
        fact(101, Kind.APP_EVENT, channel="app"),
        fact(103, Kind.CALL, channel="phone"),
        fact(105, Kind.ACCOUNT_CHANGED, product="loan", change="opened"),
        fact(106, Kind.CALL, channel="web"),
    ]
    told = features_at(steps, START + 110 * DAY, ["decision_path", "decision_path_days", "holds_loan"])
    assert [one.value for one in told.values()] == ["app>phone", 3, True]
    assert {one.valid_until for one in told.values()} == {None}


def test_hours_are_local_and_dates_without_an_hour_do_not_count() -> None:
    seen = [fact(0.75, Kind.LOGIN), fact(1.75, Kind.LOGIN), fact(2, Kind.TRANSACTION, date_only=True)]
    assert value_of("usual_hour_90d", seen, 3) == 2
    assert value_of("night_share_90d", seen, 3) == 1


def test_interest_the_bank_books_is_no_act_of_the_customer() -> None:
    booked = [fact(1, amount=5, direction="credit", initiated_by="bank"), fact(0.5, Kind.LOGIN)]
    assert (value_of("recency_days", booked, 9), value_of("acts_30d", booked, 9)) == (8, 1)
    assert (value_of("monetary_90d", booked, 9), value_of("inflow_90d", booked, 9)) == (0, 5)


def test_fifths_are_by_nearest_rank_and_hold_still_under_frozen_cut_points() -> None:
    cuts = cut_points_of([*range(1, 11), None])
    assert cuts == (2, 4, 6, 8)
    assert [quintile_of(value, cuts) for value in (0, 2, 3, 8, 9)] == [1, 1, 2, 4, 5]
    assert quintile_of(0, cuts, best_is_low=True) == 5
    with pytest.raises(ValueError, match="five"):
        cut_points_of([1, 2, 3, 4])


def test_classes_begin_with_the_first_cut_points_and_change_with_the_next() -> None:
    facts = [fact(99, amount=5_000)]
    told = features_at(facts, START + 99.5 * DAY, ["rfm_class"], cuts=CUTS)["rfm_class"]
    assert (told.value, told.valid_until) == (None, CUTS[0].valid_from)
    at = START + 290 * DAY
    told = features_at(facts, at, ["rfm_monetary"], cuts=CUTS)["rfm_monetary"]
    assert (told.value, told.valid_until) == (3, CUTS[1].valid_from)


def test_a_window_of_any_length_has_its_name_and_others_are_unknown() -> None:
    assert FEATURES["count_login_17d"].type == "int"
    assert "count_login_1100d" in FEATURES
    for name in ("count_login_0d", "count_login_1101d", "count_nothing_7d", "", "recency"):
        assert name not in FEATURES
        with pytest.raises(FeatureUnknown):
            features_at([], START, [name])


def test_every_listed_feature_says_what_it_is_in_two_languages() -> None:
    assert len(set(FEATURES)) == len(FEATURES)
    for name, spec in FEATURES.items():
        assert spec.name == name
        assert set(spec.description) == {"en", "zh-Hans"}
        assert all(spec.description.values())
        assert all(ord(letter) < 0x3000 for letter in spec.description["en"])


def test_every_value_is_of_its_type() -> None:
    kinds: dict[str, tuple[type, ...]] = {
        "int": (int,),
        "fraction": (Fraction,),
        "string": (str,),
        "bool": (bool,),
    }
    facts = [fact(day, kind, 10, channel="app", balance_minor=1) for day in range(60) for kind in Kind]
    for name, one in features_at(facts, START + 61 * DAY, cuts=CUTS).items():
        assert one.value is None or type(one.value) in kinds[FEATURES[name].type], name
