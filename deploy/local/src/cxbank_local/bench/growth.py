"""N10: the hot routes of customer with a million customers against ten thousand, two suites side by side, in turns.

Ten thousand customers come in through the import (the real clients where they are here, else the simulator's). In the larger
suite their rows are then multiplied in SQL, a hundredfold: every id is moved back by minutes, every blind index and gate key is
hashed with the number of the copy, all else stays byte for byte. So each copy is of the length, the spread and the order of
time of a real row, and is found by every index; but its sealed values were sealed under another id, and cannot be opened.
Nothing opens them: what is read are customers who came in through the front door after the multiplication.
"""

import asyncio
import os
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final

import asyncpg

from cxbank_client.customer import models
from cxbank_client.customer.client import Customer
from cxbank_client.rows import ndjson
from cxbank_local.bench.alone import alone
from cxbank_local.bench.load import Measured, run
from cxbank_local.bench.routes import (
    CALLERS,
    GRANT,
    WARM_SECONDS,
    customer_body,
    decision_body,
    gets,
    head,
    posts,
)
from cxbank_local.bench.rows import Row
from cxbank_local.demo import simulator, sources
from cxbank_local.demo.run import BESIDE
from cxbank_local.state import State
from cxbank_local.suite import Suite

FEW: Final = 10_000
MANY: Final = 1_000_000
READ: Final = 1_000
ROUNDS: Final = 7
SECONDS: Final = 3.0
MUST: Final = 1.3
PATIENCE: Final = 3_600.0
SHIFTS: Final = (800, 900)
# What the customer service keeps of a customer in tables that are not cut by time. Records and events are cut by time:
# they grow with the days, and their partitions are dropped.
TABLES: Final = (
    *("subject_key", "gate", "customer", "contact_point", "identifier", "customer_due", "duplicate_block"),
    *("consent_record", "consent_head", "routing_card", "known_person"),
)
_MOVED: Final = """
CREATE OR REPLACE FUNCTION moved(id uuid, copy int) RETURNS uuid LANGUAGE sql IMMUTABLE STRICT AS $$
SELECT (lpad(to_hex(('x' || substr(replace(id::text, '-', ''), 1, 12))::bit(48)::bigint - copy * 60000::bigint), 12, '0')
        || substr(replace(id::text, '-', ''), 13))::uuid $$
"""
_COLUMNS: Final = """
SELECT a.attname AS name, t.typname AS type,
       EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = a.attrelid AND a.attnum = ANY (i.indkey)) AS indexed
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attidentity = '' AND a.attgenerated = ''
ORDER BY a.attnum
"""


@dataclass
class _Side:
    """One suite, the customers who are read in it, and the p50 of each route in each round."""

    suite: Suite
    ids: list[str] = field(default_factory=list)
    seen: dict[str, list[Measured]] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """Where its customer service is."""
        return f"http://127.0.0.1:{self.suite.state.ports.of('customer', 'api')}"

    @property
    def url(self) -> str:
        """Its customer database, as the superuser reaches it."""
        if self.suite.postgres is None:
            raise RuntimeError("the bench runs on its own PostgreSQL")
        return f"{self.suite.postgres.url.rsplit('/', 1)[0]}/cxbank_customer"

    def client(self) -> Customer:
        """A caller with every scope."""
        token = head(self.suite, "customer")["Authorization"].removeprefix("Bearer ")
        return Customer(self.address, token, timeout=600)

    def routes(self) -> dict[str, Iterator[bytes]]:
        """The requests of each route that is measured."""
        heads = head(self.suite, "customer")
        decide = posts(f"{self.address}/v1/consent-decisions", heads, decision_body(self.ids))
        return {
            "N1 `POST /v1/customers`": posts(f"{self.address}/v1/customers", heads, customer_body),
            "N9 `POST /v1/consent-decisions`": decide,
            "N9 `GET /v1/customers/{id}/routing-profile`": gets(
                [f"{self.address}/v1/customers/{one}/routing-profile" for one in self.ids], heads
            ),
            "N9 `GET /v1/customers/{id}`": gets([f"{self.address}/v1/customers/{one}" for one in self.ids], heads),
        }


def clients(folder: Path) -> tuple[str, list[sources.Row]]:
    """Ten thousand clients and what they are: the real ones, or the simulator's; a client once more has other keys."""
    given = Path(os.environ.get("CXBANK_DATA", BESIDE))
    real = (given / sources.CLIENTS).exists()
    if not real:
        simulator.write(given := folder / "simulated")
    rows = list(islice(sources.customers(given), FEW))
    while len(rows) < FEW:
        number = len(rows)
        row = rows[number % simulator.CLIENTS]
        papers = [row["identifiers"][0] | {"issuer": f"A{number // simulator.CLIENTS}"}]
        rows.append(row | {"external_ref": f"{row['external_ref']}:{number}", "identifiers": papers})
    return "the real clients" if real else "simulated clients", rows


async def multiply(url: str, copies: int) -> dict[str, int]:
    """Make so many copies of every customer's rows; how many rows each table has then."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("SET synchronous_commit = off")
        await connection.execute(_MOVED)
        for table in TABLES:
            columns = await connection.fetch(_COLUMNS, table)
            names = ", ".join(f'"{one["name"]}"' for one in columns)
            values = ", ".join(_copied(one) for one in columns)
            await connection.execute(f"CREATE TEMP TABLE template AS SELECT * FROM {table}")
            for copy in range(1, copies + 1):
                await connection.execute(
                    f"INSERT INTO {table} ({names}) SELECT {values.format(copy=copy)} FROM template"
                )
            await connection.execute("DROP TABLE template")
        await connection.execute("DROP FUNCTION moved")
        return {table: await connection.fetchval(f"SELECT count(*) FROM {table}") for table in TABLES}
    finally:
        await connection.close()


def _copied(column: Any) -> str:
    name = f'"{column["name"]}"'
    if column["type"] == "uuid":
        return f"moved({name}, {{copy}})"
    if column["type"] == "bytea" and column["indexed"]:
        return f"sha256({name} || int4send({{copy}}))"
    return name


async def _settled(url: str) -> None:
    """Statistics as autovacuum would have made them by the time so many customers are there."""
    connection = await asyncpg.connect(url)
    try:
        for table in TABLES:
            await connection.execute(f"VACUUM (ANALYZE) {table}")
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()


async def _heard(connection: Any, many: int) -> None:
    """Wait until the service has heard its own words about so many customers: each is heard by all who listen, or by none."""
    async with asyncio.timeout(PATIENCE):
        while await connection.fetchval("SELECT count(*) FROM known_person") < many:  # noqa: ASYNC110  # in another process
            await asyncio.sleep(1)


async def _brought(side: _Side, rows: list[sources.Row]) -> None:
    """The customers and a word of consent of each, as files; and what the worker makes of them."""

    async def ended(customer: Customer, job: Any) -> None:
        job = await customer.wait_for_job(job.id, within=PATIENCE)
        # A group that was kept by a worker who lost its lease is met again as known.
        if (job.created + job.unchanged, job.rejected) != (len(rows), 0):
            raise RuntimeError(f"of {len(rows)} rows {job.created} were made and {job.rejected} rejected")

    connection = await asyncpg.connect(side.url)
    try:
        async with side.client() as customer:
            await ended(customer, await customer.import_customers(ndjson(rows)))
            ids = [str(row["id"]) for row in await connection.fetch("SELECT id FROM customer")]
            said = ({"customer_id": one, "external_ref": one} | GRANT for one in ids)
            await ended(customer, await customer.import_consents(ndjson(said)))
        await _heard(connection, len(rows))
    finally:
        await connection.close()


async def _filled(side: _Side, copies: int) -> int:
    """Multiply the customers, and let those come in who are read; how many customers there are.

    Nobody else may be awake: a worker would find copies that are due, and could not open them.
    """
    held = await multiply(side.url, copies) if copies else {"customer": FEW}
    async with side.client() as customer:
        for _ in range(READ // 50):
            wishes = [models.RegisterCustomer.model_validate(customer_body()) for _ in range(50)]
            made = await asyncio.gather(*(customer.register_customer(wish) for wish in wishes))
            side.ids += [str(one.id) for one in made]
            yes = models.GiveConsent.model_validate(GRANT)
            await asyncio.gather(*(customer.record_consent(one.id, yes, idempotency_key=str(one.id)) for one in made))
    await _settled(side.url)
    return held["customer"]


@contextmanager
def _two(folder: Path) -> Iterator[tuple[_Side, _Side]]:
    sides = [_Side(Suite(State.load(folder / f"growth-{shift}", shift))) for shift in SHIFTS]
    started = []
    try:
        for side in sides:
            side.suite.start()
            started.append(side)
        yield sides[0], sides[1]
    finally:
        for side in started:
            side.suite.stop()


async def _measured(few: _Side, many: _Side, folder: Path, copies: int) -> tuple[str, int]:
    what, rows = clients(folder)
    await _brought(few, rows)
    await _brought(many, rows)
    api = ("customer", "api")
    with alone(few.suite, api), alone(many.suite, api):
        await _filled(few, 0)
        held = await _filled(many, copies)
        wires = [(side, side.routes()) for side in (few, many)]
        for name in wires[0][1]:
            for side, routes in wires:
                await run(side.address, routes[name], callers=CALLERS, seconds=WARM_SECONDS)
            for _ in range(ROUNDS):
                for side, routes in wires:
                    seen = await run(side.address, routes[name], callers=CALLERS, seconds=SECONDS)
                    side.seen.setdefault(name, []).append(seen)
    return what, held


def _row(name: str, what: str, held: int, few: _Side, many: _Side) -> Row:
    sides = [few.seen[name], many.seen[name]]
    wrong = {status for side in sides for one in side for status in one.statuses if not 200 <= status < 300}
    if wrong:
        raise RuntimeError(f"{name}: answers {sorted(wrong)} were among those measured")
    ratio = statistics.median(after.quantile(0.5) / before.quantile(0.5) for before, after in zip(*sides, strict=True))
    small, large = (statistics.median(one.quantile(0.5) for one in side) for side in sides)
    return Row(
        "N10",
        f"p50 of {name}: {held:,} customers ({what}, multiplied) against {FEW:,}",
        f"{FEW:,}: {small:.1f} ms",
        f"{held:,}: {large:.1f} ms",
        ratio,
        f"{large:.1f} ms",
        f"{statistics.median(one.quantile(0.99) for one in many.seen[name]):.1f} ms",
        "",
        f"≤ {MUST} × p50 of the few",
        ratio <= MUST,
    )


def growth_rows(folder: Path, many: int = MANY) -> list[Row]:
    """The rows of N10: each route's p50 with so many customers over that with ten thousand, in the same minutes."""
    with _two(folder) as (small, large):
        what, held = asyncio.run(_measured(small, large, folder, many // FEW - 1))
    return [_row(name, what, held, small, large) for name in small.seen]
