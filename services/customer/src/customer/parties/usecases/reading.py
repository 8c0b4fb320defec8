"""Reading parties: shown, as recorded then, looked up, all of them; who read whom is recorded before the answer leaves."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.disclosure import usecases as disclosure
from customer.disclosure.domain import Opening, Sensitive, Shape
from customer.parties import repository
from customer.parties.domain import Kind
from customer.parties.domain.names import NameParts, parts_of, rendered
from customer.parties.problems import CustomerErased, CustomerUnknown
from customer.parties.schemas import Customer, Found, LookUp, PastVersion
from customer.parties.schemas.party import Claimed, FieldProvenance, RenderedName
from customer.parties.usecases.claiming import all_claims, claims_from, claims_to, holding
from customer.parties.usecases.masking import as_seen, detail_of
from customer.parties.usecases.sealing import (
    PARTY,
    contact_blind,
    identifier_blind,
    known,
    opened_details,
    subject_of,
    views,
)
from shared import audit, clock
from shared.access import Caller
from shared.crypto import DataKey
from shared.problems import Problem
from shared.subjects import resolve
from shared.world import World


async def show_customers(
    world: World, tx: AsyncConnection, wishes: Sequence[tuple[UUID, Caller, Shape | None]]
) -> list[Customer | Problem]:
    """Read parties for many callers at once; who read whom is recorded in the same transaction.

    A customer sees only themself (else CustomerUnknown) and nothing that would tip them off; an erased party is 410.
    Staff see masks where nothing was opened for them.
    """
    ids = sorted({customer_id for customer_id, _, _ in wishes})
    found = await views(world, tx, ids)
    erased = await world.vault.erased(tx, [subject_of(one) for one in ids if one not in found])
    own = await _own(tx, wishes, found)
    openings = await disclosure.openings(
        tx, [(customer_id, caller.sub) for customer_id, caller, _ in wishes if caller.actor == "staff"]
    )
    answers: list[Customer | Problem] = []
    seen: list[audit.Entry] = []
    for customer_id, caller, shape in wishes:
        view = found.get(customer_id)
        if caller.actor == "customer" and (caller.customer_id, customer_id) not in own:
            answers.append(CustomerUnknown())
        elif view is None:
            answers.append(CustomerErased() if subject_of(customer_id) in erased else CustomerUnknown())
        else:
            opening = openings.get((customer_id, caller.sub), Opening())
            shown = as_seen(view, caller, opening, shape)
            answers.append(shown)
            detail = detail_of(shown, opening, shape)
            seen.append(audit.Entry("customer.read", subject_of(customer_id), PARTY, customer_id, caller, detail))
    await audit.seen(tx, storage.AUDIT, world.keyring, seen)
    return answers


async def seen_by(world: World, conn: AsyncConnection, ids: Sequence[UUID], caller: Caller) -> dict[UUID, Customer]:
    """Parties as that caller may see them, for a capability that shows them among other things and records the reading."""
    found = await views(world, conn, ids)
    pairs = [(one, caller.sub) for one in found] if caller.actor == "staff" else []
    openings = await disclosure.openings(conn, pairs)
    return {one: as_seen(view, caller, openings.get((one, caller.sub), Opening())) for one, view in found.items()}


async def _own(
    tx: AsyncConnection, wishes: Sequence[tuple[UUID, Caller, Shape | None]], found: Mapping[UUID, Customer]
) -> set[tuple[UUID | None, UUID]]:
    """Which of the asked records are the asking customer's own: theirs, or one that counts as the same party."""
    asked = {
        (caller.customer_id, one) for one, caller, _ in wishes if caller.actor == "customer" and caller.customer_id
    }
    others = {asking for asking, one in asked if asking is not None and asking != one}
    leaders = await resolve(tx, storage.LINKS, sorted(others)) if others else {}
    return {
        (asking, one)
        for asking, one in asked
        if asking == one or (one in found and leaders.get(asking) == (found[one].leader_id or one))
    }


async def past_versions(
    world: World, tx: AsyncConnection, customer_id: UUID, caller: Caller, shape: Shape | None = None
) -> list[PastVersion]:
    """All versions of a party as the caller may see them, newest first, each with who recorded it and until when."""
    # Held first: neither a change nor an erasure may come between the present and the past.
    row = await repository.locked(tx, customer_id)
    present = await known(world, tx, customer_id)
    subject = subject_of(customer_id)
    key = (await world.vault.for_read(tx, [subject]))[subject]
    if row is None or key is None:
        raise CustomerErased()
    pair = (customer_id, caller.sub)
    opening = (await disclosure.openings(tx, [pair] if caller.actor == "staff" else [])).get(pair, Opening())
    told = [
        PastVersion(
            version=present.version,
            recorded_at=present.updated_at,
            superseded_at=None,
            recorded_by=row.updated_by,
            customer=as_seen(present, caller, opening, shape),
        )
    ]
    for past in await repository.history(tx, customer_id):
        told.append(
            PastVersion(
                version=past.version,
                recorded_at=past.recorded_at,
                superseded_at=past.superseded_at,
                recorded_by=past.recorded_by,
                customer=as_seen(_snapshot(past, key), caller, opening, shape),
            )
        )
    detail = detail_of(told[0].customer, opening, shape)
    entry = audit.Entry("customer.history", subject, PARTY, customer_id, caller, detail)
    await audit.seen(tx, storage.AUDIT, world.keyring, [entry])
    return told


def _snapshot(past: Row[Any], key: DataKey) -> Customer:
    return Customer.model_validate_json(key.open(past.snapshot, row=past.row_id, field="snapshot"))


async def recorded_then(
    world: World, tx: AsyncConnection, customer_id: UUID, at: datetime, caller: Caller, shape: Shape | None = None
) -> Customer:
    """The party as it was recorded at that instant (`?as_of=`); not recorded yet then is CustomerUnknown."""
    told = await past_versions(world, tx, customer_id, caller, shape)
    for past in told:
        if past.recorded_at <= at and (past.superseded_at is None or at < past.superseded_at):
            return past.customer
    raise CustomerUnknown("Not recorded at that instant.")


async def provenance(world: World, tx: AsyncConnection, customer_id: UUID, caller: Caller) -> list[FieldProvenance]:
    """Of every fact that is known: who claims what, since when, how surely, and which claim holds."""
    subject = subject_of(customer_id)
    row = await repository.locked(tx, customer_id)
    view = await known(world, tx, customer_id)
    key = (await world.vault.for_read(tx, [subject]))[subject]
    if row is None or key is None:
        raise CustomerErased()
    claims = all_claims(view, claims_from(opened_details(row, key)["claims"]))
    pair = (customer_id, caller.sub)
    opening = (await disclosure.openings(tx, [pair] if caller.actor == "staff" else [])).get(pair, Opening())
    shut = set(Sensitive) - opening.read if caller.actor == "staff" else set()
    await audit.seen(
        tx, storage.AUDIT, world.keyring, [audit.Entry("customer.provenance_read", subject, PARTY, customer_id, caller)]
    )
    today = clock.day_in(world.settings.zone, clock.now())
    return [
        FieldProvenance(
            field=field,
            claims=[
                Claimed(
                    source=one.source,
                    at=one.at,
                    confidence=one.confidence,
                    value=None if field in shut else one.value,
                    holds=one == holding(field, told, today),
                )
                for one in told
            ],
        )
        for field, told in claims.items()
    ]


async def name_in(world: World, tx: AsyncConnection, customer_id: UUID, language: str, caller: Caller) -> RenderedName:
    """The party's name as that language writes it; parts that were not recorded are guessed from the legal name."""
    pair = (customer_id, caller.sub)
    opening = (await disclosure.openings(tx, [pair] if caller.actor == "staff" else [])).get(pair, Opening())
    view = as_seen(await known(world, tx, customer_id), caller, opening)
    entry = audit.Entry("customer.name_read", subject_of(customer_id), PARTY, customer_id, caller)
    await audit.seen(tx, storage.AUDIT, world.keyring, [entry])
    if view.kind is Kind.ORGANISATION or Sensitive.LEGAL_NAME in view.masked:
        legal = view.legal_name
    else:
        parts = NameParts(**view.name.model_dump()) if view.name else parts_of(view.legal_name)
        legal = rendered(parts, language)
    return RenderedName(language=language, legal=legal, preferred=view.preferred_name)


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
    found = sorted(set((await resolve(tx, storage.LINKS, found)).values()))
    entries = [audit.Entry("customer.lookup", subject_of(hit), PARTY, hit, caller) for hit in found]
    nobody = audit.Entry("customer.lookup", None, PARTY, None, caller, {"found": 0})
    await audit.seen(tx, storage.AUDIT, world.keyring, entries or [nobody])
    return Found(customer_ids=found)


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


async def recorded_versions(world: World, conn: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, list[Customer]]:
    """Every version of these parties, oldest first, each as from its `updated_at`; none of those that were erased.

    For what the service works out by itself: whoever shows a person something of it records that they read it.
    """
    found = await views(world, conn, ids)
    keys = await world.vault.for_read(conn, [subject_of(one) for one in found])
    told: dict[UUID, list[Customer]] = {one: [] for one in found}
    changed = [one for one, view in found.items() if view.version > 1]
    for past in await repository.histories(conn, changed) if changed else ():
        key = keys[subject_of(past.customer_id)]
        if key is not None:
            version = Customer.model_validate_json(key.open(past.snapshot, row=past.row_id, field="snapshot"))
            told[past.customer_id].append(version)
    for one, view in found.items():
        told[one].append(view)
    return told


async def gather(
    world: World, conn: AsyncConnection, customers: Sequence[UUID]
) -> AsyncIterator[tuple[str, Mapping[str, Any]]]:
    """What is recorded of a person under these ids, every version of it, and who claimed each fact: for their own export."""
    for _, versions in sorted((await recorded_versions(world, conn, customers)).items()):
        for version in versions:
            yield "party", version.model_dump(mode="json", exclude={"restricted"})
    rows, _, _ = await repository.by_ids(conn, customers)
    keys = await world.vault.for_read(conn, [subject_of(row.id) for row in rows])
    found = await views(world, conn, customers)
    for row in rows:
        key = keys[subject_of(row.id)]
        if key is not None and row.id in found:
            # Where what was not had from the person came from (GDPR Art. 15(1)(g)).
            told = claims_to(all_claims(found[row.id], claims_from(opened_details(row, key)["claims"])))
            for field, claims in told.items():
                for one in claims:
                    yield "claim", {"customer_id": str(row.id), "field": field} | one
