"""A million deadlines at once: the same answers as one by one, by a few passes over arrays where nothing is special."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from shared.deadlines.calendars import Beyond, Calendar
from shared.deadlines.clocks import Due, begins, due_from, warnings
from shared.deadlines.rules import Rule, Unit
from shared.deadlines.state import Still, merged
from shared.deadlines.timeline import Almanac
from shared.deadlines.zones import DAY, day_bounds, stretches

Seconds = NDArray[np.int64]
# No deadline: the clock stands still, or there is no further warning.
NONE: Final = np.iinfo(np.int64).min
_NEVER: Final = np.iinfo(np.int64).max
_LONG_AGO: Final = 0
# A pause that reaches farther than this from its start would make the timeline of all the others as long.
_FAR_SECONDS: Final = 5 * 366 * DAY
_EPOCH: Final = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class Rows:
    """Open clocks of one rule: starts (UTC seconds), what their JSON holds (None: no pause, no grant), warnings said."""

    started: Sequence[int]
    held: Sequence[dict[str, Any] | None]
    warned: Sequence[int]


@dataclass(frozen=True, slots=True)
class Results:
    """When each is due and when it warns next, in UTC seconds; `NONE` where there is no such instant.

    `estimated` marks those for which the calendar did not know all holidays it was asked for.
    """

    due: Seconds
    warns: Seconds
    estimated: NDArray[np.bool_]

    def columns(self) -> tuple[list[int | None], list[int | None], list[bool]]:
        """The same as three lists, with None where there is no instant, for a statement."""
        due, warns = ([None if one == NONE else one for one in column.tolist()] for column in (self.due, self.warns))
        return due, warns, self.estimated.tolist()


def recompute(rule: Rule, rows: Rows, calendar: Calendar, almanac: Almanac) -> Results:
    """The due times and next warnings of many rows, by the rule and the calendar as they are now.

    Most rows are computed together: seconds by a few binary searches over the timeline, dates once for each date of a
    start. Extensions, dates that did not count, and pauses that last for years or reach past what a calendar may say are
    computed one by one, by the same functions that read a single clock.
    """
    started = np.asarray(rows.started, np.int64)
    warned = np.asarray(rows.warned, np.int64)
    told = Results(np.full(len(started), NONE), np.full(len(started), NONE), np.zeros(len(started), np.bool_))
    paused = {at: _held(rule, held, rows.started[at]) for at, held in enumerate(rows.held) if held is not None}
    alone = [
        at for at, (still, granted) in paused.items() if granted or not _plain(rule, rows.started[at], still, calendar)
    ]
    together = np.ones(len(started), np.bool_)
    together[alone] = False
    places = np.flatnonzero(together)
    if len(places):
        if rule.term.unit.by_the_second:
            stills = [paused[at][0] if at in paused else () for at in places.tolist()]
            found = _seconds(rule, started[places], warned[places], stills, calendar, almanac)
        else:
            found = _dates(rule, started[places], warned[places], calendar, almanac)
        told.due[places], told.warns[places], told.estimated[places] = found.due, found.warns, found.estimated
    for at in alone:
        one = due_from(rule, rows.started[at], *paused[at], calendar, almanac)
        told.estimated[at] = one.estimated
        if one.at is None:
            continue
        ahead = warnings(rule, one, calendar, almanac)[rows.warned[at] :]
        told.due[at], told.warns[at] = one.at, ahead[0] if ahead else NONE
    return told


def _held(rule: Rule, held: dict[str, Any], started: int) -> tuple[tuple[Still, ...], list[tuple[int, str]]]:
    pauses = (
        Still(since, until, reason) for reason, since, until in held.get("pauses", ()) if reason in rule.pauses_for
    )
    return merged(pauses, started), sorted((at, key) for key, at in held.get("granted", ()))


def _plain(rule: Rule, started: int, still: tuple[Still, ...], calendar: Calendar) -> bool:
    """Whether a row that stood still can be computed with the others, on a timeline that is not made long by it."""
    if not still:
        return True
    refuses = calendar.covers is not None and calendar.beyond is Beyond.REFUSE
    if refuses or not rule.term.unit.by_the_second:
        return False
    last = still[-1]
    return (last.since if last.until is None else last.until) < started + _FAR_SECONDS


class _Stood:
    """The pauses of rows as columns: the first of each, the second of each, and so on; `never` begins where there is none."""

    def __init__(self, stills: Sequence[tuple[Still, ...]]) -> None:
        self.since: list[Seconds] = []
        self.until: list[Seconds] = []
        self.ends: list[NDArray[np.bool_]] = []
        for turn in range(max(map(len, stills))):
            row = [still[turn] if turn < len(still) else None for still in stills]
            self.since.append(np.array([_NEVER if one is None else one.since for one in row], np.int64))
            until = [None if one is None else one.until for one in row]
            self.until.append(np.array([_LONG_AGO if one is None else one for one in until], np.int64))
            self.ends.append(np.array([one is not None for one in until], np.bool_))

    @property
    def last(self) -> int:
        """The latest end of a pause; long ago when none ends."""
        return max((int(one.max()) for one in self.until), default=_LONG_AGO)


@dataclass(frozen=True, slots=True)
class _Measure:
    """What the clocks of one rule count, as `Measure` does for one: running totals, and where a total is reached."""

    start: Seconds
    counted: Callable[[Seconds], Seconds]
    reach: Callable[[Seconds], Seconds]

    def reached(self, needed: int, stood: _Stood) -> Seconds:
        """`clocks.reached` of each: when so much was counted outside of the pauses, `NONE` where the clock stands still."""
        goal = self.counted(self.start) + needed
        runs, stands = np.ones(len(goal), np.bool_), np.zeros(len(goal), np.bool_)
        for since, until, ends in zip(stood.since, stood.until, stood.ends, strict=True):
            # A pause that begins after the period was used up prolongs nothing, nor does any behind it.
            runs &= since < np.maximum(self.start, self.reach(goal))
            stands |= runs & ~ends
            runs &= ends
            goal[runs] += self.counted(until[runs]) - self.counted(since[runs])
        return np.where(stands, NONE, np.maximum(self.start, self.reach(goal)))


def _seconds(
    rule: Rule,
    started: Seconds,
    warned: Seconds,
    stills: list[tuple[Still, ...]],
    calendar: Calendar,
    almanac: Almanac,
) -> Results:
    needed = rule.term.seconds()
    start = started
    if rule.term.unit is Unit.HOURS and not rule.counting.first_hour_counts:
        start = _each(started, lambda one: begins(rule, calendar, one))
        # What stood still within the hour that does not count has cost nothing.
        stills = [merged(still, first) if still else still for still, first in zip(stills, start.tolist(), strict=True)]
    stood = _Stood(stills)
    measure = _measure(rule, start, max(int(start.max()), stood.last), calendar, almanac)
    due = measure.reached(needed, stood)
    # Warnings in the order they come: the longest lead first, and what leads by more than the period at the start.
    leads = sorted({min(lead.seconds(), needed) for lead in rule.warnings}, reverse=True)
    warns = np.full(len(started), NONE)
    for at, lead in enumerate(leads):
        mine = (warned == at) & (due != NONE)
        if mine.any():
            warns[mine] = (start if lead == needed else measure.reached(needed - lead, stood))[mine]
    return Results(due, warns, _unknown(rule, due, calendar) & (due != NONE))


def _unknown(rule: Rule, due: Seconds, calendar: Calendar) -> NDArray[np.bool_]:
    if calendar.covers is None or rule.term.unit is Unit.HOURS:
        return np.zeros(len(due), np.bool_)
    first, last = (day_bounds(calendar.zone, day) for day in calendar.covers)
    return (due < first[0]) | (due >= last[1])


def _measure(rule: Rule, start: Seconds, latest: int, calendar: Calendar, almanac: Almanac) -> _Measure:
    if rule.term.unit is Unit.HOURS:
        return _Measure(start, np.copy, np.copy)
    # One timeline that holds the latest deadline holds them all: none has more left to count when its last pause has ended.
    low = int(start.min())
    almanac.covering(calendar, low, latest)
    almanac.reaching(calendar, latest, rule.term.seconds())
    line = almanac.covering(calendar, low, latest)
    return _Measure(start, line.counted_many, line.reach_many)


def _each(started: Seconds, told: Callable[[int], int]) -> Seconds:
    values, back = np.unique(started, return_inverse=True)
    found: Seconds = np.fromiter((told(int(one)) for one in values.tolist()), np.int64, len(values))[back]
    return found


def _dates(rule: Rule, started: Seconds, warned: Seconds, calendar: Calendar, almanac: Almanac) -> Results:
    """One count for each date on which something started: what lies within the date does not matter.

    But for a warning that would come before the start, which is cut to it, so that two may fall together.
    """
    days, first, back = np.unique(_local_days(calendar, started), return_index=True, return_inverse=True)
    starts = started[first].tolist()
    found = [_dated(rule, day, one, calendar, almanac) for day, one in zip(days.tolist(), starts, strict=True)]
    due = np.array([NONE if told.at is None else told.at for told, _ in found])[back]
    estimated = np.array([told.at is not None and told.estimated for told, _ in found])[back]
    warns = np.full(len(started), NONE)
    for said in np.unique(warned).tolist():
        following = np.array([ahead[said] if said < len(ahead) else NONE for _, ahead in found])[back]
        warns = np.where(warned == said, following, warns)
    earliest = np.array([ahead[0] if ahead else _NEVER for _, ahead in found])[back]
    for at in np.flatnonzero(earliest <= started).tolist():
        own = warnings(rule, _moved(found[int(back[at])][0], int(started[at])), calendar, almanac)[int(warned[at]) :]
        warns[at] = own[0] if own else NONE
    return Results(due, warns, estimated)


def _dated(rule: Rule, day: int, started: int, calendar: Calendar, almanac: Almanac) -> tuple[Due, list[int]]:
    """What a start on that date is due and warned at, computed once."""
    notes = almanac.notes(calendar)
    known: tuple[Due, list[int]] | None = notes.get((rule, day))
    if known is None:
        told = due_from(rule, started, (), (), calendar, almanac)
        known = notes[rule, day] = told, warnings(rule, _moved(told, _LONG_AGO), calendar, almanac)
    return known


def _moved(told: Due, start: int) -> Due:
    return Due(told.term, start, told.needed, told.at, told.on, told.still)


def _local_days(calendar: Calendar, started: Seconds) -> Seconds:
    """The local date of each start as a day number."""
    low, high = int(started.min()), int(started.max())
    known = list(stretches(calendar.zone, low, high + 1))
    at = np.searchsorted(np.array([one.start for one in known], np.int64), started, side="right") - 1
    days: Seconds = (started + np.array([one.offset for one in known], np.int64)[at]) // DAY + _EPOCH
    return days
