"""How well a forecast would have done: rolling origin, scaled error beside the seasonal naive one, intervals by conformity."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, floor

import numpy as np

from customer.insights.domain.days import Floats


@dataclass(frozen=True, slots=True)
class Band:
    """A forecast with the interval that shall hold what comes in `level` of all cases."""

    value: Floats
    low: Floats
    high: Floats
    level: float = 0.8


@dataclass(frozen=True, slots=True)
class Backtest:
    """Figures of forecasts that were each made before what they foretell.

    `mase` is the mean absolute error over that of the seasonal naive forecast within the past before the test (Hyndman
    and Koehler 2006); `naive_mase` is the seasonal naive forecast's own, on the same days. `coverage` is the share of
    what came that lay within the interval, `width` the interval's mean width. `mase_between` and `coverage_between` are
    95 % intervals of the two by a bootstrap of blocks, for neighbouring points err alike.
    """

    points: int
    mase: float
    naive_mase: float
    coverage: float
    width: float
    naive_coverage: float
    naive_width: float
    mase_between: tuple[float, float]
    coverage_between: tuple[float, float]
    level: float = 0.8


def conformal(residuals: Floats, level: float = 0.8) -> tuple[float, float]:
    """Lower and upper bound of the next residual, each tail with half of what lies outside.

    The quantiles are those of n + 1 exchangeable values, the next one among them (Vovk, Gammerman and Shafer 2005): too
    few residuals give the widest there are.
    """
    ordered = np.sort(residuals)
    count, tail = len(ordered), (1 - level) / 2
    if not count:
        raise ValueError("no residuals, no interval")
    below = max(0, floor(tail * (count + 1)) - 1)
    above = min(count - 1, ceil((1 - tail) * (count + 1)) - 1)
    return float(ordered[below]), float(ordered[above])


def seasonal_scale(past: Floats, season: int) -> float:
    """Mean absolute error of "as one season ago" within the past; what a scaled error is scaled by."""
    if len(past) <= season:
        raise ValueError("the past must be longer than a season")
    return float(np.abs(past[season:] - past[:-season]).mean())


def resampled(
    values: Floats, block: int, level: float = 0.95, times: int = 2_000, seed: int = 0
) -> tuple[float, float]:
    """The interval of the mean of values in order of time, by the circular bootstrap of blocks (Politis and Romano 1992)."""
    count = len(values)
    starts = np.random.default_rng(seed).integers(0, count, size=(times, -(-count // block)))
    # Sums of blocks from every start, so that a draw is a sum of blocks and not of points.
    wrapped = np.concatenate([values, values[: block - 1]]) if block > 1 else values
    blocks = np.convolve(wrapped, np.ones(block), mode="valid") / block
    low, high = np.quantile(blocks[starts].mean(axis=1), [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def judged(came: Floats, band: Band, naive: Band, scale: float, block: int = 7) -> Backtest:
    """The figures of a forecast and of the naive one for the same points; `block` points in a row are drawn together."""
    errors = np.abs(came - band.value).reshape(len(came), -1).mean(axis=1) / scale
    held = ((band.low <= came) & (came <= band.high)).reshape(len(came), -1).mean(axis=1)
    block = min(block, len(came))
    return Backtest(
        points=len(came),
        mase=float(errors.mean()),
        naive_mase=float(np.abs(came - naive.value).mean()) / scale,
        coverage=float(held.mean()),
        width=float((band.high - band.low).mean()),
        naive_coverage=float(((naive.low <= came) & (came <= naive.high)).mean()),
        naive_width=float((naive.high - naive.low).mean()),
        mase_between=resampled(errors, block),
        coverage_between=resampled(held, block),
        level=band.level,
    )


def banded(
    came: Floats,
    told: Floats,
    groups: Sequence[Sequence[int]],
    first: int,
    window: int,
    *,
    level: float = 0.8,
    scale: Callable[[Floats], Floats] = np.log1p,
    back: Callable[[Floats], Floats] = np.expm1,
) -> Band:
    """Intervals for the points from `first` on, each from residuals of at most `window` points before it.

    `groups[i]` are the kinds of point i, the narrowest first: the first of them with enough residuals is used. Residuals
    are taken on the scale on which they are alike over the days (`scale`, undone by `back`). `told` holds forecasts for
    all points, each made before its point came.
    """
    residuals = scale(came) - scale(told)
    low, high = np.empty(len(came) - first), np.empty(len(came) - first)
    enough = ceil(2 / (1 - level)) * 2
    for index in range(first, len(came)):
        before = range(max(0, index - window), index)
        for depth, kind in enumerate(groups[index]):
            pool = residuals[[past for past in before if groups[past][depth] == kind]]
            if len(pool) >= enough or depth == len(groups[index]) - 1:
                break
        below, above = conformal(pool, level)
        centre = scale(told[index : index + 1])
        low[index - first] = max(0.0, float(back(centre + below)[0]))
        high[index - first] = max(0.0, float(back(centre + above)[0]))
    return Band(told[first:], low, high, level)
