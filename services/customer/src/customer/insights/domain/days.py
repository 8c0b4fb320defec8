"""What kind of day a day is: plain, closed, the eve or the day after of a closed one, between holidays, or of minor note."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from enum import StrEnum
from math import exp
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_DAY: Final = timedelta(days=1)
# How fast the rush at the start of a month ebbs, in days (of the calendar; of business).
_RUSH_DAYS: Final = 2.0


class DayKind(StrEnum):
    """Kinds of days; `closed`, `between` and `minor` are known ahead, `eve` and `after` follow from them."""

    PLAIN = "plain"
    CLOSED = "closed"
    EVE = "eve"
    BETWEEN = "between"
    MINOR = "minor"
    AFTER = "after"


KNOWN_AHEAD: Final = (DayKind.CLOSED, DayKind.BETWEEN, DayKind.MINOR)
Ahead = Mapping[date, DayKind]


def kind_of(day: date, ahead: Ahead) -> DayKind:
    """The kind of a day, from what is known ahead of it and its neighbours."""
    known = ahead.get(day)
    if known is DayKind.CLOSED:
        return known
    if ahead.get(day + _DAY) is DayKind.CLOSED:
        return DayKind.EVE
    if known is not None:
        return known
    return DayKind.AFTER if ahead.get(day - _DAY) is DayKind.CLOSED else DayKind.PLAIN


def days_from(first: date, count: int) -> list[date]:
    """`count` days in a row."""
    return [first + _DAY * number for number in range(count)]


def described(days: Sequence[date], ahead: Ahead, weekend: frozenset[int], rushes: frozenset[int]) -> Floats:
    """Days as a matrix: level, weekday, kind (apart for a weekend), and the rhythm of the month on days of business.

    `weekend` are weekdays by Python's numbers (Monday is 0); `rushes` are days of the month with a rush of their own.
    """
    return np.array([_one(day, kind_of(day, ahead), weekend, rushes) for day in days])


def _one(day: date, kind: DayKind, weekend: frozenset[int], rushes: frozenset[int]) -> list[float]:
    resting = day.weekday() in weekend
    last = ((day.replace(day=28) + _DAY * 4).replace(day=1) - _DAY).day
    phase = 2 * np.pi * (day.day - 1) / last
    at_work = 0.0 if resting else 1.0
    business = sum(day.replace(day=number).weekday() not in weekend for number in range(1, day.day + 1))
    marked = (DayKind.CLOSED, DayKind.EVE, DayKind.BETWEEN)
    return [
        1.0,
        *(float(day.weekday() == number) for number in range(7)),
        *(float(kind is one) for one in DayKind if one is not DayKind.PLAIN),
        *(float(kind is one and resting) for one in marked),
        *(at_work / 2 * wave(turn * phase) for turn in (1, 2) for wave in (np.sin, np.cos)),
        exp(-(day.day - 1) / _RUSH_DAYS),
        at_work * exp(-(business - 1) / _RUSH_DAYS),
        float(day.day in rushes),
    ]
