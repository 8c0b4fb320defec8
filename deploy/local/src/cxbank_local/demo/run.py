"""The main job: real input through the front doors of all five services, then every number against the raw files."""

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from cxbank_client.channel_router.client import ChannelRouter
from cxbank_client.customer import models as customer_models
from cxbank_client.customer.client import Customer
from cxbank_client.feedback.client import Feedback
from cxbank_client.kpi.client import Kpi
from cxbank_client.risk.client import Risk
from cxbank_client.rows import ndjson
from cxbank_client.tokens import ClientCredentials
from cxbank_local.administration import Service, opened
from cxbank_local.demo import simulator, sources
from cxbank_local.demo.brought import Brought, Run
from cxbank_local.demo.checks import compare_all
from cxbank_local.demo.desk import Doors, add_place, desk, serve_visitors
from cxbank_local.demo.holdings import holdings
from cxbank_local.demo.hops import Hop, NotQuiet, delays, parked, quiet
from cxbank_local.demo.report import Report, show_hops
from cxbank_local.issuer import scopes_of
from cxbank_local.state import CHECKOUT, ROLES, SERVICES, State
from cxbank_local.suite import Suite, answers
from shared import clock

QUIET_SECONDS: Final = 300.0
IMPORT_SECONDS: Final = 900.0
_AT_ONCE: Final = 16
# Where the real data lies beside a checkout that has it.
BESIDE: Final = CHECKOUT.parent / "shared" / "data"


def demonstrate(state: State, out: Console, data: Path | None, kafka: str) -> bool:
    """Run the demo on the suite that is up, or on one started for it; whether every number adds up."""
    if all(answers(state.ports.of(*role), "/health/ready") for role in ROLES):
        return asyncio.run(_demonstrate(state, out, data))
    out.print("starting the suite")
    suite = Suite(state, kafka, say=lambda told: out.print(f"[dim]{told}[/dim]"))
    suite.start()
    try:
        return asyncio.run(_demonstrate(state, out, data))
    finally:
        suite.stop()


def _data(state: State, out: Console, given: Path | None) -> Path:
    chosen = given or BESIDE
    if all((chosen / name).exists() for name in sources.FILES):
        out.print(f"real data from {os.path.relpath(chosen)}")
        return chosen
    if given is not None:
        out.print(f"[yellow]{given} lacks files of the data set[/yellow]")
    folder = state.folder / "simulated"
    if not all((folder / name).exists() for name in sources.FILES):
        simulator.write(folder)
    out.print("no real data here: the seeded simulator's files are used")
    return folder


@asynccontextmanager
async def _services(state: State) -> AsyncIterator[Mapping[str, Service]]:
    async with AsyncExitStack() as stack:
        yield {name: await stack.enter_async_context(opened(state, name)) for name in SERVICES}


@asynccontextmanager
async def _doors(state: State) -> AsyncIterator[tuple[Doors, Kpi]]:
    issuer, secret = f"http://127.0.0.1:{state.ports.issuer}/token", state.secrets["client:demo"]

    def at(service: str) -> tuple[str, ClientCredentials]:
        credentials = ClientCredentials(issuer, "demo", secret, audience=service, scope=" ".join(scopes_of(service)))
        return f"http://127.0.0.1:{state.ports.of(service, 'api')}", credentials

    async with (
        Customer(*at("customer"), timeout=60) as customer,
        Feedback(*at("feedback"), timeout=60) as feedback,
        ChannelRouter(*at("channel-router"), timeout=60) as router,
        Risk(*at("risk"), timeout=60) as risk,
        Kpi(*at("kpi"), timeout=60) as kpi,
    ):
        yield Doors(customer, feedback, router, risk), kpi


async def _demonstrate(state: State, out: Console, given: Path | None) -> bool:
    data = _data(state, out, given)
    async with _services(state) as services, _doors(state) as (doors, kpi):
        start = clock.new_id()
        centre = await add_place(doors, sources.call_centre())
        run = Run(data, centre, await add_place(doors, desk()))
        run.before = await holdings(services)
        run.seen_before = _marked(state, data)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        try:
            with Progress(*columns, console=out) as progress:
                await _bring(doors, run, progress)
                await _settle(services, start, progress)
                live = clock.new_id()
                run.visitors = len(await serve_visitors(doors, run.demo_desk))
                hops = await _settle(services, start, progress)
                took = await delays(services, live)
        except NotQuiet as error:
            out.print(f"[red]{error}[/red]")
            return False
        run.after = await holdings(services)
        run.parked = await parked(services)
        _show(out, run)
        show_hops(out, hops, took)
        report = Report()
        await compare_all(report, run, kpi)
        report.show(out)
        if report.right:
            _mark(state, data)
        return report.right


async def _settle(services: Mapping[str, Service], since: UUID, progress: Progress) -> list[Hop]:
    task = progress.add_task("events under way", total=None)
    told = await quiet(
        services, since, within=QUIET_SECONDS, watch=lambda left: progress.update(task, completed=0, total=left or None)
    )
    progress.remove_task(task)
    return told


async def _bring(doors: Doors, run: Run, progress: Progress) -> None:
    """The files through the imports; screenings last, they name customers."""
    data, router, customer = run.data, doors.router, doors.customer
    places = list(sources.places(data))
    tickets = list(sources.tickets(data, str(run.call_centre)))
    people = list(sources.customers(data))
    words = list(sources.complaints(data))
    bring = _Bringing(run, progress)
    await asyncio.gather(
        bring("customers", people, customer.import_customers, customer.wait_for_job),
        bring("places", places, router.import_places, router.wait_for_job),
        bring("feedback", words, doors.feedback.import_feedback, doors.feedback.wait_for_job),
    )
    await bring("tickets", tickets, router.import_tickets, router.wait_for_job)
    raw = sources.screened(data)
    who = await _customers_of(doors, people, {int(row["CUSTOMER_ID"]) for row in raw}, progress)
    rows = [sources.screening(row, str(who[int(row["CUSTOMER_ID"])])) for row in raw]
    await bring("screenings", rows, doors.risk.import_screenings, doors.risk.wait_for_job)


class _Bringing:
    def __init__(self, run: Run, progress: Progress) -> None:
        self._run = run
        self._progress = progress

    async def __call__(self, name: str, rows: list[sources.Row], send: Any, wait: Any) -> None:
        """One file's rows through one import, with its progress."""
        began = time.perf_counter()
        task = self._progress.add_task(name, total=len(rows))
        job = await send(ndjson(rows))
        job = await wait(
            job.id, within=IMPORT_SECONDS, watch=lambda told: self._progress.update(task, completed=told.done)
        )
        seconds = time.perf_counter() - began
        self._run.brought[name] = Brought(len(rows), job.created, job.unchanged, job.rejected, seconds)


async def _customers_of(
    doors: Doors, people: list[sources.Row], numbers: set[int], progress: Progress
) -> dict[int, UUID]:
    """The customers who stand for cards: each asked for by registering them once more, which makes nothing new."""
    task = progress.add_task("customers once more, by their key", total=len(numbers))
    found: dict[int, UUID] = {}
    waiting: Iterator[int] = iter(sorted(numbers))

    async def ask() -> None:
        for number in waiting:
            again = await doors.customer.register_customer(
                customer_models.RegisterCustomer.model_validate(people[number % len(people)])
            )
            if not again.meta.replayed:
                raise AssertionError("a customer known by external_ref was made again")
            found[number] = again.id
            progress.advance(task)

    await asyncio.gather(*(ask() for _ in range(_AT_ONCE)))
    return found


def _show(out: Console, run: Run) -> None:
    table = Table("came in", "rows", "new", "known", "rejected", "rows/s", box=None)
    for name, one in run.brought.items():
        rate = f"{one.rows / one.seconds:,.0f}"
        table.add_row(name, str(one.rows), str(one.created), str(one.unchanged), str(one.rejected), rate)
    table.add_row("visitors, live", str(run.visitors), str(run.visitors), "0", "0", "")
    out.print(table)
    held = Table("held by", "what", "before", "now", box=None)
    for (service, name), count in run.after.items():
        held.add_row(service, name, str(run.before[service, name]), str(count))
    out.print(held)


def _fingerprint(data: Path) -> str:
    return json.dumps([[name, (data / name).stat().st_size] for name in sorted(sources.FILES)])


def _marked(state: State, data: Path) -> bool:
    path = state.folder / "demonstrated.json"
    return path.exists() and path.read_text() == _fingerprint(data)


def _mark(state: State, data: Path) -> None:
    (state.folder / "demonstrated.json").write_text(_fingerprint(data))
