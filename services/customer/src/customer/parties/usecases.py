"""What can be done with a party: register (for many at once), change, look up; and its one way out of the seal."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.parties import repository
from customer.parties.domain import Kind, State, Tier, age_band, may_become, tier_for
from customer.parties.events import CustomerChanged, CustomerClosed, CustomerRegistered, PartyEvent
from customer.parties.problems import CustomerErased, CustomerUnknown, IdentifierTaken
from customer.parties.schemas import (
    ChangeCustomer,
    ContactPoint,
    Customer,
    Found,
    Identifier,
    LookUp,
    PastVersion,
    RegisterCustomer,
)
from shared import audit, clock
from shared.access import Caller
from shared.crypto import NORMALISER_VERSION, DataKey, Keyring, Subject, blind_index
from shared.etags import check_version
from shared.events import outbox
from shared.events.envelope import Emit
from shared.idempotency import Answer, Passage, Wish
from shared.problems import Conflict, Problem
from shared.world import World

PARTY = "customer"
_PERSONAL = ("legal_name", "birth_date", "occupation")


def subject_of(customer_id: UUID) -> Subject:
    """Whose key seals a party's fields."""
    return Subject(PARTY, customer_id)


def contact_blind(keyring: Keyring, kind: str, value: str) -> bytes:
    """The blind index of a contact point in its normal form."""
    return blind_index(keyring, "contact_point", f"{kind}|{value}")


def identifier_blind(keyring: Keyring, kind: str, issuer: str, value: str) -> bytes:
    """The blind index of an identifier in its normal form."""
    return blind_index(keyring, "identifier", f"{kind}|{issuer}|{value}")


async def register_customers(
    world: World, tx: AsyncConnection, wishes: Sequence[Wish[RegisterCustomer]]
) -> list[Answer[Customer] | Problem]:
    """Register parties, each once by its gate; a wish whose identifier is another's fails alone (IdentifierTaken)."""

    async def do(fresh: Sequence[Wish[RegisterCustomer]]) -> Sequence[Customer | Problem]:
        return await _register(world, tx, fresh)

    async def again(ids: Sequence[UUID]) -> Mapping[UUID, Customer]:
        return await views(world, tx, ids)

    passage = Passage(
        storage.GATE, world.vault, Customer, do=do, again=again, subject=lambda wish, _: subject_of(wish.id)
    )
    return await passage.run(tx, wishes)


async def _register(
    world: World, tx: AsyncConnection, wishes: Sequence[Wish[RegisterCustomer]]
) -> list[Customer | Problem]:
    keys = await world.vault.for_write(tx, [subject_of(wish.id) for wish in wishes])
    made = [_made(world.keyring, wish, keys[subject_of(wish.id)]) for wish in wishes]
    taken = await _taken(tx, made)
    kept = [rows for rows in made if rows.customer["id"] not in taken]
    if kept:
        await repository.insert_customers(tx, [rows.customer for rows in kept])
        await repository.insert_contact_points(tx, [contact for rows in kept for contact in rows.contacts])
        said = [said_of(CustomerRegistered, rows.view) for rows in kept]
        await outbox.emit(tx, storage.EVENTS, storage.SOURCE, said)
        entries = [
            audit.Entry("customer.register", subject_of(rows.view.id), PARTY, rows.view.id, rows.caller)
            for rows in kept
        ]
        await audit.record(tx, storage.AUDIT, world.keyring, entries)
    return [
        IdentifierTaken("That identifier belongs to another customer.") if rows.view.id in taken else rows.view
        for rows in made
    ]


class _Rows:
    """One party on its way into the tables: the view it will have, and its sealed rows."""

    def __init__(self, view: Customer, caller: Caller, key: DataKey, keyring: Keyring) -> None:
        self.view = view
        self.caller = caller
        party = view.id
        self.customer: dict[str, Any] = _sealed_customer(view, key) | {
            "id": party,
            "created_at": view.created_at,
            "updated_by": caller.sub,
        }
        self.contacts: list[dict[str, Any]] = [
            {
                "id": contact.id,
                "customer_id": party,
                "kind": contact.kind,
                "value": key.seal(contact.value, row=contact.id, field="contact_point"),
                "blind": contact_blind(keyring, contact.kind, contact.value),
                "normaliser_version": NORMALISER_VERSION,
            }
            for contact in view.contact_points
        ]
        self.identifiers: list[dict[str, Any]] = [
            {
                "id": one.id,
                "customer_id": party,
                "type": one.type,
                "issuer": one.issuer,
                "value": key.seal(one.value, row=one.id, field="identifier"),
                "blind": identifier_blind(keyring, one.type, one.issuer, one.value),
                "normaliser_version": NORMALISER_VERSION,
            }
            for one in view.identifiers
        ]


def _made(keyring: Keyring, wish: Wish[RegisterCustomer], key: DataKey | None) -> _Rows:
    if key is None:
        raise CustomerErased()
    body = wish.body
    view = Customer(
        id=wish.id,
        version=1,
        kind=body.kind,
        state=State.PROSPECT,
        tier=tier_for(body.tier_hint),
        legal_name=body.legal_name,
        birth_date=body.birth_date,
        occupation=body.occupation,
        region=body.region,
        age_band=age_band(body.birth_date, on=wish.at.date()) if body.kind is Kind.INDIVIDUAL else None,
        contact_points=[
            ContactPoint(id=clock.new_id(), kind=contact.kind, value=contact.value) for contact in body.contact_points
        ],
        identifiers=[
            Identifier(id=clock.new_id(), type=one.type, issuer=one.issuer, value=one.value) for one in body.identifiers
        ],
        restricted=False,
        created_at=wish.at,
        updated_at=wish.at,
    )
    return _Rows(view, wish.caller, key, keyring)


def _sealed_customer(view: Customer, key: DataKey) -> dict[str, Any]:
    def sealed(name: str) -> bytes | None:
        value = getattr(view, name)
        return None if value is None else key.seal(str(value), row=view.id, field=name)

    return {
        "version": view.version,
        "kind": view.kind,
        "state": view.state,
        "tier": view.tier,
        "region": view.region,
        "updated_at": view.updated_at,
    } | {name: sealed(name) for name in _PERSONAL}


async def _taken(tx: AsyncConnection, made: Sequence[_Rows]) -> set[UUID]:
    """Keep all identifiers; the parties of which one was refused, after taking back what else was kept for them.

    The identifiers go first, so that a refused party leaves no other row behind.
    """
    wanted = [row for rows in made for row in rows.identifiers]
    kept = await repository.insert_identifiers(tx, wanted)
    taken = {row["customer_id"] for row in wanted if row["id"] not in kept}
    await repository.delete_identifiers(
        tx, [row["id"] for row in wanted if row["customer_id"] in taken and row["id"] in kept]
    )
    return taken


def said_of(kind: type[PartyEvent], view: Customer) -> Emit:
    """A life-cycle event of the party as it is now: key and subject are its id, the sequence its version."""
    event = kind(
        customer_id=view.id,
        kind=view.kind,
        state=view.state,
        tier=view.tier,
        age_band=view.age_band,
        region=view.region,
        version=view.version,
        occurred_at=view.updated_at,
    )
    return Emit(event, key=view.id, subject=view.id, sequence=view.version)


async def views(world: World, conn: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, Customer]:
    """Parties by id, opened; erased and unknown ones are not in the answer."""
    if not ids:
        return {}
    found, contacts, identifiers = await repository.by_ids(conn, ids)
    keys = await world.vault.for_read(conn, [subject_of(row.id) for row in found])
    of_contact: dict[UUID, list[Row[Any]]] = {}
    for row in contacts:
        of_contact.setdefault(row.customer_id, []).append(row)
    of_identifier: dict[UUID, list[Row[Any]]] = {}
    for row in identifiers:
        of_identifier.setdefault(row.customer_id, []).append(row)
    opened: dict[UUID, Customer] = {}
    today = clock.now().date()
    for row in found:
        key = keys.get(subject_of(row.id))
        if key is not None:
            opened[row.id] = _view(row, of_contact.get(row.id, ()), of_identifier.get(row.id, ()), key, today)
    return opened


def _view(
    row: Row[Any], contacts: Sequence[Row[Any]], identifiers: Sequence[Row[Any]], key: DataKey, today: date
) -> Customer:
    def opened(name: str) -> str | None:
        blob = getattr(row, name)
        return None if blob is None else key.open(blob, row=row.id, field=name)

    born = opened("birth_date")
    birth = date.fromisoformat(born) if born else None
    return Customer(
        id=row.id,
        version=row.version,
        kind=Kind(row.kind),
        state=State(row.state),
        tier=Tier(row.tier),
        legal_name=opened("legal_name") or "",
        birth_date=birth,
        occupation=opened("occupation"),
        region=row.region,
        age_band=age_band(birth, on=today) if row.kind == Kind.INDIVIDUAL else None,
        contact_points=[
            ContactPoint(id=one.id, kind=one.kind, value=key.open(one.value, row=one.id, field="contact_point"))
            for one in contacts
        ],
        identifiers=[
            Identifier(
                id=one.id, type=one.type, issuer=one.issuer, value=key.open(one.value, row=one.id, field="identifier")
            )
            for one in identifiers
        ],
        restricted=row.restricted,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


async def show_customers(
    world: World, tx: AsyncConnection, wishes: Sequence[tuple[UUID, Caller]]
) -> list[Customer | Problem]:
    """Read parties for many callers at once; who read whom is recorded in the same transaction.

    A customer sees only themself (else CustomerUnknown) and nothing that would tip them off; an erased party is 410.
    """
    ids = sorted({customer_id for customer_id, _ in wishes})
    found = await views(world, tx, ids)
    erased = await world.vault.erased(tx, [subject_of(one) for one in ids if one not in found])
    answers: list[Customer | Problem] = []
    seen: list[audit.Entry] = []
    for customer_id, caller in wishes:
        view = found.get(customer_id)
        if caller.actor == "customer" and caller.customer_id != customer_id:
            answers.append(CustomerUnknown())
        elif view is None:
            answers.append(CustomerErased() if subject_of(customer_id) in erased else CustomerUnknown())
        else:
            answers.append(view.model_copy(update={"restricted": None}) if caller.actor == "customer" else view)
            seen.append(audit.Entry("customer.read", subject_of(customer_id), PARTY, customer_id, caller))
    await audit.seen(tx, storage.AUDIT, world.keyring, seen)
    return answers


async def _one(world: World, tx: AsyncConnection, customer_id: UUID) -> Customer:
    view = (await views(world, tx, [customer_id])).get(customer_id)
    if view is None:
        raise await _absent(world, tx, customer_id)
    return view


async def _absent(world: World, tx: AsyncConnection, customer_id: UUID) -> Problem:
    subject = subject_of(customer_id)
    return CustomerErased() if subject in await world.vault.erased(tx, [subject]) else CustomerUnknown()


async def change_customer(
    world: World, tx: AsyncConnection, customer_id: UUID, wish: ChangeCustomer, match: int, caller: Caller
) -> Customer:
    """Apply a merge patch to the version the caller saw; the version it replaces is kept for `as_of`."""
    row = await repository.locked(tx, customer_id)
    if row is None:
        raise await _absent(world, tx, customer_id)
    check_version(match, row.version)
    key = (await world.vault.for_write(tx, [subject_of(customer_id)]))[subject_of(customer_id)]
    if key is None:
        raise CustomerErased()
    before = await _one(world, tx, customer_id)
    if wish.state is not None and not may_become(before.state, wish.state):
        raise Conflict(f"A {before.state} relation cannot become {wish.state}.")
    changes = {name: getattr(wish, name) for name in wish.model_fields_set}
    after = before.model_copy(update=changes | {"version": before.version + 1, "updated_at": clock.now()})
    if after.kind is Kind.INDIVIDUAL:
        after = after.model_copy(update={"age_band": age_band(after.birth_date, on=after.updated_at.date())})
    past = clock.new_id()
    await repository.insert_history(
        tx,
        {
            "customer_id": customer_id,
            "version": before.version,
            "recorded_at": before.updated_at,
            "superseded_at": after.updated_at,
            "recorded_by": row.updated_by,
            "row_id": past,
            "snapshot": key.seal(before.model_dump_json(), row=past, field="snapshot"),
        },
    )
    await repository.change(tx, customer_id, _sealed_customer(after, key) | {"updated_by": caller.sub})
    closed = after.state is State.CLOSED and before.state is not State.CLOSED
    said = said_of(CustomerClosed if closed else CustomerChanged, after)
    await outbox.emit(tx, storage.EVENTS, storage.SOURCE, [said])
    entry = audit.Entry(
        "customer.change", subject_of(customer_id), PARTY, customer_id, caller, {"fields": ",".join(sorted(changes))}
    )
    await audit.record(tx, storage.AUDIT, world.keyring, [entry])
    return after


async def past_versions(world: World, tx: AsyncConnection, customer_id: UUID, caller: Caller) -> list[PastVersion]:
    """All versions of a party, newest first, each with who recorded it and until when it stood."""
    present = await _one(world, tx, customer_id)
    row = await repository.locked(tx, customer_id)
    subject = subject_of(customer_id)
    key = (await world.vault.for_read(tx, [subject]))[subject]
    if row is None or key is None:
        raise CustomerErased()
    told = [
        PastVersion(
            version=present.version,
            recorded_at=present.updated_at,
            superseded_at=None,
            recorded_by=row.updated_by,
            customer=present,
        )
    ]
    for past in await repository.history(tx, customer_id):
        told.append(
            PastVersion(
                version=past.version,
                recorded_at=past.recorded_at,
                superseded_at=past.superseded_at,
                recorded_by=past.recorded_by,
                customer=Customer.model_validate_json(key.open(past.snapshot, row=past.row_id, field="snapshot")),
            )
        )
    await audit.seen(
        tx, storage.AUDIT, world.keyring, [audit.Entry("customer.history", subject, PARTY, customer_id, caller)]
    )
    return told


async def recorded_then(world: World, tx: AsyncConnection, customer_id: UUID, at: datetime, caller: Caller) -> Customer:
    """The party as it was recorded at that instant (`?as_of=`); not recorded yet then is CustomerUnknown."""
    told = await past_versions(world, tx, customer_id, caller)
    for past in told:
        if past.recorded_at <= at and (past.superseded_at is None or at < past.superseded_at):
            return past.customer
    raise CustomerUnknown("Not recorded at that instant.")


async def look_up(world: World, tx: AsyncConnection, wish: LookUp, caller: Caller) -> Found:
    """Whom a contact point or an identifier leads to, through the blind index; the look-up itself is recorded."""
    if wish.contact_point is not None:
        blind = contact_blind(world.keyring, wish.contact_point.kind, wish.contact_point.value)
        found = await repository.holders_of_contact(tx, blind)
    else:
        assert wish.identifier is not None  # noqa: S101  # the schema lets exactly one through
        one = wish.identifier
        found = await repository.holder_of_identifier(
            tx, identifier_blind(world.keyring, one.type, one.issuer, one.value)
        )
    entries = [audit.Entry("customer.lookup", subject_of(hit), PARTY, hit, caller) for hit in found]
    nobody = audit.Entry("customer.lookup", None, PARTY, None, caller, {"found": 0})
    await audit.seen(tx, storage.AUDIT, world.keyring, entries or [nobody])
    return Found(customer_ids=found)


async def forget(tx: AsyncConnection, ids: Sequence[UUID]) -> None:
    """What erasure removes here besides the key: blind indexes and past versions."""
    await repository.delete_look_ups(tx, ids)


async def everybody(world: World, size: int = 500) -> AsyncIterator[list[Customer]]:
    """All parties in id order, page by page, opened, without those that were erased."""
    last: UUID | None = None
    while True:
        async with world.db.read() as conn:
            rows = await repository.after(conn, last, size)
            found = await views(world, conn, [row.id for row in rows])
        yield [found[row.id] for row in rows if row.id in found]
        if len(rows) < size:
            return
        last = rows[-1].id
