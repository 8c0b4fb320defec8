"""Drafting the next migration: what a service's tables say beyond the migrations that have landed."""

import asyncio
import importlib
import re
import tempfile
from pathlib import Path
from typing import Final

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData
from sqlalchemy.ext.asyncio import create_async_engine

from cxbank_local.state import CHECKOUT, package
from shared import clock, migrations
from shared.db import async_url
from shared.testing.engines import Postgres, free_port

_FILE: Final = '''"""{message}."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "{revision}"
down_revision = "{before}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make them."""
    {up}


def downgrade() -> None:
    """Take them away."""
    {down}
'''


def draft(service: str, message: str) -> Path:
    """Write a dated file for the service and return its path; somebody reads it before it lands."""
    folder = CHECKOUT / "services" / service
    importlib.import_module(f"{package(service)}.worker")
    importlib.import_module(f"{package(service)}.main")
    metadata: MetaData = importlib.import_module(f"{package(service)}.storage").metadata
    # Where PostgreSQL's own OS user may enter.
    scratch = Path(tempfile.mkdtemp(prefix="cxbank-revision-", dir="/var/tmp"))
    server = Postgres(scratch, free_port(), durable=False)
    server.start()
    try:
        migrations.upgrade(folder, server.url)
        up, down = asyncio.run(_compared(server.url, metadata))
        before = ScriptDirectory.from_config(migrations.config(folder, server.url)).get_current_head()
    finally:
        server.stop()
    slug = re.sub(r"[^a-z0-9]+", "_", message.lower()).strip("_")
    revision = f"{clock.now():%Y_%m_%d}_{slug}"
    path = folder / "migrations" / "versions" / f"{revision}.py"
    told = message[:1].upper() + message[1:]
    path.write_text(_FILE.format(message=told, revision=revision, before=before, up=_plain(up), down=_plain(down)))
    return path


def _plain(code: str) -> str:
    return "\n".join(line for line in code.splitlines() if not line.strip().startswith("###")).strip()


async def _compared(url: str, metadata: MetaData) -> tuple[str, str]:
    engine = create_async_engine(async_url(url))

    def compare(connection: Connection) -> tuple[str, str]:
        context = MigrationContext.configure(connection, opts=migrations.comparing(metadata))
        made = produce_migrations(context, metadata)
        if made.upgrade_ops is None or made.downgrade_ops is None:
            raise RuntimeError("nothing was drafted")
        up = render_python_code(made.upgrade_ops, migration_context=context)
        return up, render_python_code(made.downgrade_ops, migration_context=context)

    try:
        async with engine.connect() as connection:
            return await connection.run_sync(compare)
    finally:
        await engine.dispose()
