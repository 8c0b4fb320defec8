"""A million deadlines at once: the same answers as one by one, by a few passes over arrays where nothing is special."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from shared.deadlines.calendars import Calendar
from shared.deadlines.clocks import Due, begins, due_from, warnings
from shared.deadlines.rules import Rule, Unit
from shared.deadlines.state import Still, merged
from shared.deadlines.timeline import Almanac
from shared.deadlines.zones import day_bounds, local_date

Seconds = NDArray[np.int64]
# No deadline: the clock stands still, or there is no further warning.
NONE: Final = np.iinfo(np.int64).min
_LONG_AGO: Final = 0


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

    Rows without pauses and extensions are computed together: seconds by two binary searches over the timeline, dates once for
    each date of a start. The others are computed one by one by the same functions that read a single clock.
    """
    started = np.asarray(rows.started, np.int64)
    warned = np.asarray(rows.warned, np.int64)
    told = Results(np.full(len(started), NONE), np.full(len(started), NONE), np.zeros(len(started), np.bool_))
    special = np.fromiter((one is not None for one in rows.held), bool, len(started))
    plain = np.flatnonzero(~special)
    if len(plain):
        together = _seconds if rule.term.unit.by_the_second else _dates
        found = together(rule, started[plain], warned[plain], calendar, almanac)
        told.due[plain], told.warns[plain], told.estimated[plain] = found.due, found.warns, found.estimated
    for at in np.flatnonzero(special).tolist():
        one = due_from(rule, int(started[at]), *_held(rule, rows.held[at] or {}, int(started[at])), calendar, almanac)
        told.estimated[at] = one.estimated
        if one.at is None:
            continue
        ahead = warnings(rule, one, calendar, almanac)[int(warned[at]) :]
        told.due[at], told.warns[at] = one.at, ahead[0] if ahead else NONE
    return told


def _held(rule: Rule, held: dict[str, Any], started: int) -> tuple[tuple[Still, ...], list[tuple[int, str]]]:
    pauses = (
        Still(since, until, reason) for reason, since, until in held.get("pauses", ()) if reason in rule.pauses_for
    )
    return merged(pauses, started), sorted((at, key) for key, at in held.get("granted", ()))


def _seconds(rule: Rule, started: Seconds, warned: Seconds, calendar: Calendar, almanac: Almanac) -> Results:
    needed = rule.term.seconds()
    start, reach = _measures(rule, started, needed, calendar, almanac)
    due = reach(needed)
    # Warnings in the order they come: the longest lead first, and what leads by more than the period at the start.
    leads = sorted({min(lead.seconds(), needed) for lead in rule.warnings}, reverse=True)
    warns = np.full(len(started), NONE)
    for at, lead in enumerate(leads):
        mine = warned == at
        if mine.any():
            warns[mine] = (start if lead == needed else reach(needed - lead))[mine]
    return Results(due, warns, _unknown(rule, due, calendar))


def _unknown(rule: Rule, due: Seconds, calendar: Calendar) -> NDArray[np.bool_]:
    if calendar.covers is None or rule.term.unit is Unit.HOURS:
        return np.zeros(len(due), np.bool_)
    first, last = (day_bounds(calendar.zone, day) for day in calendar.covers)
    return (due < first[0]) | (due >= last[1])


def _measures(
    rule: Rule, started: Seconds, needed: int, calendar: Calendar, almanac: Almanac
) -> tuple[Seconds, Callable[[int], Seconds]]:
    if rule.term.unit is Unit.HOURS:
        start = started if rule.counting.first_hour_counts else _each(started, lambda one: begins(rule, calendar, one))
        return start, lambda total: start + total
    # One timeline that holds the latest deadline holds them all.
    low, high = int(started.min()), int(started.max())
    almanac.covering(calendar, low, high)
    almanac.reaching(calendar, high, needed)
    line = almanac.covering(calendar, low, high)
    counted = line.counted_many(started)
    return started, lambda total: np.maximum(started, line.reach_many(counted + total))


def _each(started: Seconds, told: Callable[[int], int]) -> Seconds:
    values, back = np.unique(started, return_inverse=True)
    found: Seconds = np.fromiter((told(int(one)) for one in values.tolist()), np.int64, len(values))[back]
    return found


def _dates(rule: Rule, started: Seconds, warned: Seconds, calendar: Calendar, almanac: Almanac) -> Results:
    """One count for each date on which something started: what lies within the date does not matter.

    But for a warning that would come before the start, which is cut to it.
    """
    days = _local_days(calendar, started)
    due, warns = np.full(len(started), NONE), np.full(len(started), NONE)
    estimated = np.zeros(len(started), np.bool_)
    for day in np.unique(days).tolist():
        mine = days == day
        told, ahead = _dated(rule, day, int(started[mine][0]), calendar, almanac)
        if told.at is None:
            continue
        due[mine], estimated[mine] = told.at, told.estimated
        for each in np.unique(warned[mine]).tolist():
            chosen = mine & (warned == each)
            if ahead and ahead[0] <= int(started[chosen].max()):
                warns[chosen] = _near(rule, told, each, started[chosen], calendar, almanac)
            else:
                warns[chosen] = ahead[each] if each < len(ahead) else NONE
    return Results(due, warns, estimated)


def _dated(rule: Rule, day: int, started: int, calendar: Calendar, almanac: Almanac) -> tuple[Due, list[int]]:
    """What a start on that date is due and warned at, computed once."""
    notes = almanac.notes(calendar)
    known: tuple[Due, list[int]] | None = notes.get((rule, day))
    if known is None:
        told = due_from(rule, started, (), (), calendar, almanac)
        known = notes[rule, day] = told, warnings(rule, _moved(told, _LONG_AGO), calendar, almanac)
    return known


def _near(rule: Rule, told: Due, warned: int, started: Seconds, calendar: Calendar, almanac: Almanac) -> Seconds:
    """Warnings that may lie before the start are cut to it, and two may fall together: each row is asked for its own."""
    found = (warnings(rule, _moved(told, one), calendar, almanac)[warned:] for one in started.tolist())
    return np.fromiter((one[0] if one else NONE for one in found), np.int64, len(started))


def _moved(told: Due, start: int) -> Due:
    return Due(told.term, start, told.needed, told.at, told.on, told.still)


def _local_days(calendar: Calendar, started: Seconds) -> Seconds:
    """The local date of each start as a day number; a zone is asked once for each quarter of an hour that occurs."""
    quarters: Seconds = started // 900
    values, back = np.unique(quarters, return_inverse=True)
    numbers: Iterable[int] = (_ordinal(calendar, int(one) * 900) for one in values.tolist())
    found: Seconds = np.fromiter(numbers, np.int64, len(values))[back]
    return found


def _ordinal(calendar: Calendar, second: int) -> int:
    day: date = local_date(calendar.zone, second)
    return day.toordinal()
