"""HTTP of parties: register, read, list, change, history, look-up. No SQL, no rules."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response
from pydantic import AwareDatetime

from customer import storage
from customer.disclosure.domain import Shape
from customer.parties import repository, usecases
from customer.parties.access import CanChange, CanImport, CanList, CanLookUp, CanRead, CanRegister
from customer.parties.domain import Kind, State, Tier
from customer.parties.schemas import (
    ChangeCustomer,
    Customer,
    CustomerSummary,
    Found,
    LookUp,
    PastVersion,
    RegisterCustomer,
)
from customer.parties.schemas.parts import Language
from customer.parties.schemas.party import FieldProvenance, RenderedName
from customer.parties.tables import customer
from shared.db import Read, Tx
from shared.etags import IfMatch, created, with_etag
from shared.grouping import Grouped, grouped
from shared.idempotency import Answer, IdempotencyKey, Wish, wish_for
from shared.jobs.importer import Importer, by_path
from shared.jobs.routes import import_route
from shared.pagination import Cursor, Limit, Page, as_it_is, keyset
from shared.routing import Router
from shared.subjects import reach

router = Router(prefix="/v1/customers", tags=["customers"])
PARTIES = Importer("customers", "customer", RegisterCustomer, usecases.register_customers, by_path)
import_route(router, PARTIES, storage.JOBS, CanImport)

Register = Annotated[Grouped[Wish[RegisterCustomer], Answer[Customer]], grouped(usecases.register_customers)]
Show = Annotated[Grouped[tuple[UUID, object, Shape | None], Customer], grouped(usecases.show_customers, looks=True)]


@router.post("", status_code=201, response_model=Customer)
async def register_customer(
    request: Request, body: RegisterCustomer, register: Register, caller: CanRegister, key: IdempotencyKey = None
) -> Response:
    """Register a party; a repeat by `external_ref` answers 200 with the party as it is now.

    Errors: 409 the identifier is another's, or the `external_ref` is known with other content; 422 no key of any kind.
    """
    wish = wish_for(request.app.state.keyring, "customer", body, caller, key)
    answer = await register(wish)
    return created(answer, location=f"/v1/customers/{answer.view.id}", version=answer.view.version)


@router.get("", response_model=Page[CustomerSummary])
async def list_customers(
    caller: CanList,
    db: Read,
    cursor: Cursor,
    limit: Limit = 50,
    kind: Kind | None = None,
    state: State | None = None,
    tier: Tier | None = None,
    region: Annotated[str | None, Query(max_length=6)] = None,
) -> Page[CustomerSummary]:
    """Parties, newest first, without anything that names them."""
    chosen = repository.listing(kind=kind, state=state, tier=tier, region=region)
    return await keyset(db, chosen, (customer.c.created_at, customer.c.id), cursor, limit, as_it_is(CustomerSummary))


@router.get("/{customer_id}", response_model=Customer)
async def show_customer(
    request: Request,
    customer_id: UUID,
    show: Show,
    caller: CanRead,
    as_of: AwareDatetime | None = None,
    shape: Annotated[Shape | None, Query(alias="view", description="no more than that purpose needs")] = None,
) -> Response:
    """One party; with `as_of`, as it was recorded at that instant. The reading is recorded before the answer leaves.

    Staff see masks unless the customer opened a field for them (`…/access-grants`); `masked` and `withheld` say so.
    """
    if as_of is None:
        view = await show((customer_id, caller, shape))
    else:
        world = request.app.state.world
        async with world.db.begin() as tx:
            await reach(tx, storage.LINKS, caller, customer_id)
            view = await usecases.recorded_then(world, tx, customer_id, as_of, caller, shape)
    return with_etag(view, version=view.version)


@router.patch("/{customer_id}", response_model=Customer)
async def change_customer(
    request: Request, customer_id: UUID, body: ChangeCustomer, caller: CanChange, match: IfMatch, tx: Tx
) -> Response:
    """Change a party by RFC 7396 merge patch, on the version named by `If-Match`.

    Errors: 403 staff without the customer's authorisation for the field; 409 the life cycle does not allow the state;
    410 erased; 412 stale; 428 without `If-Match`.
    """
    view = await usecases.change_customer(request.app.state.world, tx, customer_id, body, match, caller)
    return with_etag(view, version=view.version)


@router.get("/{customer_id}/history")
async def show_history(request: Request, customer_id: UUID, caller: CanRead, tx: Tx) -> list[PastVersion]:
    """Every version of a party, newest first: what was recorded, when, by whom, until when."""
    await reach(tx, storage.LINKS, caller, customer_id)
    return await usecases.past_versions(request.app.state.world, tx, customer_id, caller)


@router.get("/{customer_id}/provenance")
async def show_provenance(request: Request, customer_id: UUID, caller: CanChange, tx: Tx) -> list[FieldProvenance]:
    """Of every fact that is known: who claims what, since when and how surely, and which claim holds. Not a customer's."""
    return await usecases.provenance(request.app.state.world, tx, customer_id, caller)


@router.get("/{customer_id}/name")
async def show_name(
    request: Request,
    customer_id: UUID,
    caller: CanRead,
    tx: Tx,
    language: Annotated[Language, Query()] = "zh-Hans",
) -> RenderedName:
    """The name as a language writes it: characters in Chinese, elsewhere the Latin form in the person's own order."""
    await reach(tx, storage.LINKS, caller, customer_id)
    return await usecases.name_in(request.app.state.world, tx, customer_id, language, caller)


@router.post("/lookups")
async def look_up_customer(request: Request, body: LookUp, caller: CanLookUp, tx: Tx) -> Found:
    """Whom a contact point or an identifier belongs to; only for callers with the look-up scope."""
    return await usecases.look_up(request.app.state.world, tx, body, caller)
