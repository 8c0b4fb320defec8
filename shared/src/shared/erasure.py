"""Forgetting a customer on hearing of it: key destroyed, traces dropped, confirmed; and again after every restore."""

import os
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import ClassVar, Final
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from shared import clock
from shared.crypto import Subject
from shared.events import outbox
from shared.events.consumer import Handlers, Heard, Hears
from shared.events.envelope import Emit, Event
from shared.events.tables import EventTables
from shared.world import World

CUSTOMER: Final = "customer"
Forget = Callable[[AsyncConnection, Sequence[UUID]], Awaitable[None]]


class ErasureRequested(Hears):
    """A customer is to be forgotten, except by the services in `kept`: a law makes them keep what they have."""

    type: ClassVar[str] = "cxbank.customer.erasure_requested.v1"
    request_id: UUID
    customer_id: UUID
    kept: list[str] = []
    occurred_at: datetime


class ErasureConfirmed(Event):
    """This service has forgotten the customer, or was told to keep; each service says it under its own name."""

    type: ClassVar[str] = "cxbank.service.erasure_confirmed.v1"
    request_id: UUID
    customer_id: UUID
    kept: bool = False
    occurred_at: datetime


def confirmed_by(service: str) -> type[ErasureConfirmed]:
    """The event under the name of a service."""
    return type("ErasureConfirmed", (ErasureConfirmed,), {"type": f"cxbank.{service}.erasure_confirmed.v1"})


def listen(handlers: Handlers, world: World, tables: EventTables, source: str, forget: Forget) -> None:
    """Let a service hear of erasures and answer them; `forget` drops what only this service knows to drop."""
    said = confirmed_by(world.settings.service)

    @handlers.on(ErasureRequested)
    async def heard_erasures(tx: AsyncConnection, events: Sequence[Heard[ErasureRequested]]) -> None:
        for event in sorted(events, key=lambda event: event.data.customer_id):
            asked = event.data
            kept = world.settings.service in asked.kept
            if not kept:
                await erase(world, tx, asked.customer_id, forget)
            at = clock.now()
            answer = said(request_id=asked.request_id, customer_id=asked.customer_id, kept=kept, occurred_at=at)
            await outbox.emit(
                tx, tables, source, [Emit(answer, key=asked.customer_id, subject=asked.request_id, sequence=1)]
            )


async def erase(world: World, tx: AsyncConnection, customer_id: UUID, forget: Forget) -> bool:
    """Destroy the customer's key, drop the traces; whether there was anything left to do."""
    new = await world.vault.erase(tx, Subject(CUSTOMER, customer_id), clock.now())
    await forget(tx, [customer_id])
    return new


@dataclass(frozen=True, slots=True)
class Ledger:
    """A file apart from every database: after a restore it says who must be forgotten again."""

    path: Path

    def write(self, request_id: UUID, customer_id: UUID, at: datetime, kept: Sequence[str] = ()) -> None:
        """One line, on the disk before this returns. A line twice does no harm."""
        told = {"request_id": request_id, "customer_id": customer_id, "at": at, "kept": list(kept)}
        line = orjson.dumps(told) + b"\n"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        target = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(target, line)
            os.fsync(target)
        finally:
            os.close(target)

    def read(self, service: str) -> Iterator[tuple[UUID, UUID]]:
        """(request, customer) of every erasure that a service carried out; a line that was cut by a crash is passed over."""
        if not self.path.exists():
            return
        for line in self.path.read_bytes().splitlines():
            try:
                told = orjson.loads(line)
                if service not in told.get("kept", ()):
                    yield UUID(told["request_id"]), UUID(told["customer_id"])
            except (ValueError, KeyError):
                continue


def keep_ledger(handlers: Handlers, ledger: Ledger) -> None:
    """Let the service that owns erasures write each into the ledger."""

    @handlers.on(ErasureRequested)
    async def note_erasures(_: AsyncConnection, events: Sequence[Heard[ErasureRequested]]) -> None:
        for event in events:
            asked = event.data
            ledger.write(asked.request_id, asked.customer_id, asked.occurred_at, asked.kept)
