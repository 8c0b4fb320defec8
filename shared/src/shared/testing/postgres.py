"""A database for every test: cloned from a template that is migrated once for each state of the migrations."""

import asyncio
import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import asyncpg

from shared import migrations


def database(url: str, name: str) -> str:
    """The same server's address of another database."""
    return f"{url.rsplit('/', 1)[0]}/{name}"


async def _execute(url: str, statements: tuple[str, ...]) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


def execute(url: str, *statements: str) -> None:
    """Run statements outside any transaction; callable with or without a running loop."""
    with ThreadPoolExecutor(max_workers=1) as apart:
        apart.submit(lambda: asyncio.run(_execute(url, statements))).result()


@contextmanager
def empty(admin: str) -> Iterator[str]:
    """A fresh database without tables, dropped at the end."""
    name = f"test_{uuid4().hex}"
    execute(admin, f"CREATE DATABASE {name}")
    try:
        yield database(admin, name)
    finally:
        execute(admin, f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def clone(admin: str, service: Path) -> Iterator[str]:
    """A fresh database as the migrations of `service` (its folder) leave it, dropped at the end."""
    template = _template(admin, service)
    name = f"test_{uuid4().hex}"
    # A thousand small files are copied in an eighth of a second; page by page through the log it is half a second and more.
    execute(admin, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    try:
        yield database(admin, name)
    finally:
        execute(admin, f"DROP DATABASE {name} WITH (FORCE)")


def _template(admin: str, service: Path) -> str:
    marks = hashlib.sha256()
    for path in sorted((service / "migrations").rglob("*.py")):
        marks.update(path.read_bytes())
    name = f"template_{service.name.replace('-', '_')}_{marks.hexdigest()[:12]}"
    with ThreadPoolExecutor(max_workers=1) as apart:
        apart.submit(lambda: asyncio.run(_make_template(admin, service, name))).result()
    return name


async def _make_template(admin: str, service: Path, name: str) -> None:
    connection = await asyncpg.connect(admin)
    try:
        # Test processes race for the first use; the lock is the maintenance database's own.
        await connection.execute("SELECT pg_advisory_lock(hashtext($1))", name)
        if await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
            return
        making = f"{name}_making"
        await connection.execute(f"DROP DATABASE IF EXISTS {making} WITH (FORCE)")
        await connection.execute(f"CREATE DATABASE {making}")
        await asyncio.to_thread(migrations.upgrade, service, database(admin, making))
        await connection.execute(f"ALTER DATABASE {making} RENAME TO {name}")
    finally:
        await connection.close()
