"""Calendars as documents: what a setting or a request says of hours and days, and the same said back."""

from datetime import date
from typing import Self

from pydantic import Field

from shared.deadlines.calendars import WEEKDAYS, Beyond, Calendar, Day, Season, Spans, Week, spans
from shared.deadlines.zones import DAY
from shared.schemas import Body

Hours = list[str]


class DayDocument(Body):
    """A date that is not as its weekday: closed (no hours), shorter, or a make-up working day."""

    date: date
    name: str = Field(min_length=1, max_length=200)
    hours: Hours = []
    source: str = Field("", max_length=500)


class SeasonDocument(Body):
    """The week from a date on: `{"mon": ["09:00-12:30", "13:30-17:00"]}`; a weekday left out is closed."""

    since: date = date.min
    week: dict[str, Hours]


class CalendarDocument(Body):
    """A calendar as it is written down. What contradicts itself is refused by the same checks as in code."""

    key: str = Field(min_length=1, max_length=100)
    zone: str
    seasons: list[SeasonDocument] = Field(min_length=1)
    days: list[DayDocument] = []
    covers: tuple[date, date] | None = None
    beyond: Beyond = Beyond.REFUSE
    revision: int = Field(1, ge=1)

    def calendar(self) -> Calendar:
        """The calendar; ValueError when it cannot be one."""
        days = [Day(one.date, one.name, spans(*one.hours), one.source) for one in self.days]
        if len({one.date for one in days}) != len(days):
            raise ValueError("a date is told twice")
        return Calendar(
            key=self.key,
            zone=self.zone,
            seasons=tuple(Season(one.since, Week.of(**one.week)) for one in self.seasons),
            days={one.date: one for one in days},
            revision=self.revision,
            covers=self.covers,
            beyond=self.beyond,
        )

    @classmethod
    def of(cls, calendar: Calendar) -> Self:
        """The same written down."""
        return cls(
            key=calendar.key,
            zone=calendar.zone,
            seasons=[SeasonDocument(since=one.since, week=_week(one.week)) for one in calendar.seasons],
            days=[
                DayDocument(date=one.date, name=one.name, hours=_hours(one.spans), source=one.source)
                for one in sorted(calendar.days.values(), key=lambda day: day.date)
            ],
            covers=calendar.covers,
            beyond=calendar.beyond,
            revision=calendar.revision,
        )


def _week(week: Week) -> dict[str, Hours]:
    return {name: _hours(found) for name, found in zip(WEEKDAYS, week.days, strict=True) if found}


def _hours(found: Spans) -> Hours:
    return [f"{_clock(one.opens)}-{_clock(one.closes, closing=True)}" for one in found]


def _clock(second: int, *, closing: bool = False) -> str:
    shown = second if closing and second == DAY else second % DAY
    hours, rest = divmod(shown, 3_600)
    minutes, left = divmod(rest, 60)
    if left:
        raise ValueError("hours are written to the minute")
    return f"{hours:02d}:{minutes:02d}"
