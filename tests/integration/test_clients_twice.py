"""The clients of a bank brought in twice, as NDJSON and as CSV, gzipped: one state, and the second time nothing changes.

Of the real file where CXBANK_DATA names it, else of the demo's seeded simulator; the test's own output says which.
"""

import csv
import gzip
import io
import json
import os
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

import customer.main
import customer.settings
import customer.worker
from cxbank_local.demo import simulator, sources
from shared.testing.service import Service, running
from shared.testing.tokens import Issuer

ROWS = 400
SERVICE = Path(__file__).parents[2] / "services" / "customer"
# What an import writes besides its own job, its key, and the record that it was here.
TABLES = ("customer", "contact_point", "identifier", "customer_history", "customer_claim", "gate", "outbox")


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> list[sources.Row]:
    given = os.environ.get("CXBANK_DATA")
    folder = Path(given) if given else tmp_path_factory.mktemp("simulated")
    if not given:
        simulator.write(folder)
    print(f"clients: {'of ' + sources.CLIENTS if given else 'simulated, CXBANK_DATA names no folder'}")  # noqa: T201  # it has to be said
    return list(islice(sources.customers(folder), ROWS))


@pytest.fixture
async def service(database_for: Callable[[Path], str], issuer: Issuer) -> AsyncIterator[Service]:
    made = running(
        database_for(SERVICE),
        settings=customer.settings.Settings,
        app=customer.main.app,
        work=customer.worker.work,
        issuer=issuer,
    )
    async with made as one:
        yield one


@pytest.fixture
async def staff(service: Service) -> httpx.AsyncClient:
    return await service.client("customer.customers:write", "customer.customers:read", actor="client", sub="crm")


def ndjson(rows: Iterable[Any]) -> bytes:
    return b"\n".join(json.dumps(row).encode() for row in rows)


def leaves(node: Any, above: str = "") -> Iterator[tuple[str, str]]:
    """The cells of a body under their paths, as the header of the CSV names them."""
    if isinstance(node, dict | list):
        for part, value in node.items() if isinstance(node, dict) else enumerate(node):
            yield from leaves(value, f"{above}.{part}" if above else str(part))
    elif node is not None:
        yield above, str(node)


def as_csv(rows: Iterable[Any]) -> bytes:
    flat = [dict(leaves(row)) for row in rows]
    out = io.StringIO()
    writer = csv.DictWriter(out, sorted({name for row in flat for name in row}))
    writer.writeheader()
    writer.writerows(flat)
    return out.getvalue().encode()


async def bring(service: Service, staff: httpx.AsyncClient, body: bytes, kind: str, *, packed: bool = True) -> Any:
    """The job of an import that was worked on to its end."""
    head = {"content-type": kind} | ({"content-encoding": "gzip"} if packed else {})
    taken = await staff.post("/v1/customers/imports", content=gzip.compress(body) if packed else body, headers=head)
    assert taken.status_code == 202, taken.text
    await service.run_jobs()
    return (await staff.get(taken.headers["location"])).json()


async def state(service: Service) -> dict[str, str]:
    """A hash of every row of each table."""
    async with service.world.db.read() as conn:
        known = set((await conn.execute(text("SELECT tablename FROM pg_tables"))).scalars())
        found = {}
        for table in known & set(TABLES):
            hashed = f"SELECT count(*) || ' ' || md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table} t"
            found[table] = str((await conn.execute(text(hashed))).scalar_one())
    return found


def counts(job: Any) -> tuple[int, int, int]:
    assert job["state"] == "done", job
    return job["created"], job["unchanged"], job["rejected"]


async def test_the_same_clients_as_ndjson_and_csv_plain_and_packed_change_nothing_the_second_time(
    service: Service, staff: httpx.AsyncClient, clients: list[sources.Row]
) -> None:
    assert counts(await bring(service, staff, ndjson(clients), "application/x-ndjson")) == (ROWS, 0, 0)
    first = await state(service)
    assert len(first) >= 6
    assert first["customer"].startswith(f"{ROWS} ")
    for body, kind, packed in (
        (ndjson(clients), "application/x-ndjson", False),
        (as_csv(clients), "text/csv", True),
        (as_csv(reversed(clients)), "text/csv", False),
    ):
        assert counts(await bring(service, staff, body, kind, packed=packed)) == (0, ROWS, 0)
        assert await state(service) == first


async def test_bad_rows_come_back_by_line_and_change_nothing_while_good_ones_land(
    service: Service, staff: httpx.AsyncClient, clients: list[sources.Row]
) -> None:
    known, new = clients[:3], clients[3:6]
    await bring(service, staff, ndjson(known), "application/x-ndjson")
    other = known[0] | {"legal_name": "Somebody Else"}
    taken = new[0] | {"external_ref": "another", "contact_points": []}
    lines = [*map(json.dumps, [known[1], new[0], other, taken, new[1] | {"shoe_size": 43}]), "{", json.dumps(new[2])]
    job = await bring(service, staff, "\n".join(lines).encode(), "application/x-ndjson")
    assert counts(job) == (2, 1, 4)
    rejects = await staff.get(f"/v1/jobs/{job['id']}/rejects")
    told = [json.loads(line) for line in rejects.text.splitlines()]
    assert [(one["line"], one["code"]) for one in told] == [
        (3, "external-ref-conflict"),
        (4, "identifier-taken"),
        (5, "extra-forbidden"),
        (6, "malformed"),
    ]
    assert "Somebody" not in rejects.text
    before = await state(service)
    assert counts(await bring(service, staff, "\n".join(lines).encode(), "application/x-ndjson")) == (0, 3, 4)
    assert await state(service) == before
