"""What a clock says: computed from its intervals, its rule and a calendar, for any instant, as often as one likes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from shared.deadlines.calendars import Calendar
from shared.deadlines.days import Count, count, end_of
from shared.deadlines.rules import Rule, Term, Unit
from shared.deadlines.state import Granted, State, Still, merged, stills
from shared.deadlines.timeline import Almanac, Elapsed, Measure, Open
from shared.deadlines.zones import instant, local_date, seconds, wall


class Status(StrEnum):
    """Where a clock stands."""

    RUNNING = "running"
    PAUSED = "paused"
    BREACHED = "breached"
    MET = "met"
    MET_LATE = "met_late"


@dataclass(frozen=True, slots=True)
class Due:
    """The result of the arithmetic: the last second in time, the date it lies on, and what it was computed from.

    `at` is None while the clock stands still before the period is used up. `needed` is in seconds or in dates, as the unit
    has it; `start` is where counting begins. `estimated` says that the calendar did not know all holidays it was asked for.
    """

    term: Term
    start: int
    needed: int
    at: int | None
    on: date | None
    still: tuple[Still, ...]
    void: tuple[Granted, ...] = ()
    estimated: bool = False
    count: Count | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """One clock at one instant. Counted and remaining are in seconds or in dates, whichever `unit` counts."""

    rule: Rule
    status: Status
    started_at: datetime
    satisfied_at: datetime | None
    due_at: datetime | None
    due_on: date | None
    warnings: tuple[datetime, ...]
    needed: int
    counted: int
    remaining: int
    overdue_seconds: int
    paused_for: str | None
    void: tuple[Granted, ...]
    estimated: bool


def begins(rule: Rule, calendar: Calendar, started: int) -> int:
    """Where counting begins: at the start, or at the next full wall hour where the law leaves the first one out."""
    if rule.term.unit is Unit.HOURS and not rule.counting.first_hour_counts:
        return started + 3_600 - wall(calendar.zone, started) % 3_600
    return started


def measure(rule: Rule, calendar: Calendar, almanac: Almanac, start: int) -> Measure:
    """What a clock of seconds counts: open time since the start, or time itself."""
    return Elapsed() if rule.term.unit is Unit.HOURS else Open(almanac, calendar, start)


def reached(line: Measure, start: int, needed: int, still: Sequence[Still]) -> int | None:
    """The instant at which so much was counted outside of the pauses; None when the clock stands still before it.

    A pause that begins after the period was used up prolongs nothing.
    """
    goal = line.counted(start) + needed
    for one in still:
        if one.since >= max(start, line.reach(goal)):
            break
        if one.until is None:
            return None
        goal += line.counted(one.until) - line.counted(one.since)
    return max(start, line.reach(goal))


def due(rule: Rule, state: State, calendar: Calendar, almanac: Almanac) -> Due:
    """When a clock is due, extensions included; NotCovered where the calendar may not say."""
    started = seconds(state.started_at)
    granted = {(seconds(one.at), one.key): one for one in state.granted}
    told = due_from(rule, started, stills(rule, state.pauses, started), sorted(granted), calendar, almanac)
    return replace(told, void=tuple(granted[seconds(one.at), one.key] for one in told.void))


def due_from(
    rule: Rule,
    started: int,
    still: tuple[Still, ...],
    granted: Sequence[tuple[int, str]],
    calendar: Calendar,
    almanac: Almanac,
) -> Due:
    """The same from UTC seconds; `granted` are instants and keys of extensions, in order."""
    told, void = _due(rule, rule.term, started, still, calendar, almanac), []
    for at, key in granted:
        extension = rule.extension(key)
        if extension is None or (told.at is not None and at > told.at):
            void.append(Granted(key, instant(at)))
            continue
        term = extension.to
        if extension.by is not None:
            if told.term.unit is not extension.by.unit:
                void.append(Granted(key, instant(at)))
                continue
            term = Term(told.term.amount + extension.by.amount, told.term.unit)
        if term is not None:
            told = _due(rule, term, started, still, calendar, almanac)
    return replace(told, void=tuple(void)) if void else told


def _due(rule: Rule, term: Term, started: int, still: tuple[Still, ...], calendar: Calendar, almanac: Almanac) -> Due:
    start = begins(rule, calendar, started)
    if start > started:
        # What stood still within the hour that does not count has cost nothing.
        still = merged(still, start)
    if not term.unit.by_the_second:
        counted = count(calendar, local_date(calendar.zone, start), term, rule.counting, still)
        at = end_of(calendar, counted.last, rule.counting.ends) if counted.last is not None else None
        return Due(term, start, counted.needed, at, counted.last, still, (), counted.estimated, counted)
    needed = term.seconds()
    at = reached(measure(rule, calendar, almanac, start), start, needed, still)
    on = local_date(calendar.zone, at) if at is not None else None
    asked = rule.term.unit is Unit.OPEN_SECONDS and on is not None
    return Due(term, start, needed, at, on, still, (), asked and on is not None and not calendar.knows(on))


def warnings(rule: Rule, told: Due, calendar: Calendar, almanac: Almanac) -> list[int]:
    """The instants at which a due clock warns, in order and never before it began; none while it stands still.

    A lead in seconds is counted as the clock counts: an open hour before Tuesday 09:30 is Monday evening. A lead in dates
    speaks when somebody is there: at the opening of that date, or of the last working day before it.
    """
    if told.at is None or told.on is None:
        return []
    found = set()
    for lead in rule.warnings:
        if lead.unit.by_the_second:
            line = measure(rule, calendar, almanac, told.start)
            at = (
                reached(line, told.start, told.needed - lead.seconds(), told.still)
                if lead.seconds() < told.needed
                else None
            )
            found.add(told.start if at is None else at)
        else:
            found.add(max(told.start, _opening_before(calendar, told.on, lead)))
    return sorted(found)


def _opening_before(calendar: Calendar, on: date, lead: Term) -> int:
    day, left = on, lead.amount
    while left:
        day -= timedelta(days=1)
        left -= 1 if lead.unit is Unit.CALENDAR_DAYS or calendar.works_on(day) else 0
    while True:
        opening = calendar.opening(day)
        if opening is not None:
            return opening
        day -= timedelta(days=1)


def counted_until(rule: Rule, told: Due, calendar: Calendar, almanac: Almanac, at: int) -> int:
    """How much of the period was used up at an instant: seconds outside of pauses, or dates that had begun."""
    if told.count is not None:
        today = local_date(calendar.zone, at)
        return sum(one.counted for one in told.count.dates if one.day <= today)
    if at <= told.start:
        return 0
    line = measure(rule, calendar, almanac, told.start)
    total = line.counted(at) - line.counted(told.start)
    for one in told.still:
        if one.since < at:
            total -= line.counted(min(one.until, at) if one.until is not None else at) - line.counted(one.since)
    return min(total, told.needed)


def read(rule: Rule, state: State, calendar: Calendar, almanac: Almanac, *, at: datetime) -> Reading:
    """What the clock says at an instant."""
    told = due(rule, state, calendar, almanac)
    now = seconds(at)
    satisfied = seconds(state.satisfied_at) if state.satisfied_at is not None else None
    held = satisfied if satisfied is not None and satisfied <= now else None
    end = held if held is not None else now
    late = max(0, end - told.at) if told.at is not None else 0
    counted = counted_until(rule, told, calendar, almanac, end)
    pause = next((one for one in told.still if one.since <= now and (one.until is None or now < one.until)), None)
    if held is not None:
        status = Status.MET_LATE if late else Status.MET
    elif late:
        status = Status.BREACHED
    else:
        status = Status.PAUSED if pause is not None else Status.RUNNING
    return Reading(
        rule=rule,
        status=status,
        started_at=state.started_at,
        satisfied_at=state.satisfied_at if held is not None else None,
        due_at=instant(told.at) if told.at is not None else None,
        due_on=told.on,
        warnings=tuple(instant(one) for one in warnings(rule, told, calendar, almanac)),
        needed=told.needed,
        counted=counted,
        remaining=told.needed - counted,
        overdue_seconds=late,
        paused_for=pause.reason if pause is not None and status is Status.PAUSED else None,
        void=told.void,
        estimated=told.estimated,
    )


def next_due(readings: Iterable[Reading]) -> Reading | None:
    """The clock of a case that is due first among those that still run: none overrules another."""
    open_ones = [one for one in readings if one.due_at is not None and one.satisfied_at is None]
    return min(open_ones, key=lambda one: one.due_at or one.started_at, default=None)
