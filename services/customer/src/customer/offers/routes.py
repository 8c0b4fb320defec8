"""HTTP of offers: the catalogue, assessments, what is best for a customer, what became of it, what it was worth."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from customer.offers import usecases
from customer.offers.access import CanAnswer, CanAsk, CanAssess, CanDefine, CanInspect, CanRead, CanReadAssessments
from customer.offers.domain.services import Channel
from customer.offers.schemas import (
    Assessment,
    AssessSuitability,
    ChangeService,
    DefineService,
    FairnessReport,
    LiftReport,
    NextBest,
    OfferOutcome,
    RecordAssessment,
    RecordOutcome,
    SayOutcome,
    ServiceView,
)
from customer.outreach.usecases import Barred
from shared import clock
from shared.db import Read, Tx
from shared.etags import IfMatch, created, with_etag
from shared.grouping import Grouped, grouped
from shared.idempotency import Answer, IdempotencyKey, Wish, wish_for
from shared.routing import Router
from shared.world import World

services = Router(prefix="/v1/services", tags=["offers"])
of_customer = Router(prefix="/v1/customers/{customer_id}", tags=["offers"])
decisions = Router(prefix="/v1/offer-decisions", tags=["offers"])

Say = Annotated[Grouped[Wish[RecordOutcome], Answer[OfferOutcome]], grouped(usecases.say_outcomes)]
Since = Annotated[date | None, Query(alias="from")]
Until = Annotated[date | None, Query(alias="to")]


@services.post("", status_code=201, response_model=ServiceView)
async def define_service(request: Request, body: DefineService, caller: CanDefine, tx: Tx) -> Response:
    """Put an entry into the catalogue; its `key` is its key: a repeat answers 200.

    Errors: 409 the key is known with other content; 422 a condition does not parse, type-check or costs too much, a purpose
    nobody has, a value in another currency than the weights.
    """
    view, replayed = await usecases.define_service(request.app.state.world, tx, body, caller)
    return created(Answer(view, replayed=replayed), location=f"/v1/services/{view.key}", version=view.version)


@services.get("")
async def list_services(caller: CanRead, db: Read) -> list[ServiceView]:
    """The catalogue in its newest versions, by key: a few dozen, so that it comes whole."""
    return await usecases.list_services(db)


@services.post("/presets", status_code=200)
async def adopt_service_presets(request: Request, caller: CanDefine, tx: Tx) -> list[ServiceView]:
    """Define the entries that come with the service; the ones made now.

    Those already there stay as they are, but for one that still says what it said when it came: it gets the next version.
    """
    return await usecases.adopt_presets(request.app.state.world, tx, caller)


@services.get("/lift")
async def show_lift(
    request: Request, caller: CanRead, db: Read, since: Since = None, until: Until = None
) -> LiftReport:
    """What next best services were worth against the control group, by entry; `from` and `to` are days of qualifying."""
    settings = request.app.state.world.settings
    return await usecases.show_lift(db, since, until, zone=settings.zone, fewest=settings.fewest_people, at=clock.now())


@services.get("/fairness")
async def show_fairness(
    request: Request, caller: CanRead, db: Read, since: Since = None, until: Until = None
) -> FairnessReport:
    """Who is offered what and who takes it, by age band, gender and region; `from` and `to` choose whole months."""
    fewest = request.app.state.world.settings.fewest_people
    return await usecases.show_fairness(db, since, until, fewest=fewest, at=clock.now())


@services.get("/{key}", response_model=ServiceView)
async def show_service(
    key: str, caller: CanRead, db: Read, version: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None
) -> Response:
    """One entry in its newest version, or as it was in another."""
    view = await usecases.show_service(db, key, version)
    return with_etag(view, version=view.version)


@services.patch("/{key}", response_model=ServiceView)
async def change_service(
    request: Request, key: str, body: ChangeService, caller: CanDefine, match: IfMatch, tx: Tx
) -> Response:
    """Make the next version of an entry by RFC 7396 merge patch; what was decided by the one before stays told.

    Errors: 412 stale; 422 as when defining, or `effective_from` lies in the past; 428 without `If-Match`.
    """
    view = await usecases.change_service(request.app.state.world, tx, key, body, match, caller)
    return with_etag(view, version=view.version)


@of_customer.post("/offer-outcomes", status_code=201, response_model=OfferOutcome)
async def say_outcome(
    request: Request, customer_id: UUID, body: SayOutcome, say: Say, caller: CanAnswer, key: IdempotencyKey = None
) -> Response:
    """Say what became of an offer: shown, ignored, declined, accepted; the higher word stands, in whatever order they come.

    Without `decision_id` the service was taken without having been offered: it counts for the comparison with the control
    group, not for how likely an offer is taken.

    Errors: 404 no such decision about this customer; 409 the `external_ref` is known with other content; 410 erased; 422 the
    decision did not offer it, a time more than two minutes ahead, no key of any kind.
    """
    whole = RecordOutcome.model_validate({"customer_id": customer_id, **body.model_dump(exclude_unset=True)})
    answer = await say(wish_for(request.app.state.keyring, usecases.OUTCOME, whole, caller, key))
    return created(answer, location=f"/v1/customers/{customer_id}/offer-outcomes/{answer.view.id}", version=1)


@of_customer.post("/suitability-assessments", status_code=201, response_model=Assessment)
async def assess_suitability(
    request: Request,
    customer_id: UUID,
    body: AssessSuitability,
    caller: CanAssess,
    tx: Tx,
    key: IdempotencyKey = None,
) -> Response:
    """Record what was found of a customer: the risk they can bear, what makes them vulnerable. The latest word holds.

    Errors: 404 unknown; 409 the `external_ref` is known with other content; 410 erased; 422 a time ahead, no key of any kind.
    """
    whole = RecordAssessment.model_validate({"customer_id": customer_id, **body.model_dump(exclude_unset=True)})
    wish = wish_for(request.app.state.keyring, usecases.ASSESSMENT, whole, caller, key)
    answer = await usecases.assess(request.app.state.world, tx, wish)
    return created(answer, location=f"/v1/customers/{customer_id}/suitability-assessments/{answer.view.id}", version=1)


@of_customer.get("/suitability-assessments")
async def list_assessments(request: Request, customer_id: UUID, caller: CanReadAssessments, tx: Tx) -> list[Assessment]:
    """Every assessment of a person, latest first: a handful, so that they come whole. The reading is recorded."""
    return await usecases.list_assessments(request.app.state.world, tx, customer_id, caller)


@decisions.get("/{decision_id}")
async def show_decision(request: Request, decision_id: UUID, caller: CanInspect, tx: Tx) -> NextBest:
    """A decision as it was made, with every reason, score and receipt; the reading is recorded.

    Errors: 404 unknown; 410 the customer was erased.
    """
    return await usecases.show_decision(request.app.state.world, tx, decision_id, caller)


def routers(barred: Barred) -> list[Router]:
    """This capability's routers; `barred` reads the channels that restrictions of risk bar."""
    asking = Router(prefix="/v1/customers/{customer_id}", tags=["offers"])

    async def next_best(world: World, tx: AsyncConnection, asks: Sequence[Any]) -> Sequence[Any]:
        return await usecases.next_best(world, tx, asks, barred)

    ask = Annotated[Grouped[usecases.Ask, NextBest], grouped(next_best)]

    @asking.get("/next-best-services", response_model=NextBest)
    async def show_next_best(
        customer_id: UUID,
        ask: ask,
        caller: CanAsk,
        channel: Channel,
        limit: Annotated[int, Query(ge=1, le=20)] = 3,
    ) -> NextBest:
        """The next best services of a customer on a channel, best first, and why every other entry is not among them.

        The decision is kept under `id`, with the receipts it rests on; asking is recorded before the answer leaves. Who is in
        the control group is sold nothing here. Customers see what is offered to them, not how it came about.

        Errors: 404 unknown; 410 erased.
        """
        return await ask(usecases.Ask(customer_id, channel, limit, caller))

    return [services, asking, of_customer, decisions]
