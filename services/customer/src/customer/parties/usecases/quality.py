"""The quality of what is recorded of parties: a page of records is opened and judged, and nobody of it is named."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from customer.parties import repository
from customer.parties.domain.details import Gender
from customer.parties.domain.quality import Contact, Identity, Record, Standing, Told, judged, rules_on, shipped
from customer.parties.domain.survivorship import Source
from customer.parties.schemas import ContactPoint, Customer, Identifier
from customer.parties.schemas.parts import Address
from customer.parties.usecases.claiming import Claims, all_claims, claims_from, facts_of, holding
from customer.parties.usecases.sealing import opened_details, subject_of, views
from shared import clock
from shared.crypto import SealBroken
from shared.telemetry import log
from shared.world import World

# Of an organisation the two are one day, and kept as one fact.
_INCORPORATED: Final = "incorporation_date"


@dataclass(frozen=True, slots=True)
class Judged:
    """One record: by field how it stands (None: missing), whose word its name is, and when it was changed last."""

    kind: str
    fields: Mapping[str, Standing | None]
    source: str
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Page:
    """Some records in the order of their ids; `last` is up to whom, None when nobody comes after them.

    `unreadable` is how many more there are whose seal is broken or that no longer fit their shape.
    """

    records: Sequence[Judged]
    last: UUID | None
    unreadable: int = 0


@dataclass(frozen=True, slots=True)
class SharedContacts:
    """Contact points of one kind: how many values, how many of them lead to several parties, and to how many in all."""

    kind: str
    values: int
    shared_values: int
    customers_sharing: int


async def judged_page(world: World, conn: AsyncConnection, last: UUID | None, size: int, at: datetime) -> Page:
    """The next records after that id as they are now, judged by the rules of the bank's day at that instant.

    For what the service counts by itself: nothing that is opened leaves this function. A record that cannot be read is
    named in the log, and keeps nobody else from being judged.
    """
    rows = await repository.after(conn, last, size)
    found, broken = await _readable(world, conn, [row.id for row in rows])
    keys = await world.vault.for_read(conn, [subject_of(one) for one in found])
    points = [point.id for view in found.values() for point in view.contact_points]
    shared = await repository.shared_among(conn, points) if points else set()
    today = clock.day_in(world.settings.zone, at)
    rules = rules_on(today, shipped())
    made = []
    for row in rows:
        view = found.get(row.id)
        key = None if view is None else keys[subject_of(row.id)]
        if view is None or key is None:
            continue
        claims = claims_from(opened_details(row, key)["claims"])
        record = _record(view, claims, shared, today)
        source = record.facts["legal_name"].source
        await asyncio.sleep(0)  # whoever runs beside this wants their turn
        made.append(Judged(str(view.kind), judged(record, rules, at, today), source, view.updated_at))
    return Page(made, rows[-1].id if len(rows) == size else None, broken)


async def _readable(world: World, conn: AsyncConnection, ids: Sequence[UUID]) -> tuple[dict[UUID, Customer], int]:
    """These parties, opened, and how many of them cannot be."""
    try:
        return await views(world, conn, ids), 0
    except (SealBroken, ValueError) as error:
        if len(ids) == 1:
            log.error("record_unreadable", customer_id=str(ids[0]), kind=type(error).__name__)
            return {}, 1
    found: dict[UUID, Customer] = {}
    broken = 0
    for one in ids:
        more, lost = await _readable(world, conn, [one])
        found |= more
        broken += lost
    return found, broken


def _record(view: Customer, claims: Claims, shared: set[UUID], today: date) -> Record:
    facts: dict[str, Told] = {}
    values = facts_of(view)
    for field, told in all_claims(view, claims).items():
        value, holds = values[field], holding(field, told, today)
        # ISO/IEC 5218: 0 says that it is not known.
        if value is not None and holds is not None and (field, value) != ("gender", Gender.NOT_KNOWN):
            facts[field] = Told(value, holds.source, holds.at)
    if view.incorporation_date is not None:
        facts[_INCORPORATED] = facts.pop("birth_date")
    return Record(
        kind=view.kind,
        facts=facts,
        contacts=[_contact(one, one.id in shared) for one in view.contact_points],
        identifiers=[
            Identity(one.type, one.issuer, _told(one, one.value), one.issued_on, one.expires_on)
            for one in view.identifiers
        ],
        addresses=[_told(one, one.model_dump(mode="json")) for one in view.addresses],
    )


def _contact(one: ContactPoint, shared: bool) -> Contact:
    told = _told(one, one.value)
    # Whoever was reached there has confirmed it.
    if one.verified_at is not None and one.verified_at > told.at:
        told = Told(told.value, told.source, one.verified_at)
    return Contact(one.kind, told, one.verified_at is not None, shared)


def _told(part: ContactPoint | Identifier | Address, value: Any) -> Told:
    said = part.provenance
    return Told(value, Source.BANK, clock.time_of(part.id)) if said is None else Told(value, said.source, said.at)


async def contacts_shared(conn: AsyncConnection) -> list[SharedContacts]:
    """By kind, the contact points that lead to more than one party; told by their blind indexes."""
    return [
        SharedContacts(row.kind, row.values, row.shared_values, int(row.customers_sharing))
        for row in await repository.shared_contacts(conn)
    ]
