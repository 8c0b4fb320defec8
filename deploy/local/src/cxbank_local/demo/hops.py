"""What was said and who heard it: counted in the databases of both sides, hop by hop, with the time between."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, any_, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from cxbank_local.administration import Service
from shared.worker import topic_of

_AT_A_TIME = 20_000


@dataclass(frozen=True, slots=True)
class Hop:
    """One service listening to another: how much was said that it wants to hear, and how much it heard."""

    source: str
    listener: str
    said: int
    heard: int


@dataclass(frozen=True, slots=True)
class Delay:
    """Seconds from the commit that said something to the transaction that heard it."""

    source: str
    listener: str
    n: int
    p50: float
    p99: float


class NotQuiet(RuntimeError):
    """Something is still under way, or parked; the message says what."""


def _wanted(listener: Service, source: Service) -> list[str]:
    if topic_of(source.name) not in listener.work.topics:
        return []
    return [kind for kind in listener.work.handlers.of_type if kind.startswith(f"cxbank.{source.name}.")]


async def _said(source: Service, kinds: Sequence[str], since: UUID) -> dict[UUID, datetime]:
    outbox = source.work.storage.EVENTS.outbox
    found = select(outbox.c.id, outbox.c.time).where(outbox.c.id >= since, outbox.c.type.in_(kinds))
    async with source.world.db.read() as conn:
        return {row.id: row.time for row in await conn.execute(found)}


async def _heard(listener: Service, ids: Sequence[UUID]) -> dict[UUID, datetime]:
    inbox = listener.work.storage.EVENTS.inbox
    heard: dict[UUID, datetime] = {}
    found = select(inbox).where(inbox.c.id == any_(bindparam("ids", type_=ARRAY(Uuid))))
    async with listener.world.db.read() as conn:
        for start in range(0, len(ids), _AT_A_TIME):
            some = {"ids": list(ids[start : start + _AT_A_TIME])}
            heard |= {row.id: row.heard_at for row in await conn.execute(found, some)}
    return heard


async def _each(
    services: Mapping[str, Service], since: UUID
) -> list[tuple[Hop, dict[UUID, datetime], dict[UUID, datetime]]]:
    found = []
    for listener in services.values():
        for source in services.values():
            kinds = _wanted(listener, source)
            if not kinds:
                continue
            said = await _said(source, kinds, since)
            heard = await _heard(listener, list(said))
            found.append((Hop(source.name, listener.name, len(said), len(heard)), said, heard))
    return found


async def hops(services: Mapping[str, Service], since: UUID) -> list[Hop]:
    """Every pair that has something to say to one another, counted from an event id on."""
    return [hop for hop, _, _ in await _each(services, since)]


async def delays(services: Mapping[str, Service], since: UUID) -> list[Delay]:
    """How long every hop took, over the events from an id on."""
    found = []
    for hop, said, heard in await _each(services, since):
        took = sorted((heard[one] - at).total_seconds() for one, at in said.items() if one in heard)
        if took:
            p99 = took[min(len(took) - 1, int(len(took) * 0.99))]
            found.append(Delay(hop.source, hop.listener, len(took), took[len(took) // 2], p99))
    return found


async def _waiting(service: Service) -> tuple[int, int, int]:
    """Events not yet published, events parked, jobs not ended."""
    events, jobs = service.work.storage.EVENTS, service.work.storage.JOBS

    def count(table: Any, *where: Any) -> Any:
        return select(func.count()).select_from(table).where(*where).scalar_subquery()

    unpublished = count(events.outbox, events.outbox.c.published_at.is_(None))
    under_way = count(jobs.job, jobs.job.c.state.in_(("queued", "running")))
    async with service.world.db.read() as conn:
        row = (await conn.execute(select(unpublished, count(events.parked), under_way))).one()
    return int(row[0]), int(row[1]), int(row[2])


async def parked(services: Mapping[str, Service]) -> int:
    """How many events are parked anywhere."""
    return sum([(await _waiting(service))[1] for service in services.values()])


async def quiet(
    services: Mapping[str, Service], since: UUID, *, within: float, watch: Callable[[int], None] | None = None
) -> list[Hop]:
    """Wait until everything said from an id on was heard by everybody who wants to; the hops then. Raises NotQuiet."""
    until = time.monotonic() + within
    while True:
        busy = [(name, await _waiting(service)) for name, service in services.items()]
        left = sum(unpublished + under_way for _, (unpublished, _, under_way) in busy)
        counted = await hops(services, since) if left == 0 else []
        missing = left + sum(hop.said - hop.heard for hop in counted)
        if watch is not None:
            watch(missing)
        if counted and missing == 0:
            return counted
        if time.monotonic() > until:
            told = [
                f"{hop.source} → {hop.listener}: {hop.heard} of {hop.said}" for hop in counted if hop.said != hop.heard
            ]
            told += [f"{name}: {waiting} unpublished, parked, jobs" for name, waiting in busy if any(waiting)]
            raise NotQuiet(f"not quiet after {within:.0f} s: {'; '.join(told)}")
        await asyncio.sleep(0.3)
