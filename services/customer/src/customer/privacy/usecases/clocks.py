"""The statutory clock of a request: its rule by the regime, its calendar by the jurisdiction, its state as intervals."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.privacy import repository
from customer.privacy.events import PrivacyClockBreached, PrivacyClockWarned
from customer.privacy.tables import privacy_deadline
from customer.settings import Settings
from shared import clock
from shared.deadlines.calendars import Beyond, Calendar, Week, spans
from shared.deadlines.clocks import Reading, read
from shared.deadlines.feeds import mainland_china, public_holidays
from shared.deadlines.profiles import statutory
from shared.deadlines.rules import Rule
from shared.deadlines.state import State
from shared.deadlines.stored import Basis, Clock, Said, keep, recompute_stale, to_say
from shared.deadlines.timeline import Almanac
from shared.deadlines.views import ClockView, clock_view
from shared.events import outbox
from shared.events.envelope import Emit
from shared.problems import FieldError, Malformed
from shared.world import World

RECEIPT = "receipt"
ANSWERED = "information_given"
IDENTITY = "identity_check"
_WORKING: Final = "09:00-17:00"
_AHEAD_YEARS: Final = 3
# More warnings than a rule ever has, and the breach.
_MOST_SPOKEN: Final = 100
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


def rule_of(world: World, regime: str, at: datetime) -> Rule:
    """The clock of a request under a regime, in force on the bank's day when it came; Malformed for one without."""
    policy = statutory().get(regime)
    rules = policy.rules(clock.day_in(world.settings.zone, at)).values() if policy is not None else ()
    for rule in rules:
        if RECEIPT in rule.starts_on and ANSWERED in rule.satisfied_on:
            return rule
    raise Malformed(errors=[FieldError("/regime", "unknown", "no regime of that name has a clock for requests")])


def _calendar_named(key: str) -> Calendar:
    """The calendar a kept clock names: its jurisdiction, its zone, the year around which it was made."""
    jurisdiction, _, rest = key.partition("-")
    zone, _, year = rest.rpartition("-")
    return calendar_of(jurisdiction, zone, int(year))


def _basis(calendars: Iterable[str]) -> Basis:
    return Basis(statutory(), {key: _calendar_named(key) for key in calendars}, _almanac)


async def keep_clock(world: World, tx: AsyncConnection, row: Row[Any]) -> None:
    """Keep the clock of a request as its intervals are now, so that its warnings are found by time."""
    rule, calendar = rule_of(world, row.regime, row.received_at), _calendar(world, row)
    edition = clock.day_in(world.settings.zone, row.received_at)
    one = Clock(row.id, row.id, row.regime, edition, rule.key, calendar.key, state_of(row))
    await keep(tx, privacy_deadline, [one], _basis([calendar.key]))


async def say_clocks(world: World, tx: AsyncConnection, most: int = 200) -> int:
    """Say of requests that are not answered that their period ends soon, or has ended, each warning once; how many."""
    for row in await repository.without_clock(tx, most):
        await keep_clock(world, tx, row)
    now = clock.now()
    found = await to_say(tx, privacy_deadline, _basis(await repository.calendars_in_use(tx)), at=now, limit=most)
    rows = {row.id: row for row in await repository.clocked(tx, [one.subject_id for one in found])}
    said = [_said(rows[one.subject_id], one, now) for one in found]
    await outbox.emit(tx, storage.EVENTS, storage.SOURCE, said)
    return len(said)


async def compute_anew(world: World) -> int:
    """Compute kept clocks by newer revisions of their policies and calendars, where there are any; how many."""
    async with world.db.read() as conn:
        calendars = await repository.calendars_in_use(conn)
    return (await recompute_stale(world.db, privacy_deadline, _basis(calendars))).written


def _said(row: Row[Any], one: Said, at: datetime) -> Emit:
    kind = PrivacyClockBreached if one.breached else PrivacyClockWarned
    event = kind(
        request_id=row.id,
        customer_id=row.customer_id,
        kind=row.kind,
        regime=one.policy,
        clock=one.clock,
        due_at=one.due_at,
        occurred_at=at,
    )
    # What a clock says is no version of the request: it is a subject of its own, and begins anew when it was changed.
    sequence = row.intervals * _MOST_SPOKEN + row.spoken
    return Emit(event, key=row.customer_id, subject=f"privacy-clock:{row.id}", sequence=sequence)


def state_of(row: Row[Any]) -> State:
    """The intervals of a request's clock."""
    return State.from_json(row.received_at, row.clock, row.told_at)


def reading_of(world: World, row: Row[Any], at: datetime) -> Reading:
    """Where the clock of a request stands."""
    rule, calendar = rule_of(world, row.regime, row.received_at), _calendar(world, row)
    return read(rule, state_of(row), calendar, _almanac, at=at)


def view_of_clock(world: World, row: Row[Any], at: datetime) -> ClockView:
    """The clock of a request with its arithmetic."""
    return clock_view(
        rule_of(world, row.regime, row.received_at), state_of(row), _calendar(world, row), _almanac, at=at
    )


def _calendar(world: World, row: Row[Any]) -> Calendar:
    settings = world.settings
    assert isinstance(settings, Settings)  # noqa: S101  # this service is started with its own settings
    return calendar_of(settings.jurisdiction, settings.zone, row.received_at.year)
