"""Noting what the bank itself grades and warns of: on the version the caller saw, and on the card before the answer."""

from dataclasses import replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.parties import usecases as parties
from customer.parties.problems import CustomerErased
from customer.routing import repository
from customer.routing.schemas import NoteRoutingProfile, RoutingProfile
from customer.routing.usecases.reading import RESOURCE, as_seen, cards_told
from customer.routing.usecases.sealing import Note, sealed_note, unsealed_note
from customer.routing.usecases.settling import settle
from shared import audit, clock
from shared.access import Caller
from shared.etags import check_version
from shared.world import World


async def note(
    world: World, tx: AsyncConnection, customer_id: UUID, wish: NoteRoutingProfile, match: int, caller: Caller
) -> RoutingProfile:
    """Apply a merge patch to what is noted of a record; the card of its whole circle is told with it.

    Errors: CustomerUnknown, CustomerErased, PreconditionFailed.
    """
    absent = await parties.absences(world, tx, [customer_id])
    if absent:
        raise absent[customer_id]
    # Told up to now first, which holds the card: whoever saw what it says now may note something on it.
    await settle(world, tx, [customer_id])
    subject = parties.subject_of(customer_id)
    key = (await world.vault.for_write(tx, [subject]))[subject]
    told = (await cards_told(world, tx, [customer_id])).get(customer_id)
    if key is None or told is None:
        raise CustomerErased()
    check_version(match, told.version)
    rows = await repository.notes_of(tx, [customer_id])
    noted = unsealed_note(rows[0].content, customer_id, key) if rows else Note()
    if "rating" in wish.model_fields_set:
        noted = replace(noted, rating=wish.rating)
    if "alerts" in wish.model_fields_set:
        noted = replace(noted, alerts=tuple(sorted(set(wish.alerts or ()))))
    values = {"customer_id": customer_id, "content": sealed_note(noted, customer_id, key)}
    await repository.keep_note(tx, values | {"updated_at": clock.now(), "updated_by": caller.sub})
    await settle(world, tx, [customer_id])
    fields = {"fields": ",".join(sorted(wish.model_fields_set))}
    entry = audit.Entry("routing_profile.note", subject, RESOURCE, customer_id, caller, fields)
    await audit.record(tx, storage.AUDIT, world.keyring, [entry])
    return as_seen(customer_id, (await cards_told(world, tx, [customer_id]))[customer_id], caller)
