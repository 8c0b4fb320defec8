"""`make evaluate S=customer` for forecasts: arrivals of a call centre, mix of channels, each beside the seasonal naive one.

Nothing is kept: a forecast is refitted from the past whenever it is asked for, which takes milliseconds.
"""

import csv
import gzip
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np

from customer.insights.domain.arrivals import HOURS, Arrivals, Manner
from customer.insights.domain.backtests import Backtest, banded, judged, seasonal_scale
from customer.insights.domain.days import Ahead, DayKind, Floats, kind_of
from customer.insights.domain.mix import mix_ahead
from customer.insights.usecases import holidays_of

MODELS: Final = ("arrivals", "channel-mix")

_CALLS: Final = "calls/arrivals_6min_1999.csv.gz"
_COMPLAINTS: Final = "complaints/bank_complaints.csv.gz"
# The call centre's country rests on Friday and Saturday; its customers' card bills fall due around the tenth.
_COUNTRY: Final = "IL"
_MANNER: Final = Manner(weekend=frozenset({4, 5}), rushes=frozenset({9, 10, 11}))
_WARM_UP_DAYS: Final = 90
_WINDOW_DAYS: Final = 60
_UNSEEN_FROM: Final = date(1999, 7, 1)
_TEST_MONTHS: Final = 24
_SPECIAL: Final = {DayKind.CLOSED, DayKind.EVE, DayKind.BETWEEN}
# numbers.md, E4: must, aim and, for the error of a day, what is too good to be true.
_DAILY, _HOURLY, _COVERAGE = (0.54, 0.46, 0.40), (0.62, 0.56, 0.0), ((0.72, 0.88), (0.75, 0.85))

Say = Callable[[str], None]
Row = Mapping[str, str]

HEAD: Final = (
    f"{'forecast':<26} {'points':>6} {'MASE':>6} {'95 % interval':<14} {'naive':>6} {'80 % holds':>10} "
    f"{'95 % interval':<16} {'width':>8} {'naive':>8}  verdict"
)
# What development looked at: a figure on these days says less than one on a file that it never saw (`DATA=`).
SEEN: Final = {
    "arrivals": "numbers chosen on 15 March to 30 June 1999; July to September were looked at in development",
    "channel-mix": "each month's choice is its own past's; the last 24 months were looked at in development",
}


class UnfitFile(ValueError):
    """A file has not the shape a forecast needs; never a value of it."""


def train(data: Path, models: Path, say: Say, model: str | None = None) -> bool:  # noqa: ARG001  # every training room has one form
    """Nothing to make: says so."""
    for name in MODELS if model is None else [model]:
        say(f"{name}: refitted from the past whenever asked; nothing to keep")
    return True


def evaluate(data: Path, models: Path, say: Say, model: str | None = None, file: Path | None = None) -> bool:  # noqa: ARG001  # the same
    """Rolling origin over the last quarter (or the days and months that only `file` has); whether every "must" was met.

    `file` holds later days or months in the shape of the real data's; the past is that of the data folder.
    """
    say(HEAD)
    try:
        # A list first: one forecast that falls short hides no other.
        held = [_evaluated(name, data, say, file) for name in MODELS if model in {None, name}]
    except (UnfitFile, FileNotFoundError) as error:
        say(f"refused: {error}")
        return False
    return all(held)


def _evaluated(name: str, data: Path, say: Say, file: Path | None) -> bool:
    path, columns = {
        "arrivals": (_CALLS, ("date", "slot", "calls")),
        "channel-mix": (_COMPLAINTS, ("Complaint ID", "Date received", "Submitted via")),
    }[name]
    fresh: list[Row] = []
    if file is not None:
        fresh = _rows(file / path if file.is_dir() else file)
        if not fresh or not set(columns) <= set(fresh[0]):
            return True  # another model's file
    past = _rows(data / path)
    say(f"{name}: {SEEN[name] if file is None else 'judged on what the data folder does not have'}")
    return (_arrivals if name == "arrivals" else _mix)(past, fresh, say)


def _rows(path: Path) -> list[Row]:
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


def hourly_counts(rows: Sequence[Row]) -> tuple[list[date], Floats]:
    """Days and their 24 hours from rows of six minutes; the same six minutes told twice count once."""
    try:
        told = {(date.fromisoformat(row["date"]), int(row["slot"])): int(row["calls"]) for row in rows}
    except (KeyError, ValueError):
        raise UnfitFile("date, slot and calls are needed in every row") from None
    days = sorted({day for day, _ in told})
    if not days or (days[-1] - days[0]).days + 1 != len(days):
        raise UnfitFile("a day is missing between the first and the last")
    counts = np.zeros((len(days), HOURS))
    for (day, slot), calls in told.items():
        counts[(day - days[0]).days, slot // 10] += calls
    return days, counts


def _arrivals(past: Sequence[Row], fresh: Sequence[Row], say: Say) -> bool:
    days, counts = hourly_counts([*past, *fresh])
    last = date.fromisoformat(past[-1]["date"])
    # The manner's numbers were chosen on what lies before. The figures from here on were seen while it was being made.
    tested = sum(day > last for day in days) if fresh else sum(day >= _UNSEEN_FROM for day in days)
    if not tested:
        raise UnfitFile("it has no day that the past does not have")
    ahead = holidays_of(_COUNTRY, range(days[0].year, days[-1].year + 2))
    known = Arrivals(days, counts, ahead, _MANNER)
    daily, hourly = _told(known)
    by_day, by_hour = backtested(known, ahead, daily, hourly, tested)
    held = [
        _said(say, f"arrivals by day, {tested} days", by_day, _DAILY),
        _said(say, f"arrivals by hour, {tested} days", by_hour, _HOURLY),
    ]
    return all(held)


def _told(known: Arrivals) -> tuple[Floats, Floats]:
    """What would have been told of each day after the warm-up, on the evening before it."""
    span = range(_WARM_UP_DAYS, len(known.days))
    return (
        np.array([known.day_ahead(known.days[at], at) for at in span]),
        np.array([known.hours_ahead(known.days[at], at) for at in span]),
    )


def backtested(known: Arrivals, ahead: Ahead, daily: Floats, hourly: Floats, tested: int) -> tuple[Backtest, Backtest]:
    """Figures of the last `tested` days, by day and by hour, beside "as a week ago"."""
    start, end = _WARM_UP_DAYS, len(known.days)
    first = end - start - tested
    special = [kind_of(day, ahead) in _SPECIAL for day in known.days[start:]]
    groups = [(int(one), -1) for one in special]
    came, naive = known.daily[start:], known.daily[start - 7 : end - 7]
    by_day = judged(
        came[first:],
        banded(came, daily, groups, first, _WINDOW_DAYS),
        banded(came, naive, groups, first, _WINDOW_DAYS),
        seasonal_scale(known.daily[: start + first], 7),
    )
    hours = [
        (int(one) * HOURS + hour, HOURS * 2 + hour, -1) for one in special for hour in range(HOURS)
    ]  # narrow to wide: this kind of day's hour, this hour, any
    came, naive = known.hourly[start:].ravel(), known.hourly[start - 7 : end - 7].ravel()
    by_hour = judged(
        came[first * HOURS :],
        banded(came, hourly.ravel(), hours, first * HOURS, _WINDOW_DAYS * HOURS, scale=_root, back=_square),
        banded(came, naive, hours, first * HOURS, _WINDOW_DAYS * HOURS, scale=_root, back=_square),
        seasonal_scale(known.hourly[: start + first].ravel(), 7 * HOURS),
        block=7 * HOURS,
    )
    return by_day, by_hour


def _root(counts: Floats) -> Floats:
    """Anscombe's scale, on which Poisson counts spread alike."""
    scaled: Floats = np.sqrt(counts + 0.375)
    return scaled


def _square(scaled: Floats) -> Floats:
    undone: Floats = np.maximum(scaled, 0) ** 2 - 0.375
    return undone


def _mix(past: Sequence[Row], fresh: Sequence[Row], say: Say) -> bool:
    rows = {row["Complaint ID"]: (row["Date received"][:7], row["Submitted via"]) for row in [*past, *fresh]}
    by_month: dict[str, Counter[str]] = defaultdict(Counter)
    for month, channel in rows.values():
        by_month[month][channel] += 1
    channels = sorted({channel for counts in by_month.values() for channel in counts})
    months = sorted(by_month)
    counts = np.array([[by_month[month][channel] for channel in channels] for month in months], dtype=float)
    last = max(row["Date received"][:7] for row in past)
    tested = sum(month > last for month in months) if fresh else _TEST_MONTHS
    if not tested:
        raise UnfitFile("it has no month that the past does not have")
    found = mix_ahead(counts, horizon=3, test_months=tested)
    return _said(say, f"channel mix, {tested} months", found.backtest, (1.0, found.backtest.naive_mase, 0.0))


def _between(bounds: tuple[float, float], form: str) -> str:
    return f"{bounds[0]:{form}} to {bounds[1]:{form}}"


def _said(say: Say, name: str, found: Backtest, bars: tuple[float, float, float] | None) -> bool:
    """One line; whether its "must" was met (true where nothing is asked)."""
    verdict = ""
    if bars is not None:
        must, aim, impossible = bars
        low, high = _COVERAGE[0]
        aims = found.mase <= aim and _COVERAGE[1][0] <= found.coverage <= _COVERAGE[1][1]
        met = impossible <= round(found.mase, 3) <= must and low <= found.coverage <= high
        verdict = "suspicious" if found.mase < impossible else "missed" if not met else "aim" if aims else "must"
    digits = 3 if found.width < 1 else 1
    widths = f"{found.width:>8.{digits}f} {found.naive_width:>8.{digits}f}"
    say(
        f"{name:<26} {found.points:>6} {found.mase:>6.3f} {_between(found.mase_between, '.3f'):<14} "
        f"{found.naive_mase:>6.3f} {found.coverage:>10.1%} {_between(found.coverage_between, '.1%'):<16} "
        f"{widths}  {verdict}".rstrip()
    )
    return verdict not in {"missed", "suspicious"}
