"""HTTP of interactions: record, import, read one, timeline, profile, what features there are. No SQL, no rules."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response
from pydantic import AwareDatetime
from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.consents.usecases import SERVICING
from customer.interactions import usecases
from customer.interactions.access import CanImport, CanProfile, CanReadFeatures, CanRecord, CanSee
from customer.interactions.domain.facts import Kind
from customer.interactions.domain.features import FEATURES
from customer.interactions.schemas import FeatureShape, Interaction, Profile, RecordInteraction, cells
from shared.db import Tx
from shared.etags import created, with_etag
from shared.grouping import Grouped, grouped
from shared.idempotency import Answer, IdempotencyKey, Wish, wish_for
from shared.jobs.importer import Importer
from shared.jobs.routes import import_route
from shared.pagination import Cursor, Limit, Page
from shared.routing import Router
from shared.world import World

router = Router(prefix="/v1/interactions", tags=["interactions"])
INTERACTIONS = Importer(
    "interactions", usecases.INTERACTION, RecordInteraction, usecases.import_interactions, cells=cells, group=5_000
)
import_route(router, INTERACTIONS, storage.JOBS, CanImport)

Record = Annotated[Grouped[Wish[RecordInteraction], Answer[Interaction]], grouped(usecases.record_interactions)]
Show = Annotated[Grouped[tuple[UUID, object], Interaction], grouped(usecases.show_interactions, looks=True)]


@router.post("", status_code=201, response_model=Interaction)
async def record_interaction(
    request: Request, body: RecordInteraction, record: Record, caller: CanRecord, key: IdempotencyKey = None
) -> Response:
    """Record one thing that happened; a repeat by `event_id` answers 200. A customer not heard of yet is no error.

    Errors: 409 the `event_id` is known with other content; 410 the customer was erased; 422 a time more than two minutes
    ahead, an unknown currency.
    """
    answer = await record(wish_for(request.app.state.keyring, usecases.INTERACTION, body, caller, key))
    return created(answer, location=f"/v1/interactions/{answer.view.id}", version=answer.view.version)


@router.get("/{interaction_id}", response_model=Interaction)
async def show_interaction(interaction_id: UUID, show: Show, caller: CanSee) -> Response:
    """One interaction; the reading is recorded before the answer leaves. A customer sees their own, without screenings."""
    view = await show((interaction_id, caller))
    return with_etag(view, version=view.version)


_about = Router(tags=["interactions"])


@_about.get("/v1/customers/{customer_id}/timeline", response_model=Page[Interaction])
async def show_timeline(
    request: Request,
    customer_id: UUID,
    caller: CanSee,
    tx: Tx,
    cursor: Cursor,
    limit: Limit = 50,
    kinds: Annotated[list[Kind] | None, Query(description="of these kinds only")] = None,
    as_of: AwareDatetime | None = None,
) -> Page[Interaction]:
    """What a customer did, newest first, with everybody who counts as the same party; `as_of`: as recorded then.

    A customer sees their own, without screenings. Errors: 404 nothing is known of that id; 410 erased.
    """
    world = request.app.state.world
    chosen = sorted(kinds or ())
    return await usecases.show_timeline(world, tx, customer_id, caller, cursor, limit, kinds=chosen, as_of=as_of)


@_about.get("/v1/feature-definitions")
async def list_features(caller: CanReadFeatures) -> list[FeatureShape]:
    """What features there are, with their meaning in English and Chinese. Windowed ones take any number of days."""
    return [
        FeatureShape(name=one.name, type=one.type, unit=one.unit, description=dict(one.description))
        for one in FEATURES.values()
    ]


def routers(parts: Sequence[usecases.Part] = (), cuts: usecases.Cuts = usecases.no_cuts) -> list[Router]:
    """This capability's routers; the profile is put together from its own parts and those handed in.

    `cuts` reads the cut points by which the fifths of RFM are told.
    """
    profile = Router(tags=["interactions"])
    together = (*usecases.PARTS, *parts)

    async def show_profiles(world: World, tx: AsyncConnection, wishes: Sequence[Any]) -> Sequence[Any]:
        return await usecases.show_profiles(world, tx, wishes, together, cuts)

    show = Annotated[Grouped[usecases.AskProfile, Profile], grouped(show_profiles)]

    @profile.get("/v1/customers/{customer_id}/profile", response_model=Profile)
    async def show_profile(
        customer_id: UUID,
        show: show,
        caller: CanProfile,
        features: Annotated[list[str] | None, Query(max_length=100, description="these only")] = None,
        as_of: AwareDatetime | None = None,
        valid_at: AwareDatetime | None = None,
        use: Annotated[str, Query(max_length=40, description="for what it is read")] = SERVICING,
    ) -> Profile:
        """A customer at one instant: facts, features with how long they hold, party, consents and what else is known.

        `as_of`: from what had been recorded by then; `valid_at`: the features of that instant (without it, of `as_of`).
        With either there are no sections. `use`: for what it is read (`servicing`, `marketing`, `improvement`,
        `fraud_prevention`, …); what that may not see is left out, and `grounds` say on what the rest rests. The reading is
        recorded before the answer leaves.

        Errors: 404 nothing is known of that id; 410 erased; 422 an unknown feature or use.
        """
        names = usecases.checked(features or (), use, caller)
        return await show(usecases.AskProfile(customer_id, caller, as_of, valid_at, names, use))

    return [router, _about, profile]
