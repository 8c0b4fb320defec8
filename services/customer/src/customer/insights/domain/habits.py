"""What a customer does, in one word for each question: where, how digitally, for what, and whether they are about to go.

A customer has one word of each measure, so that each is counted in one cell of a table, and hiding small cells is proved.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum
from fractions import Fraction
from functools import cache
from importlib.resources import files
from typing import Any, Final

from customer.interactions.domain.facts import DIGITAL, Channel, Fact, Kind, is_product_event, opens_product
from customer.interactions.domain.features import features_at
from customer.interactions.domain.specs import Value, most


class Measure(StrEnum):
    """What is asked of each customer.

    `channel`: the main channel of 90 days; `channel_shift`: whether its sort is another than in the 90 days before;
    `digital`: how much of 90 days went through digital channels; `product_demand`: the last product taken in a year;
    `spending`: for what most money went in 90 days; `saving`: what was kept of the money that came in; `activity`: how
    long ago the last act was (dormancy); `churn`: how many signs of leaving there are; `need`: what was asked for most
    in 180 days, in a branch, on a journey or in feedback; `satisfaction`: the last rating given within a year.
    """

    CHANNEL = "channel"
    CHANNEL_SHIFT = "channel_shift"
    DIGITAL = "digital"
    PRODUCT_DEMAND = "product_demand"
    SPENDING = "spending"
    SAVING = "saving"
    ACTIVITY = "activity"
    CHURN = "churn"
    NEED = "need"
    SATISFACTION = "satisfaction"


# How many days back each measure looks.
WINDOWS: Final[Mapping[Measure, int]] = {
    Measure.CHANNEL: 90,
    Measure.CHANNEL_SHIFT: 180,
    Measure.DIGITAL: 90,
    Measure.PRODUCT_DEMAND: 365,
    Measure.SPENDING: 90,
    Measure.SAVING: 90,
    Measure.ACTIVITY: 365,
    Measure.CHURN: 210,
    Measure.NEED: 180,
    Measure.SATISFACTION: 365,
}
NOTHING: Final = "nothing"
UNKNOWN: Final = "unknown"
_MACHINES: Final = frozenset({Channel.ATM})
_BEFORE: Final = timedelta(days=90)
_READS: Final = (
    "main_channel_90d",
    "digital_share_90d",
    "top_spend_category_90d",
    "inflow_90d",
    "net_flow_90d",
    "recency_days",
    "tenure_days",
    "acts_change_30d",
    "balance",
    "balance_change_90d",
)
# Where a need is said, and by which word.
_SAYS_A_NEED: Final[Mapping[str, str]] = {
    Kind.TICKET: "need",
    Kind.APPOINTMENT: "need",
    Kind.JOURNEY: "definition",
    Kind.FEEDBACK: "topic",
}


@dataclass(frozen=True, slots=True)
class Bands:
    """The borders between words, in force from a date."""

    valid_from: date
    digital_share: Mapping[str, Fraction]
    kept_of_income: Mapping[str, Fraction]
    days_since_last_act: Mapping[str, int]
    known_for_days: int
    acts_fell_to: Fraction
    balance_fell_to: Fraction
    rating: Mapping[str, int]


def _bands(told: Mapping[str, Any]) -> Bands:
    def exact(values: Mapping[str, float]) -> dict[str, Fraction]:
        return {word: Fraction(str(value)) for word, value in values.items()}

    leaving = told["leaving"]
    return Bands(
        date.fromisoformat(told["valid_from"]),
        exact(told["digital_share"]),
        exact(told["kept_of_income"]),
        told["days_since_last_act"],
        leaving["known_for_days"],
        Fraction(str(leaving["acts_fell_to"])),
        Fraction(str(leaving["balance_fell_to"])),
        told["rating"],
    )


@cache
def shipped() -> tuple[Bands, ...]:
    """Every version of the borders that comes with the service, by date."""
    folder = files("customer.insights") / "data"
    found = [
        _bands(json.loads(path.read_text(encoding="utf-8")))
        for path in folder.iterdir()
        if path.name.startswith("bands_")
    ]
    return tuple(sorted(found, key=lambda one: one.valid_from))


def in_force(versions: Sequence[Bands], day: date) -> Bands:
    """The borders of a day; before the first of them the first."""
    return next((one for one in reversed(versions) if one.valid_from <= day), versions[0])


def habits_of(facts: Sequence[Fact], at: datetime, bands: Bands, zone: tzinfo) -> dict[str, str]:
    """One word of each measure, from everything the customer did up to and with that instant."""
    past = [fact for fact in facts if fact.occurred_at <= at]
    now = {name: one.value for name, one in features_at(past, at, _READS, zone=zone).items()}
    before = features_at(past, at - _BEFORE, ("main_channel_90d",), zone=zone)["main_channel_90d"].value
    return {
        Measure.CHANNEL: str(now["main_channel_90d"] or NOTHING),
        Measure.CHANNEL_SHIFT: _shift(before, now["main_channel_90d"]),
        Measure.DIGITAL: _digital(now["digital_share_90d"], bands),
        Measure.PRODUCT_DEMAND: _demand(past, at),
        Measure.SPENDING: str(now["top_spend_category_90d"] or NOTHING),
        Measure.SAVING: _saving(now["inflow_90d"], now["net_flow_90d"], bands),
        Measure.ACTIVITY: _activity(now["recency_days"], bands),
        Measure.CHURN: _churn(past, now, at, bands),
        Measure.NEED: _need(past, at),
        Measure.SATISFACTION: _satisfaction(past, at, bands),
    }


def _sort(channel: Value) -> str:
    known = Channel(str(channel))
    return "digital" if known in DIGITAL else "machines" if known in _MACHINES else "people"


def _shift(before: Value, now: Value) -> str:
    if before is None or now is None:
        return NOTHING if before is now else "began" if before is None else "stopped"
    return "same" if _sort(before) == _sort(now) else f"to_{_sort(now)}"


def _digital(share: Value, bands: Bands) -> str:
    if not isinstance(share, (int, Fraction)):
        return NOTHING
    return (
        "not" if share == 0 else next((word for word, least in bands.digital_share.items() if share >= least), "some")
    )


def _demand(past: Sequence[Fact], at: datetime) -> str:
    taken = [fact for fact in past if opens_product(fact) and fact.occurred_at > at - timedelta(days=365)]
    last = max(taken, key=lambda fact: (fact.occurred_at, str(fact.attributes["product"])), default=None)
    return NOTHING if last is None else str(last.attributes["product"])


def _saving(inflow: Value, net: Value, bands: Bands) -> str:
    if not isinstance(inflow, int) or not isinstance(net, int) or inflow <= 0:
        return NOTHING
    kept = Fraction(net, inflow)
    return next((word for word, least in bands.kept_of_income.items() if kept >= least), "draws_down")


def _activity(days: Value, bands: Bands) -> str:
    if not isinstance(days, int):
        return NOTHING
    return next((word for word, most_days in bands.days_since_last_act.items() if days < most_days), "dormant")


def _churn(past: Sequence[Fact], now: Mapping[str, Value], at: datetime, bands: Bands) -> str:
    tenure, change = now["tenure_days"], now["acts_change_30d"]
    if not isinstance(tenure, int) or tenure < bands.known_for_days:
        return UNKNOWN
    balance, moved = now["balance"], now["balance_change_90d"]
    earlier = balance - moved if isinstance(balance, int) and isinstance(moved, int) else 0
    signs = [
        isinstance(change, (int, Fraction)) and change < bands.acts_fell_to,
        earlier > 0 and isinstance(balance, int) and balance < bands.balance_fell_to * earlier,
        any(
            is_product_event(fact) and fact.attributes["change"] == "closed" and fact.occurred_at > at - _BEFORE
            for fact in past
        ),
    ]
    return ("no_sign", "one_sign", "several_signs", "several_signs")[sum(signs)]


def _need(past: Sequence[Fact], at: datetime) -> str:
    said = Counter(
        str(fact.attributes[word])
        for fact in past
        if (word := _SAYS_A_NEED.get(fact.kind)) is not None
        and word in fact.attributes
        and fact.attributes.get("step", "opened") in {"opened", "booked", "started"}
        and fact.occurred_at > at - timedelta(days=WINDOWS[Measure.NEED])
    )
    return most(said) or NOTHING


def _satisfaction(past: Sequence[Fact], at: datetime, bands: Bands) -> str:
    rated = [
        (fact.occurred_at, rating)
        for fact in past
        if fact.kind == Kind.FEEDBACK
        and isinstance(rating := fact.attributes.get("rating"), int)
        and fact.occurred_at > at - timedelta(days=WINDOWS[Measure.SATISFACTION])
    ]
    if not rated:
        return NOTHING
    # Of two at one instant the worse: a bank that errs here should err towards listening.
    last = max(rated, key=lambda one: (one[0], -one[1]))[1]
    return next((word for word, most_of in bands.rating.items() if last <= most_of), "high")
