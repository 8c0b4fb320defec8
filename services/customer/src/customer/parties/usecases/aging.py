"""Birthdays are said: once a day birth dates are opened page by page, and whose age band has turned is told of anew.

A birthday changes nothing that is recorded. So it is a version, by which listeners take it, and a `changed` event; who
changed the record last, and when, stays.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.parties import repository
from customer.parties.domain import Kind, age_band, age_band_began
from customer.parties.events import CustomerChanged
from customer.parties.schemas import Customer
from customer.parties.usecases.saying import said_of
from customer.parties.usecases.sealing import PARTY, subject_of, views
from shared import audit, clock
from shared.access import Caller
from shared.events import outbox
from shared.world import World

PAGE: Final = 500
# Said in one transaction at most: after a long silence many bands have turned.
MOST: Final = 100
_ALMANAC: Final = Caller(sub="customer-birthdays", actor="service", scopes=frozenset())


def band_turned(view: Customer, zone: str, at: datetime) -> bool:
    """Whether a person's age band is another on the day of that instant than when the record was changed last."""
    then, now = (clock.day_in(zone, one) for one in (view.updated_at, at))
    return view.kind is Kind.INDIVIDUAL and age_band(view.birth_date, on=then) != age_band(view.birth_date, on=now)


async def say_birthdays(world: World) -> bool:
    """Go on by one page with the pass of the day; False where it is done, or another worker is at it."""
    today = clock.day_in(world.settings.zone, clock.now())
    if await world.db.any(repository.birthdays_said(today)):
        return False
    async with world.db.begin() as tx:
        row = await repository.hold_birthdays(tx, today)
        if row is None or (row.done and row.day >= today):
            return False
        # A pass that midnight overtakes ends as what it was; the next begins where it said everything.
        day, since, reached = (today, row.day, None) if row.done else (row.day, row.since, row.reached)
        reached, done = await _page(world, tx, day, since, reached)
        await repository.keep_birthdays(tx, day=day, since=since, reached=reached, done=done)
    return True


async def _page(
    world: World, tx: AsyncConnection, day: date, since: date | None, last: UUID | None
) -> tuple[UUID | None, bool]:
    """Say whose band turned in the next page; up to whom that is, and whether it was the last page."""
    rows = await repository.born(tx, last, PAGE)
    keys = await world.vault.for_read(tx, [subject_of(row.id) for row in rows])
    turned = []
    for row in rows:
        key = keys[subject_of(row.id)]
        if key is not None:
            birth = date.fromisoformat(key.open(row.birth_date, row=row.id, field="birth_date"))
            if _turned(birth, _said_on(world, row.updated_at, since), day):
                turned.append(row.id)
    if turned:
        await _say(world, tx, turned[:MOST], day, since)
    if len(turned) > MOST:
        return turned[MOST - 1], False
    return (rows[-1].id if rows else last), len(rows) < PAGE


def _said_on(world: World, updated_at: datetime, since: date | None) -> date:
    """The latest day of which a person's band was said: each change says it, and each pass."""
    changed = clock.day_in(world.settings.zone, updated_at)
    return changed if since is None else max(changed, since)


def _turned(birth: date, said_on: date, day: date) -> bool:
    return said_on < day and age_band(birth, on=said_on) != age_band(birth, on=day)


async def _say(world: World, tx: AsyncConnection, ids: list[UUID], day: date, since: date | None) -> None:
    """Hold these, look again, and say what band they are in on that day, as of the midnight of their birthday."""
    # Keys before rows, as an erasure takes them: in the other order the two would deadlock.
    keys = await world.vault.for_write(tx, [subject_of(one) for one in ids])
    await repository.hold(tx, ids)
    held: Mapping[UUID, Customer] = await views(world, tx, [one for one in ids if keys[subject_of(one)] is not None])
    said, entries, zone = [], [], ZoneInfo(world.settings.zone)
    for one, view in sorted(held.items()):
        birth = view.birth_date
        if birth is None or not _turned(birth, _said_on(world, view.updated_at, since), day):
            continue
        now = view.model_copy(update={"version": view.version + 1, "age_band": age_band(birth, on=day)})
        began = datetime.combine(age_band_began(birth, on=day), time(), zone).astimezone(UTC)
        said.append(said_of(CustomerChanged, now, began))
        entries.append(audit.Entry("customer.age_band_turn", subject_of(one), PARTY, one, _ALMANAC))
    if said:
        await repository.number_anew(tx, [entry.subject.id for entry in entries if entry.subject is not None])
        await outbox.emit(tx, storage.EVENTS, storage.SOURCE, said)
        await audit.record(tx, storage.AUDIT, world.keyring, entries)
