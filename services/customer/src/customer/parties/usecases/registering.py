"""Registering parties, for many at once: each passes the gate once, an identifier that is another's fails alone."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.disclosure.domain import Opening
from customer.due import usecases as due
from customer.parties import repository
from customer.parties.domain import Kind, State, age_band, tier_for
from customer.parties.domain.details import DETAILS
from customer.parties.events import CustomerRegistered
from customer.parties.problems import CustomerErased, IdentifierTaken
from customer.parties.schemas import Customer, RegisterCustomer
from customer.parties.usecases.claiming import Claims, as_view, first_claims
from customer.parties.usecases.dating import days_to_come
from customer.parties.usecases.masking import as_seen
from customer.parties.usecases.parts import (
    contact_row,
    identifier_row,
    new_address,
    new_contact_point,
    new_identifier,
)
from customer.parties.usecases.saying import said_of
from customer.parties.usecases.sealing import (
    PARTY,
    sealed_customer,
    sealed_details,
    subject_of,
    views,
)
from shared import audit, clock
from shared.access import Caller
from shared.crypto import DataKey, Keyring
from shared.events import outbox
from shared.idempotency import Answer, Passage, Wish
from shared.problems import Malformed, Problem
from shared.world import World

_MORE: Final = DETAILS | {"addresses", "provenance"}


async def register_customers(
    world: World, tx: AsyncConnection, wishes: Sequence[Wish[RegisterCustomer]]
) -> list[Answer[Customer] | Problem]:
    """Register parties, each once by its gate; a wish whose identifier is another's fails alone (IdentifierTaken)."""

    async def do(fresh: Sequence[Wish[RegisterCustomer]]) -> Sequence[Customer | Problem]:
        days = {wish.id: clock.day_in(world.settings.zone, wish.at) for wish in fresh}
        early = {wish.id: faults for wish in fresh if (faults := days_to_come(wish.body, days[wish.id]))}
        made = iter(await _register(world, tx, [wish for wish in fresh if wish.id not in early], days))
        return [Malformed(errors=early[wish.id]) if wish.id in early else next(made) for wish in fresh]

    async def again(ids: Sequence[UUID]) -> Mapping[UUID, Customer]:
        return await views(world, tx, ids)

    passage = Passage(
        storage.GATE, world.vault, Customer, do=do, again=again, subject=lambda wish, _: subject_of(wish.id)
    )
    answers = await passage.run(tx, wishes)
    # What a caller just wrote is no secret to them; a repeat by natural key shows what others wrote since.
    return [
        answer._replace(view=as_seen(answer.view, wish.caller, Opening()))
        if isinstance(answer, Answer) and answer.replayed and answer.natural
        else answer
        for wish, answer in zip(wishes, answers, strict=True)
    ]


async def _register(
    world: World, tx: AsyncConnection, wishes: Sequence[Wish[RegisterCustomer]], days: Mapping[UUID, date]
) -> list[Customer | Problem]:
    keys = await world.vault.for_write(tx, [subject_of(wish.id) for wish in wishes])
    made = [_made(world.keyring, wish, keys[subject_of(wish.id)], days[wish.id]) for wish in wishes]
    taken = await _taken(tx, made)
    kept = [rows for rows in made if rows.customer["id"] not in taken]
    if kept:
        contacts = [contact for rows in kept for contact in rows.contacts]
        await repository.insert_customers(tx, [rows.customer for rows in kept], contacts)
        said = [said_of(CustomerRegistered, rows.view) for rows in kept]
        await outbox.emit(tx, storage.EVENTS, storage.SOURCE, said)
        await due.note(tx, {rows.view.id: rows.view.created_at for rows in kept})
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

    def __init__(
        self, view: Customer, caller: Caller, key: DataKey, keyring: Keyring, claims: Claims | None = None
    ) -> None:
        self.view = view
        self.caller = caller
        party = view.id
        self.customer: dict[str, Any] = sealed_customer(view, key) | {
            "id": party,
            "details": None if claims is None else sealed_details(view, key, claims),
            "created_at": view.created_at,
            "updated_by": caller.sub,
        }
        self.contacts: list[dict[str, Any]] = [
            contact_row(contact, party, key, keyring) for contact in view.contact_points
        ]
        self.identifiers: list[dict[str, Any]] = [identifier_row(one, party, key, keyring) for one in view.identifiers]


def _made(keyring: Keyring, wish: Wish[RegisterCustomer], key: DataKey | None, today: date) -> _Rows:
    if key is None:
        raise CustomerErased()
    body = wish.body
    birth = body.birth_date or body.incorporation_date
    # Who says nothing more pays for nothing more: most registrations are a name, a day and a phone.
    said_more = not body.model_fields_set.isdisjoint(_MORE)
    view = Customer(
        **(_more(body, wish.at) if said_more else {}),
        id=wish.id,
        version=1,
        kind=body.kind,
        state=State.PROSPECT,
        tier=tier_for(body.tier_hint),
        legal_name=body.legal_name,
        birth_date=birth,
        incorporation_date=birth if body.kind is Kind.ORGANISATION else None,
        occupation=body.occupation,
        region=body.region,
        age_band=age_band(birth, on=today) if body.kind is Kind.INDIVIDUAL else None,
        contact_points=[new_contact_point(contact, wish.at) for contact in body.contact_points],
        identifiers=[new_identifier(one, wish.at) for one in body.identifiers],
        restricted=False,
        created_at=wish.at,
        updated_at=wish.at,
    )
    return _Rows(view, wish.caller, key, keyring, first_claims(body, view) if said_more else None)


def _more(body: RegisterCustomer, at: datetime) -> dict[str, Any]:
    """What is known of a party besides the first few facts, as its view takes it."""
    told = body.model_dump(mode="json", include=set(DETAILS) & body.model_fields_set)
    return as_view(told) | {"addresses": [new_address(one, at) for one in body.addresses]}


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
