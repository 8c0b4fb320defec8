"""The parts of a record on their way in: contact points, identifiers and addresses as views, and as sealed rows."""

from datetime import datetime
from typing import Any
from uuid import UUID

from customer.parties.schemas.parts import (
    Address,
    ContactPoint,
    Identifier,
    NewAddress,
    NewContactPoint,
    NewIdentifier,
)
from customer.parties.usecases.claiming import provenance_of
from customer.parties.usecases.sealing import contact_blind, identifier_blind, sealed_about
from shared import clock
from shared.crypto import NORMALISER_VERSION, DataKey, Keyring


def new_contact_point(wish: NewContactPoint, at: datetime) -> ContactPoint:
    """A contact point as it will be kept."""
    if len(wish.model_fields_set) == 2:  # kind and value, as almost always
        return ContactPoint(id=clock.new_id(), kind=wish.kind, value=wish.value)
    return ContactPoint(
        id=clock.new_id(),
        kind=wish.kind,
        value=wish.value,
        verified_at=at if wish.verified else None,
        preferred=wish.preferred,
        quiet_hours=wish.quiet_hours,
        provenance=provenance_of(wish.provenance, at),
    )


def new_identifier(wish: NewIdentifier, at: datetime) -> Identifier:
    """An identifier as it will be kept."""
    if len(wish.model_fields_set) == 3:  # type, issuer and value
        return Identifier(id=clock.new_id(), type=wish.type, issuer=wish.issuer, value=wish.value)
    return Identifier(
        id=clock.new_id(),
        type=wish.type,
        issuer=wish.issuer,
        value=wish.value,
        issued_on=wish.issued_on,
        expires_on=wish.expires_on,
        provenance=provenance_of(wish.provenance, at),
    )


def new_address(wish: NewAddress, at: datetime) -> Address:
    """An address as it will be kept."""
    told = wish.model_dump(exclude={"provenance"})
    return Address(id=clock.new_id(), version=1, provenance=provenance_of(wish.provenance, at), **told)


def contact_row(view: ContactPoint, customer_id: UUID, key: DataKey, keyring: Keyring) -> dict[str, Any]:
    """A contact point as its table takes it."""
    return {
        "id": view.id,
        "customer_id": customer_id,
        "kind": view.kind,
        "value": key.seal(view.value, row=view.id, field="contact_point"),
        "blind": contact_blind(keyring, view.kind, view.value),
        "normaliser_version": NORMALISER_VERSION,
        "about": sealed_about(view, key, "contact_point.about"),
    }


def identifier_row(view: Identifier, customer_id: UUID, key: DataKey, keyring: Keyring) -> dict[str, Any]:
    """An identifier as its table takes it."""
    return {
        "id": view.id,
        "customer_id": customer_id,
        "type": view.type,
        "issuer": view.issuer,
        "value": key.seal(view.value, row=view.id, field="identifier"),
        "blind": identifier_blind(keyring, view.type, view.issuer, view.value),
        "normaliser_version": NORMALISER_VERSION,
        "about": sealed_about(view, key, "identifier.about"),
    }
