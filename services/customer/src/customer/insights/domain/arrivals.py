"""Arrivals ahead, per day and per hour: a damped regression on what is known of a day, a level that follows, a profile."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Final

import numpy as np

from customer.insights.domain.days import Ahead, DayKind, Floats, described, kind_of

HOURS: Final = 24
_ROBUST_ROUNDS: Final = 3
_OUTLYING: Final = 2.0
_MAD: Final = 1.4826


@dataclass(frozen=True, slots=True)
class Manner:
    """How arrivals are forecast; the numbers did best by rolling origin from 15 March to 30 June 1999, one day ahead.

    `memory_days` and `level_days` are half-lives: of a day's say in the regression, of a residual's say in the level.
    """

    weekend: frozenset[int]
    rushes: frozenset[int] = frozenset()
    memory_days: float = 300.0
    ridge: float = 0.03
    level_days: float = 14.0
    carried: float = 0.8
    profile_days: float = 45.0


def fading(count: int, half_life: float) -> Floats:
    """Weights of a past of `count` days, the last one 1, halved with each half-life."""
    weights: Floats = 0.5 ** (np.arange(count)[::-1] / half_life)
    return weights


class Arrivals:
    """Hourly counts of days in a row (days, 24), and what they say of a day to come, on what was known the evening before."""

    def __init__(self, days: Sequence[date], hourly: Floats, ahead: Ahead, manner: Manner) -> None:
        if len(days) != len(hourly) or hourly.shape[1:] != (HOURS,):
            raise ValueError("one row of 24 hours for each day is needed")
        if any((after - before).days != 1 for before, after in pairwise(days)):
            raise ValueError("the days must follow one another")
        self.days = list(days)
        self.hourly = np.asarray(hourly, dtype=float)
        self.daily: Floats = self.hourly.sum(axis=1)
        self._ahead = ahead
        self._manner = manner
        self._kinds = [kind_of(day, ahead) for day in days]
        self._design = described(days, ahead, manner.weekend, manner.rushes)

    def day_ahead(self, day: date, known: int) -> float:
        """The median count of a day, from the first `known` days of the past."""
        manner = self._manner
        target = np.log1p(self.daily[:known])
        design, memory = self._design[:known], fading(known, manner.memory_days)
        # The level of all days is free; what sets days apart is held back by the ridge.
        held = manner.ridge * np.diag([0.0, *[1.0] * (design.shape[1] - 1)])
        weights = memory
        for _ in range(_ROBUST_ROUNDS):
            gram = design.T @ (design * weights[:, None]) + held + 1e-9 * np.eye(design.shape[1])
            beta = np.linalg.solve(gram, design.T @ (weights * target))
            residuals = target - design @ beta
            scale = max(1e-6, _MAD * float(np.median(np.abs(residuals))))
            # A day far off (an outage, an election) says less, however far it is.
            weights = memory / np.maximum(1, np.abs(residuals) / (_OUTLYING * scale))
        plain = np.array([kind is DayKind.PLAIN for kind in self._kinds[:known]], dtype=float)
        recent = fading(known, manner.level_days) * plain
        level = float((recent * np.clip(residuals, -0.5, 0.5)).sum() / max(1e-9, recent.sum()))
        row = described([day], self._ahead, manner.weekend, manner.rushes)[0]
        return max(0.0, float(np.expm1(row @ beta + manner.carried * level)))

    def hours_ahead(self, day: date, known: int) -> Floats:
        """The same by hour: the day's count by the profile of days that were most like it, the recent ones first."""
        manner, kind = self._manner, kind_of(day, self._ahead)
        recent = fading(known, manner.profile_days)
        shares = self.hourly[:known] / np.maximum(1, self.daily[:known])[:, None]
        resting = day.weekday() in manner.weekend
        alike = np.array(
            [
                (1.0 if past.weekday() == day.weekday() else 0.03)
                * (1.0 if (past.weekday() in manner.weekend) == resting else 0.02)
                * (1.0 if theirs is kind else 0.5 if {theirs, kind} <= _ORDINARY else 0.03)
                for past, theirs in zip(self.days[:known], self._kinds[:known], strict=True)
            ]
        )
        weights = recent * alike * np.sqrt(np.maximum(1, self.daily[:known]))
        profile = weights @ shares / weights.sum()
        hours: Floats = self.day_ahead(day, known) * profile / profile.sum()
        return hours


_ORDINARY: Final = {DayKind.PLAIN, DayKind.MINOR, DayKind.AFTER}
