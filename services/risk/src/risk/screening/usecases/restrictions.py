"""What can be done with a restriction: set by a decision, read, lifted by a person, ended by its time."""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from risk import storage
from risk.screening import repository
from risk.screening.domain.restrictions import RestrictionState, restricted_until
from risk.screening.domain.rules import Decision, Ruleset
from risk.screening.events import RestrictionEvent, RestrictionLifted, RestrictionSet
from risk.screening.problems import CustomerErased, NotInForce, RestrictionUnknown
from risk.screening.schemas import Restriction, RestrictionShort, ScreenEvent
from shared import audit, clock
from shared.access import Caller
from shared.crypto import Subject
from shared.etags import check_version
from shared.events import outbox
from shared.events.envelope import Emit
from shared.idempotency import Wish
from shared.jobs import timers
from shared.world import World

RESTRICTION: Final = "restriction"
END: Final = "end_restriction"


@dataclass(frozen=True, slots=True)
class Fresh:
    """A restriction on its way into the tables, and who asked for the decision that sets it."""

    view: Restriction
    caller: Caller

    @property
    def short(self) -> RestrictionShort:
        """It, as a decision names it."""
        return _short(self.view)


def _short(view: Restriction) -> RestrictionShort:
    return RestrictionShort(id=view.id, channels=view.channels, until=view.until)


def view_of(row: Row[Any]) -> Restriction:
    """A row as callers see it."""
    return Restriction.model_validate(dict(row._mapping))


def due(wish: Wish[ScreenEvent], ruleset: Ruleset, decision: Decision, now: datetime) -> Fresh | None:
    """The restriction this decision sets, if it sets one."""
    until = restricted_until(ruleset, decision, wish.body.occurred_at, now)
    if until is None:
        return None
    view = Restriction(
        id=clock.new_id(),
        version=1,
        customer_id=wish.body.customer_id,
        screening_id=wish.id,
        channels=list(ruleset.restricts.channels),
        services=list(ruleset.restricts.services),
        state=RestrictionState.ACTIVE,
        until=until,
        created_at=now,
        updated_at=now,
    )
    return Fresh(view, wish.caller)


async def in_force(
    tx: AsyncConnection, circles: Iterable[Sequence[UUID]], at: datetime
) -> dict[UUID, list[RestrictionShort]]:
    """The restrictions that hold at that instant of each of these parties, by its leader, who is the first of a circle.

    A restriction bites everybody who counts as the same party: a second record would else be a way around it.
    """
    leaders = {member: circle[0] for circle in circles for member in circle}
    found: dict[UUID, list[RestrictionShort]] = {}
    for row in await repository.restrictions_in_force(tx, sorted(leaders), at):
        found.setdefault(leaders[row.customer_id], []).append(_short(view_of(row)))
    return found


async def keep(world: World, tx: AsyncConnection, fresh: Sequence[Fresh]) -> None:
    """Write new restrictions, say and record them, and set the time at which each ends by itself."""
    if not fresh:
        return
    await repository.insert_restrictions(tx, [one.view.model_dump() for one in fresh])
    await outbox.emit(tx, storage.EVENTS, storage.SOURCE, [said_of(RestrictionSet, one.view) for one in fresh])
    for one in fresh:
        await timers.at(tx, storage.JOBS, END, str(one.view.id), one.view.until, {"restriction_id": str(one.view.id)})
    await audit.record(
        tx, storage.AUDIT, world.keyring, [_entry("restriction.set", one.view, one.caller) for one in fresh]
    )


def said_of(kind: type[RestrictionEvent], view: Restriction) -> Emit:
    """An event of the restriction as it is now: ordered with its customer's others, its version is the sequence."""
    event = kind(
        restriction_id=view.id,
        customer_id=view.customer_id,
        channels=view.channels,
        services=view.services,
        state=view.state,
        until=view.until,
        version=view.version,
        occurred_at=view.updated_at,
    )
    return Emit(event, key=view.customer_id, subject=view.id, sequence=view.version)


def _entry(action: str, view: Restriction, caller: Caller) -> audit.Entry:
    return audit.Entry(action, Subject("customer", view.customer_id), RESTRICTION, view.id, caller)


async def _seen(world: World, tx: AsyncConnection, row: Row[Any] | None) -> Restriction:
    if row is None:
        raise RestrictionUnknown()
    if await world.vault.erased(tx, [Subject("customer", row.customer_id)]):
        raise CustomerErased()
    return view_of(row)


async def show_restriction(world: World, tx: AsyncConnection, restriction_id: UUID, caller: Caller) -> Restriction:
    """One restriction; the reading is recorded. Errors: RestrictionUnknown, CustomerErased."""
    view = await _seen(world, tx, await repository.restriction_by_id(tx, restriction_id))
    await audit.seen(tx, storage.AUDIT, world.keyring, [_entry("restriction.read", view, caller)])
    return view


async def lift_restriction(
    world: World, tx: AsyncConnection, restriction_id: UUID, match: int, caller: Caller
) -> Restriction:
    """End a restriction from the version the caller saw. Errors: NotInForce, RestrictionUnknown, CustomerErased."""
    before = await _seen(world, tx, await repository.locked(tx, restriction_id))
    check_version(match, before.version)
    if before.state is not RestrictionState.ACTIVE:
        raise NotInForce(f"The restriction is {before.state} already.")
    after = await _end(tx, before, RestrictionState.LIFTED)
    await audit.record(tx, storage.AUDIT, world.keyring, [_entry("restriction.lift", after, caller)])
    return after


async def end_restriction(world: World, tx: AsyncConnection, restriction_id: UUID) -> None:
    """Let a restriction expire whose time has come; one that was lifted before stays as it is."""
    row = await repository.locked(tx, restriction_id)
    if row is None or row.state != RestrictionState.ACTIVE:
        return
    if await world.vault.erased(tx, [Subject("customer", row.customer_id)]):
        return
    after = await _end(tx, view_of(row), RestrictionState.EXPIRED)
    clockwork = Caller(sub="timer", actor="service", scopes=frozenset())
    await audit.record(tx, storage.AUDIT, world.keyring, [_entry("restriction.expire", after, clockwork)])


async def _end(tx: AsyncConnection, before: Restriction, state: RestrictionState) -> Restriction:
    values = {"state": state, "version": before.version + 1, "updated_at": clock.now()}
    after = view_of(await repository.change_restriction(tx, before.id, values))
    await outbox.emit(tx, storage.EVENTS, storage.SOURCE, [said_of(RestrictionLifted, after)])
    return after


async def everything(world: World, size: int = 500) -> AsyncIterator[list[Restriction]]:
    """All restrictions in id order, page by page, without those of erased customers."""
    last: UUID | None = None
    while True:
        async with world.db.read() as conn:
            rows = await repository.restrictions_after(conn, last, size)
        yield [view_of(row) for row in rows]
        if len(rows) < size:
            return
        last = rows[-1].id
