"""Counting dates: days, business days, weeks and months from a start, with what was not counted and why."""

from bisect import bisect_right
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from shared.deadlines.calendars import Calendar
from shared.deadlines.rules import Counting, Ends, Term, Unit
from shared.deadlines.state import Still
from shared.deadlines.timeline import NeverOpen
from shared.deadlines.zones import day_bounds

_ONE: Final = timedelta(days=1)
_IDLE_DAYS: Final = 3_660


class Why(StrEnum):
    """Why a stretch of time, or a date, was counted or not."""

    COUNTED = "counted"
    START = "start"
    CLOSED = "closed"
    HOLIDAY = "holiday"
    PAUSE = "pause"
    ROLLED = "rolled"


@dataclass(frozen=True, slots=True)
class Date:
    """One date of a count: whether it counted (1 or 0), why, and under which name (holiday, reason of a pause)."""

    day: date
    counted: int
    why: Why
    label: str = ""


@dataclass(frozen=True, slots=True)
class Count:
    """The dates from the start to the last day; `last` is None while the clock stands still before it is reached."""

    needed: int
    dates: tuple[Date, ...]
    last: date | None
    estimated: bool


def add_months(start: date, months: int) -> date:
    """The same date so many months on, or the last of a month that has no such date.

    Regulation (EEC, Euratom) No 1182/71, Art. 3(2)(c): from 31 August one month ends on 30 September.
    """
    ahead = start.year * 12 + start.month - 1 + months
    year, month = divmod(ahead, 12)
    return date(year, month + 1, min(start.day, monthrange(year, month + 1)[1]))


def exists(zone: str, day: date) -> bool:
    """Whether a zone ever showed that date: Pacific/Apia went from 29 to 31 December 2011."""
    first, end = day_bounds(zone, day)
    return first < end


def days_of(zone: str, start: date, term: Term) -> int:
    """How many dates a term asks for from that start; business days are themselves."""
    match term.unit:
        case Unit.MONTHS:
            end = add_months(start, term.amount)
        case Unit.WEEKS:
            end = start + timedelta(weeks=term.amount)
        case _:
            return term.amount
    return sum(exists(zone, date.fromordinal(day)) for day in range(start.toordinal() + 1, end.toordinal() + 1))


class _Standing:
    """Whether the clock stood still when a date began: such a date does not count, however soon it went on."""

    def __init__(self, zone: str, still: Sequence[Still]) -> None:
        self._zone = zone
        self._still = still
        self._since = [one.since for one in still]

    def at_dawn(self, day: date) -> Still | None:
        if not self._still:
            return None
        dawn = day_bounds(self._zone, day)[0]
        at = bisect_right(self._since, dawn) - 1
        if at < 0:
            return None
        held = self._still[at]
        return held if held.until is None or dawn < held.until else None


def count(calendar: Calendar, start: date, term: Term, counting: Counting, still: Sequence[Still]) -> Count:
    """Walk from the start date to the last day of the period.

    Business days ask the calendar of each date; the other units ask it only where the last day rolls.
    """
    needed, business = days_of(calendar.zone, start, term), term.unit is Unit.BUSINESS_DAYS
    standing = _Standing(calendar.zone, still)
    dates: list[Date] = []
    day, total, idle, asked = start, 0, 0, False
    if not counting.first_day_counts:
        dates.append(Date(start, 0, Why.START))
        day += _ONE
    while total < needed:
        if not exists(calendar.zone, day):
            day += _ONE
            continue
        held = standing.at_dawn(day)
        if held is not None:
            if held.until is None:
                return Count(needed, tuple(dates), None, asked)
            told = Date(day, 0, Why.PAUSE, held.reason)
        elif business and not calendar.works_on(day):
            told = _off(calendar, day)
        else:
            told = Date(day, 1, Why.COUNTED)
        asked = asked or (business and not calendar.knows(day))
        dates.append(told)
        total += told.counted
        idle = 0 if told.counted else idle + 1
        if idle > _IDLE_DAYS:
            raise NeverOpen(f"calendar {calendar.key} has no working day")
        day += _ONE
    last = day - _ONE
    if counting.rolls:
        asked = asked or not calendar.knows(last)
        while not (exists(calendar.zone, last) and calendar.works_on(last)):
            last += _ONE
            asked = asked or not calendar.knows(last)
            dates.append(Date(last, 0, Why.ROLLED, dates[-1].label or _off(calendar, last - _ONE).label))
            if (last - day).days > _IDLE_DAYS:
                raise NeverOpen(f"calendar {calendar.key} has no working day")
    return Count(needed, tuple(dates), last, asked)


def _off(calendar: Calendar, day: date) -> Date:
    special = calendar.days.get(day)
    return Date(day, 0, Why.HOLIDAY, special.name) if special is not None else Date(day, 0, Why.CLOSED)


def end_of(calendar: Calendar, day: date, ends: Ends) -> int:
    """The last UTC second in time on a last day: its closing time, or its last second (23:59:59 on most days)."""
    if ends is Ends.CLOSE_OF_BUSINESS:
        closing = calendar.closing(day)
        if closing is not None:
            return closing
    return day_bounds(calendar.zone, day)[1] - 1
