"""Calendars as documents: they come back as they were, and what cannot be a calendar is refused."""

from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.deadlines.calendars import Beyond, Calendar, Day, Season, Span, Week
from shared.deadlines.documents import CalendarDocument

GOOD = {"key": "office", "zone": "Europe/London", "seasons": [{"week": {"mon": ["09:00-12:30", "13:30-17:00"]}}]}


@st.composite
def hours(draw: st.DrawFn) -> tuple[Span, ...]:
    marks = sorted(draw(st.lists(st.integers(0, 1_430), max_size=4, unique=True)))
    found = [Span(a * 60, b * 60) for a, b in zip(marks[::2], marks[1::2], strict=False)]
    if len(marks) % 2:
        found.append(Span(marks[-1] * 60, draw(st.sampled_from([86_400, 86_400 + marks[-1] * 60]))))
    return tuple(found)


calendars = st.builds(
    lambda weeks, special, zone, beyond: Calendar(
        "random", zone,
        tuple(Season(since, Week(tuple(week))) for since, week in zip([date.min, date(2026, 7, 1)], weeks, strict=True)),
        {day: Day(day, "special", spans, "a test") for day, spans in special.items()},
        3, (date(2026, 1, 1), date(2027, 12, 31)), beyond,
    ),
    st.lists(st.lists(hours(), min_size=7, max_size=7), min_size=2, max_size=2),
    st.dictionaries(st.dates(date(2026, 1, 1), date(2026, 12, 31)), hours(), max_size=4),
    st.sampled_from(["Europe/London", "Asia/Shanghai", "UTC"]),
    st.sampled_from(list(Beyond)),
)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(calendars)
def test_a_calendar_comes_back_as_it_was(calendar: Calendar) -> None:
    written = CalendarDocument.of(calendar).model_dump_json()
    assert CalendarDocument.model_validate_json(written).calendar() == calendar


@pytest.mark.parametrize(
    "broken",
    [
        {"zone": "Europe/Nowhere"},
        {"seasons": []},
        {"seasons": [{"week": {"monday": ["09:00-17:00"]}}]},
        {"seasons": [{"week": {"mon": ["09:00-13:00", "12:00-17:00"]}}]},
        {"seasons": [{"week": {"mon": ["00:00-23:59"]}}]},
        {"seasons": [{"week": {}}, {"week": {}}]},
        {"days": [{"date": "2026-12-25", "name": "Christmas Day"}] * 2},
        {"days": [{"date": "2026-12-25", "name": ""}]},
        {"revision": 0},
        {"colour": "red"},
    ],
    ids=str,
)
def test_what_cannot_be_a_calendar_is_refused(broken: dict[str, object]) -> None:
    with pytest.raises((ValidationError, ValueError), match=r"."):
        CalendarDocument.model_validate(GOOD | broken).calendar()


def test_hours_finer_than_a_minute_cannot_be_written_down() -> None:
    with pytest.raises(ValueError, match="minute"):
        CalendarDocument.of(Calendar.weekly("x", "UTC", Week((((Span(1, 3_600)),),) + ((),) * 6)))
