"""One service in the test's own process: real database, bus in memory, callers with tokens."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from fastapi import FastAPI

from shared.access import Verifier
from shared.crypto import Keyring
from shared.db import Database
from shared.events.bus import MemoryBus, Message
from shared.events.consumer import Consumer
from shared.events.envelope import CONTENT_TYPE, Record
from shared.events.relay import Relay
from shared.jobs.runner import JobRunner
from shared.settings import ServiceSettings
from shared.testing.tokens import Issuer
from shared.worker import Work, topic_of
from shared.world import World


@dataclass
class Service:
    """A running service: `client` makes callers, `worker` parts are stepped by hand."""

    name: str
    app: FastAPI
    world: World
    work: Work
    issuer: Issuer
    bus: MemoryBus = field(default_factory=MemoryBus)
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def client(self, *scopes: str, **claims: Any) -> httpx.AsyncClient:
        """A caller with these scopes; `actor`, `sub`, `customer_id` and the like are claims."""
        token = self.issuer.token(self.name, scopes, **claims)
        return await self.stack.enter_async_context(
            httpx.AsyncClient(
                transport=httpx.ASGITransport(self.app, raise_app_exceptions=False),
                base_url="http://test",
                headers={"Authorization": f"Bearer {token}"},
            )
        )

    async def relay(self) -> list[Record]:
        """Publish what the outbox holds; everything on this service's topic by now."""
        relay = Relay(
            self.world.db,
            self.bus,
            self.work.storage.EVENTS,
            topic=topic_of(self.name),
            source=self.work.storage.SOURCE,
        )
        while await relay.once():
            continue
        return self.bus.records(topic_of(self.name))

    async def hear(
        self,
        type_: str,
        data: bytes,
        *,
        key: str,
        subject: str,
        sequence: int = 1,
        id_: UUID,
        said_at: str = "2026-11-24T00:00:00Z",
    ) -> None:
        """Let the service hear one event, as another said it."""
        source = "/cxbank/" + type_.split(".")[1]
        topic = topic_of(type_.split(".")[1])
        headers = {
            "ce_specversion": "1.0",
            "ce_id": str(id_),
            "ce_source": source,
            "ce_type": type_,
            "ce_time": said_at,
            "ce_subject": subject,
            "ce_sequence": str(sequence),
            "ce_epoch": "1",
            "content-type": CONTENT_TYPE,
        }
        message = Message(topic, key.encode(), data, [(name, value.encode()) for name, value in headers.items()])
        ((number, offset),) = await self.bus.send([message])
        record = Record(topic, number, offset, message.key, message.value, tuple(message.headers))
        await self.consumer().hear([record], await self.bus.cluster_id())

    def consumer(self) -> Consumer:
        """The service's ears."""
        return Consumer(self.world.db, self.work.storage.EVENTS, self.work.handlers)

    async def run_jobs(self) -> None:
        """Carry out every job that waits."""
        runner = JobRunner(self.world, self.work.storage.JOBS, self.work.importers)
        while await runner.once():
            continue


@asynccontextmanager
async def running(
    url: str,
    *,
    settings: Callable[..., ServiceSettings],
    app: Callable[..., FastAPI],
    work: Callable[[World], Work],
    issuer: Issuer,
    keyring: Keyring | None = None,
    extra: Iterable[tuple[str, Any]] = (),
) -> AsyncIterator[Service]:
    """A service over the database at `url`, until the block ends; its keyring is its own unless two shall share one."""
    keyring = keyring or Keyring(Keyring.generate())
    made = settings(
        mode="test", database_url=url, keys_file=Path("unused"), issuer=issuer.name, log_level="error", **dict(extra)
    )
    db = Database(url, application_name="test")
    verifier = Verifier(issuer.name, made.service, issuer.fetch)
    application = app(made, db=db, keyring=keyring, verifier=verifier)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(db.close)
        await stack.enter_async_context(application.router.lifespan_context(application))
        world: World = application.state.world
        service = Service(made.service, application, world, work(world), issuer, stack=stack)
        yield service
        await asyncio.sleep(0)
