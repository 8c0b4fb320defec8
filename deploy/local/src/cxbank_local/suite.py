"""The whole suite as processes: engines, issuer, five services with api and worker; what dies is started again."""

import asyncio
import contextlib
import http.client
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

from cxbank_local import databases
from cxbank_local.environment import Engines, environment
from cxbank_local.issuer import DevelopmentIssuer
from cxbank_local.state import CHECKOUT, ROLES, SERVICES, State, package
from shared.testing.engines import Broker, EngineMissing, Postgres, Process, listening
from shared.testing.kafka import ApacheKafka, fetch

READY_SECONDS: Final = 90.0
_WATCH_SECONDS: Final = 0.3
Role = tuple[str, str]


class StartFailed(RuntimeError):
    """The suite cannot start; the message says what is missing."""


@dataclass
class _Keeping:
    """One role's process, and when it may be started again after it died."""

    process: Process
    failures: int = 0
    not_before: float = 0.0
    started: float = 0.0


@dataclass
class Suite:
    """Everything that `cxbank up` runs. `say` is told what happens, in sentences."""

    state: State
    kafka: str = "embedded"
    external_postgres: str | None = None
    external_brokers: str | None = None
    say: Callable[[str], None] = lambda _: None
    held_engines: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        state = self.state
        self.postgres: Postgres | None = None
        self.broker: Broker | ApacheKafka | None = None
        if self.external_postgres is None:
            self.postgres = Postgres(
                state.folder / "postgres", state.ports.postgres, password=state.secrets["postgres"]
            )
        if self.external_brokers is None:
            if self.kafka == "apache":
                jars = fetch(CHECKOUT / "deploy" / "local" / "kafka" / "pom.xml", CHECKOUT / ".kafka")
                self.broker = ApacheKafka(state.folder / "kafka", state.ports.broker, state.ports.controller, jars)
            else:
                self.broker = Broker(state.folder / "broker", state.ports.broker)
        self.engines = Engines(
            self.external_postgres or (self.postgres.url if self.postgres else ""),
            self.external_brokers or f"127.0.0.1:{state.ports.broker}",
            embedded_broker=self.external_brokers is None and self.kafka != "apache",
        )
        self.issuer = DevelopmentIssuer(state)
        self._roles: dict[Role, _Keeping] = {}
        self._all_ready = False
        self._ending = threading.Event()
        self._watcher: threading.Thread | None = None
        self._changing = threading.RLock()

    def start(self) -> None:
        """Engines, databases, processes; returns when all ten roles are ready."""
        self._check_ports()
        try:
            self._start_engines()
            self.say("databases")
            asyncio.run(self._prepare())
            self.issuer.start()
            for role in ROLES:
                self._spawn(role)
            self.say("five services, api and worker each")
            self._watcher = threading.Thread(target=self._watch, daemon=True, name="watcher")
            self._watcher.start()
            self.await_ready()
            self._all_ready = True
            self._note()
        except BaseException:
            self.stop()
            raise

    def _start_engines(self) -> None:
        if self.postgres is not None:
            self.say("PostgreSQL")
            self.postgres.start()
        if self.broker is not None:
            self.say("Apache Kafka" if self.kafka == "apache" else "broker")
            self.broker.start()

    def _check_ports(self) -> None:
        ports = self.state.ports
        wanted = {f"{service} {role}": ports.of(service, role) for service, role in ROLES} | {"issuer": ports.issuer}
        taken = [f"{name} ({port})" for name, port in wanted.items() if listening(port)]
        if taken:
            raise StartFailed(
                f"somebody listens already where we would: {', '.join(taken)}. Is the suite up (cxbank status)? "
                "CXBANK_PORT_SHIFT=100 moves every port."
            )

    async def _prepare(self) -> None:
        await databases.create(self.state, self.engines)
        for service in SERVICES:
            await databases.migrate(self.state, self.engines, service)

    def _spawn(self, role: Role) -> None:
        service, kind = role
        kept = self._roles.setdefault(role, _Keeping(Process(self.state.logs, f"{service}-{kind}")))
        module = f"{package(service)}.{'main' if kind == 'api' else 'worker'}"
        kept.process.spawn([sys.executable, "-m", module], env=environment(self.state, self.engines, service))
        kept.started = time.monotonic()
        self._note()

    def _note(self) -> None:
        pids = {f"{service}-{kind}": kept.process.pid for (service, kind), kept in self._roles.items()}
        engines = {"postgres": self.postgres, "broker": self.broker}
        pids |= {name: engine.pid for name, engine in engines.items() if engine is not None}
        told = {"postgres": self.engines.postgres, "brokers": self.engines.brokers, "kafka": self.kafka}
        self.state.note(pids=pids, supervisor=os.getpid(), ready=self._all_ready, **told)

    def _watch(self) -> None:
        """Start again what died, sooner when it lived long, later when it keeps dying."""
        while not self._ending.wait(_WATCH_SECONDS):
            with self._changing:
                self._watch_engines()
                for role, kept in self._roles.items():
                    if kept.process.pid is not None or self._ending.is_set():
                        continue
                    now = time.monotonic()
                    if kept.not_before == 0.0:
                        lived = now - kept.started
                        kept.failures = 0 if lived > 30 else kept.failures + 1
                        kept.not_before = now + min(0.2 * 2**kept.failures, 10.0)
                        self.say(f"{role[0]} {role[1]} died; it is started again")
                    if now >= kept.not_before:
                        kept.not_before = 0.0
                        self._spawn(role)

    def _watch_engines(self) -> None:
        for name, engine in (("postgres", self.postgres), ("broker", self.broker)):
            if engine is None or engine.pid is not None or name in self.held_engines or self._ending.is_set():
                continue
            self.say(f"{name} died; it is started again")
            engine.start()

    @contextlib.contextmanager
    def holding(self, engine: Literal["postgres", "broker"]) -> Iterator[None]:
        """Let an engine be stopped and started by somebody else for the time of the block."""
        with self._changing:
            self.held_engines.add(engine)
        try:
            yield
        finally:
            with self._changing:
                self.held_engines.discard(engine)

    def roles(self) -> list[Role]:
        """The ten roles."""
        return list(self._roles)

    def pid(self, role: Role) -> int | None:
        """The process id of a role while it runs."""
        kept = self._roles.get(role)
        return kept.process.pid if kept is not None else None

    def kill(self, role: Role) -> None:
        """Kill a role without warning: the watcher starts it again."""
        kept = self._roles.get(role)
        if kept is not None:
            kept.process.send(signal.SIGKILL)

    def ready(self, role: Role) -> bool:
        """Whether a role says that it is ready."""
        return answers(self.state.ports.of(*role), "/health/ready")

    def await_ready(self, patience: float = READY_SECONDS) -> None:
        """Wait for all ten roles; raises with the end of the log of who is not."""
        until = time.monotonic() + patience
        waiting = list(ROLES)
        while waiting:
            waiting = [role for role in waiting if not self.ready(role)]
            if waiting and time.monotonic() > until:
                told = "\n".join(f"{service} {kind}: {self._tail((service, kind))}" for service, kind in waiting)
                raise StartFailed(f"not ready after {patience:.0f} s:\n{told}")
            if waiting:
                time.sleep(0.1)

    def _tail(self, role: Role) -> str:
        kept = self._roles.get(role)
        log = kept.process.log if kept is not None else None
        return log.read_text(errors="replace")[-600:] if log is not None and log.exists() else "nothing said"

    def stop(self) -> None:
        """Drain: the apis first, then the workers, then the engines."""
        self._ending.set()
        with self._changing:
            for kind in ("api", "worker"):
                ending = [kept.process for (_, role), kept in self._roles.items() if role == kind]
                for process in ending:
                    process.send(signal.SIGTERM)
                for process in ending:
                    process.end(patience=15)
            self.issuer.stop()
            if self.broker is not None:
                self.broker.stop()
            if self.postgres is not None:
                self.postgres.stop()
            self.state.running.unlink(missing_ok=True)


def answers(port: int, path: str) -> bool:
    """Whether a loopback port answers a path with 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


__all__ = ["EngineMissing", "StartFailed", "Suite", "answers"]
