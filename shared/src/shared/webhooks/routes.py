"""HTTP of webhooks: subscribe, read, change, end, change the secret, see what waits, send again. One router a service."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlalchemy import delete, select

from shared import clock
from shared.access import Caller, require
from shared.db import Read, Tx
from shared.etags import IfMatch, check_version, created, with_etag
from shared.idempotency import IdempotencyKey, wish_for
from shared.pagination import Cursor, Limit, Page, as_it_is, keyset
from shared.problems import FieldError, Malformed
from shared.routing import Router
from shared.webhooks import delivery
from shared.webhooks.delivery import WEBHOOK
from shared.webhooks.schemas import (
    ChangeWebhook,
    Delivery,
    DeliveryState,
    Replay,
    Replayed,
    Subscribe,
    Webhook,
    WebhookState,
)
from shared.webhooks.signing import new_secret
from shared.webhooks.subscribing import OVERLAP, Desk, view_of


def webhooks_router(storage: Any, service: str) -> APIRouter:
    """`/v1/webhooks` of one service, over its storage; scopes `<service>.webhooks:read|write`."""
    router = Router(prefix="/v1/webhooks", tags=["webhooks"])
    can_write = Annotated[Caller, require(f"{service}.webhooks:write")]
    can_read = Annotated[Caller, require(f"{service}.webhooks:read")]
    _subscriptions(router, Desk(storage, service), can_write, can_read)
    _deliveries(router, Desk(storage, service), can_write, can_read)
    return router


def _subscriptions(router: APIRouter, desk: Desk, can_write: Any, can_read: Any) -> None:
    table = desk.storage.WEBHOOKS.webhook

    @router.post("", status_code=201, response_model=Webhook)
    async def subscribe_webhook(
        request: Request, body: Subscribe, caller: can_write, tx: Tx, key: IdempotencyKey = None
    ) -> Response:
        """Be told of this service's events by signed POSTs (Standard Webhooks); the answer alone tells the secret.

        Errors: 422 the host is not allowed, or the service says no such event.
        """
        world = request.app.state.world
        desk.check(world, body.url, body.types)
        answer = await desk.subscribe(world, tx, wish_for(world.keyring, WEBHOOK, body, caller, key))
        return created(answer, location=f"/v1/webhooks/{answer.view.id}", version=answer.view.version)

    @router.get("", response_model=Page[Webhook])
    async def list_webhooks(caller: can_read, db: Read, cursor: Cursor, limit: Limit = 50) -> Page[Webhook]:
        """Subscriptions, newest first; a client sees its own."""
        chosen = select(table)
        if caller.actor == "client":
            chosen = chosen.where(table.c.sub == caller.sub)
        return await keyset(db, chosen, (table.c.created_at, table.c.id), cursor, limit, view_of)

    @router.get("/{webhook_id}", response_model=Webhook)
    async def show_webhook(webhook_id: UUID, caller: can_read, db: Read) -> Response:
        """One subscription, and whether its other side is away."""
        view = view_of(await desk.row(db, webhook_id, caller))
        return with_etag(view, version=view.version)

    @router.patch("/{webhook_id}", response_model=Webhook)
    async def change_webhook(
        request: Request, webhook_id: UUID, body: ChangeWebhook, caller: can_write, match: IfMatch, tx: Tx
    ) -> Response:
        """Change address, types or state; `active` also forgets that the other side was away."""
        world = request.app.state.world
        desk.check(world, body.url, body.types)
        if body.state is WebhookState.ENDED:
            raise Malformed(errors=[FieldError("/state", "enum", "delete it instead")])
        row = await desk.row(tx, webhook_id, caller, held=True)
        check_version(match, row.version)
        values = body.model_dump(exclude_none=True)
        if body.state is WebhookState.ACTIVE:
            values |= {"failures": 0, "retry_at": None}
        view = await desk.change(tx, row, values)
        await desk.note(world, tx, "webhook.change", webhook_id, caller)
        return with_etag(view, version=view.version)

    @router.delete("/{webhook_id}", status_code=204)
    async def end_webhook(request: Request, webhook_id: UUID, caller: can_write, match: IfMatch, tx: Tx) -> Response:
        """End the subscription and drop what waits for it."""
        row = await desk.row(tx, webhook_id, caller, held=True)
        check_version(match, row.version)
        await tx.execute(delete(table).where(table.c.id == webhook_id))
        await desk.note(request.app.state.world, tx, "webhook.end", webhook_id, caller)
        return Response(status_code=204)

    @router.post("/{webhook_id}/secrets", response_model=Webhook)
    async def change_secret(request: Request, webhook_id: UUID, caller: can_write, match: IfMatch, tx: Tx) -> Response:
        """A new secret, told in this answer alone; the former one signs beside it for 24 hours."""
        world = request.app.state.world
        row = await desk.row(tx, webhook_id, caller, held=True)
        check_version(match, row.version)
        secret = new_secret()
        values = {
            "secret": await desk.sealed(world, tx, webhook_id, secret),
            "former_secret": row.secret,
            "former_until": clock.now() + OVERLAP,
        }
        view = (await desk.change(tx, row, values)).model_copy(update={"secret": secret})
        await desk.note(world, tx, "webhook.change_secret", webhook_id, caller)
        return with_etag(view, version=view.version)


def _deliveries(router: APIRouter, desk: Desk, can_write: Any, can_read: Any) -> None:
    tables = desk.storage.WEBHOOKS
    deliveries = tables.delivery

    @router.get("/{webhook_id}/deliveries", response_model=Page[Delivery])
    async def list_deliveries(
        webhook_id: UUID,
        caller: can_read,
        db: Read,
        cursor: Cursor,
        limit: Limit = 50,
        state: DeliveryState | None = None,
    ) -> Page[Delivery]:
        """What was delivered, waits or is parked, newest first."""
        await desk.row(db, webhook_id, caller)
        chosen = select(deliveries).where(deliveries.c.webhook_id == webhook_id)
        if state is not None:
            chosen = chosen.where(deliveries.c.state == state)
        columns = (deliveries.c.said_at, deliveries.c.event_id)
        return await keyset(db, chosen, columns, cursor, limit, as_it_is(Delivery))

    @router.post("/{webhook_id}/replays")
    async def replay_webhook(request: Request, webhook_id: UUID, body: Replay, caller: can_write, tx: Tx) -> Replayed:
        """Send again what is parked, or everything since an instant that is still kept. A repeat does no harm."""
        await desk.row(tx, webhook_id, caller, held=True)
        many = await delivery.replay(tx, tables, webhook_id, body.since)
        await desk.note(request.app.state.world, tx, "webhook.replay", webhook_id, caller)
        return Replayed(deliveries=many)
