"""Clients brought in by a file while the worker that reads it is killed: another goes on, and every row is there once.

Of the real file where CXBANK_DATA names it, else of the demo's seeded simulator; the test's own output says which.
"""

import csv
import gzip
import io
import json
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from cxbank_local.demo import simulator, sources

pytestmark = pytest.mark.slow

WORKER: Final = ("customer", "worker")
_PATIENCE: Final = 600.0
_PARTS: Final = ("contact_point", "identifier", "customer_history")


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> list[sources.Row]:
    """Every client of the file, with keys and numbers apart from those the demo brought in."""
    given = os.environ.get("CXBANK_DATA")
    folder = Path(given) if given else tmp_path_factory.mktemp("simulated")
    if not given:
        simulator.write(folder)
    rows = list(sources.customers(folder))
    for row in rows:
        row["external_ref"] = f"e2e:{row['external_ref']}"
        row["identifiers"][0]["issuer"] = "BR"
        mail = row["contact_points"][1]["value"]
        # Nobody of the demo's is to be found by what these have.
        row["contact_points"] = [{"kind": "email", "value": f"{part}.e2e.{mail}"} for part in ("home", "work")]
    where = f"of {sources.CLIENTS}" if given else "simulated, CXBANK_DATA names no folder"
    print(f"{len(rows):,} clients, {where}")  # noqa: T201  # it has to be said
    return rows


def leaves(node: Any, above: str = "") -> Iterator[tuple[str, str]]:
    """The cells of a body under their paths, as the header of the CSV names them."""
    if isinstance(node, dict | list):
        for part, value in node.items() if isinstance(node, dict) else enumerate(node):
            yield from leaves(value, f"{above}.{part}" if above else str(part))
    else:
        yield above, str(node)


def as_csv(rows: Iterable[sources.Row]) -> bytes:
    flat = [dict(leaves(row)) for row in rows]
    out = io.StringIO()
    writer = csv.DictWriter(out, sorted({name for row in flat for name in row}))
    writer.writeheader()
    writer.writerows(flat)
    return out.getvalue().encode()


def send(stage: Any, body: bytes, kind: str) -> str:
    """The path of the job that keeps the file, packed."""
    head = {"content-type": kind, "content-encoding": "gzip"}
    taken = stage.ask("customer", "POST", "/v1/customers/imports", content=gzip.compress(body), headers=head)
    assert taken.status_code == 202, taken.text
    return str(taken.headers["location"])


def until(stage: Any, job: str, lines: int | None = None) -> Any:
    """The job once it has come that far, or to its end."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        told = stage.ask("customer", "GET", job).json()
        if told["state"] == "done" or (lines is not None and told["done"] >= lines):
            return told
        time.sleep(0.05)
    raise AssertionError(f"not there in time: {told}")


def state(stage: Any) -> list[tuple[Any, ...]]:
    """How many rows each table has, and the hash of them all."""
    hashed = "SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {} t"
    return [tuple(stage.sql("customer", hashed.format(table))[0]) for table in ("customer", *_PARTS)]


def said(stage: Any) -> tuple[int, int]:
    """How many registrations were said, and of how many customers."""
    told = "SELECT count(*), count(DISTINCT subject) FROM outbox WHERE type = 'cxbank.customer.registered.v1'"
    (row,) = stage.sql("customer", told)
    return int(row[0]), int(row[1])


def test_a_worker_killed_half_way_is_followed_by_another_and_every_row_lands_once(
    stage: Any, clients: list[sources.Row]
) -> None:
    many, before, told = len(clients), state(stage), said(stage)
    body = b"\n".join(json.dumps(row).encode() for row in clients)
    job = send(stage, body, "application/x-ndjson")
    under_way = until(stage, job, many // 4)
    assert under_way["state"] == "running", "it was over before it could be killed"
    killed = stage.suite.pid(WORKER)
    stage.suite.kill(WORKER)
    done = until(stage, job)
    assert stage.suite.pid(WORKER) != killed
    # A group that was kept when the worker died, and not noted yet, is met again as known.
    assert (done["done"], done["created"] + done["unchanged"], done["rejected"]) == (many, many, 0)
    after = state(stage)
    assert [now[0] - then[0] for now, then in zip(after, before, strict=True)] == [many, 2 * many, many, 0]
    assert said(stage) == (told[0] + many, told[1] + many)
    assert stage.sql("customer", "SELECT count(*) FROM job_chunk")[0][0] == 0

    again = until(stage, send(stage, as_csv(reversed(clients)), "text/csv"))
    assert (again["created"], again["unchanged"], again["rejected"]) == (0, many, 0)
    assert (state(stage), said(stage)) == (after, (told[0] + many, told[1] + many))
