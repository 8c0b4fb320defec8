"""The arithmetic a person can follow: every stretch from the start to the due time, what it counted, and why not."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from shared.deadlines.calendars import Calendar
from shared.deadlines.clocks import Due, due
from shared.deadlines.days import Count, Why
from shared.deadlines.rules import Rule, Unit
from shared.deadlines.state import State, Still
from shared.deadlines.timeline import Almanac
from shared.deadlines.zones import day_bounds, local_date, seconds


@dataclass(frozen=True, slots=True)
class Step:
    """One stretch [since, until) in UTC seconds, the local dates it touches, and the running total after it.

    `counted` and `running` are seconds for a clock of seconds, dates for a clock of dates; `label` names the holiday or the
    reason of the pause.
    """

    since: int
    until: int
    first_day: date
    last_day: date
    counted: int
    running: int
    why: Why
    label: str = ""


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """All steps up to the due time (or to `at`, while the clock stands still): their counts add up to `total`."""

    due: Due
    steps: tuple[Step, ...]
    total: int


def arithmetic(rule: Rule, state: State, calendar: Calendar, almanac: Almanac, *, until: int) -> Arithmetic:
    """How a clock was computed. `until` (UTC seconds) ends the account of one that is not due because it stands still."""
    told = due(rule, state, calendar, almanac)
    if told.count is not None:
        steps = tuple(_dates(calendar, told.count))
    else:
        end = told.at if told.at is not None else max(until, told.start)
        steps = tuple(_numbered(calendar, _stretches(rule, told, calendar, almanac, seconds(state.started_at), end)))
    return Arithmetic(told, steps, steps[-1].running if steps else 0)


def _dates(calendar: Calendar, count: Count) -> Iterator[Step]:
    running = 0
    for (why, label), group in groupby(count.dates, key=lambda one: (one.why, one.label)):
        days = list(group)
        counted = sum(one.counted for one in days)
        running += counted
        first, last = days[0].day, days[-1].day
        since, until = day_bounds(calendar.zone, first)[0], day_bounds(calendar.zone, last)[1]
        yield Step(since, until, first, last, counted, running, why, label)


@dataclass(frozen=True, slots=True)
class _Stretch:
    since: int
    until: int
    why: Why
    label: str = ""


def _numbered(calendar: Calendar, found: Iterator[_Stretch]) -> Iterator[Step]:
    running = 0
    for one in _joined(found):
        counted = one.until - one.since if one.why is Why.COUNTED else 0
        running += counted
        first, last = local_date(calendar.zone, one.since), local_date(calendar.zone, one.until - 1)
        yield Step(one.since, one.until, first, last, counted, running, one.why, one.label)


def _joined(found: Iterator[_Stretch]) -> Iterator[_Stretch]:
    held: _Stretch | None = None
    for one in found:
        if held is not None and (held.why, held.label) == (one.why, one.label):
            held = _Stretch(held.since, one.until, one.why, one.label)
            continue
        if held is not None:
            yield held
        held = one
    if held is not None:
        yield held


def _stretches(
    rule: Rule, told: Due, calendar: Calendar, almanac: Almanac, started: int, end: int
) -> Iterator[_Stretch]:
    if started < told.start:
        # The first hour that the law leaves out.
        yield _Stretch(started, told.start, Why.START)
    for since, until, still in _split(told.start, end, told.still):
        if still is not None:
            yield _Stretch(since, until, Why.PAUSE, still.reason)
        elif rule.term.unit is Unit.HOURS:
            yield _Stretch(since, until, Why.COUNTED)
        else:
            yield from _open(calendar, almanac, since, until)


def _split(start: int, end: int, still: tuple[Still, ...]) -> Iterator[tuple[int, int, Still | None]]:
    at = start
    for one in still:
        if one.since >= end:
            break
        if at < one.since:
            yield at, one.since, None
        until = end if one.until is None else min(one.until, end)
        yield one.since, until, one
        at = until
    if at < end:
        yield at, end, None


def _open(calendar: Calendar, almanac: Almanac, start: int, end: int) -> Iterator[_Stretch]:
    at = start
    for low, high in almanac.covering(calendar, start, end).between(start, end):
        if at < low:
            yield from _shut(calendar, at, low)
        yield _Stretch(low, high, Why.COUNTED)
        at = high
    if at < end:
        yield from _shut(calendar, at, end)


def _shut(calendar: Calendar, start: int, end: int) -> Iterator[_Stretch]:
    """A closed stretch, cut where a named day begins or ends, so that a holiday is called by its name."""
    at = start
    while at < end:
        day = local_date(calendar.zone, at)
        until = min(day_bounds(calendar.zone, day)[1], end)
        special = calendar.days.get(day)
        named = special is not None and not special.spans
        yield _Stretch(at, until, Why.HOLIDAY, special.name) if special and named else _Stretch(at, until, Why.CLOSED)
        at = until
