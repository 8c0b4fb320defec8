"""Forgetting a customer on hearing of it: key destroyed, traces dropped, confirmed; and again after every restore."""

import os
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Final
from uuid import UUID

import orjson
from sqlalchemy import MetaData, Uuid, bindparam, func, literal, select, union_all
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
    """This service has forgotten the customer, or was told to keep; each service says it under its own name.

    `removed` and `left` count rows by table: rows that named the customer and do not any more, and rows that still do.
    Nothing in those can be read once the key is destroyed, unless a duty `kept` them.
    """

    type: ClassVar[str] = "cxbank.service.erasure_confirmed.v1"
    request_id: UUID
    customer_id: UUID
    kept: bool = False
    removed: dict[str, int] = {}
    left: dict[str, int] = {}
    occurred_at: datetime


_NAMING: Final = ("customer_id", "subject")


@cache
def _counting(metadata: MetaData) -> Any:
    """One statement that counts, table by table, the rows in which a customer is named."""
    who = bindparam("who", type_=Uuid)
    naming = [
        (table.name, table.c[column] == who)
        for table in metadata.sorted_tables
        for column in _NAMING
        if column in table.c and isinstance(table.c[column].type, Uuid)
    ]
    own = metadata.tables.get(CUSTOMER)
    naming += [] if own is None else [(CUSTOMER, own.c.id == who)]
    return union_all(
        *(select(literal(name).label("name"), func.count().label("rows")).where(holds) for name, holds in naming)
    )


async def named(conn: AsyncConnection, metadata: MetaData, customer_id: UUID) -> dict[str, int]:
    """In how many rows of each table the customer is named; tables without one are not in the answer."""
    counted = await conn.execute(_counting(metadata), {"who": customer_id})
    return {row.name: row.rows for row in counted if row.rows}


def removed(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int]:
    """How many rows of each table do not name the customer any more."""
    gone = {name: rows - after.get(name, 0) for name, rows in before.items()}
    return {name: rows for name, rows in gone.items() if rows > 0}


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
            before = await named(tx, tables.outbox.metadata, asked.customer_id)
            kept = world.settings.service in asked.kept
            if not kept:
                await erase(world, tx, asked.customer_id, forget)
            after = await named(tx, tables.outbox.metadata, asked.customer_id)
            answer = said(
                request_id=asked.request_id,
                customer_id=asked.customer_id,
                kept=kept,
                removed=removed(before, after),
                left=after,
                occurred_at=clock.now(),
            )
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
