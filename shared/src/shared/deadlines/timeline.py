"""A calendar laid out as open intervals with a running total: one deadline is two bisections, a million one pass."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from shared.deadlines.calendars import Beyond, Calendar, NotCovered
from shared.deadlines.zones import DAY, day_bounds, instant, local_date, midnight, stretches

Seconds = NDArray[np.int64]
_FIRST_REACH: Final = 3
_FARTHEST: Final = 48


class NeverOpen(ValueError):
    """The calendar has not enough open time within half a century: it is closed for ever, or nearly."""


class Measure(Protocol):
    """What a clock counts: a running total over time, and the instant at which a total is reached."""

    def counted(self, second: int) -> int:
        """The total up to a UTC second."""
        ...

    def reach(self, total: int) -> int:
        """The first UTC second at which the total is there."""
        ...


class Elapsed:
    """Every second counts: hours as the law means them."""

    def counted(self, second: int) -> int:
        """Time itself."""
        return second

    def reach(self, total: int) -> int:
        """Time itself."""
        return total


@dataclass(frozen=True, slots=True)
class Timeline:
    """Open intervals [starts, ends) in UTC seconds, apart and in order, from `low` to before `high`.

    `before[i]` is the open time that lies before interval i, `upto[i]` what lies before its end.
    """

    low: int
    high: int
    starts: list[int]
    ends: list[int]
    before: list[int]
    upto: list[int]
    _arrays: list[Seconds] = field(default_factory=list, repr=False, compare=False)

    @classmethod
    def of(cls, calendar: Calendar, first: date, last: date) -> "Timeline":
        """All that opens from `first` to `last`, both included, and the nights that reach into `first`."""
        starts: list[int] = []
        ends: list[int] = []
        for low, high in _utc(calendar, list(_local(calendar, first - timedelta(days=1), last))):
            if ends and low <= ends[-1]:
                ends[-1] = max(ends[-1], high)
            else:
                starts.append(low)
                ends.append(high)
        before, upto, total = [], [], 0
        for low, high in zip(starts, ends, strict=True):
            before.append(total)
            total += high - low
            upto.append(total)
        low, high = day_bounds(calendar.zone, first)[0], day_bounds(calendar.zone, last)[1]
        return cls(low, high, starts, ends, before, upto)

    def counted(self, second: int) -> int:
        """Open seconds of this timeline before a UTC second."""
        at = bisect_right(self.starts, second) - 1
        if at < 0:
            return 0
        return self.before[at] + min(second, self.ends[at]) - self.starts[at]

    def reach(self, total: int) -> int:
        """The first UTC second at which so much was open: closing time itself, when it just suffices."""
        at = bisect_left(self.upto, total)
        return self.starts[at] + total - self.before[at]

    def holds(self, total: int) -> bool:
        """Whether that total is reached within this timeline."""
        return bool(self.upto) and total <= self.upto[-1]

    def is_open(self, second: int) -> bool:
        """Whether somebody is there at a UTC second."""
        at = bisect_right(self.starts, second) - 1
        return at >= 0 and second < self.ends[at]

    def next_open(self, second: int) -> int | None:
        """The second itself when it is open, else the next opening; None when the timeline ends before."""
        if self.is_open(second):
            return second
        at = bisect_right(self.starts, second)
        return self.starts[at] if at < len(self.starts) else None

    def between(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """The open intervals, cut to [start, end)."""
        for at in range(max(bisect_right(self.starts, start) - 1, 0), len(self.starts)):
            low, high = max(self.starts[at], start), min(self.ends[at], end)
            if self.starts[at] >= end:
                return
            if low < high:
                yield low, high

    def counted_many(self, at: Seconds) -> Seconds:
        """`counted` of each, in one pass."""
        starts, ends, before, _ = self._as_arrays()
        if not len(starts):
            return np.zeros(at.shape, np.int64)
        index = np.searchsorted(starts, at, side="right") - 1
        inside = np.maximum(index, 0)
        told: Seconds = before[inside] + np.minimum(at, ends[inside]) - starts[inside]
        return np.where(index < 0, 0, told)

    def reach_many(self, totals: Seconds) -> Seconds:
        """`reach` of each, in one pass; every total must be held."""
        starts, _, before, upto = self._as_arrays()
        index = np.searchsorted(upto, totals, side="left")
        told: Seconds = starts[index] + totals - before[index]
        return told

    def _as_arrays(self) -> list[Seconds]:
        if not self._arrays:
            self._arrays.extend(np.array(one, np.int64) for one in (self.starts, self.ends, self.before, self.upto))
        return self._arrays


def _local(calendar: Calendar, first: date, last: date) -> Iterator[tuple[int, int]]:
    """What is open in wall seconds, day by day, joined where a night meets the next morning."""
    held: tuple[int, int] | None = None
    for ordinal in range(first.toordinal(), last.toordinal() + 1):
        day = date.fromordinal(ordinal)
        start = midnight(day)
        # The night before the first known day is nobody's: a refusing calendar is not asked about it.
        spans = () if not calendar.knows(day) and calendar.beyond is Beyond.REFUSE else calendar.spans_on(day)
        for span in spans:
            low, high = start + span.opens, start + span.closes
            if held is not None and low <= held[1]:
                held = (held[0], max(held[1], high))
                continue
            if held is not None:
                yield held
            held = (low, high)
    if held is not None:
        yield held


def _utc(calendar: Calendar, local: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Wall intervals as instants: in each stretch of one offset the wall clock is just a shifted ruler.

    So an hour put back is worked twice and one that is skipped is not worked at all, whatever lies in it.
    """
    if not local:
        return
    at = 0
    for one in stretches(calendar.zone, local[0][0] - DAY, local[-1][1] + DAY):
        low, high = one.start + one.offset, one.end + one.offset
        # A clock put back reads some wall seconds again: step back to the first interval that may repeat.
        while at > 0 and local[at - 1][1] > low:
            at -= 1
        while at < len(local) and local[at][0] < high:
            start, end = max(local[at][0], low), min(local[at][1], high)
            if start < end:
                yield start - one.offset, end - one.offset
            if local[at][1] > high:
                break
            at += 1


class Almanac:
    """Timelines of calendars, built when asked for and grown when a deadline lies farther out."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Calendar, Timeline, int, int]] = {}
        self._notes: dict[str, tuple[Calendar, dict[Any, Any]]] = {}

    def covering(self, calendar: Calendar, start: int, end: int) -> Timeline:
        """A timeline that holds both UTC seconds and, where the calendar may say so, some years more."""
        known = self._known.get(calendar.key)
        if known is not None and known[0] is calendar and known[1].low <= start and end < known[1].high:
            return known[1]
        low, high = local_date(calendar.zone, start), local_date(calendar.zone, end)
        if calendar.beyond is Beyond.REFUSE:
            for day in (low, high):
                if not calendar.knows(day):
                    raise NotCovered(calendar.key, day)
        return self._years(calendar, low.year - 1, high.year + 1)

    def reaching(self, calendar: Calendar, start: int, open_seconds: int) -> Timeline:
        """A timeline with so much open time after `start`; NotCovered or NeverOpen when there is none."""
        line, years = self.covering(calendar, start, start), _FIRST_REACH
        while not line.holds(line.counted(start) + open_seconds):
            edge = calendar.covers[1] if calendar.covers is not None and calendar.beyond is Beyond.REFUSE else None
            if edge is not None and line.high >= day_bounds(calendar.zone, edge)[1]:
                raise NotCovered(calendar.key, edge + timedelta(days=1))
            if years > _FARTHEST:
                raise NeverOpen(f"calendar {calendar.key} is hardly ever open")
            line = self._years(calendar, local_date(calendar.zone, start).year - 1, line_year(line) + years)
            years *= 2
        return line

    def notes(self, calendar: Calendar) -> dict[Any, Any]:
        """Where a bulk computation keeps what it found for this very calendar, date by date."""
        known = self._notes.get(calendar.key)
        if known is None or known[0] is not calendar:
            known = self._notes[calendar.key] = (calendar, {})
        return known[1]

    def _years(self, calendar: Calendar, first: int, last: int) -> Timeline:
        known = self._known.get(calendar.key)
        if known is not None and known[0] is calendar:
            if known[2] <= first and known[3] >= last:
                return known[1]
            first, last = min(first, known[2]), max(last, known[3])
        start, end = date(first, 1, 1), date(last, 12, 31)
        if calendar.covers is not None and calendar.beyond is Beyond.REFUSE:
            start, end = max(start, calendar.covers[0]), min(end, calendar.covers[1])
        line = Timeline.of(calendar, start, end)
        self._known[calendar.key] = (calendar, line, first, last)
        return line


def line_year(line: Timeline) -> int:
    """The UTC year in which a timeline ends."""
    return instant(line.high - 1).year


@dataclass(frozen=True, slots=True)
class Open:
    """Open time since `start`, whatever timeline the almanac holds at the moment."""

    almanac: Almanac
    calendar: Calendar
    start: int

    def counted(self, second: int) -> int:
        """Open seconds from the start to a later UTC second."""
        line = self.almanac.covering(self.calendar, self.start, max(second, self.start))
        return line.counted(second) - line.counted(self.start)

    def reach(self, total: int) -> int:
        """The first UTC second at which so much was open since the start."""
        line = self.almanac.reaching(self.calendar, self.start, total)
        return max(self.start, line.reach(line.counted(self.start) + total))
