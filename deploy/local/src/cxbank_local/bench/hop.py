"""N3: from a commit that said something, over outbox, Kafka and inbox, to the commit of a projection in another service."""

import asyncio
import os
import signal
import statistics
import time
from collections.abc import Set
from typing import Final

import psutil
from sqlalchemy import text

from cxbank_local.administration import Service
from cxbank_local.bench.alone import alone
from cxbank_local.bench.rows import Row
from cxbank_local.suite import Suite
from shared import clock
from shared.db import mark
from shared.events import outbox
from shared.events.envelope import Emit
from shared.events.relay import Waker

BACKLOG: Final = 40_000
ROUNDS: Final = 3
PACE: Final = 500
PACED_SECONDS: Final = 12
LATE_SECONDS: Final = 30.0
_LISTENER: Final = "feedback"


def _emits(customer: Service, many: int) -> list[Emit]:
    """Snapshots of customers that nobody knows: the listener keeps each."""
    # The service's own event class, found where its worker says what it republishes.
    snapshot = customer.event("cxbank.customer.snapshot.v1")
    now = clock.now()
    emits = []
    for _ in range(many):
        identity = clock.new_id()
        event = snapshot.model_validate(
            {
                "customer_id": identity,
                "kind": "individual",
                "state": "active",
                "tier": "mass",
                "age_band": "40-49",
                "region": "CN",
                "version": 1,
                "occurred_at": now,
            }
        )
        emits.append(Emit(event, key=identity, subject=identity, sequence=1))
    return emits


async def _heard(listener: Service) -> int:
    async with listener.world.db.read() as conn:
        return int((await conn.execute(text("SELECT count(*) FROM known_customer"))).scalar_one())


async def drain_row(suite: Suite, customer: Service, listener: Service) -> Row:
    """A backlog behind a held relay: how fast it is heard once the relay goes on."""
    storage = customer.work.storage
    rates: list[float] = []
    cpus: list[float] = []
    relay, ear = suite.pid(("customer", "worker")), suite.pid((_LISTENER, "worker"))
    if relay is None or ear is None:
        raise RuntimeError("the workers do not run")
    with alone(suite, ("customer", "worker"), (_LISTENER, "worker")):
        for _ in range(ROUNDS):
            before = await _heard(listener)
            os.kill(relay, signal.SIGSTOP)
            emits = _emits(customer, BACKLOG)
            for start in range(0, BACKLOG, 2_000):
                async with customer.world.db.begin() as tx:
                    await outbox.emit(tx, storage.EVENTS, storage.SOURCE, emits[start : start + 2_000])
            spent = sum(psutil.Process(ear).cpu_times()[:2])
            began = time.perf_counter()
            os.kill(relay, signal.SIGCONT)
            async with asyncio.timeout(120):
                while await _heard(listener) < before + BACKLOG:  # noqa: ASYNC110  # another process, nothing to be woken by
                    await asyncio.sleep(0.05)
            rates.append(BACKLOG / (time.perf_counter() - began))
            cpus.append((sum(psutil.Process(ear).cpu_times()[:2]) - spent) / BACKLOG)
    rate = statistics.median(rates)
    cpu = f"{1e6 * statistics.median(cpus):,.0f} µs"
    return Row(
        "N3", "event hop, drained by one worker", "", f"{rate:,.0f}/s", None, "", "", cpu, "≥ 10,000/s", rate >= 10_000
    )


async def latency_row(suite: Suite, customer: Service, listener: Service) -> Row:
    """Events at a steady pace: from their commit to the commit of their effect, by the databases' own commit times."""
    storage = customer.work.storage
    waker = Waker(customer.world.db)
    waker.start()
    emits = _emits(customer, PACE * PACED_SECONDS)
    since = clock.new_id()
    try:
        with alone(suite, ("customer", "worker"), (_LISTENER, "worker")):
            began = time.perf_counter()
            for number, emit in enumerate(emits):
                await asyncio.sleep(max(0.0, began + number / PACE - time.perf_counter()))
                async with customer.world.db.begin() as tx:
                    await outbox.emit(tx, storage.EVENTS, storage.SOURCE, [emit])
                    mark("outbox")
            # Not what the sender says of itself meanwhile, which nobody need hear.
            said = await _commits(customer, "outbox", since, of=emits[0].event.type)
            heard = await _all_heard(listener, since, said.keys())
    finally:
        await waker.stop()
    # The first second warms connections.
    took = sorted(heard[one] - at for one, at in sorted(said.items())[PACE:] if one in heard)
    if len(took) < len(said) - PACE:
        raise RuntimeError(f"{len(said) - PACE - len(took)} events were not heard")
    p50, p99 = (1000 * took[int(len(took) * share)] for share in (0.5, 0.99))
    what = f"event hop, added latency at {PACE}/s"
    return Row("N3", what, "", "", None, f"{p50:.1f} ms", f"{p99:.1f} ms", "", "p99 < 100 ms", p99 < 100)


async def _all_heard(listener: Service, since: object, said: Set[object]) -> dict[object, float]:
    """The commits of the effects once all are there, or after a while without the rest: who is late is not lost."""
    until = time.perf_counter() + LATE_SECONDS
    while True:
        heard = await _commits(listener, "inbox", since)
        if said <= heard.keys() or time.perf_counter() > until:
            return heard
        await asyncio.sleep(0.5)


async def _commits(service: Service, table: str, since: object, of: str | None = None) -> dict[object, float]:
    """When the transaction that wrote each row was committed, in seconds."""
    query = f"SELECT id, extract(epoch FROM pg_xact_commit_timestamp(xmin)) AS at FROM {table} WHERE id >= :since"
    query += " AND type = :of" if of else ""
    async with service.world.db.read() as conn:
        rows = await conn.execute(text(query), {"since": since} | ({"of": of} if of else {}))
        return {row.id: float(row.at) for row in rows if row.at is not None}
