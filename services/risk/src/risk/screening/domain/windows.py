"""Windowed features: what is looked at over which span of event time, and how raw counts become exact values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import Any, Final

Number = int | Fraction
_SECOND: Final = timedelta(seconds=1)


class Kind(StrEnum):
    """What happened that is to be screened."""

    TRANSACTION = "transaction"
    LOGIN = "login"
    PROFILE_CHANGE = "profile_change"
    PAYEE_ADDED = "payee_added"
    SERVICE_ACTION = "service_action"
    DEVICE_CHANGE = "device_change"


class Pivot(StrEnum):
    """Whose events a feature looks at; the value is the column that holds whose they are."""

    CUSTOMER = "customer_id"
    ACCOUNT = "account"
    DEVICE = "device"
    PAYEE = "payee"
    PLACE = "place"


# The pivots that come as attributes; they are kept as keyed hashes only.
HASHED: Final = (Pivot.ACCOUNT, Pivot.DEVICE, Pivot.PAYEE, Pivot.PLACE)


class Aggregate(StrEnum):
    """What is made of the events of a window."""

    COUNT = "count"
    SUM = "sum"
    AVERAGE = "avg"
    DISTINCT = "distinct"
    LARGEST = "max"
    # The square of the standard deviation: a root is no fraction, and rules compare squares.
    VARIANCE = "stddev"
    FIRST_SEEN = "first_seen"
    TIME_SINCE = "time_since"


PARTS: Final[Mapping[Aggregate, tuple[str, ...]]] = {
    Aggregate.COUNT: ("n",),
    Aggregate.SUM: ("total",),
    Aggregate.AVERAGE: ("n", "total"),
    Aggregate.DISTINCT: ("distinct",),
    Aggregate.LARGEST: ("top",),
    Aggregate.VARIANCE: ("n", "total", "squares"),
    Aggregate.FIRST_SEEN: ("first",),
    Aggregate.TIME_SINCE: ("last",),
}
_OF_TIME: Final = {Aggregate.FIRST_SEEN, Aggregate.TIME_SINCE}
_OF_AMOUNTS: Final = {Aggregate.SUM, Aggregate.AVERAGE, Aggregate.LARGEST, Aggregate.VARIANCE}


@dataclass(frozen=True, slots=True)
class Feature:
    """One number about the events of a pivot with `occurred_at` in (t - window, t], known when it is asked for.

    `kinds` narrows them to these kinds, `same` to those that share that pivot too; `distinct` is what is told apart;
    `itself` says whether the event that is decided counts. Amounts are only ever compared within its currency;
    `in_currency` asks that of a count as well.
    """

    name: str
    aggregate: Aggregate
    pivot: Pivot
    window: timedelta
    kinds: tuple[Kind, ...] = ()
    same: Pivot | None = None
    distinct: Pivot | None = None
    itself: bool = True
    in_currency: bool = False

    @property
    def of_amounts(self) -> bool:
        """Whether only events with an amount in the same currency count."""
        return self.in_currency or self.aggregate in _OF_AMOUNTS

    def applies(self, event: Mapping[str, Any]) -> bool:
        """Whether the event has what the feature looks at; where not, its value is None."""
        needed = [self.pivot] if self.same is None else [self.pivot, self.same]
        if any(event[pivot] is None for pivot in needed):
            return False
        return not self.of_amounts or event["amount"] is not None

    def value(self, parts: Mapping[str, Any], at: datetime) -> Number | None:
        """The exact value from the parts the database counted; None where there is nothing to speak of."""
        if self.aggregate in _OF_TIME:
            return _seconds(parts[PARTS[self.aggregate][0]], at)
        if self.aggregate is Aggregate.LARGEST:
            return None if parts["top"] is None else int(parts["top"])
        if self.aggregate in {Aggregate.AVERAGE, Aggregate.VARIANCE}:
            return self._moment(parts)
        return int(parts[PARTS[self.aggregate][0]] or 0)

    def _moment(self, parts: Mapping[str, Any]) -> Number | None:
        n, total = int(parts["n"]), int(parts["total"] or 0)
        if n == 0:
            return None
        if self.aggregate is Aggregate.AVERAGE:
            return Fraction(total, n)
        return Fraction(n * int(parts["squares"] or 0) - total * total, n * n)


def _seconds(then: datetime | None, at: datetime) -> int | None:
    """Whole seconds between: rounding down keeps half-open bands with whole bounds exact."""
    return None if then is None else (at - then) // _SECOND
