"""What the law keeps is kept until it ends, and nothing longer; leap days and holds included."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer.privacy.domain import SERVICES, Duty, Hold, Relation, kept_by, refusals, try_again_at, years_after
from customer.privacy.usecases.duties import duties_in, written

AML = Duty("aml", 5, frozenset({"customer", "risk"}), date(2020, 1, 1))
NOW = datetime(2026, 6, 1, tzinfo=UTC)
PROSPECT, RUNNING = Relation(customer=False, ended_at=None), Relation(customer=True, ended_at=None)


def ended(year: int, month: int = 6, day: int = 1) -> Relation:
    return Relation(customer=True, ended_at=datetime(year, month, day, tzinfo=UTC))


@pytest.mark.parametrize(
    ("relation", "holds", "kept", "until"),
    [
        (PROSPECT, [], (), None),
        (RUNNING, [], ("customer", "risk"), None),
        (ended(2021), [], (), None),
        (ended(2021, 6, 2), [], ("customer", "risk"), datetime(2026, 6, 2, tzinfo=UTC)),
        (PROSPECT, [Hold("court", None)], SERVICES, None),
        (PROSPECT, [Hold("court", datetime(2026, 5, 31, tzinfo=UTC))], (), None),
        (ended(2024), [Hold("court", datetime(2031, 1, 1, tzinfo=UTC))], SERVICES, datetime(2029, 6, 1, tzinfo=UTC)),
        (RUNNING, [Hold("court", datetime(2031, 1, 1, tzinfo=UTC))], SERVICES, datetime(2031, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_duty_keeps_what_it_is_about_for_as_long_as_it_says(
    relation: Relation, holds: list[Hold], kept: tuple[str, ...], until: datetime | None
) -> None:
    told = refusals(relation, [AML], holds, NOW, NOW.date())
    assert kept_by(told) == kept
    assert try_again_at(told) == until


def test_a_duty_that_is_not_in_force_yet_keeps_nothing() -> None:
    at = datetime(2019, 12, 31, 23, tzinfo=UTC)
    assert refusals(RUNNING, [AML], [], at, date(2019, 12, 31)) == []
    assert kept_by(refusals(RUNNING, [AML], [], at, date(2020, 1, 1))) == ("customer", "risk"), "it is January there"


@given(st.datetimes(datetime(1990, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC)), st.integers(1, 30))  # noqa: DTZ001  # bounds
def test_years_later_is_never_a_day_early(at: datetime, years: int) -> None:
    later = years_after(at, years)
    assert later.year == at.year + years
    assert (later.month, later.day) >= (at.month, at.day)
    assert (later.month, later.day) == (
        (3, 1) if (at.month, at.day) == (2, 29) and later.month == 3 else (at.month, at.day)
    )


def test_every_duty_that_is_shipped_says_it_in_three_languages_with_its_law() -> None:
    assert {one.code for jurisdiction in ("CN", "EU") for one in duties_in(jurisdiction)} == set(written())
    for one in written().values():
        assert set(one.texts) == {"zh-Hans", "zh-Hant", "en"}
        assert one.law
        assert set(one.services) <= set(SERVICES)
