"""Changing a party on the version the caller saw, hearing of its restrictions, and what erasure removes of it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.disclosure import usecases as disclosure
from customer.disclosure.domain import Opening, Sensitive
from customer.due import usecases as due
from customer.parties import repository
from customer.parties.domain import Kind, State, age_band, may_become
from customer.parties.domain.details import form_fault
from customer.parties.events import CustomerChanged, CustomerClosed
from customer.parties.problems import CustomerErased, CustomerUnknown
from customer.parties.schemas import ChangeCustomer, Customer
from customer.parties.usecases.aging import band_turned
from customer.parties.usecases.claiming import Claims, as_view, claims_from, decide
from customer.parties.usecases.dating import refuse_days_to_come
from customer.parties.usecases.masking import as_seen, detail_of
from customer.parties.usecases.saying import said_of
from customer.parties.usecases.sealing import (
    PARTY,
    absent,
    known,
    opened_details,
    sealed_customer,
    sealed_details,
    subject_of,
    views,
)
from shared import audit, clock
from shared.access import Caller
from shared.crypto import DataKey
from shared.etags import check_version
from shared.events import outbox
from shared.problems import Conflict, FieldError, Malformed
from shared.world import World


@dataclass(frozen=True, slots=True)
class Present:
    """A party held for a change: its key, who wrote it last, how it is, what was claimed of it, what is open to whom."""

    key: DataKey
    by: str
    view: Customer
    claims: Claims
    opening: Opening


async def present(
    world: World, tx: AsyncConnection, customer_id: UUID, caller: Caller, fields: Collection[str]
) -> Present:
    """The party as it is, held until the transaction ends; raises CustomerErased or CustomerUnknown.

    What staff see masked they change only with the customer's authorisation (FieldNotOpened).
    """
    # The key before the row, as an erasure takes them: in the other order the two would deadlock.
    key = (await world.vault.for_write(tx, [subject_of(customer_id)]))[subject_of(customer_id)]
    if key is None:
        raise CustomerErased()
    row = await repository.locked(tx, customer_id)
    if row is None:
        raise CustomerUnknown()
    opening = await disclosure.require_change(tx, customer_id, set(fields) & set(Sensitive), caller)
    view = await known(world, tx, customer_id)
    return Present(key, row.updated_by, view, claims_from(opened_details(row, key)["claims"]), opening)


async def write(
    world: World,
    tx: AsyncConnection,
    was: Present,
    after: Customer,
    caller: Caller,
    action: str,
    fields: Iterable[str],
    claims: Claims | None = None,
) -> Customer:
    """The next version of a held party: what it was is kept for `as_of`, what it is is said, who did it is recorded."""
    before = was.view
    after = after.model_copy(update={"version": before.version + 1, "updated_at": clock.now()})
    if after.kind is Kind.INDIVIDUAL:
        today = clock.day_in(world.settings.zone, after.updated_at)
        after = after.model_copy(update={"age_band": age_band(after.birth_date, on=today)})
    await repository.insert_history(tx, _past(before, after.updated_at, was.by, was.key))
    details = sealed_details(after, was.key, was.claims if claims is None else claims)
    values = sealed_customer(after, was.key) | {"details": details, "updated_by": caller.sub}
    await repository.change(tx, after.id, values)
    closed = after.state is State.CLOSED and before.state is not State.CLOSED
    said = said_of(CustomerClosed if closed else CustomerChanged, after)
    await outbox.emit(tx, storage.EVENTS, storage.SOURCE, [said])
    await due.note(tx, {after.id: after.updated_at})
    told = {"fields": ",".join(sorted(fields))} | detail_of(after, was.opening, None)
    await audit.record(
        tx, storage.AUDIT, world.keyring, [audit.Entry(action, subject_of(after.id), PARTY, after.id, caller, told)]
    )
    return after


async def change_customer(
    world: World, tx: AsyncConnection, customer_id: UUID, wish: ChangeCustomer, match: int, caller: Caller
) -> Customer:
    """Apply a merge patch to the version the caller saw; the version it replaces is kept for `as_of`.

    Facts are decided by survivorship; tier and state are the bank's decisions and simply hold.
    """
    was = await present(world, tx, customer_id, caller, wish.model_fields_set)
    before = was.view
    check_version(match, before.version)
    if wish.state is not None and not may_become(before.state, wish.state):
        raise Conflict(f"A {before.state} relation cannot become {wish.state}.")
    if wish.incorporation_date is not None and before.kind is not Kind.ORGANISATION:
        raise Malformed(errors=[FieldError("/incorporation_date", "kind", "only an organisation is incorporated")])
    now = clock.now()
    today = clock.day_in(world.settings.zone, now)
    refuse_days_to_come(wish, today)
    decided = decide(before, was.claims, wish, now, today)
    decisions = {name: getattr(wish, name) for name in ("tier", "state") if name in wish.model_fields_set}
    told = before.model_dump() | as_view(decided.values) | decisions
    if before.kind is Kind.ORGANISATION:
        told["incorporation_date"] = told["birth_date"]
    after = Customer.model_validate(told)
    fault = form_fault(after.kind, after.legal_form, after.firm_size)
    if fault is not None:
        raise Malformed(errors=[FieldError(f"/{fault[0]}", "kind", fault[1])])
    after = await write(world, tx, was, after, caller, "customer.change", wish.model_fields_set, decided.claims)
    return as_seen(after, caller, was.opening)


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
    # The day of the last change shows what band was said last: a birthday that is not said yet would pass unsaid.
    turned = [view for view in before if band_turned(view, world.settings.zone, at)]
    renewed = [view.model_copy(update={"version": view.version + 1, "updated_at": at}) for view in turned]
    if renewed:
        await outbox.emit(tx, storage.EVENTS, storage.SOURCE, [said_of(CustomerChanged, view) for view in renewed])
    for view in before:
        key = keys[subject_of(view.id)]
        row = await repository.locked(tx, view.id)
        if key is None or row is None:
            raise CustomerErased()
        await repository.insert_history(tx, _past(view, at, row.updated_by, key))
        values = {"version": view.version + 1, "updated_at": at, "updated_by": caller.sub}
        await repository.change(tx, view.id, values)
    await due.note(tx, {view.id: at for view in before})


async def learn_restrictions(world: World, tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep what risk said of restrictions, but nothing of those who were erased: a late event brings nobody back."""
    # risk's topic is not ordered with our erasures: the lock on the key row orders the two.
    keys = await world.vault.for_write(tx, [subject_of(row["customer_id"]) for row in rows])
    await repository.learn_restrictions(tx, [row for row in rows if keys[subject_of(row["customer_id"])] is not None])


async def forget(tx: AsyncConnection, ids: Sequence[UUID]) -> None:
    """What erasure removes here besides the key: the sealed values, blind indexes, past versions and restrictions."""
    await due.forget(tx, ids)
    await repository.forget_customers(tx, ids)
