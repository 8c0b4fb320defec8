"""The rules of an expression without a database."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from feedback.intake.domain import AHEAD, EARLIEST, Kind, Source, kind_for, too_far_ahead, too_far_back

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


@pytest.mark.parametrize("rating", [None, 1, 4, 5])
def test_what_a_regulator_forwards_is_a_complaint_whatever_its_stars(rating: int | None) -> None:
    assert kind_for(Source.REGULATOR, rating) is Kind.COMPLAINT


def test_only_what_is_certain_has_a_kind_before_anybody_has_read_it() -> None:
    assert {kind_for(source, 5) for source in Source if source is not Source.REGULATOR} == {Kind.PRAISE}
    open_ = {kind_for(source, rating) for source in Source for rating in (None, 1, 2, 3, 4)}
    assert open_ == {None, Kind.COMPLAINT}


def test_a_clock_may_run_two_minutes_ahead_and_no_more() -> None:
    assert not too_far_ahead(NOW + AHEAD, NOW)
    assert too_far_ahead(NOW + AHEAD + timedelta(microseconds=1), NOW)
    assert not too_far_ahead(NOW.astimezone(timezone(timedelta(hours=8))), NOW)


def test_the_first_instants_of_the_calendar_are_refused_in_every_offset() -> None:
    for hours in (-14, 0, 14):
        assert too_far_back(datetime(1, 1, 2, tzinfo=timezone(timedelta(hours=hours))))
    assert not too_far_back(EARLIEST)
