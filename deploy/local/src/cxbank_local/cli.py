"""`cxbank`: the whole suite on one machine, and what an operator does with it."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from cxbank_local import databases, learning, revisions
from cxbank_local.administration import NotRunning, chosen, engines_of, opened
from cxbank_local.demo.behaviour import bring_accounts
from cxbank_local.demo.run import demonstrate
from cxbank_local.issuer import DevelopmentIssuer, ProductionMode, scopes_of
from cxbank_local.keys import keys_app
from cxbank_local.state import CHECKOUT, ROLES, SERVICES, ServiceName, State
from cxbank_local.suite import EngineMissing, StartFailed, Suite, answers
from shared.erasure import Ledger
from shared.testing.engines import alive
from shared.testing.kafka import ApacheKafka, fetch

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
parked_app = typer.Typer(no_args_is_help=True, help="Events a service could not hear.")
erasures_app = typer.Typer(no_args_is_help=True, help="Erasures after a restore.")
audit_app = typer.Typer(no_args_is_help=True, help="The record of who did and read what.")
app.add_typer(parked_app, name="parked")
app.add_typer(erasures_app, name="erasures")
app.add_typer(audit_app, name="audit")
app.add_typer(keys_app, name="keys")

out: Final = Console(highlight=False)
_DRAIN_SECONDS: Final = 60.0
_START_SECONDS: Final = 180.0

KafkaKind = Literal["embedded", "apache"]


def _refuse(error: Exception) -> typer.Exit:
    out.print(f"[red]{error}[/red]", soft_wrap=True)
    return typer.Exit(1)


def _run(work: Callable[[], Any]) -> Any:
    try:
        return asyncio.run(work())
    except (NotRunning, EngineMissing) as error:
        raise _refuse(error) from None


@app.command()
def up(
    kafka: Annotated[KafkaKind, typer.Option(help="the embedded broker or the real Apache Kafka")] = "embedded",
    postgres: Annotated[
        str | None, typer.Option(envvar="CXBANK_POSTGRES", help="an existing PostgreSQL, as a role that may create")
    ] = None,
    brokers: Annotated[str | None, typer.Option(envvar="CXBANK_BROKERS", help="existing Kafka brokers")] = None,
    *,
    detach: Annotated[bool, typer.Option("--detach", help="return when everything is ready")] = False,
) -> None:
    """Start engines, databases and five services with api and worker; Ctrl-C drains."""
    state = State.load()
    if detach:
        _detached(state, kafka, postgres, brokers)
        return
    try:
        suite = Suite(state, kafka, postgres, brokers, say=lambda told: out.print(f"[dim]{told}[/dim]"))
        began = time.monotonic()
        suite.start()
    except (StartFailed, EngineMissing, ProductionMode) as error:
        raise _refuse(error) from None
    _welcome(state, time.monotonic() - began)
    _until_told()
    out.print("[dim]draining[/dim]")
    suite.stop()
    out.print("stopped; the data stays")


def _detached(state: State, kafka: str, postgres: str | None, brokers: str | None) -> None:
    command = [sys.executable, "-m", "cxbank_local.cli", "up", "--kafka", kafka]
    command += ["--postgres", postgres] if postgres else []
    command += ["--brokers", brokers] if brokers else []
    state.logs.mkdir(parents=True, exist_ok=True)
    with (state.logs / "suite.log").open("ab") as log:
        child = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)  # noqa: S603  # our own command line
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until:
        noted = state.noted()
        if noted is not None and noted.get("supervisor") == child.pid and noted.get("ready"):
            out.print(f"ready; process {child.pid}, log {state.logs / 'suite.log'}")
            return
        if child.poll() is not None:
            break
        time.sleep(0.2)
    tail = (state.logs / "suite.log").read_text(errors="replace")[-1500:]
    raise _refuse(StartFailed(f"it did not start; the end of its log:\n{tail}"))


def _until_told() -> None:
    ending = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ending.set())
    ending.wait()


def _welcome(state: State, seconds: float) -> None:
    ports = state.ports
    table = Table("service", "api", "worker: health and metrics", box=None)
    for service in SERVICES:
        table.add_row(
            service, f"http://127.0.0.1:{ports.of(service, 'api')}", f"http://127.0.0.1:{ports.of(service, 'worker')}"
        )
    out.print(table)
    out.print(f"ten roles ready after {seconds:.1f} s; logs in {state.logs}")
    out.print("a token for an hour: [bold].venv/bin/cxbank token customer[/bold]. Try:")
    out.print(
        f'  curl -H "Authorization: Bearer $(.venv/bin/cxbank token customer)" '
        f"http://127.0.0.1:{ports.of('customer', 'api')}/v1/customers",
        soft_wrap=True,
    )
    out.print("  make demo        real input through all five\nCtrl-C drains and stops.")


@app.command()
def down() -> None:
    """Drain and stop the suite; the data stays."""
    state = State.load()
    noted = state.noted()
    if noted is None:
        out.print("nothing runs")
        return
    supervisor = int(noted["supervisor"])
    if alive(supervisor):
        os.kill(supervisor, signal.SIGTERM)
        until = time.monotonic() + _DRAIN_SECONDS
        while alive(supervisor) and time.monotonic() < until:
            time.sleep(0.1)
    for pid in noted["pids"].values():
        # Whoever kept them was killed and could not end them: nobody else writes this file.
        if pid is not None and alive(pid) and _is_ours(pid):
            os.kill(pid, signal.SIGTERM)
    state.running.unlink(missing_ok=True)
    out.print("stopped; the data stays")


def _is_ours(pid: int) -> bool:
    """A process id may have been given to somebody else since."""
    try:
        told = Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return False
    return any(word in told for word in ("tansu", "broker", "kafka.Kafka", "postgres", ".worker", ".main"))


@app.command()
def status() -> None:
    """Which of the ten roles are ready; exit 1 unless all are."""
    state = State.load()
    table = Table("service", "role", "port", "ready", box=None)
    ready = 0
    for service, role in ROLES:
        port = state.ports.of(service, role)
        fine = answers(port, "/health/ready")
        ready += fine
        table.add_row(service, role, str(port), "yes" if fine else "no")
    out.print(table)
    if ready < len(ROLES):
        raise typer.Exit(1)


@app.command()
def token(
    service: ServiceName,
    scope: Annotated[str | None, typer.Option(help="space-separated; all of the service where none is given")] = None,
    actor: Annotated[Literal["client", "staff", "customer", "service"], typer.Option(help="who calls")] = "staff",
    sub: Annotated[str, typer.Option(help="the caller's name")] = "developer",
    customer_id: Annotated[UUID | None, typer.Option(help="whose token it is, for --actor customer")] = None,
) -> None:
    """Print a token of the development issuer for one service."""
    claims: dict[str, Any] = {} if customer_id is None else {"customer_id": str(customer_id)}
    scopes = scope if scope is not None else " ".join(scopes_of(service))
    try:
        issuer = DevelopmentIssuer(State.load())
    except ProductionMode as error:
        raise _refuse(error) from None
    sys.stdout.write(issuer.token(service, scopes, sub=sub, actor=actor, **claims) + "\n")


@app.command()
def demo(
    data: Annotated[
        Path | None,
        typer.Option(envvar="CXBANK_DATA", help="the folder of the real data; simulated where there is none"),
    ] = None,
    kafka: Annotated[KafkaKind, typer.Option(help="for a suite that is started here")] = "embedded",
) -> None:
    """Bring real input through the front doors of all five services and check every count."""
    try:
        right = demonstrate(State.load(), out, data, kafka)
    except (StartFailed, EngineMissing, ProductionMode) as error:
        raise _refuse(error) from None
    if not right:
        raise typer.Exit(1)


@app.command()
def accounts(data: Annotated[Path | None, typer.Option(envvar="CXBANK_DATA", help="the real data")] = None) -> None:
    """Bring the real accounts and transactions in as interactions, and hold features against the files."""
    _run(lambda: bring_accounts(State.load(), out, data))


@app.command()
def train(
    service: ServiceName,
    model: Annotated[str | None, typer.Option(help="one of the service's models; all where none is named")] = None,
    data: Annotated[Path | None, typer.Option(envvar="CXBANK_DATA", help="the folder of the real data")] = None,
    models: Annotated[Path | None, typer.Option(envvar="CXBANK_MODELS", help="where models are kept")] = None,
) -> None:
    """Make a service's models and keep them with their scores; fails when a "must" is missed."""
    _learnt(lambda: learning.train(service, _line, data=data, models=models, model=model))


@app.command()
def evaluate(
    service: ServiceName,
    model: Annotated[str | None, typer.Option(help="one of the service's models, or the folder of a kept one")] = None,
    file: Annotated[Path | None, typer.Option(help="another file or folder of the same shape")] = None,
    data: Annotated[Path | None, typer.Option(envvar="CXBANK_DATA", help="the folder of the real data")] = None,
    models: Annotated[Path | None, typer.Option(envvar="CXBANK_MODELS", help="where models are kept")] = None,
) -> None:
    """Score a service's models; fails when a "must" is missed."""
    _learnt(lambda: learning.evaluate(service, _line, data=data, models=models, model=model, file=file))


def _line(told: str) -> None:
    out.print(told, soft_wrap=True, markup=False)


def _learnt(work: Callable[[], bool]) -> None:
    try:
        held = work()
    except learning.DataMissing as error:
        raise _refuse(error) from None
    if not held:
        raise _refuse(RuntimeError('a "must" is missed, or a figure is too good to be true'))


@app.command()
def migrate(service: Annotated[ServiceName | None, typer.Argument()] = None) -> None:
    """Bring the databases of the suite that runs to their newest tables."""

    async def work() -> None:
        state = State.load()
        engines = engines_of(state)
        for one in chosen(service):
            await databases.migrate(state, engines, one)
            out.print(f"{one}: newest tables")

    _run(work)


@app.command()
def revision(service: ServiceName, message: str) -> None:
    """Write the next migration of a service from what its tables say beyond the migrations there are."""
    out.print(str(revisions.draft(service, message).relative_to(CHECKOUT)))


@app.command("kafka")
def real_kafka() -> None:
    """Run the real Apache Kafka, one node, until Ctrl-C."""
    state = State.load()
    try:
        jars = fetch(CHECKOUT / "deploy" / "local" / "kafka" / "pom.xml", CHECKOUT / ".kafka")
        node = ApacheKafka(state.folder / "kafka", state.ports.broker, state.ports.controller, jars)
        node.start()
    except EngineMissing as error:
        raise _refuse(error) from None
    out.print(f"Apache Kafka at {node.bootstrap}; Ctrl-C stops it")
    _until_told()
    node.stop()


@parked_app.command("list")
def list_parked(service: Annotated[ServiceName | None, typer.Argument()] = None) -> None:
    """What could not be heard, with the cause."""

    async def work() -> None:
        table = Table("service", "id", "topic", "type", "event", "cause", "since", box=None)
        for one in chosen(service):
            async with opened(State.load(), one) as there:
                for row in await there.parked():
                    since = f"{row.parked_at:%Y-%m-%d %H:%M:%S}"
                    table.add_row(one, str(row.id), row.topic, row.type or "", row.event_id or "", row.cause, since)
        out.print(table)

    _run(work)


@parked_app.command("replay")
def replay_parked(
    service: ServiceName,
    parked_id: Annotated[int | None, typer.Argument(help="all of them where none is given")] = None,
) -> None:
    """Hear parked events again, in order, with what waits behind them."""

    async def work() -> int:
        async with opened(State.load(), service) as there:
            handled = await there.replay(parked_id)
            left = len(await there.parked())
            out.print(f"{handled} handled, {left} still parked")
            return left

    if _run(work):
        raise typer.Exit(1)


@parked_app.command("drop")
def drop_parked(service: ServiceName, parked_id: int) -> None:
    """Give a parked event up for good; what waits behind it can then be replayed."""

    async def work() -> None:
        async with opened(State.load(), service) as there:
            await there.drop(parked_id)

    _run(work)


@app.command()
def republish(service: ServiceName) -> None:
    """Let a service say the state of everything again, for a listener that is new."""

    async def work() -> None:
        async with opened(State.load(), service) as there:
            out.print(f"{await there.republish()} snapshots")

    _run(work)


@erasures_app.command("replay")
def replay_erasures() -> None:
    """Forget again, in every service, whom the erasure ledger names: after a restore."""

    async def work() -> None:
        state = State.load()
        for one in SERVICES:
            async with opened(state, one) as there:
                out.print(f"{one}: {await there.replay_erasures(Ledger(state.ledger))} forgotten again")

    _run(work)


@audit_app.command("verify")
def verify_audit(service: Annotated[ServiceName | None, typer.Argument()] = None) -> None:
    """Check every row of the record and the chain; exit 1 and name the rows when anything is wrong."""

    async def work() -> int:
        wrong = 0
        for one in chosen(service):
            async with opened(State.load(), one) as there:
                rows, findings = await there.verify_audit()
                out.print(f"{one}: {rows} rows, {len(findings)} findings")
                for finding in findings[:50]:
                    out.print(f"  {finding.row_id or '-'}: {finding.what}")
                wrong += len(findings)
        return wrong

    if _run(work):
        raise typer.Exit(1)


def main() -> None:
    """The command."""
    app()


if __name__ == "__main__":
    main()
