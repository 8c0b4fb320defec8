"""The back door of every service: relay, ears, jobs and timers until it is told to stop, with health and metrics beside."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any, ClassVar, Final, Protocol

import uvicorn
from fastapi import FastAPI
from sqlalchemy import MetaData, Table
from sqlalchemy.ext.asyncio import AsyncConnection

from shared import audit, clock, idempotency, partitions
from shared.app import health_routes, install, prepare, settle
from shared.audit import AuditTables
from shared.crypto import Keyring
from shared.db import Database
from shared.erasure import Forget
from shared.events import inbox, outbox
from shared.events.bus import Bus
from shared.events.consumer import Consumer, Handlers
from shared.events.envelope import Emit, Event
from shared.events.hearing import Ears
from shared.events.kafka import KafkaBus
from shared.events.relay import Relay
from shared.events.tables import EventTables
from shared.jobs.importer import Importer
from shared.jobs.runner import JobRunner
from shared.jobs.tables import JobTables
from shared.jobs.timers import Act, Timers
from shared.jobs.turns import Part
from shared.migrations import partitioned
from shared.settings import ServiceSettings
from shared.telemetry import configure, log, trace_to
from shared.webhooks import delivery
from shared.webhooks.tables import WebhookTables
from shared.world import World

SEAL_SECONDS: Final = 5
ANCHOR_SECONDS: Final = 60
UPKEEP_SECONDS: Final = 3_600
# A group of a file is a hundred thousand objects, all of which live until it is kept.
_YOUNG: Final = 100_000


class Storage(Protocol):
    """What a service's `storage.py` offers."""

    SOURCE: str
    metadata: MetaData
    KEYS: Table
    GATE: Table
    EVENTS: EventTables
    AUDIT: AuditTables
    JOBS: JobTables
    WEBHOOKS: WebhookTables


Snapshots = Callable[[World], AsyncIterator[Sequence[Emit]]]


@dataclass(frozen=True)
class Work:
    """What one service does by itself: the list its `worker.py` draws up."""

    storage: Storage
    handlers: Handlers
    topics: Sequence[str]
    importers: Sequence[Importer]
    forget: Forget
    snapshots: Snapshots
    acts: Mapping[str, Act] = field(default_factory=dict)
    every: Mapping[str, int] = field(default_factory=dict)
    parts: Mapping[str, Part] = field(default_factory=dict)


class AuditAnchored(Event):
    """The end of the audit chain at this moment, for whoever keeps it outside."""

    type: ClassVar[str] = "cxbank.service.audit_anchored.v1"
    seq: int
    head: str


def anchored_by(service: str) -> type[AuditAnchored]:
    """The event under the name of a service."""
    return type("AuditAnchored", (AuditAnchored,), {"type": f"cxbank.{service}.audit_anchored.v1"})


def topic_of(service: str) -> str:
    """Where a service speaks."""
    return f"cxbank.{service}.events"


def _upkeep(world: World, work: Work) -> dict[str, Act]:
    """What every service does by time."""
    storage, settings = work.storage, world.settings
    heads: dict[str, audit.Head] = {}

    async def seal(tx: AsyncConnection, _: Mapping[str, Any]) -> None:
        head = await audit.seal(tx, storage.AUDIT, world.keyring)
        if head is not None:
            heads["last"] = head
            log.info("audit_sealed", service=settings.service, seq=head.seq, head=head.head.hex())

    async def anchor(tx: AsyncConnection, _: Mapping[str, Any]) -> None:
        head = heads.pop("last", None)
        if head is not None:
            event = anchored_by(settings.service)(seq=head.seq, head=head.head.hex())
            said = Emit(event, key=settings.service, subject=settings.service, sequence=head.seq)
            await outbox.emit(tx, storage.EVENTS, storage.SOURCE, [said])

    async def keys(tx: AsyncConnection, _: Mapping[str, Any]) -> None:
        await idempotency.forget_headers(tx, storage.GATE)

    return {"seal": seal, "anchor": anchor, "forget_headers": keys}


async def _partitions(settings: ServiceSettings, storage: Storage) -> None:
    """Make the days ahead and let go of the days past; only the role that owns the tables can."""
    if settings.migrator_url is None:
        return
    db = Database(settings.migrator_url.get_secret_value(), pool_size=2, application_name=f"{settings.service}-upkeep")
    try:
        for table, span in partitioned(storage.metadata).items():
            async with db.begin() as tx:
                await partitions.ensure(tx, table, span=span)
        async with db.begin() as tx:
            before = clock.now() - timedelta(hours=settings.retention_hours)
            await partitions.drop_before(tx, storage.EVENTS.outbox.name, before)
            await inbox.forget(tx, storage.EVENTS, timedelta(hours=settings.inbox_hours))
    finally:
        await db.close()


class _Supervisor:
    """Runs parts beside one another; one that fails is begun again, and its failure is seen."""

    def __init__(self, stopping: asyncio.Event) -> None:
        self._stopping = stopping

    async def keep(self, name: str, part: Callable[[], Awaitable[None]]) -> None:
        """Begin a part again until told to stop."""
        pause = 0.5
        while not self._stopping.is_set():
            try:
                await part()
                if self._stopping.is_set():
                    return
            except asyncio.CancelledError:
                raise
            except Exception as error:  # noqa: BLE001  # a part's failure must not end the others
                log.error("part_failed", part=name, kind=type(error).__name__, retry_seconds=pause)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)
            pause = min(pause * 2, 10.0)


async def work_until(
    world: World, bus: Bus, work: Work, stopping: asyncio.Event, *, ready: asyncio.Event | None = None
) -> None:
    """Everything a worker does, until told to stop. Tests call it with a bus in memory."""
    storage, settings = work.storage, world.settings
    wake = asyncio.Event()
    world.db.on_commit = lambda _: wake.set()
    hooks = delivery.Sender(world, storage)
    relay = Relay(
        world.db,
        bus,
        storage.EVENTS,
        topic=topic_of(settings.service),
        source=storage.SOURCE,
        spread=lambda tx, ids: delivery.spread(tx, storage, ids),
    )
    consumer = Consumer(world.db, storage.EVENTS, work.handlers)
    jobs = JobRunner(world, storage.JOBS, work.importers)
    upkeep = _upkeep(world, work)
    every = {"seal": SEAL_SECONDS, "anchor": ANCHOR_SECONDS, "forget_headers": UPKEEP_SECONDS}
    timers = Timers(world.db, storage.JOBS, upkeep | dict(work.acts), every | dict(work.every))

    async def care() -> None:
        while not stopping.is_set():
            await _partitions(settings, storage)
            await jobs.sweep()
            async with world.db.begin() as tx:
                await hooks.upkeep(tx)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), UPKEEP_SECONDS)

    parts: dict[str, Callable[[], Awaitable[None]]] = {
        "relay": lambda: relay.run(stopping, wake),
        "jobs": lambda: jobs.run(stopping),
        "timers": lambda: timers.run(stopping),
        "webhooks": lambda: hooks.run(stopping),
        "care": care,
    }
    for name, own in work.parts.items():
        parts[name] = partial(own, stopping)
    if work.topics:
        ears = Ears(world.db, bus, consumer, work.topics, first=relay.behind)
        parts["ears"] = lambda: ears.run(stopping)
    supervisor = _Supervisor(stopping)
    if ready is not None:
        ready.set()
    async with asyncio.TaskGroup() as group:
        for name, part in parts.items():
            group.create_task(supervisor.keep(name, part), name=name)
    await bus.stop()


def serve_worker(settings: ServiceSettings, draw_up: Callable[[World], Work], keys: Table) -> None:
    """Run a worker until it is told to stop; what is under way is finished or left where another can go on."""
    import uvloop  # noqa: PLC0415  # not on every platform a test may run on

    configure(settings.log_level)
    uvloop.run(_serve(settings, draw_up, keys))


async def _serve(settings: ServiceSettings, draw_up: Callable[[World], Work], keys: Table) -> None:
    if settings.otlp_endpoint:
        trace_to(settings.otlp_endpoint, f"{settings.service}-worker")
    db = Database(
        settings.database_url.get_secret_value(),
        pool_size=settings.pool_size,
        application_name=f"{settings.service}-worker",
    )
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    world = prepare(app, settings, db, Keyring.load(settings.keys_file), keys)
    app.include_router(health_routes())
    install(app)
    app.router.lifespan_context = _no_lifespan
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.worker_port,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
    )
    server = uvicorn.Server(config)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    settle(_YOUNG)
    log.info("started", service=settings.service, role="worker")
    health = asyncio.create_task(_health(server))
    try:
        await work_until(world, KafkaBus(settings), draw_up(world), stopping)
    finally:
        server.should_exit = True
        await health
        await db.close()
        log.info("stopped", service=settings.service, role="worker")


@contextlib.asynccontextmanager
async def _no_lifespan(_: FastAPI) -> AsyncIterator[None]:
    yield


async def _health(server: uvicorn.Server) -> None:
    """Health and metrics, without uvicorn's own signal handlers: the worker's are the ones that count."""
    server.config.load()
    server.lifespan = server.config.lifespan_class(server.config)
    await server.startup()
    try:
        if not server.should_exit:
            await server.main_loop()
    finally:
        await server.shutdown()
