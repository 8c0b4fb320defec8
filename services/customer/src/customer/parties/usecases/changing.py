"""Changing a party on the version the caller saw, hearing of its restrictions, and what erasure removes of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.due import usecases as due
from customer.parties import repository
from customer.parties.domain import Kind, State, age_band, may_become
from customer.parties.events import CustomerChanged, CustomerClosed
from customer.parties.problems import CustomerErased, CustomerUnknown
from customer.parties.schemas import ChangeCustomer, Customer
from customer.parties.usecases.saying import said_of
from customer.parties.usecases.sealing import PARTY, absent, known, sealed_customer, subject_of, views
from shared import audit, clock
from shared.access import Caller
from shared.crypto import DataKey
from shared.etags import check_version
from shared.events import outbox
from shared.problems import Conflict
from shared.world import World


async def change_customer(
    world: World, tx: AsyncConnection, customer_id: UUID, wish: ChangeCustomer, match: int, caller: Caller
) -> Customer:
    """Apply a merge patch to the version the caller saw; the version it replaces is kept for `as_of`."""
    # The key before the row, as an erasure takes them: in the other order the two would deadlock.
    key = (await world.vault.for_write(tx, [subject_of(customer_id)]))[subject_of(customer_id)]
    if key is None:
        raise CustomerErased()
    row = await repository.locked(tx, customer_id)
    if row is None:
        raise CustomerUnknown()
    check_version(match, row.version)
    before = await known(world, tx, customer_id)
    if wish.state is not None and not may_become(before.state, wish.state):
        raise Conflict(f"A {before.state} relation cannot become {wish.state}.")
    changes = {name: getattr(wish, name) for name in wish.model_fields_set}
    after = before.model_copy(update=changes | {"version": before.version + 1, "updated_at": clock.now()})
    if after.kind is Kind.INDIVIDUAL:
        after = after.model_copy(update={"age_band": age_band(after.birth_date, on=after.updated_at.date())})
    await repository.insert_history(tx, _past(before, after.updated_at, row.updated_by, key))
    await repository.change(tx, customer_id, sealed_customer(after, key) | {"updated_by": caller.sub})
    closed = after.state is State.CLOSED and before.state is not State.CLOSED
    said = said_of(CustomerClosed if closed else CustomerChanged, after)
    await outbox.emit(tx, storage.EVENTS, storage.SOURCE, [said])
    await due.note(tx, {customer_id: after.updated_at})
    entry = audit.Entry(
        "customer.change", subject_of(customer_id), PARTY, customer_id, caller, {"fields": ",".join(sorted(changes))}
    )
    await audit.record(tx, storage.AUDIT, world.keyring, [entry])
    return after


def _past(before: Customer, until: datetime, by: str, key: DataKey) -> dict[str, Any]:
    """The row that keeps how a party was recorded until then."""
    past = clock.new_id()
    return {
        "customer_id": before.id,
        "version": before.version,
        "recorded_at": before.updated_at,
        "superseded_at": until,
        "recorded_by": by,
        "row_id": past,
        "snapshot": key.seal(before.model_dump_json(), row=past, field="snapshot"),
    }


async def held(world: World, tx: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, Customer]:
    """These parties, held until the transaction ends; raises what is wrong with the first that cannot be had."""
    await repository.hold(tx, ids)
    found = await views(world, tx, ids)
    for one in ids:
        if one not in found:
            raise await absent(world, tx, one)
    return found


async def relinked(world: World, tx: AsyncConnection, before: Sequence[Customer], caller: Caller) -> None:
    """Whom these held parties count as has changed: each has a new version, and what it was is kept for `as_of`."""
    keys = await world.vault.for_write(tx, [subject_of(view.id) for view in before])
    at = clock.now()
    for view in before:
        key = keys[subject_of(view.id)]
        row = await repository.locked(tx, view.id)
        if key is None or row is None:
            raise CustomerErased()
        await repository.insert_history(tx, _past(view, at, row.updated_by, key))
        values = {"version": view.version + 1, "updated_at": at, "updated_by": caller.sub}
        await repository.change(tx, view.id, values)


async def learn_restrictions(world: World, tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep what risk said of restrictions, but nothing of those who were erased: a late event brings nobody back."""
    # risk's topic is not ordered with our erasures: the lock on the key row orders the two.
    keys = await world.vault.for_write(tx, [subject_of(row["customer_id"]) for row in rows])
    await repository.learn_restrictions(tx, [row for row in rows if keys[subject_of(row["customer_id"])] is not None])


async def forget(tx: AsyncConnection, ids: Sequence[UUID]) -> None:
    """What erasure removes here besides the key: the sealed values, blind indexes, past versions and restrictions."""
    await due.forget(tx, ids)
    await repository.forget_customers(tx, ids)
