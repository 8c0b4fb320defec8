"""One suite for the whole folder: ten processes, their engines, and what the demo brought in; and what an operator does to it."""

import asyncio
import io
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import httpx
import pytest
from rich.console import Console
from sqlalchemy import text

from cxbank_local.administration import Service, opened
from cxbank_local.demo.hops import parked, quiet
from cxbank_local.demo.run import demonstrate
from cxbank_local.issuer import DevelopmentIssuer, scopes_of
from cxbank_local.state import SERVICES, State, package
from cxbank_local.suite import Suite
from shared.db import Database
from shared.events.bus import PARTITIONS
from shared.events.kafka import KafkaBus
from shared.testing.clear import flat, log_of, unpacked
from shared.worker import topic_of

SHIFT = 850
T = TypeVar("T")


@dataclass
class Stage:
    """The suite, its operator's commands, its front doors and its tables."""

    folder: Path
    suite: Suite

    @property
    def state(self) -> State:
        """Where it keeps data, keys and logs."""
        return self.suite.state

    @property
    def data(self) -> Path:
        """PostgreSQL's own folder: what a physical backup copies."""
        return self.folder / "postgres" / "data"

    def command(self, *words: str, within: float = 300) -> subprocess.CompletedProcess[str]:
        """`cxbank …` as an operator types it."""
        told = {"CXBANK_STATE": str(self.folder), "CXBANK_PORT_SHIFT": str(SHIFT), "COLUMNS": "200"}
        line = [sys.executable, "-m", "cxbank_local.cli", *words]
        return subprocess.run(line, env=os.environ | told, capture_output=True, text=True, timeout=within, check=False)

    def ask(self, service: str, method: str, path: str, **given: Any) -> httpx.Response:
        """One request of staff with every scope, or of the bank's own back end (`actor="client"`), which sees no masks."""
        scopes, actor = " ".join(scopes_of(service)), given.pop("actor", "staff")
        token = DevelopmentIssuer(self.state).token(service, scopes, sub="e2e", actor=actor)
        head = {"Authorization": f"Bearer {token}"} | given.pop("headers", {})
        address = f"http://127.0.0.1:{self.state.ports.of(service, 'api')}{path}"
        return httpx.request(method, address, headers=head, timeout=30, **given)

    def within(self, work: Callable[[dict[str, Service]], Awaitable[T]]) -> T:
        """Work on the five services' data, as their workers would open it."""

        async def run() -> T:
            async with AsyncExitStack() as stack:
                return await work(
                    {name: await stack.enter_async_context(opened(self.state, name)) for name in SERVICES}
                )

        return asyncio.run(run())

    def settle(self, since: UUID) -> None:
        """Wait until everything said since was heard by all, and nothing is parked."""

        async def work(services: dict[str, Service]) -> int:
            await quiet(services, since, within=90)
            return await parked(services)

        assert self.within(work) == 0

    def sql(self, service: str, *statements: str) -> list[Any]:
        """Statements as the superuser, past every right of the roles; the rows of the last one."""

        async def run() -> list[Any]:
            assert self.suite.postgres is not None
            url = self.suite.postgres.url.rsplit("/", 1)[0] + f"/cxbank_{package(service)}"
            db = Database(url, pool_size=1, application_name="e2e")
            try:
                async with db.begin() as tx:
                    for statement in statements:
                        found = await tx.execute(text(statement))
                    return list(found.all()) if found.returns_rows else []
            finally:
                await db.close()

        return asyncio.run(run())

    def dumped(self, service: str) -> bytes:
        """The database as pg_dump writes it, and what it wrote in hex once more, unpacked."""
        engine = self.suite.postgres
        assert engine is not None
        url = f"{engine.url.rsplit('/', 1)[0]}/cxbank_{package(service)}"
        ran = subprocess.run([str(engine.binaries() / "pg_dump"), url], capture_output=True, check=True, timeout=60)
        return unpacked(ran.stdout)

    def topics(self) -> bytes:
        """Every message of every topic."""

        async def read(services: dict[str, Service]) -> bytes:
            settings: Any = services["customer"].world.settings
            bus = KafkaBus(settings)
            try:
                names = [*map(topic_of, SERVICES), services["risk"].world.settings.external_topic]
                return flat(await log_of(bus, names, PARTITIONS))
            finally:
                await bus.stop()

        return self.within(read)

    def logs(self) -> bytes:
        """What all processes and engines had to say."""
        files = sorted(self.folder.rglob("*.log"))
        assert len(files) >= 12, files
        return b"\n".join(one.read_bytes() for one in files)

    def restart(self, between: Callable[[], object]) -> None:
        """Stop everything, do something to what is on the disk, and start everything again."""
        self.suite.stop()
        between()
        self.suite = Suite(State.load(self.folder, SHIFT))
        self.suite.start()


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    """The suite after a demo on the simulator's files that added up."""
    folder = Path(tempfile.mkdtemp(prefix="cxbank-e2e-", dir="/var/tmp"))
    # PostgreSQL's own OS user has to get in when this is root's machine.
    folder.chmod(0o755)
    made = Stage(folder, Suite(State.load(folder, SHIFT)))
    made.suite.start()
    told = io.StringIO()
    try:
        right = demonstrate(made.state, Console(file=told, width=160), folder / "nothing-here", "embedded")
        assert right, told.getvalue()[-3_000:]
        yield made
    finally:
        made.suite.stop()
        shutil.rmtree(folder, ignore_errors=True)
