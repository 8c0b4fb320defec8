"""What an operator does to one service's data by command: parked events, snapshots, erasures after a restore, the record."""

import importlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from cxbank_local.environment import Engines, environment
from cxbank_local.state import SERVICES, State, package
from shared import audit, erasure
from shared.audit import Finding
from shared.crypto import Keyring, Vault
from shared.db import Database
from shared.erasure import Ledger
from shared.events import parking
from shared.events.consumer import Consumer
from shared.events.envelope import Event, types_said_by
from shared.events.parking import Parked
from shared.events.republish import republish
from shared.worker import Work
from shared.world import World


class NotRunning(RuntimeError):
    """The databases are not there: the suite has to be up."""


@dataclass(frozen=True)
class Service:
    """One service opened for an operator: its database, its keys and what its worker knows."""

    name: str
    world: World
    work: Work

    @property
    def consumer(self) -> Consumer:
        """Its ears, as its worker has them."""
        return Consumer(self.world.db, self.work.storage.EVENTS, self.work.handlers)

    async def parked(self) -> list[Parked]:
        """What could not be heard, with the cause, oldest first."""
        async with self.world.db.read() as conn:
            return await parking.listed(conn, self.work.storage.EVENTS)

    async def replay(self, parked_id: int | None = None) -> int:
        """Hear one parked event again and what waits behind it, or all of them in order; how many were handled."""
        if parked_id is not None:
            return await self.consumer.replay(parked_id)
        handled = 0
        for one in await self.parked():
            if not one.behind:
                handled += await self.consumer.replay(one.id)
        # What was behind a message that somebody dropped waits behind nothing any more.
        for one in await self.parked():
            handled += await self.consumer.replay(one.id)
        return handled

    async def drop(self, parked_id: int) -> None:
        """Give a parked event up for good."""
        async with self.world.db.begin() as tx:
            await parking.drop(tx, self.work.storage.EVENTS, [parked_id])

    async def republish(self) -> int:
        """Say the state of everything again; how many snapshots."""
        storage = self.work.storage
        return await republish(self.world, storage.EVENTS, storage.SOURCE, self.work.snapshots(self.world))

    async def replay_erasures(self, ledger: Ledger) -> int:
        """Forget again whom the ledger names: after a restore; how many keys had come back."""
        again = 0
        for _, customer_id in ledger.read(self.world.settings.service):
            async with self.world.db.begin() as tx:
                again += await erasure.erase(self.world, tx, customer_id, self.work.forget)
        return again

    def event(self, kind: str) -> type[Event]:
        """The class of an event this service says, by its type."""
        return types_said_by(self.world.settings.service)[kind]

    async def verify_audit(self) -> tuple[int, Sequence[Finding]]:
        """How many rows the record has, and everything that is wrong with it."""
        storage = self.work.storage
        async with self.world.db.read() as conn:
            findings = await audit.verify(conn, storage.AUDIT, self.world.keyring)
            return await audit.size(conn, storage.AUDIT), findings

    async def rewrap(self) -> int:
        """Wrap every data key under the keyring's current master; how many were under an older one."""
        return await self.world.vault.rewrap(self.world.db)


def engines_of(state: State) -> Engines:
    """The engines of the suite that runs; raises NotRunning."""
    noted = state.noted()
    if noted is None:
        raise NotRunning("the suite is not up: cxbank up")
    return Engines(noted["postgres"], noted["brokers"], embedded_broker=noted["kafka"] == "embedded")


@asynccontextmanager
async def opened(state: State, service: str) -> AsyncIterator[Service]:
    """A service's data as its own worker would open it."""
    told = environment(state, engines_of(state), service)
    package_name = package(service)
    settings_type: Any = importlib.import_module(f"{package_name}.settings").Settings
    worker: Any = importlib.import_module(f"{package_name}.worker")
    storage: Any = importlib.import_module(f"{package_name}.storage")
    settings = settings_type(**{name.removeprefix("CXBANK_").lower(): value for name, value in told.items()})
    db = Database(settings.database_url.get_secret_value(), pool_size=2, application_name=f"{service}-operator")
    keyring = Keyring.load(settings.keys_file)
    world = World(settings, db, keyring, Vault(keyring, storage.KEYS))
    try:
        yield Service(service, world, worker.work(world))
    finally:
        await db.close()


def chosen(service: str | None) -> Sequence[str]:
    """One service, or all of them where none is named."""
    return SERVICES if service is None else (service,)
