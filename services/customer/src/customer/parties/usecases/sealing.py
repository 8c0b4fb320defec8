"""A party in and out of its seal: whose key, which blind index, the sealed columns, the opened view."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from customer.parties import repository
from customer.parties.domain import Kind, State, Tier, age_band
from customer.parties.domain.details import DETAILS
from customer.parties.problems import CustomerErased, CustomerUnknown
from customer.parties.schemas import ContactPoint, Customer, Identifier
from customer.parties.usecases.claiming import Claims, claims_to
from shared import clock
from shared.crypto import DataKey, Keyring, Subject, blind_index
from shared.problems import Problem
from shared.world import World

PARTY = "customer"
_DETAILS: Final = {*DETAILS, "addresses"}
_ABOUT: Final = {"verified_at", "preferred", "quiet_hours", "issued_on", "expires_on", "provenance"}
# Said where nothing is known: a default that can change is copied for each party, slower than the party is opened.
_LISTS: Final = ("languages", "accessibility_needs", "addresses", "masked", "withheld")
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


def sealed_details(view: Customer, key: DataKey, claims: Claims | None = None) -> bytes | None:
    """Everything but the first few facts under one seal; None for a party of whom nothing else is known."""
    told = view.model_dump(mode="json", include=_DETAILS, exclude_defaults=True)
    addresses = told.pop("addresses", [])
    if not (told or addresses or claims):
        return None
    kept = {"facts": told, "addresses": addresses, "claims": claims_to(claims or {})}
    return key.seal_bytes(orjson.dumps(kept), row=view.id, field="details")


def opened_details(row: Row[Any], key: DataKey) -> dict[str, Any]:
    """What stands under that seal: facts, addresses and claims."""
    if row.details is None:
        return {"facts": {}, "addresses": [], "claims": {}}
    opened: dict[str, Any] = orjson.loads(key.open_bytes(row.details, row=row.id, field="details"))
    return opened


def sealed_about(part: ContactPoint | Identifier, key: DataKey, field: str) -> bytes | None:
    """What is known of a contact point or identifier besides its value; None for nothing."""
    if part.model_fields_set.isdisjoint(_ABOUT):
        return None
    told = part.model_dump(mode="json", include=_ABOUT, exclude_defaults=True)
    return key.seal_bytes(orjson.dumps(told), row=part.id, field=field) if told else None


def sealed_customer(view: Customer, key: DataKey) -> dict[str, Any]:
    """The columns of a party's row that a change may write, the personal ones under seal, but for its details."""

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
    today = clock.day_in(world.settings.zone, clock.now())
    for row in found:
        key = keys.get(subject_of(row.id))
        if key is not None:
            opened[row.id] = _view(row, of_contact.get(row.id, ()), of_identifier.get(row.id, ()), key, today)
    return opened


def _about(part: Row[Any], key: DataKey, field: str) -> dict[str, Any]:
    if part.about is None:
        return {}
    opened: dict[str, Any] = orjson.loads(key.open_bytes(part.about, row=part.id, field=field))
    return opened


def _view(
    row: Row[Any], contacts: Sequence[Row[Any]], identifiers: Sequence[Row[Any]], key: DataKey, today: date
) -> Customer:
    def opened(name: str) -> str | None:
        blob = getattr(row, name)
        return None if blob is None else key.open(blob, row=row.id, field=name)

    born = opened("birth_date")
    birth = date.fromisoformat(born) if born else None
    more: dict[str, Any] = {name: [] for name in _LISTS}
    if row.details is not None:
        details = opened_details(row, key)
        more |= details["facts"] | {"addresses": details["addresses"]}
    if row.kind == Kind.ORGANISATION:
        more["incorporation_date"] = birth
    return Customer(
        **more,
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
            ContactPoint(
                id=one.id,
                version=one.version,
                kind=one.kind,
                value=key.open(one.value, row=one.id, field="contact_point"),
                **_about(one, key, "contact_point.about"),
            )
            for one in contacts
        ],
        identifiers=[
            Identifier(
                id=one.id,
                version=one.version,
                type=one.kind,
                issuer=one.issuer,
                value=key.open(one.value, row=one.id, field="identifier"),
                **_about(one, key, "identifier.about"),
            )
            for one in identifiers
        ],
        restricted=row.restricted,
        created_at=row.created_at,
        updated_at=row.updated_at,
        leader_id=row.leader_id,
    )


async def known(world: World, tx: AsyncConnection, customer_id: UUID) -> Customer:
    """One party, opened; raises what `absent` says of it."""
    view = (await views(world, tx, [customer_id])).get(customer_id)
    if view is None:
        raise await absent(world, tx, customer_id)
    return view


async def absent(world: World, tx: AsyncConnection, customer_id: UUID) -> Problem:
    """Why a party cannot be had: erased (410) or never known (404)."""
    subject = subject_of(customer_id)
    return CustomerErased() if subject in await world.vault.erased(tx, [subject]) else CustomerUnknown()
