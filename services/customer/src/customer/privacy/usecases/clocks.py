"""The statutory clock of a request: its rule by the regime, its calendar by the jurisdiction, its state as intervals."""

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import Row

from customer.settings import Settings
from shared.deadlines.calendars import Beyond, Calendar, Week, spans
from shared.deadlines.clocks import Reading, read
from shared.deadlines.feeds import mainland_china, public_holidays
from shared.deadlines.profiles import statutory
from shared.deadlines.rules import Rule
from shared.deadlines.state import State
from shared.deadlines.timeline import Almanac
from shared.deadlines.views import ClockView, clock_view
from shared.problems import FieldError, Malformed
from shared.world import World

RECEIPT = "receipt"
ANSWERED = "information_given"
IDENTITY = "identity_check"
_WORKING: Final = "09:00-17:00"
_AHEAD_YEARS: Final = 3
_almanac: Final = Almanac()


@cache
def calendar_of(jurisdiction: str, zone: str, year: int) -> Calendar:
    """The bank's working days in a jurisdiction (ISO 3166-1, or EU, of which only weekends are known), around a year.

    Beyond what is announced it goes on with the bare week, and what follows from it is shown as an estimate.
    """
    calendar = Calendar.weekly(f"{jurisdiction}-{zone}-{year}", zone, Week.weekdays(_WORKING))
    if jurisdiction == "CN":
        calendar = mainland_china(calendar, spans(_WORKING))
    elif jurisdiction != "EU":
        calendar = calendar.with_days(public_holidays(jurisdiction, range(year - 1, year + _AHEAD_YEARS)))
    return replace(calendar, beyond=Beyond.ESTIMATE)


def rule_of(regime: str, at: datetime) -> Rule:
    """The clock of a request under a regime, as it was in force when the request came; Malformed for one without."""
    policy = statutory().get(regime)
    rules = policy.rules(at.astimezone(UTC).date()).values() if policy is not None else ()
    for rule in rules:
        if RECEIPT in rule.starts_on and ANSWERED in rule.satisfied_on:
            return rule
    raise Malformed(errors=[FieldError("/regime", "unknown", "no regime of that name has a clock for requests")])


def state_of(row: Row[Any]) -> State:
    """The intervals of a request's clock."""
    return State.from_json(row.received_at, row.clock, row.answered_at)


def reading_of(world: World, row: Row[Any], at: datetime) -> Reading:
    """Where the clock of a request stands."""
    rule, calendar = rule_of(row.regime, row.received_at), _calendar(world, row)
    return read(rule, state_of(row), calendar, _almanac, at=at)


def view_of_clock(world: World, row: Row[Any], at: datetime) -> ClockView:
    """The clock of a request with its arithmetic."""
    return clock_view(rule_of(row.regime, row.received_at), state_of(row), _calendar(world, row), _almanac, at=at)


def _calendar(world: World, row: Row[Any]) -> Calendar:
    settings = world.settings
    assert isinstance(settings, Settings)  # noqa: S101  # this service is started with its own settings
    return calendar_of(settings.jurisdiction, settings.zone, row.received_at.year)
