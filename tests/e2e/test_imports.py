"""Files brought in while the worker that reads them is killed: another goes on, and every row is there once.

The clients are those of the real file, of CXBANK_DATA or beside the checkout, else of the demo's seeded simulator: the
first of them, or with `make imports` every one, and the real accounts with them. What is said on the way are the figures.
"""

import csv
import gzip
import io
import json
import os
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final

import pytest

from cxbank_local.demo import accounts, simulator, sources
from cxbank_local.demo.run import BESIDE

pytestmark = pytest.mark.slow

WORKER: Final = ("customer", "worker")
DATA: Final = Path(os.environ.get("CXBANK_DATA", BESIDE))
FEW: Final = 3_000
_PATIENCE: Final = 600.0
_PARTS: Final = ("contact_point", "identifier", "customer_history")


@pytest.fixture(params=[FEW, pytest.param(None, marks=pytest.mark.whole, id="all")])
def clients(request: pytest.FixtureRequest, tmp_path: Path) -> list[sources.Row]:
    """So many clients of the file, with keys and numbers apart from those of the demo and of each other test."""
    real = (DATA / sources.CLIENTS).exists()
    folder = DATA if real else tmp_path
    if not real:
        simulator.write(folder)
    rows, mark = list(islice(sources.customers(folder), request.param)), "few" if request.param else "all"
    for row in rows:
        row["external_ref"] = f"{mark}:{row['external_ref']}"
        row["identifiers"][0]["issuer"] = {"few": "BR", "all": "AR"}[mark]
        mail = row["contact_points"][1]["value"]
        # Nobody of the demo's is to be found by what these have.
        row["contact_points"] = [{"kind": "email", "value": f"{part}.{mark}.{mail}"} for part in ("home", "work")]
    say(f"{len(rows):,} clients, {'of ' + sources.CLIENTS if real else 'simulated: there is no real file'}")
    return rows


def say(what: str) -> None:
    """It has to be said, and `make imports` shows it."""
    print(what)  # noqa: T201  # a figure is no use unsaid


def spoiled(rows: Sequence[sources.Row]) -> tuple[list[sources.Row], dict[int, str]]:
    """The rows with four among them that cannot be, a fifth of the way apart; and by number which, and why."""
    known, step, lines = rows[0], len(rows) // 5, list(rows)
    wrong: list[tuple[sources.Row, str]] = [
        (known | {"legal_name": "Somebody Else"}, "external-ref-conflict"),
        (known | {"external_ref": "bad:taken", "contact_points": []}, "identifier-taken"),
        (known | {"external_ref": "bad:unborn", "birth_date": "2999-01-01"}, "value-error"),
        (known | {"external_ref": "bad:tier", "tier_hint": "royal"}, "enum"),
    ]
    places = {step * number + number: (row, code) for number, (row, code) in enumerate(wrong, 1)}
    for place, (row, _) in places.items():
        lines.insert(place, row)
    return lines, {place: code for place, (_, code) in places.items()}


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
        time.sleep(0.2)
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


def rejects(stage: Any, job: str) -> dict[int, str]:
    """Why the file of rejects says each line was let go; and no value of any."""
    told = stage.ask("customer", "GET", f"{job}/rejects")
    assert "Somebody" not in told.text
    return {one["line"]: one["code"] for one in map(json.loads, told.text.splitlines())}


def test_a_worker_killed_half_way_is_followed_by_another_and_every_row_lands_once(
    stage: Any, clients: list[sources.Row]
) -> None:
    many, before, told = len(clients), state(stage), said(stage)
    lines, wrong = spoiled(clients)
    began = time.monotonic()
    job = send(stage, b"\n".join(json.dumps(row).encode() for row in lines), "application/x-ndjson")
    under_way = until(stage, job, many // 4)
    assert under_way["state"] == "running", "it was over before it could be killed"
    killed = stage.suite.pid(WORKER)
    stage.suite.kill(WORKER)
    say(f"killed -9 after {under_way['done']:,} of {len(lines):,} lines, {time.monotonic() - began:.1f} s")
    done = until(stage, job)
    say(f"ended by another worker {time.monotonic() - began:.1f} s after the first byte")
    assert stage.suite.pid(WORKER) != killed
    # A group that was kept when the worker died, and not noted yet, is met again as known.
    assert (done["done"], done["created"] + done["unchanged"], done["rejected"]) == (len(lines), many, len(wrong))
    assert rejects(stage, job) == {place + 1: code for place, code in wrong.items()}
    after = state(stage)
    assert [now[0] - then[0] for now, then in zip(after, before, strict=True)] == [many, 2 * many, many, 0]
    assert said(stage) == (told[0] + many, told[1] + many)
    assert stage.sql("customer", "SELECT count(*) FROM job_chunk")[0][0] == 0

    began, last = time.monotonic(), len(lines)
    job = send(stage, as_csv(reversed(lines)), "text/csv")
    again = until(stage, job)
    say(f"the second time, as CSV and backwards: {last / (time.monotonic() - began):,.0f} lines/s")
    assert (again["created"], again["unchanged"], again["rejected"]) == (0, many, len(wrong))
    # The first line of a CSV is its header.
    assert rejects(stage, job) == {last - place + 1: code for place, code in wrong.items()}
    assert (state(stage), said(stage)) == (after, (told[0] + many, told[1] + many))


@pytest.mark.whole
@pytest.mark.skipif(not (DATA / accounts.FILES[-1]).exists(), reason="the files of the accounts are not here")
def test_the_accounts_of_a_bank_come_in_once_and_features_are_what_the_files_say(stage: Any) -> None:
    for first in (True, False):
        ran = stage.command("accounts", within=_PATIENCE)
        say(ran.stdout.strip())
        assert ran.returncode == 0, ran.stdout + ran.stderr
        told = re.search(r"(\d+) interactions: (\d+) new, (\d+) known, 0 rejected", ran.stdout)
        assert told is not None, ran.stdout
        many, new, known = map(int, told.groups())
        assert (new, known) == ((many, 0) if first else (0, many))
        assert "features of 60 customers at 1994-06-30: 0 differ from the files" in ran.stdout
