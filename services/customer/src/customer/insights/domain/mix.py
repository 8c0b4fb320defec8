"""Shares of channels ahead: exponential smoothing of whole months, with their drift, so that shares still add up to one."""

from dataclasses import dataclass
from itertools import product
from typing import Final

import numpy as np

from customer.insights.domain.backtests import Backtest, Band, conformal, judged
from customer.insights.domain.days import Floats

SEASON_MONTHS: Final = 12
SMOOTHINGS: Final = (0.1, 0.2, 0.3, 0.4, 0.5, 0.7)
# How much of the mean error of the last year is made good: where shares drift, a level alone always lags.
CORRECTIONS: Final = (0.0, 1.0)
# Months after which errors are counted: before them the level is that of its first month.
SETTLED_MONTHS: Final = 6


@dataclass(frozen=True, slots=True)
class MixAhead:
    """Shares of the months to come: (months, channels) each, and the back-test over all channels together."""

    band: Band
    smoothing: float
    correction: float
    backtest: Backtest


def shares(counts: Floats) -> Floats:
    """Counts (months, channels) as shares of their month; a month without anything is refused."""
    totals = counts.sum(axis=1, keepdims=True)
    if (totals <= 0).any():
        raise ValueError("a month without a single contact has no mix")
    found: Floats = counts / totals
    return found


def levels(past: Floats, smoothing: float) -> Floats:
    """The level after each month: `smoothing` of that month, the rest of what was known before."""
    found = past.copy()
    for month in range(1, len(past)):
        found[month] = smoothing * past[month] + (1 - smoothing) * found[month - 1]
    return found


def told(past: Floats, step: int, smoothing: float, correction: float) -> Floats:
    """What each month would have been told to be `step` months before it, and last what the month to come is told to be.

    Row i is for month `SETTLED_MONTHS + step - 1 + i`; each uses nothing of its own month or later ones.
    """
    level = levels(past, smoothing)[SETTLED_MONTHS - 1 :]
    errors = past[SETTLED_MONTHS + step - 1 :] - level[:-step]
    lag = np.zeros_like(level)
    for row in range(step, len(level)):
        # The newest error known when row's level is: that of `step` months ago.
        lag[row] = errors[max(0, row - step - SEASON_MONTHS + 1) : row - step + 1].mean(axis=0)
    raw = np.clip(level + correction * lag, 0, None)
    ahead: Floats = raw / raw.sum(axis=1, keepdims=True)
    return ahead


def chosen(past: Floats) -> tuple[float, float]:
    """Smoothing and correction that would have erred least, one month ahead, in this past."""
    return min(
        product(SMOOTHINGS, CORRECTIONS),
        key=lambda one: float(np.abs(past[SETTLED_MONTHS:] - told(past, 1, *one)[:-1]).mean()),
    )


def mix_ahead(counts: Floats, horizon: int = 1, level: float = 0.8, test_months: int = 24) -> MixAhead:
    """The mix of the next `horizon` months with intervals, and how forecasts one month ahead did over `test_months`.

    Each back-tested month was foretold from those before it alone: its smoothing chosen on them, its interval made from
    the errors of the months before it. Raises ValueError for a past shorter than a season, a half and the test.
    """
    past = shares(counts)
    start = SEASON_MONTHS
    if len(past) < start + SETTLED_MONTHS + test_months or horizon < 1:
        raise ValueError("the past is too short for a back-test")
    ours = np.array([told(past[:at], 1, *chosen(past[:at]))[-1] for at in range(start, len(past))])
    came, naive, first = past[start:], past[: len(past) - start], len(past) - start - test_months
    # A mix that never moved has nothing to be scaled by.
    scale = max(1e-9, float(np.abs(came[:first] - naive[:first]).mean()))
    best = chosen(past)
    values, bounds = [], []
    for step in range(1, horizon + 1):
        ahead = told(past, step, *best)
        values.append(ahead[-1])
        # The last `step` rows foretell what has not come yet.
        bounds.append([conformal(line, level) for line in (past[SETTLED_MONTHS + step - 1 :] - ahead[:-step]).T])
    value, bound = np.array(values), np.array(bounds)
    return MixAhead(
        band=Band(value, np.clip(value + bound[:, :, 0], 0, 1), np.clip(value + bound[:, :, 1], 0, 1), level),
        smoothing=best[0],
        correction=best[1],
        backtest=judged(came[first:], _banded(came, ours, first, level), _banded(came, naive, first, level), scale, 3),
    )


def _banded(came: Floats, ahead: Floats, first: int, level: float) -> Band:
    """Each month's interval from the errors before it, channel by channel."""
    errors = came - ahead
    bounds = np.array([[conformal(line, level) for line in errors[:at].T] for at in range(first, len(came))])
    return Band(ahead[first:], np.maximum(0, ahead[first:] + bounds[:, :, 0]), ahead[first:] + bounds[:, :, 1], level)
