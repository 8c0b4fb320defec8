"""`make bench`: ours beside its floors in one run, printed and written to docs/benchmarks.md; ROWS=N1,N9 measures some."""

import asyncio
import os
import platform
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

import asyncpg
import psutil

from cxbank_client.channel_router import models as router_models
from cxbank_client.channel_router.client import ChannelRouter
from cxbank_client.customer import models as customer_models
from cxbank_client.customer.client import Customer
from cxbank_client.feedback import models as feedback_models
from cxbank_client.feedback.client import Feedback
from cxbank_local.administration import opened
from cxbank_local.bench.alone import caught_up
from cxbank_local.bench.bulk import import_row
from cxbank_local.bench.deadlines import deadline_rows
from cxbank_local.bench.floors import pgbench
from cxbank_local.bench.footprint import fresh_row, idle_row, warm_row
from cxbank_local.bench.growth import growth_rows
from cxbank_local.bench.hop import drain_row, latency_row
from cxbank_local.bench.profile import profile_row
from cxbank_local.bench.routes import (
    GRANT,
    Route,
    customer_body,
    decision_body,
    feedback_body,
    head,
    interaction_body,
    read_row,
    ticket_body,
    write_row,
)
from cxbank_local.bench.rows import Row, joined, line_of, lines_of, table
from cxbank_local.state import CHECKOUT, State
from cxbank_local.suite import Suite
from shared import clock

PAGE: Final = CHECKOUT / "docs" / "benchmarks.md"
PGBENCH: Final = "pgbench"
ORDER: Final = (PGBENCH, "N1", "N2", "N3", "N9", "N10", "D1", "N11", "N12")
SHIFT: Final = 800
PLACES: Final = 1_000
READ: Final = 2_000
# No ratio, no latencies, nothing it must.
_BARE: Final = (None, "", "", "", "", None)
HEAD: Final = """# Benchmarks

Written by `make bench` ({machine}); each row says on which day it was measured, all of one number in one run. Every rate is a
median of alternated rounds beside a floor that ran in the same minutes, on the same machine, which also runs the callers.
**echo** is a route as FastAPI makes it, with the same body, answer and token check and nothing behind it; **pgbench** writes
the bare rows of a gated write (gate, row, outbox) over 16 prepared connections; **unnest** inserts a file's rows over one
connection, 500 at a time.

While a route or a hop is measured, the roles it does not need are held still and catch up afterwards: a route's rate is that
of its api and its database, the hop has its own rows. Tickets go to a thousand places in turn: none is served while they are
opened, and lines of hundreds would measure how long a line is.

Published figures of others, for scale, with their conditions: Tazama screens 2,240–2,497 transactions/s in its lab (p99
56–68 ms for the API step alone); RudderStack takes 1,700 events/s on 2 vCPU; yente answers 4–30 requests/s per vCPU.

"""


def _machine() -> str:
    name = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            name = line.split(":", 1)[1].strip()
            break
    return (
        f"{os.cpu_count()} × {name}, {psutil.virtual_memory().total / 2**30:.0f} GB, Python {platform.python_version()}"
    )


async def _answers(suite: Suite) -> tuple[list[str], dict[str, dict[str, Any]], list[str]]:
    """Places, an example of each answer for the echoes, and customers to read."""
    ports = suite.state.ports

    def client(service: str) -> tuple[str, str]:
        token = head(suite, service)["Authorization"].removeprefix("Bearer ")
        return f"http://127.0.0.1:{ports.of(service, 'api')}", token

    async with (
        Customer(*client("customer")) as customer,
        Feedback(*client("feedback")) as feedback,
        ChannelRouter(*client("channel-router")) as router,
    ):
        places = [
            await router.add_place(
                router_models.AddPlace.model_validate({"kind": "branch", "zone": "UTC", "external_ref": f"bench-{one}"})
            )
            for one in range(PLACES)
        ]
        ids = []
        for _ in range(READ // 50):
            wishes = [customer_models.RegisterCustomer.model_validate(customer_body()) for _ in range(50)]
            made = await asyncio.gather(*(customer.register_customer(wish) for wish in wishes))
            ids += [str(one.id) for one in made]
            yes = customer_models.GiveConsent.model_validate(GRANT)
            await asyncio.gather(*(customer.record_consent(one.id, yes, idempotency_key=str(one.id)) for one in made))
        decided = await customer.decide_consent(customer_models.AskDecision.model_validate(decision_body(ids)()))
        card = await customer.show_routing_profile(made[-1].id)
        said = await feedback.submit_feedback(feedback_models.SubmitFeedback.model_validate(feedback_body()))
        paid = customer_models.RecordInteraction.model_validate(interaction_body(ids)())
        happened = await customer.record_interaction(paid)
        ticket = await router.open_ticket(router_models.OpenTicket.model_validate(ticket_body([str(places[0].id)])()))
        answers = {
            "customers": made[-1].model_dump(mode="json"),
            "consent-decisions": decided.model_dump(mode="json"),
            "routing-profiles": card.model_dump(mode="json"),
            "feedback": said.model_dump(mode="json"),
            "interactions": happened.model_dump(mode="json"),
            "tickets": ticket.model_dump(mode="json"),
        }
    return [str(one.id) for one in places], answers, ids


async def _measure(suite: Suite, rows: list[Row], wanted: frozenset[str]) -> None:
    if suite.postgres is None:
        raise RuntimeError("the bench runs on its own PostgreSQL")
    places, answers, ids = await _answers(suite)
    if PGBENCH in wanted:
        bare = await pgbench(suite.postgres, suite.state.folder, 5)
        _add(rows, Row(PGBENCH, "gate, row, outbox: the bare rows of a write", "", f"{bare:,.0f}/s", *_BARE))
    routes = [
        Route("N1", "customers", "customer", "/v1/customers", customer_body, 0.35),
        Route("N1", "feedback", "feedback", "/v1/feedback", feedback_body, 0.35),
        Route("N1", "interactions", "customer", "/v1/interactions", interaction_body(ids), 0.35),
        Route("N1", "tickets", "channel-router", "/v1/tickets", ticket_body(places), 0.35),
        Route(
            "N9",
            "consent-decisions",
            "customer",
            "/v1/consent-decisions",
            decision_body(ids),
            0.40,
            "audited before it leaves",
        ),
    ]
    async with opened(suite.state, "customer") as customer, opened(suite.state, "feedback") as listener:
        for route in routes:
            if route.number in wanted:
                await caught_up([customer, listener])
                _add(rows, await write_row(suite, route, answers[route.name]))
        if "N9" in wanted:
            _add(rows, await read_row(suite, ids, answers["customers"]))
            card = answers["routing-profiles"]
            _add(rows, await read_row(suite, ids, card, of="/routing-profile", name="routing-profiles"))
            _add(rows, await profile_row(suite, ids))
        if "N3" in wanted:
            await caught_up([customer, listener])
            _add(rows, await drain_row(suite, customer, listener))
            await caught_up([customer, listener])
            _add(rows, await latency_row(suite, customer, listener))
        if "N2" in wanted:
            await caught_up([customer, listener])
            brought = await import_row(suite)
            if brought is not None:
                _add(rows, brought)


def _add(rows: list[Row], row: Row) -> None:
    rows.append(row)
    ratio = "" if row.ratio is None else f"{row.ratio:.2f} × floor, "
    sys.stdout.write(
        f"{row.number} {row.what}: {row.ours} {row.floor} {ratio}p50 {row.p50} p99 {row.p99} ({row.must})\n"
    )
    sys.stdout.flush()


async def _commit_times(suite: Suite) -> None:
    """The latency of a hop is read from the server's own commit times."""
    if suite.postgres is None:
        return
    suite.postgres.start()
    connection = await asyncpg.connect(suite.postgres.url)
    try:
        await connection.execute("ALTER SYSTEM SET track_commit_timestamp = on")
    finally:
        await connection.close()
    suite.postgres.stop()


def main() -> int:
    """Measure everything, or the rows that ROWS names, and put them on the page; 1 when one falls short.

    With PAGE=no nothing is written.
    """
    wanted = frozenset(filter(None, os.environ.get("ROWS", "").split(","))) or frozenset(ORDER)
    if not wanted <= set(ORDER):
        raise SystemExit(f"ROWS may name {', '.join(ORDER)}")
    folder = Path(tempfile.mkdtemp(prefix="cxbank-bench-", dir="/var/tmp"))
    folder.chmod(0o755)
    rows: list[Row] = []
    try:
        _measure_all(folder, rows, wanted)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    lines = [line_of(row, f"{clock.now():%Y-%m-%d}") for row in rows]
    sys.stdout.write(table(lines))
    if os.environ.get("PAGE") != "no":
        page = joined(lines, lines_of(PAGE.read_text()), ORDER)
        PAGE.write_text(HEAD.format(machine=_machine()) + table(page))
    return 1 if any(row.met is False for row in rows) else 0


def _measure_all(folder: Path, rows: list[Row], wanted: frozenset[str]) -> None:
    idle = None
    if wanted - {"N10", "D1", "N12"}:
        suite = Suite(State.load(folder / "suite", SHIFT))
        asyncio.run(_commit_times(suite))
        suite.start()
        try:
            idle = idle_row(suite) if "N11" in wanted else None
            if wanted - {"N10", "D1", "N11", "N12"}:
                asyncio.run(_measure(suite, rows, wanted))
        finally:
            suite.stop()
    if "N10" in wanted:
        for row in growth_rows(folder):
            _add(rows, row)
    if "D1" in wanted:
        for row in deadline_rows(folder / "deadlines"):
            _add(rows, row)
    if idle is not None:
        _add(rows, idle)
    if "N12" in wanted:
        _add(rows, warm_row(folder / "warm"))
        _add(rows, fresh_row())


if __name__ == "__main__":
    raise SystemExit(main())
