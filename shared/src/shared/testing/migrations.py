"""What every service's migrations must hold: one head, up to the code's tables without drift, down to nothing, up again."""

import asyncio
from pathlib import Path

from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, text
from sqlalchemy.ext.asyncio import create_async_engine

from shared import migrations
from shared.db import async_url


def check(folder: Path, url: str, metadata: MetaData) -> None:
    """Walk the migrations of a service (its folder) over an empty database; raises AssertionError where they differ."""
    heads = ScriptDirectory.from_config(migrations.config(folder, url)).get_heads()
    assert len(heads) == 1, f"more than one newest migration: {heads}"
    migrations.upgrade(folder, url)
    drift = asyncio.run(_asked(url, metadata))
    assert drift == [], "\n".join(drift)
    migrations.downgrade(folder, url)
    assert asyncio.run(_tables(url)) == ["alembic_version"]
    migrations.upgrade(folder, url)


async def _asked(url: str, metadata: MetaData) -> list[str]:
    def ask(connection: Connection) -> list[str]:
        return migrations.drift(connection, metadata)

    engine = create_async_engine(async_url(url))
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(ask)
    finally:
        await engine.dispose()


async def _tables(url: str) -> list[str]:
    engine = create_async_engine(async_url(url))
    try:
        async with engine.connect() as connection:
            names = await connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
            return sorted(names.scalars())
    finally:
        await engine.dispose()
