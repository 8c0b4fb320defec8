"""A small service that says one kind of event, with webhooks, and a host outside that answers as it is told."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from shared import partitions
from shared.access import Verifier
from shared.app import create_app
from shared.audit import audit_tables
from shared.crypto import Keyring, subject_key_table
from shared.db import Database, new_metadata
from shared.events import outbox
from shared.events.bus import MemoryBus
from shared.events.envelope import Emit, Event
from shared.events.relay import Relay
from shared.events.tables import event_tables
from shared.idempotency import gate_table
from shared.settings import ServiceSettings
from shared.testing.outsider import Outsider
from shared.testing.outsider import outsider as outsiders
from shared.testing.tokens import Issuer
from shared.webhooks import delivery
from shared.webhooks.routes import webhooks_router
from shared.webhooks.tables import webhook_tables
from shared.world import World

metadata = new_metadata()
STORAGE = SimpleNamespace(
    SOURCE="/cxbank/hooked",
    KEYS=subject_key_table(metadata),
    GATE=gate_table(metadata),
    EVENTS=event_tables(metadata),
    AUDIT=audit_tables(metadata),
    WEBHOOKS=webhook_tables(metadata),
)


class ThingHappened(Event):
    """Something happened to a thing."""

    type: ClassVar[str] = "cxbank.hooked.happened.v1"
    number: int


class HookedSettings(ServiceSettings):
    service: ClassVar[str] = "hooked"


@pytest.fixture
async def outsider() -> AsyncIterator[Outsider]:
    async with outsiders() as made:
        yield made


@dataclass
class Hooked:
    """The service, stepped by hand."""

    world: World
    bus: MemoryBus
    caller: Callable[..., httpx.AsyncClient]
    sender: delivery.Sender

    async def say(self, *numbers: int) -> None:
        """Say events and publish them."""
        async with self.world.db.begin() as tx:
            said = [Emit(ThingHappened(number=one), key="k", subject="k", sequence=one) for one in numbers]
            await outbox.emit(tx, STORAGE.EVENTS, STORAGE.SOURCE, said)
        await self.publish()

    async def publish(self) -> None:
        """What the relay does."""
        relay = Relay(
            self.world.db,
            self.bus,
            STORAGE.EVENTS,
            topic="cxbank.hooked.events",
            source=STORAGE.SOURCE,
            spread=lambda tx, ids: delivery.spread(tx, STORAGE, ids),
        )
        while await relay.once():
            continue


Start = Callable[..., Awaitable[Hooked]]


@pytest.fixture
async def start(empty_database: str, issuer: Issuer, keyring: Keyring) -> AsyncIterator[Start]:
    """Start the service: `await start()` lets webhooks reach this machine, other settings by name."""
    async with AsyncExitStack() as stack:
        db = Database(empty_database)
        stack.push_async_callback(db.close)
        async with db.begin() as tx:
            await tx.run_sync(metadata.create_all)
            for table in ("outbox", "audit", "audit_seal"):
                await partitions.ensure(tx, table, days_ahead=1)

        async def made(**settings: Any) -> Hooked:
            given: dict[str, Any] = {"webhook_hosts": "localhost", "webhook_inside": True} | settings
            known = HookedSettings(
                mode="test",
                database_url=SecretStr("postgresql://unused"),
                keys_file=Path("unused"),
                issuer=issuer.name,
                **given,
            )
            app = create_app(
                known,
                [webhooks_router(STORAGE, "hooked")],
                keys=STORAGE.KEYS,
                db=db,
                keyring=keyring,
                verifier=Verifier(issuer.name, "hooked", issuer.fetch),
            )
            await stack.enter_async_context(app.router.lifespan_context(app))
            sender = delivery.Sender(app.state.world, STORAGE)
            stack.push_async_callback(sender.close)
            return Hooked(app.state.world, MemoryBus(), _callers(app, issuer), sender)

        yield made


def _callers(app: FastAPI, issuer: Issuer) -> Callable[..., httpx.AsyncClient]:
    def caller(**claims: Any) -> httpx.AsyncClient:
        scopes = ("hooked.webhooks:read", "hooked.webhooks:write")
        # Some tests let days pass; their callers' tokens still hold.
        token = issuer.token("hooked", scopes, lifetime=30 * 86_400, **({"actor": "client", "sub": "crm"} | claims))
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        return httpx.AsyncClient(
            transport=transport, base_url="http://test", headers={"Authorization": f"Bearer {token}"}
        )

    return caller
