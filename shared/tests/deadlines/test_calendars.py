"""Calendars: what may be said of hours, seasons and days, what happens where nothing is known, and odd zones."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from shared.deadlines.calendars import Beyond, Calendar, Day, NotCovered, Span, Week, spans
from shared.deadlines.clocks import due
from shared.deadlines.rules import Counting, Kind, Rule, Term, Unit
from shared.deadlines.state import State
from shared.deadlines.timeline import Almanac, Timeline
from shared.deadlines.zones import day_bounds, instant, instants, midnight, seconds, zone_of

OFFICE = Week.weekdays("09:00-12:30", "13:30-17:00")
YEAR = (date(2026, 1, 1), date(2026, 12, 31))


def clock(amount: int, unit: Unit, *, rolls: bool = False) -> Rule:
    return Rule("clock", Kind.SERVICE, ("receipt",), ("answer",), Term(amount, unit), Counting(rolls=rolls))


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]  # year, month, day, hour


def test_a_span_says_what_it_means() -> None:
    assert spans("13:00-17:00", "09:00-12:00")[0] == Span(9 * 3_600, 12 * 3_600)
    assert Span.parse("22:00-06:00").closes == 30 * 3_600
    assert Span.parse("00:00-24:00") == Span.parse("00:00-00:00") == Span(0, 86_400)
    for wrong in ("9-17", "09:00-17:60", "25:00-26:00", "09:00", "", "00:00-23:59", "08:00-24:01"):
        with pytest.raises(ValueError, match=r"."):
            Span.parse(wrong)
    with pytest.raises(ValueError, match="overlap"):
        spans("09:00-13:00", "12:00-17:00")


def test_a_minute_before_midnight_is_refused_because_it_is_lost_every_night() -> None:
    """zammad/zammad#3180, lennym/moment-business-time#59, bokmann/business_time#231: all worked around with 23:59."""
    with pytest.raises(ValueError, match="24:00"):
        Span(0, 86_399)


def test_calendars_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        Calendar.weekly("x", "Europe/Nowhere", OFFICE)
    with pytest.raises(ValueError, match="needs a week"):
        Calendar("x", "UTC", ())
    with pytest.raises(ValueError, match="weekday"):
        Week.of(monday=["09:00-17:00"])
    with pytest.raises(ValueError, match="own date"):
        Calendar.weekly("x", "UTC", OFFICE).__class__(
            "x", "UTC", Calendar.weekly("x", "UTC", OFFICE).seasons, {date(2026, 1, 2): Day(date(2026, 1, 1), "odd")}
        )
    base = Calendar.weekly("x", "UTC", OFFICE)
    with pytest.raises(ValueError, match="follow"):
        replace(base, seasons=base.seasons * 2)


def test_hours_change_at_a_date_and_a_correction_replaces_what_came_after() -> None:
    base = Calendar.weekly("x", "UTC", OFFICE)
    summer = base.with_season(date(2026, 7, 1), Week.weekdays("07:00-13:00"))
    corrected = summer.with_season(date(2026, 6, 15), Week.weekdays("08:00-14:00"))
    assert [one.spans_on(date(2026, 6, 30)) for one in (base, summer, corrected)] == [
        spans("09:00-12:30", "13:30-17:00"), spans("09:00-12:30", "13:30-17:00"), spans("08:00-14:00"),
    ]  # fmt: skip
    assert [one.revision for one in (base, summer, corrected)] == [1, 2, 3]
    assert corrected.spans_on(date(2026, 7, 1)) == spans("08:00-14:00")


def test_a_refusing_calendar_says_so_instead_of_guessing() -> None:
    calendar = replace(Calendar.weekly("china", "Asia/Shanghai", OFFICE), covers=YEAR)
    state, almanac = State(at(2026, 12, 30, 2)), Almanac()
    assert due(clock(3_600, Unit.OPEN_SECONDS), state, calendar, almanac).at == seconds(at(2026, 12, 30, 3))
    assert due(clock(30, Unit.CALENDAR_DAYS), state, calendar, almanac).on == date(2027, 1, 29)
    for rule in (
        clock(40 * 3_600, Unit.OPEN_SECONDS),
        clock(5, Unit.BUSINESS_DAYS),
        clock(30, Unit.CALENDAR_DAYS, rolls=True),
    ):
        with pytest.raises(NotCovered) as told:
            due(rule, state, calendar, Almanac())
        assert told.value.day >= date(2027, 1, 1)
    with pytest.raises(NotCovered):
        due(clock(3_600, Unit.OPEN_SECONDS), State(at(2027, 3, 1, 2)), calendar, almanac)


def test_an_estimating_calendar_marks_what_it_guessed() -> None:
    calendar = replace(Calendar.weekly("china", "Asia/Shanghai", OFFICE), covers=YEAR, beyond=Beyond.ESTIMATE)
    state = State(at(2026, 12, 30, 2))
    told = [due(clock(*one), state, calendar, Almanac()) for one in ((5, Unit.BUSINESS_DAYS), (1, Unit.BUSINESS_DAYS))]
    assert [(one.on, one.estimated) for one in told] == [(date(2027, 1, 6), True), (date(2026, 12, 31), False)]
    assert due(clock(40 * 3_600, Unit.OPEN_SECONDS), state, calendar, Almanac()).estimated
    assert not due(clock(3_600, Unit.OPEN_SECONDS), state, calendar, Almanac()).estimated


def test_a_shift_belongs_to_the_day_it_opens() -> None:
    """A holiday takes the night that begins on it, and leaves the one that ends in it."""
    nights = Calendar.weekly(
        "nights", "UTC", Week.of(thu=["22:00-06:00"], fri=["22:00-06:00"]), [Day(date(2026, 5, 1), "Labour Day")]
    )
    line = Timeline.of(nights, date(2026, 4, 30), date(2026, 5, 3))
    assert [(instant(a), instant(b)) for a, b in zip(line.starts, line.ends, strict=True)] == [
        (at(2026, 4, 30, 22), at(2026, 5, 1, 6))
    ]


def test_a_shift_that_ends_within_the_hour_that_comes_twice_is_worked_twice_and_not_within_one_that_is_skipped() -> (
    None
):
    nights = Calendar.weekly("nights", "Europe/London", Week.of(sun=["00:30-01:30"]))
    autumn, spring = (Timeline.of(nights, day, day) for day in (date(2026, 10, 25), date(2026, 3, 29)))
    assert [(instant(a), instant(b)) for a, b in zip(autumn.starts, autumn.ends, strict=True)] == [
        (datetime(2026, 10, 24, 23, 30, tzinfo=UTC), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        (datetime(2026, 10, 25, 1, 0, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
    ]
    assert [(instant(a), instant(b)) for a, b in zip(spring.starts, spring.ends, strict=True)] == [
        (datetime(2026, 3, 29, 0, 30, tzinfo=UTC), datetime(2026, 3, 29, 1, 0, tzinfo=UTC))
    ]


def test_midnights_that_are_skipped_repeated_or_left_out() -> None:
    cairo = day_bounds("Africa/Cairo", date(2026, 4, 24))
    assert [instant(one) for one in cairo] == [at(2026, 4, 23, 22), at(2026, 4, 24, 21)]
    longest = day_bounds("Africa/Cairo", date(2026, 10, 29))
    assert longest[1] - longest[0] == 25 * 3_600
    # St. John's put the clock back at one minute past midnight until 2011: the date began, and went back for an hour.
    before = day_bounds("America/St_Johns", date(2010, 11, 6))
    assert instant(before[1]) == datetime(2010, 11, 7, 3, 30, tzinfo=UTC)
    assert len(set(day_bounds("Pacific/Apia", date(2011, 12, 30)))) == 1
    assert instants("Europe/London", midnight(date(2026, 3, 29)) + 3_600, midnight(date(2026, 3, 29)) + 7_200) == []


def test_a_zone_is_looked_up_by_its_name_only() -> None:
    for wrong in ("../etc/passwd", "", "UTC+8", "europe"):
        with pytest.raises(ValueError, match="time zone"):
            zone_of(wrong)


def test_growing_a_timeline_changes_no_answer() -> None:
    calendar, almanac = Calendar.weekly("x", "Europe/London", OFFICE), Almanac()
    early, late = State(at(2020, 6, 1, 9)), State(at(2031, 6, 2, 9))
    first = due(clock(10_000, Unit.OPEN_SECONDS), early, calendar, almanac)
    due(clock(9_000_000, Unit.OPEN_SECONDS), late, calendar, almanac)
    assert due(clock(10_000, Unit.OPEN_SECONDS), early, calendar, almanac) == first
