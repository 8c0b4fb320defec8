"""The parts of a record, one by one: contact points, identifiers and addresses are added, changed and taken away.

Every change of a part is a version of the party too, so that `as_of` tells the whole record.
"""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Final, TypeVar
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection

from customer.parties import repository
from customer.parties.domain import ContactKind, normal_contact
from customer.parties.domain.survivorship import Claim, Source
from customer.parties.problems import IdentifierTaken, PartKnownOtherwise, PartsFull, PartUnknown
from customer.parties.schemas import Customer
from customer.parties.schemas.parts import (
    MOST_ADDRESSES,
    MOST_IDENTIFIERS,
    MOST_POINTS,
    Address,
    ChangeAddress,
    ChangeContactPoint,
    ChangeIdentifier,
    ContactPoint,
    Identifier,
    NewAddress,
    NewContactPoint,
    NewIdentifier,
    Provenance,
)
from customer.parties.tables import contact_point, identifier
from customer.parties.usecases.changing import Present, present, write
from customer.parties.usecases.claiming import holding, provenance_of
from customer.parties.usecases.dating import refuse_days_to_come
from customer.parties.usecases.parts import (
    contact_row,
    identifier_row,
    new_address,
    new_contact_point,
    new_identifier,
)
from shared import clock
from shared.access import Caller
from shared.etags import check_version
from shared.idempotency import Answer
from shared.problems import FieldError, Malformed
from shared.world import World

V = TypeVar("V", ContactPoint, Identifier, Address)
# What says how a part is used or known, not what it is.
# No part has an order of sources of its own: that of everything else holds.
_WHOLE: Final = "parts"
_ASIDE: Final = {"id", "version", "provenance", "verified_at", "preferred", "quiet_hours"}


def _once(parts: Sequence[V], made: V, same: Callable[[V], bool]) -> V | None:
    """The part that is there already; raises PartKnownOtherwise where it has other particulars, a proof it lacks among them."""
    there = next((one for one in parts if same(one)), None)
    ours = {"id", "version", "verified_at", "provenance"}
    if there is not None and there.model_dump(exclude=ours) != made.model_dump(exclude=ours):
        raise PartKnownOtherwise()
    if (
        isinstance(there, ContactPoint)
        and isinstance(made, ContactPoint)
        and made.verified_at
        and not there.verified_at
    ):
        raise PartKnownOtherwise()
    return there


def _room(parts: Sequence[V], most: int) -> None:
    """Raise PartsFull where a party has as many of them as a registration may bring: each change reads and keeps them all."""
    if len(parts) >= most:
        raise PartsFull(f"A party has at most {most} of these; take one away first.")


def _better_said(there: V, made: V, wish: NewContactPoint | NewIdentifier | NewAddress, today: date) -> V | None:
    """The part in the better words of a repeat; None where the old word holds, or the repeat says nothing new.

    By survivorship, as facts: a better source, else the newer word. Without a word it was the bank's own, then. The same
    source without a time of its own says what it has said: whoever lost our answer and asks again changes nothing.
    """
    said = there.provenance or Provenance(source=Source.BANK, at=clock.time_of(there.id), confidence=1.0)
    if made.provenance is None or wish.provenance is None:
        return None
    if wish.provenance.observed_at is None and said.source == made.provenance.source:
        return None
    old, new = (Claim(one.source, one.at, one.confidence, None) for one in (said, made.provenance))
    if old == new or holding(_WHOLE, (old, new), today) != new:
        return None
    return there.model_copy(update={"provenance": made.provenance, "version": there.version + 1})


def _part(parts: Sequence[V], part_id: UUID, match: int) -> V:
    found = next((one for one in parts if one.id == part_id), None)
    if found is None:
        raise PartUnknown()
    check_version(match, found.version)
    return found


def _changed(part: V, wish: BaseModel, **more: Any) -> V:
    said = wish.model_fields_set & type(part).model_fields.keys()
    told = {name: getattr(wish, name) for name in said} | more
    if "provenance" in told:
        told["provenance"] = provenance_of(getattr(wish, "provenance", None), clock.now())
    after = part.model_copy(update=told | {"version": part.version + 1})
    if told.get("provenance") is None and after.model_dump(exclude=_ASIDE) != part.model_dump(exclude=_ASIDE):
        # Whoever said what was there before did not say this: without a word it is the bank's own, as of now.
        own = Provenance(source=Source.BANK, at=clock.now(), confidence=1.0)
        after = after.model_copy(update={"provenance": own})
    return after


def _with(parts: Sequence[V], one: V) -> list[V]:
    return [one if part.id == one.id else part for part in parts]


def _only_preferred(parts: Sequence[ContactPoint], chosen: ContactPoint) -> list[ContactPoint]:
    """Of one kind at most one is preferred: the latest choice."""
    return [
        part.model_copy(update={"preferred": False, "version": part.version + 1})
        if chosen.preferred and part.preferred and part.kind == chosen.kind and part.id != chosen.id
        else part
        for part in parts
    ]


async def add_contact_point(
    world: World, tx: AsyncConnection, customer_id: UUID, wish: NewContactPoint, caller: Caller
) -> Answer[ContactPoint]:
    """A contact point more; its kind and value are its natural key, so that a repeat changes nothing."""
    was = await present(world, tx, customer_id, caller, ["contact_points"])
    parts = was.view.contact_points
    made = new_contact_point(wish, clock.now())
    there = _once(parts, made, lambda one: (one.kind, one.value) == (made.kind, made.value))
    if there is not None:
        better = _better_said(there, made, wish, clock.day_in(world.settings.zone, clock.now()))
        if better is not None:
            await _write_contacts(world, tx, was, _with(parts, better), caller, "customer.contact_point_change")
        return Answer(better or there, replayed=True)
    _room(parts, MOST_POINTS)
    await repository.insert_contact_points(tx, [contact_row(made, customer_id, was.key, world.keyring)])
    await _write_contacts(world, tx, was, _only_preferred([*parts, made], made), caller, "customer.contact_point_add")
    return Answer(made)


async def change_contact_point(
    world: World,
    tx: AsyncConnection,
    customer_id: UUID,
    part_id: UUID,
    wish: ChangeContactPoint,
    match: int,
    caller: Caller,
) -> ContactPoint:
    """Change a contact point on the version the caller saw; another value is unverified until somebody says otherwise."""
    was = await present(world, tx, customer_id, caller, ["contact_points"])
    parts = was.view.contact_points
    part = _part(parts, part_id, match)
    more: dict[str, Any] = {}
    if wish.value is not None:
        try:
            more["value"] = normal_contact(ContactKind(part.kind), wish.value, wish.country)
        except ValueError as error:
            raise Malformed(errors=[FieldError("/value", "value_error", str(error))]) from None
        if any(one.value == more["value"] and one.kind == part.kind and one.id != part.id for one in parts):
            raise PartKnownOtherwise()
    renewed = more.get("value", part.value) != part.value
    if wish.verified is not None or renewed:
        more["verified_at"] = clock.now() if wish.verified else None
    after = _changed(part, wish, **more)
    await _write_contacts(
        world, tx, was, _only_preferred(_with(parts, after), after), caller, "customer.contact_point_change"
    )
    return after


async def remove_contact_point(
    world: World, tx: AsyncConnection, customer_id: UUID, part_id: UUID, match: int, caller: Caller
) -> None:
    """Take a contact point away, on the version the caller saw; its history stays."""
    was = await present(world, tx, customer_id, caller, ["contact_points"])
    part = _part(was.view.contact_points, part_id, match)
    await repository.delete_part(tx, contact_point, part.id)
    left = [one for one in was.view.contact_points if one.id != part_id]
    await _write_contacts(world, tx, was, left, caller, "customer.contact_point_remove")


async def _write_contacts(
    world: World, tx: AsyncConnection, was: Present, parts: Sequence[ContactPoint], caller: Caller, action: str
) -> None:
    known = {one.id: one for one in was.view.contact_points}
    for one in parts:
        if one.id in known and one != known[one.id]:
            row = contact_row(one, was.view.id, was.key, world.keyring)
            values = {name: row[name] for name in ("value", "blind", "normaliser_version", "about")}
            await repository.change_part(tx, contact_point, one.id, values | {"version": one.version})
    after = was.view.model_copy(update={"contact_points": list(parts)})
    await write(world, tx, was, after, caller, action, ["contact_points"])


async def add_identifier(
    world: World, tx: AsyncConnection, customer_id: UUID, wish: NewIdentifier, caller: Caller
) -> Answer[Identifier]:
    """An identifier more; (type, issuer, value) is its natural key, and belongs to one party only (IdentifierTaken)."""
    refuse_days_to_come(wish, clock.day_in(world.settings.zone, clock.now()))
    was = await present(world, tx, customer_id, caller, ["identifiers"])
    parts = was.view.identifiers
    made = new_identifier(wish, clock.now())
    key = (made.type, made.issuer, made.value)
    there = _once(parts, made, lambda one: (one.type, one.issuer, one.value) == key)
    if there is not None:
        better = _better_said(there, made, wish, clock.day_in(world.settings.zone, clock.now()))
        if better is not None:
            await _change_identifier(world, tx, was, better, caller)
        return Answer(better or there, replayed=True)
    _room(parts, MOST_IDENTIFIERS)
    if not await repository.insert_identifiers(tx, [identifier_row(made, customer_id, was.key, world.keyring)]):
        raise IdentifierTaken("That identifier belongs to another customer.")
    await _write_identifiers(world, tx, was, [*parts, made], caller, "customer.identifier_add")
    return Answer(made)


async def change_identifier(
    world: World,
    tx: AsyncConnection,
    customer_id: UUID,
    part_id: UUID,
    wish: ChangeIdentifier,
    match: int,
    caller: Caller,
) -> Identifier:
    """Change the days of an identifier on the version the caller saw."""
    refuse_days_to_come(wish, clock.day_in(world.settings.zone, clock.now()))
    was = await present(world, tx, customer_id, caller, ["identifiers"])
    after = _changed(_part(was.view.identifiers, part_id, match), wish)
    if after.issued_on and after.expires_on and after.expires_on <= after.issued_on:
        raise Malformed(errors=[FieldError("/expires_on", "order", "lies before issued_on")])
    await _change_identifier(world, tx, was, after, caller)
    return after


async def _change_identifier(
    world: World, tx: AsyncConnection, was: Present, after: Identifier, caller: Caller
) -> None:
    row = identifier_row(after, was.view.id, was.key, world.keyring)
    await repository.change_part(tx, identifier, after.id, {"about": row["about"], "version": after.version})
    await _write_identifiers(world, tx, was, _with(was.view.identifiers, after), caller, "customer.identifier_change")


async def remove_identifier(
    world: World, tx: AsyncConnection, customer_id: UUID, part_id: UUID, match: int, caller: Caller
) -> None:
    """Take an identifier away, on the version the caller saw: it is free for whoever it belongs to."""
    was = await present(world, tx, customer_id, caller, ["identifiers"])
    part = _part(was.view.identifiers, part_id, match)
    await repository.delete_part(tx, identifier, part.id)
    left = [one for one in was.view.identifiers if one.id != part_id]
    await _write_identifiers(world, tx, was, left, caller, "customer.identifier_remove")


async def _write_identifiers(
    world: World, tx: AsyncConnection, was: Present, parts: Sequence[Identifier], caller: Caller, action: str
) -> None:
    after = was.view.model_copy(update={"identifiers": list(parts)})
    await write(world, tx, was, after, caller, action, ["identifiers"])


async def add_address(
    world: World, tx: AsyncConnection, customer_id: UUID, wish: NewAddress, caller: Caller
) -> Answer[Address]:
    """An address more; one that reads the same is the same, so that a repeat changes nothing."""
    was = await present(world, tx, customer_id, caller, ["addresses"])
    made = new_address(wish, clock.now())
    ours = {"id", "version", "provenance"}
    there = _once(
        was.view.addresses, made, lambda one: bool(one.model_dump(exclude=ours) == made.model_dump(exclude=ours))
    )
    if there is not None:
        better = _better_said(there, made, wish, clock.day_in(world.settings.zone, clock.now()))
        if better is not None:
            addresses = _with(was.view.addresses, better)
            await _write_addresses(world, tx, was, addresses, caller, "customer.address_change")
        return Answer(better or there, replayed=True)
    _room(was.view.addresses, MOST_ADDRESSES)
    await _write_addresses(world, tx, was, [*was.view.addresses, made], caller, "customer.address_add")
    return Answer(made)


async def change_address(
    world: World, tx: AsyncConnection, customer_id: UUID, part_id: UUID, wish: ChangeAddress, match: int, caller: Caller
) -> Address:
    """Change an address on the version the caller saw."""
    was = await present(world, tx, customer_id, caller, ["addresses"])
    after = _changed(_part(was.view.addresses, part_id, match), wish)
    await _write_addresses(world, tx, was, _with(was.view.addresses, after), caller, "customer.address_change")
    return after


async def remove_address(
    world: World, tx: AsyncConnection, customer_id: UUID, part_id: UUID, match: int, caller: Caller
) -> None:
    """Take an address away, on the version the caller saw."""
    was = await present(world, tx, customer_id, caller, ["addresses"])
    part = _part(was.view.addresses, part_id, match)
    left = [one for one in was.view.addresses if one.id != part.id]
    await _write_addresses(world, tx, was, left, caller, "customer.address_remove")


async def _write_addresses(
    world: World, tx: AsyncConnection, was: Present, parts: Sequence[Address], caller: Caller, action: str
) -> None:
    after: Customer = was.view.model_copy(update={"addresses": list(parts)})
    await write(world, tx, was, after, caller, action, ["addresses"])
