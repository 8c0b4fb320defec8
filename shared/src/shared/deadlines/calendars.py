"""When somebody is there: a zone, several spans a day, named exceptional days, and hours that change at a date."""

import itertools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Final, Self

from shared.deadlines.zones import DAY, instants, midnight, zone_of

_SPAN: Final = re.compile(r"(\d{2}):(\d{2})-(\d{2}):(\d{2})")
WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class NotCovered(ValueError):
    """A calendar was asked about a date nobody has told it about; it does not guess."""

    def __init__(self, calendar: str, day: date) -> None:
        super().__init__(f"calendar {calendar} knows no holidays for {day.isoformat()}")
        self.calendar = calendar
        self.day = day


class Beyond(StrEnum):
    """What a calendar does outside the dates its holidays are known for."""

    REFUSE = "refuse"
    ESTIMATE = "estimate"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Open from `opens` to before `closes`, in wall seconds after midnight; past 86,400 it runs into the next day."""

    opens: int
    closes: int

    def __post_init__(self) -> None:
        if not 0 <= self.opens < DAY or not self.opens < self.closes <= self.opens + DAY:
            raise ValueError("a span opens within its day and closes at most a day later")
        if self.closes % DAY in {DAY - 60, DAY - 1}:
            raise ValueError("a span that closes a minute before midnight loses it every night: say 24:00")

    @classmethod
    def parse(cls, text: str) -> Self:
        """`09:00-12:30`; `22:00-06:00` runs over midnight, `00:00-24:00` is the whole day."""
        hit = _SPAN.fullmatch(text)
        if hit is None:
            raise ValueError(f"not a span of hours: {text}")
        from_hour, from_minute, to_hour, to_minute = (int(part) for part in hit.groups())
        if from_minute > 59 or to_minute > 59 or to_hour * 60 + to_minute > 24 * 60:
            raise ValueError(f"not a time of day: {text}")
        opens, closes = (from_hour * 60 + from_minute) * 60, (to_hour * 60 + to_minute) * 60
        return cls(opens, closes if closes > opens else closes + DAY)


Spans = tuple[Span, ...]


def spans(*texts: str) -> Spans:
    """Spans of one day in order, from their texts; ValueError when two overlap."""
    found = tuple(sorted(Span.parse(text) for text in texts))
    _check_apart(found)
    return found


def _check_apart(found: Spans) -> None:
    for before, after in itertools.pairwise(found):
        if after.opens < before.closes:
            raise ValueError("the spans of a day overlap")


@dataclass(frozen=True, slots=True)
class Week:
    """The spans of Monday to Sunday; a span belongs to the day it opens on, wherever it closes."""

    days: tuple[Spans, Spans, Spans, Spans, Spans, Spans, Spans]

    def __post_init__(self) -> None:
        for one in self.days:
            _check_apart(one)

    @classmethod
    def of(cls, **days: Iterable[str]) -> Self:
        """`Week.of(mon=["09:00-12:00", "13:00-17:00"], …)`; a weekday left out is closed."""
        if unknown := set(days) - set(WEEKDAYS):
            raise ValueError(f"no such weekday: {sorted(unknown)[0]}")
        mon, tue, wed, thu, fri, sat, sun = (spans(*days.get(name, ())) for name in WEEKDAYS)
        return cls((mon, tue, wed, thu, fri, sat, sun))

    @classmethod
    def weekdays(cls, *texts: str) -> Self:
        """The same spans from Monday to Friday."""
        return cls.of(**dict.fromkeys(WEEKDAYS[:5], texts))

    @classmethod
    def always(cls) -> Self:
        """24 hours, seven days, not a second lost at midnight."""
        return cls.of(**dict.fromkeys(WEEKDAYS, ("00:00-24:00",)))


@dataclass(frozen=True, slots=True)
class Day:
    """A date that is not as its weekday: closed (no spans), shorter, or a make-up working day; with its source."""

    date: date
    name: str
    spans: Spans = ()
    source: str = ""

    def __post_init__(self) -> None:
        _check_apart(self.spans)


@dataclass(frozen=True, slots=True)
class Season:
    """The week as it is from a date on, until the next season begins."""

    since: date
    week: Week


@dataclass(frozen=True, slots=True)
class Calendar:
    """Who is there when. `revision` grows with every correction, so that what was computed before is found.

    `covers` are the first and last date for which holidays are known, or None when there is nothing to know. Outside of it
    the calendar refuses (`NotCovered`), or follows the bare week and whatever is computed says that it is an estimate.
    """

    key: str
    zone: str
    seasons: tuple[Season, ...]
    days: Mapping[date, Day] = field(default_factory=dict)
    revision: int = 1
    covers: tuple[date, date] | None = None
    beyond: Beyond = Beyond.REFUSE

    def __post_init__(self) -> None:
        zone_of(self.zone)
        if not self.seasons:
            raise ValueError("a calendar needs a week")
        if any(b.since <= a.since for a, b in zip(self.seasons, self.seasons[1:], strict=False)):
            raise ValueError("seasons follow one another")
        if any(day != told.date for day, told in self.days.items()):
            raise ValueError("a day stands under its own date")

    @classmethod
    def weekly(cls, key: str, zone: str, week: Week, days: Iterable[Day] = ()) -> Self:
        """One week for ever, and some exceptional days."""
        return cls(key, zone, (Season(date.min, week),), {day.date: day for day in days})

    def with_days(self, days: Iterable[Day]) -> Self:
        """The same with further exceptional days, as its next revision."""
        return replace(self, days={**self.days, **{day.date: day for day in days}}, revision=self.revision + 1)

    def with_season(self, since: date, week: Week) -> Self:
        """The same with other hours from a date on, as its next revision."""
        kept = tuple(one for one in self.seasons if one.since < since)
        return replace(self, seasons=(*kept, Season(since, week)), revision=self.revision + 1)

    def knows(self, day: date) -> bool:
        """Whether the holidays of that date are known."""
        return self.covers is None or self.covers[0] <= day <= self.covers[1]

    def spans_on(self, day: date) -> Spans:
        """What opens on a date; NotCovered where the calendar may not guess."""
        if not self.knows(day) and self.beyond is Beyond.REFUSE:
            raise NotCovered(self.key, day)
        special = self.days.get(day)
        if special is not None:
            return special.spans
        week = None
        for season in self.seasons:
            if season.since > day:
                break
            week = season.week
        return week.days[day.weekday()] if week is not None else ()

    def works_on(self, day: date) -> bool:
        """Whether anybody opens on that date: a working day, make-up days included."""
        return bool(self.spans_on(day))

    def opening(self, day: date) -> int | None:
        """The first open UTC second of what opens on a date, or None on a day off."""
        found = self._instants(day)
        return found[0][0] if found else None

    def closing(self, day: date) -> int | None:
        """The UTC second at which the last span opened on a date closes, or None on a day off."""
        found = self._instants(day)
        return found[-1][1] if found else None

    def _instants(self, day: date) -> list[tuple[int, int]]:
        start = midnight(day)
        return sorted(
            one for span in self.spans_on(day) for one in instants(self.zone, start + span.opens, start + span.closes)
        )
