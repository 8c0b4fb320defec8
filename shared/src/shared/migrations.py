"""Alembic for five services: one environment, dated files, lock and statement time-outs, partitions at once."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from alembic import command, context
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, MetaData, inspect, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from shared import clock, partitions
from shared.db import async_url

LOCK_TIMEOUT = "5s"
STATEMENT_TIMEOUT = "60s"


def partitioned(metadata: MetaData) -> dict[str, partitions.Span]:
    """The tables whose partitions are ours to keep, RANGE over a UUIDv7 id: by day, or by what their `info` says."""
    return {
        table.name: table.info.get("partition", "day")
        for table in sorted(metadata.tables.values(), key=lambda table: table.name)
        if str(table.dialect_options["postgresql"].get("partition_by") or "").upper().startswith("RANGE (ID)")
    }


def config(service: Path, url: str) -> Config:
    """An Alembic configuration without a file: where the scripts are and which database."""
    made = Config()
    made.set_main_option("script_location", str(service / "migrations"))
    made.set_main_option("file_template", "%%(year)d_%%(month).2d_%%(day).2d_%%(slug)s")
    made.set_main_option("path_separator", "os")
    made.attributes["url"] = url
    return made


def upgrade(service: Path, url: str, revision: str = "head") -> None:
    """Bring the database of `service` (its folder) to `revision`, as the role that owns the tables."""
    command.upgrade(config(service, url), revision)


def downgrade(service: Path, url: str, revision: str = "base") -> None:
    """Take the database back to `revision`."""
    command.downgrade(config(service, url), revision)


def _ours(metadata: MetaData, name: str | None) -> bool:
    """Partitions are children of a table we know; comparing them one by one would call each a drift."""
    return name is None or name in metadata.tables or "_p20" not in name


def comparing(metadata: MetaData) -> dict[str, Any]:
    """How the tables of a database are compared with those of the code."""
    return {"include_name": lambda name, kind, _: kind != "table" or _ours(metadata, name), "compare_type": True}


def drift(connection: Connection, metadata: MetaData) -> list[str]:
    """What the database lacks of the code's tables, or has beyond them; nothing, when every migration is written."""
    context = MigrationContext.configure(connection, opts=comparing(metadata))
    return [str(one) for one in compare_metadata(context, metadata)]


def run(metadata: MetaData) -> None:
    """What every `migrations/env.py` calls: migrate within time-outs, then make the partitions of the days ahead."""
    given: Connection | None = context.config.attributes.get("connection")
    if given is not None:
        _migrate(given, metadata)
        return
    url: str = context.config.attributes["url"]
    # A thread of its own: Alembic is synchronous, the driver is not, and the caller may stand in a running loop.
    with ThreadPoolExecutor(max_workers=1) as apart:
        apart.submit(lambda: asyncio.run(_connect(url, metadata))).result()


async def _connect(url: str, metadata: MetaData) -> None:
    engine = create_async_engine(async_url(url), poolclass=NullPool, hide_parameters=True)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_migrate, metadata)
            await connection.commit()
    finally:
        await engine.dispose()


def _migrate(connection: Connection, metadata: MetaData) -> None:
    connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
    connection.execute(text(f"SET statement_timeout = '{STATEMENT_TIMEOUT}'"))
    context.configure(
        connection=connection, target_metadata=metadata, transaction_per_migration=True, **comparing(metadata)
    )
    with context.begin_transaction():
        context.run_migrations()
    present = set(inspect(connection).get_table_names())
    for table, span in partitioned(metadata).items():
        if table in present:
            for statement in partitions.statements(table, at=clock.now(), span=span):
                connection.execute(text(statement))
