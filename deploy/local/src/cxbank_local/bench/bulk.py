"""N2: a file of a million transactions through an import, beside the same rows by one connection in bare `unnest` batches."""

import os
import statistics
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import datetime
from itertools import islice
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, Final
from uuid import UUID, uuid4

import asyncpg
import psutil

from cxbank_client.customer.client import Customer
from cxbank_client.rows import ndjson
from cxbank_local.bench.alone import alone
from cxbank_local.bench.routes import head
from cxbank_local.bench.rows import Row
from cxbank_local.demo import accounts
from cxbank_local.demo.run import BESIDE
from cxbank_local.suite import Suite
from shared import clock

ROWS: Final = 1_000_000
BATCH: Final = 500
FLOOR_ROWS: Final = 100_000
MUST: Final = 0.15
WITHIN: Final = 3_600.0
# As many bytes as the sealed detail of a row of the file has.
_DETAIL: Final = 230
_FLOOR: Final = """
DROP TABLE IF EXISTS bench_interaction;
CREATE TABLE bench_interaction (id uuid PRIMARY KEY, customer_id uuid NOT NULL, ingest bigint NOT NULL,
    kind text NOT NULL, channel text, occurred_at timestamptz NOT NULL, detail bytea NOT NULL);
CREATE INDEX ON bench_interaction (customer_id, occurred_at, id);
"""
_INSERT: Final = """
INSERT INTO bench_interaction
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::text[], $5::text[], $6::timestamptz[], $7::bytea[])
"""


def folder() -> Path | None:
    """Where the real transactions lie, which are repeated; None where they are not here."""
    chosen = Path(os.environ.get("CXBANK_DATA", BESIDE))
    return chosen if all((chosen / name).exists() for name in accounts.FILES) else None


async def unnest_floor(url: str, rows: Iterator[Mapping[str, Any]], detail: int = _DETAIL) -> float:
    """Rows a second of one asyncpg connection, a transaction a batch, the index as ours; nothing but the rows."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(_FLOOR)
        statement = await connection.prepare(_INSERT)
        seconds = done = 0.0
        while batch := list(islice(rows, BATCH)):
            columns = _columns(batch, int(done), detail)
            began = time.perf_counter()
            await statement.fetch(*columns)
            seconds += time.perf_counter() - began
            done += len(batch)
        await connection.execute("DROP TABLE bench_interaction")
    finally:
        await connection.close()
    return done / seconds


def _columns(batch: list[Mapping[str, Any]], done: int, detail: int) -> list[list[Any]]:
    return [
        [uuid4() for _ in batch],
        [UUID(row["customer_id"]) for row in batch],
        [done + number for number in range(len(batch))],
        [row["kind"] for row in batch],
        [row.get("channel") for row in batch],
        [datetime.fromisoformat(row["occurred_at"]) for row in batch],
        [os.urandom(detail) for _ in batch],
    ]


async def import_row(suite: Suite, rows: int = ROWS) -> Row | None:
    """The rate from the first byte sent to the last row kept; None where there are no transactions to repeat.

    Only the customer service's two roles run meanwhile, beside the database. The file is made beforehand, as the floor's
    columns are, and the end is what the job says: whoever waits for it looks every other second.
    """
    data = folder()
    if data is None or suite.postgres is None:
        return None
    url, pid = suite.postgres.url, suite.pid(("customer", "worker"))
    token = head(suite, "customer")["Authorization"].removeprefix("Bearer ")
    address = f"http://127.0.0.1:{suite.state.ports.of('customer', 'api')}"
    with TemporaryFile() as file, alone(suite, ("customer", "api"), ("customer", "worker")):
        async for piece in ndjson(accounts.synthetic(data, rows)):
            file.write(piece)
        file.seek(0)
        floors = [await unnest_floor(url, accounts.synthetic(data, FLOOR_ROWS, seed)) for seed in (2, 3)]
        async with Customer(address, token, timeout=600) as customer:
            before, began = _cpu(pid), clock.now()
            job = await customer.import_interactions(_pieces(file))
            job = await customer.wait_for_job(job.id, within=WITHIN)
            spent = (_cpu(pid) - before) / rows
        floors += [await unnest_floor(url, accounts.synthetic(data, FLOOR_ROWS, seed)) for seed in (4, 5)]
    if (job.created, job.rejected) != (rows, 0):
        raise RuntimeError(f"of {rows} rows {job.created} were made and {job.rejected} rejected")
    assert job.finished_at is not None  # noqa: S101  # it has ended
    rate = rows / (job.finished_at - began).total_seconds()
    floor = statistics.median(floors)
    return Row(
        "N2",
        f"`POST /v1/interactions/imports`, {rows:,} synthetic transactions (the real ones repeated with a seed)",
        f"unnest {floor:,.0f}/s",
        f"{rate:,.0f}/s",
        rate / floor,
        "",
        "",
        f"{1e6 * spent:,.0f} µs",
        f"≥ {MUST} × unnest",
        rate / floor >= MUST,
    )


async def _pieces(file: IO[bytes]) -> AsyncIterator[bytes]:
    while piece := file.read(1 << 16):
        yield piece


def _cpu(pid: int | None) -> float:
    if pid is None:
        return 0.0
    spent = psutil.Process(pid).cpu_times()
    return float(spent.user + spent.system)
