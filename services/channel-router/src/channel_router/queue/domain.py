"""The queue's rules: states and their steps, priority by tier, and the wait to be expected from the calls of late."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from typing import Final


class Channel(StrEnum):
    """The door a ticket was drawn at."""

    APP = "app"
    WEB = "web"
    WECHAT = "wechat"
    PHONE = "phone"
    VIDEO = "video"
    BRANCH = "branch"
    ATM = "atm"
    KIOSK = "kiosk"


class TicketState(StrEnum):
    """Every ticket is in exactly one of these."""

    WAITING = "waiting"
    CALLED = "called"
    SERVED = "served"
    ABANDONED = "abandoned"
    NO_SHOW = "no_show"


STEPS: Final[Mapping[TicketState, frozenset[TicketState]]] = {
    TicketState.WAITING: frozenset({TicketState.CALLED, TicketState.ABANDONED}),
    TicketState.CALLED: frozenset({TicketState.SERVED, TicketState.NO_SHOW, TicketState.WAITING}),
    TicketState.SERVED: frozenset(),
    TicketState.ABANDONED: frozenset(),
    TicketState.NO_SHOW: frozenset(),
}

_PRIORITY: Final[Mapping[str, int]] = {"private": 2, "affluent": 1}

# Normal quantile of the two-sided 80 % interval.
_Z80: Final = 1.2815515655446004
LEVEL: Final = 0.8
# Where a place has called nobody of late: three minutes each, the mean service of a bank's call centre (183.5 s,
# Technion "Anonymous Bank", January 1999), and an interval as wide as exponential gaps make it.
DEFAULT_GAP_SECONDS: Final = 183.5
ENOUGH_GAPS: Final = 5


@dataclass(frozen=True, slots=True)
class Wait:
    """Seconds until service is to be expected, with its interval at `level`, and how it was found."""

    seconds: float
    low: float
    high: float
    level: float
    method: str


def may_become(present: TicketState, wanted: TicketState) -> bool:
    """Whether the step is one of the queue's."""
    return wanted in STEPS[present]


def priority_for(tier: str | None) -> int:
    """How many steps ahead of the mass tier a customer waits; unknown customers wait with the mass."""
    return _PRIORITY.get(tier or "", 0)


def gaps_between(calls: Sequence[datetime]) -> list[float]:
    """Seconds between one call and the next, in order of time."""
    ordered = sorted(calls)
    return [(later - earlier).total_seconds() for earlier, later in pairwise(ordered)]


def expected_wait(position: int, gaps: Sequence[float]) -> Wait:
    """The wait of the customer at `position` (1 is next), when calls come at gaps like those of late.

    The sum of `position` independent gaps: mean and variance add; the interval is the gamma distribution's by the
    Wilson–Hilferty cube-root approximation, which keeps it positive. With fewer than five gaps the default is used.
    """
    known = len(gaps) >= ENOUGH_GAPS
    mean = sum(gaps) / len(gaps) if known else DEFAULT_GAP_SECONDS
    variance = sum((gap - mean) ** 2 for gap in gaps) / (len(gaps) - 1) if known else mean**2
    total, spread = position * mean, position * variance
    method = "call_rate" if known else "default"
    if total <= 0 or spread <= 0:
        return Wait(total, total, total, LEVEL, method)
    shape = total**2 / spread
    centre, width = 1 - 1 / (9 * shape), _Z80 / (3 * math.sqrt(shape))
    low, high = (total * max(centre + sign * width, 0.0) ** 3 for sign in (-1, 1))
    return Wait(round(total, 1), round(low, 1), round(high, 1), LEVEL, method)


def in_order(
    opened_at: datetime, called_at: datetime | None, served_at: datetime | None, abandoned_at: datetime | None
) -> bool:
    """Whether a past ticket's times can be true: opened, then either abandoned, or called and then served."""
    if abandoned_at is not None:
        return called_at is None and served_at is None and abandoned_at >= opened_at
    if called_at is None:
        return served_at is None
    return called_at >= opened_at and (served_at is None or served_at >= called_at)


def state_of(called_at: datetime | None, served_at: datetime | None, abandoned_at: datetime | None) -> TicketState:
    """The state a past ticket's times leave it in."""
    if abandoned_at is not None:
        return TicketState.ABANDONED
    if served_at is not None:
        return TicketState.SERVED
    return TicketState.CALLED if called_at is not None else TicketState.WAITING
