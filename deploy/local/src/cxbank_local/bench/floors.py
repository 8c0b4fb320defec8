"""What every figure is held against: echo routes, and PostgreSQL's own pgbench with the bare rows of a write."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import asyncpg

from cxbank_local.bench.echo import ROUTES
from cxbank_local.state import State
from shared.testing.engines import Postgres, Process, free_port

_SCHEMA: Final = """
DROP TABLE IF EXISTS bench_gate, bench_row, bench_outbox;
CREATE TABLE bench_gate (key bytea PRIMARY KEY, content bytea, resource uuid);
CREATE TABLE bench_row (id uuid PRIMARY KEY, name bytea, state text, created_at timestamptz DEFAULT now());
CREATE TABLE bench_outbox (id uuid PRIMARY KEY, position bigint GENERATED ALWAYS AS IDENTITY, key text, data bytea);
"""
# Gate, domain row, outbox row: three prepared statements in one transaction.
_SCRIPT: Final = """
\\set a random(1, 9000000000000000)
BEGIN;
INSERT INTO bench_gate VALUES (decode(md5(:a::text), 'hex'), decode(md5(:a::text), 'hex'), gen_random_uuid())
    ON CONFLICT DO NOTHING;
INSERT INTO bench_row (id, name, state) VALUES (gen_random_uuid(), decode(repeat(md5(:a::text), 4), 'hex'), 'active');
INSERT INTO bench_outbox (id, key, data) VALUES (gen_random_uuid(), :a::text, decode(repeat(md5(:a::text), 8), 'hex'));
COMMIT;
"""


@contextmanager
def echo(state: State, route: str, answer: dict[str, Any], issuer: str) -> Iterator[tuple[str, Process]]:
    """One echo process for a route; its address and the process."""
    port = free_port()
    told = state.folder / f"echo-{route}.json"
    told.write_text(json.dumps({"route": route, "answer": answer, "issuer": issuer, "audience": ROUTES[route][0]}))
    process = Process(state.logs, f"echo-{route}")
    env = {"PATH": "/usr/bin:/bin", "CXBANK_ECHO": str(told)}
    process.spawn([sys.executable, "-m", "cxbank_local.bench.echo", str(port)], env=env)
    try:
        process.await_port(port)
        yield f"http://127.0.0.1:{port}/echo", process
    finally:
        process.end()


async def pgbench(postgres: Postgres, folder: Path, seconds: int) -> float:
    """Transactions a second of the bare rows, 16 clients, prepared, on the same server."""
    connection = await asyncpg.connect(postgres.url)
    try:
        await connection.execute(_SCHEMA)
    finally:
        await connection.close()
    script = folder / "floor.sql"
    script.write_text(_SCRIPT)
    command = [str(postgres.binaries() / "pgbench"), "-n", "-M", "prepared", "-c", "16", "-j", "2", "-T", str(seconds)]
    command += ["-f", str(script), postgres.url]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603, ASYNC221  # our own command line, and nothing else runs
    found = re.search(r"tps = ([0-9.]+)", ran.stdout)
    if found is None:
        raise RuntimeError(f"pgbench said nothing: {ran.stdout[-300:]}")
    return float(found[1])
