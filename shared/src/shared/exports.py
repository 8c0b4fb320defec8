"""Handing over what a service holds of a customer: asked for by event, answered by event, fetched once it is ready."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, ClassVar, Final
from uuid import UUID

import orjson
from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from sqlalchemy import Column, DateTime, MetaData, Table, Uuid, select
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from shared import audit, clock
from shared.access import Caller, require
from shared.crypto import Subject
from shared.erasure import CUSTOMER
from shared.events import outbox
from shared.events.consumer import Handlers, Heard, Hears
from shared.events.envelope import Emit, Event
from shared.events.tables import EventTables
from shared.problems import NotFound
from shared.routing import Router
from shared.world import World

# (section, record): what a service holds of a person under these ids, opened, in a form a machine can read.
Gather = Callable[[World, AsyncConnection, Sequence[UUID]], AsyncIterator[tuple[str, Mapping[str, Any]]]]
NDJSON: Final = "application/x-ndjson"


class ExportRequested(Hears):
    """A customer asked for what is held of them, under every id they have; it may be fetched until `expires_at`."""

    type: ClassVar[str] = "cxbank.customer.export_requested.v1"
    request_id: UUID
    customer_id: UUID
    customer_ids: list[UUID]
    expires_at: datetime


class ExportReady(Event):
    """This service can hand it over; each service says it under its own name."""

    type: ClassVar[str] = "cxbank.service.export_ready.v1"
    request_id: UUID
    customer_id: UUID
    occurred_at: datetime


def ready_by(service: str) -> type[ExportReady]:
    """The event under the name of a service."""
    return type("ExportReady", (ExportReady,), {"type": f"cxbank.{service}.export_ready.v1"})


def export_table(metadata: MetaData) -> Table:
    """Which requests may be fetched, on a service's own metadata: ids and instants only, no copy of anything."""
    return Table(
        "privacy_export",
        metadata,
        Column("request_id", Uuid, primary_key=True),
        Column("customer_id", Uuid, nullable=False),
        Column("customer_ids", ARRAY(Uuid), nullable=False),
        Column("expires_at", DateTime(timezone=True), nullable=False),
    )


def listen(handlers: Handlers, world: World, tables: EventTables, source: str, table: Table) -> None:
    """Let a service hear of requests and answer that it is ready."""
    said = ready_by(world.settings.service)

    @handlers.on(ExportRequested)
    async def heard_exports(tx: AsyncConnection, events: Sequence[Heard[ExportRequested]]) -> None:
        for event in sorted(events, key=lambda event: event.data.request_id):
            asked = event.data
            row = asked.model_dump(include={"request_id", "customer_id", "customer_ids", "expires_at"})
            await tx.execute(insert(table).values(**row).on_conflict_do_nothing())
            answer = said(request_id=asked.request_id, customer_id=asked.customer_id, occurred_at=clock.now())
            emit = Emit(answer, key=asked.customer_id, subject=asked.request_id, sequence=1)
            await outbox.emit(tx, tables, source, [emit])


class ExportUnknown(NotFound):
    """No such request was heard of here, or its time is over."""

    title = "Export not found"


def exports_router(storage: Any, service: str, gather: Gather) -> APIRouter:
    """`GET /v1/privacy-exports/{request}` of one service: for the service that answers the customer, and nobody else."""
    router = Router(prefix="/v1/privacy-exports", tags=["privacy"])
    can_fetch = Annotated[Caller, require(f"{service}.privacy-exports:read", actors=())]
    table: Table = storage.EXPORTS

    @router.get(
        "/{request_id}",
        response_class=StreamingResponse,
        responses={200: {"content": {NDJSON: {"schema": {"type": "string"}}}}},
    )
    async def fetch_export(request: Request, request_id: UUID, caller: can_fetch) -> StreamingResponse:
        """All this service holds of the customer who asked, one `{section, record}` a line. Recorded before it begins.

        Of an id that was erased here nothing is held: a duty may have kept the person elsewhere, and they may ask there.
        """
        world: World = request.app.state.world
        async with world.db.begin() as tx:
            row = (await tx.execute(select(table).where(table.c.request_id == request_id))).one_or_none()
            if row is None or row.expires_at <= clock.now():
                raise ExportUnknown()
            gone = await world.vault.erased(tx, [Subject(CUSTOMER, one) for one in row.customer_ids])
            held = [one for one in row.customer_ids if Subject(CUSTOMER, one) not in gone]
            subject = Subject(CUSTOMER, row.customer_id)
            entry = audit.Entry("privacy.export", subject, "privacy_export", request_id, caller)
            await audit.seen(tx, storage.AUDIT, world.keyring, [entry])
        return StreamingResponse(lines(world, gather, held), media_type=NDJSON)

    return router


async def lines(world: World, gather: Gather, ids: Sequence[UUID]) -> AsyncIterator[bytes]:
    """What is gathered, as NDJSON, on a connection of its own: a slow reader holds none of the pool."""
    if not ids:
        return
    async with world.db.stream() as conn:
        async for section, record in gather(world, conn, ids):
            yield orjson.dumps({"section": section, "record": record}, default=str) + b"\n"
