"""HTTP of the parts of a party: contact points, identifiers and addresses, each with an entity tag of its own."""

from uuid import UUID

from fastapi import Request, Response

from customer.parties import usecases
from customer.parties.access import CanChange
from customer.parties.schemas.parts import (
    Address,
    ChangeAddress,
    ChangeContactPoint,
    ChangeIdentifier,
    ContactPoint,
    Identifier,
    NewAddress,
    NewContactPoint,
    NewIdentifier,
)
from shared.db import Tx
from shared.etags import IfMatch, created, with_etag
from shared.routing import Router

router = Router(prefix="/{customer_id}", tags=["customers"])


@router.post("/contact-points", status_code=201, response_model=ContactPoint)
async def add_contact_point(
    request: Request, customer_id: UUID, body: NewContactPoint, caller: CanChange, tx: Tx
) -> Response:
    """Reached how: a repeat of kind and value answers 200 with it as it is."""
    answer = await usecases.add_contact_point(request.app.state.world, tx, customer_id, body, caller)
    location = f"/v1/customers/{customer_id}/contact-points/{answer.view.id}"
    return created(answer, location=location, version=answer.view.version)


@router.patch("/contact-points/{part_id}", response_model=ContactPoint)
async def change_contact_point(
    request: Request,
    customer_id: UUID,
    part_id: UUID,
    body: ChangeContactPoint,
    caller: CanChange,
    match: IfMatch,
    tx: Tx,
) -> Response:
    """Change a contact point by merge patch, on its own version; the party has a new version too."""
    world = request.app.state.world
    view = await usecases.change_contact_point(world, tx, customer_id, part_id, body, match, caller)
    return with_etag(view, version=view.version)


@router.delete("/contact-points/{part_id}", status_code=204)
async def remove_contact_point(
    request: Request, customer_id: UUID, part_id: UUID, caller: CanChange, match: IfMatch, tx: Tx
) -> None:
    """Take a contact point away, on its own version; the history keeps it."""
    await usecases.remove_contact_point(request.app.state.world, tx, customer_id, part_id, match, caller)


@router.post("/identifiers", status_code=201, response_model=Identifier)
async def add_identifier(
    request: Request, customer_id: UUID, body: NewIdentifier, caller: CanChange, tx: Tx
) -> Response:
    """A number somebody issued; one that is another party's is 409."""
    answer = await usecases.add_identifier(request.app.state.world, tx, customer_id, body, caller)
    location = f"/v1/customers/{customer_id}/identifiers/{answer.view.id}"
    return created(answer, location=location, version=answer.view.version)


@router.patch("/identifiers/{part_id}", response_model=Identifier)
async def change_identifier(
    request: Request,
    customer_id: UUID,
    part_id: UUID,
    body: ChangeIdentifier,
    caller: CanChange,
    match: IfMatch,
    tx: Tx,
) -> Response:
    """Change an identifier by merge patch, on its own version; the party has a new version too."""
    world = request.app.state.world
    view = await usecases.change_identifier(world, tx, customer_id, part_id, body, match, caller)
    return with_etag(view, version=view.version)


@router.delete("/identifiers/{part_id}", status_code=204)
async def remove_identifier(
    request: Request, customer_id: UUID, part_id: UUID, caller: CanChange, match: IfMatch, tx: Tx
) -> None:
    """Take an identifier away, on its own version; the history keeps it."""
    await usecases.remove_identifier(request.app.state.world, tx, customer_id, part_id, match, caller)


@router.post("/addresses", status_code=201, response_model=Address)
async def add_address(request: Request, customer_id: UUID, body: NewAddress, caller: CanChange, tx: Tx) -> Response:
    """An address; one that reads the same answers 200."""
    answer = await usecases.add_address(request.app.state.world, tx, customer_id, body, caller)
    location = f"/v1/customers/{customer_id}/addresses/{answer.view.id}"
    return created(answer, location=location, version=answer.view.version)


@router.patch("/addresses/{part_id}", response_model=Address)
async def change_address(
    request: Request, customer_id: UUID, part_id: UUID, body: ChangeAddress, caller: CanChange, match: IfMatch, tx: Tx
) -> Response:
    """Change an address by merge patch, on its own version; the party has a new version too."""
    world = request.app.state.world
    view = await usecases.change_address(world, tx, customer_id, part_id, body, match, caller)
    return with_etag(view, version=view.version)


@router.delete("/addresses/{part_id}", status_code=204)
async def remove_address(
    request: Request, customer_id: UUID, part_id: UUID, caller: CanChange, match: IfMatch, tx: Tx
) -> None:
    """Take an address away, on its own version; the history keeps it."""
    await usecases.remove_address(request.app.state.world, tx, customer_id, part_id, match, caller)
