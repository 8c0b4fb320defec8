"""HTTP of campaigns: plan, change, follow, count. No SQL, no rules."""

from uuid import UUID

from fastapi import Request, Response

from customer.campaigns import repository, usecases
from customer.campaigns.access import CanRead, CanWrite
from customer.campaigns.domain.standing import State
from customer.campaigns.schemas import Campaign, ChangeCampaign, DefineCampaign, Results
from customer.campaigns.tables import campaign
from shared.db import Read, Tx
from shared.etags import IfMatch, created, with_etag
from shared.idempotency import IdempotencyKey, wish_for
from shared.pagination import Cursor, Limit, Page, keyset
from shared.routing import Router

router = Router(prefix="/v1/campaigns", tags=["campaigns"])


@router.post("", status_code=201, response_model=Campaign)
async def define_campaign(
    request: Request, body: DefineCampaign, caller: CanWrite, tx: Tx, key: IdempotencyKey = None
) -> Response:
    """Plan a campaign as a draft; nobody is written to before it is scheduled.

    Errors: 422 no such segment or template, a text for codes, of another purpose or with other places than `data` fills.
    """
    world = request.app.state.world
    answer = await usecases.define_campaign(world, tx, wish_for(world.keyring, "campaign", body, caller, key))
    return created(answer, location=f"/v1/campaigns/{answer.view.id}", version=answer.view.version)


@router.get("")
async def list_campaigns(
    caller: CanRead, db: Read, cursor: Cursor, limit: Limit = 50, state: State | None = None
) -> Page[Campaign]:
    """Campaigns, newest first."""
    columns = (campaign.c.created_at, campaign.c.id)
    return await keyset(db, repository.listing(state), columns, cursor, limit, usecases.view_of)


@router.get("/{campaign_id}", response_model=Campaign)
async def show_campaign(campaign_id: UUID, caller: CanRead, db: Read) -> Response:
    """One campaign."""
    view = await usecases.show_campaign(db, campaign_id)
    return with_etag(view, version=view.version)


@router.patch("/{campaign_id}", response_model=Campaign)
async def change_campaign(
    request: Request, campaign_id: UUID, body: ChangeCampaign, caller: CanWrite, match: IfMatch, tx: Tx
) -> Response:
    """Change a draft by RFC 7396 merge patch, schedule it, pause it, go on, or end it by `state`.

    Pausing keeps what waits from being sent; ending lets it expire. Errors: 409 no draft any more, or no such step from
    where it stands; 412 stale; 422 as when planning, or its end has passed; 428 without `If-Match`.
    """
    view = await usecases.change_campaign(request.app.state.world, tx, campaign_id, body, match, caller)
    return with_etag(view, version=view.version)


@router.get("/{campaign_id}/results")
async def show_results(request: Request, campaign_id: UUID, caller: CanRead, db: Read) -> Results:
    """How it went, by variant and against those held out: everybody counts in the group they were drawn into."""
    return await usecases.results(request.app.state.world, db, campaign_id)
