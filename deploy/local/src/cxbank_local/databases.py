"""Five databases with least rights: a role that owns the tables and migrates, a role that only reads and writes rows."""

import asyncio

import asyncpg

from cxbank_local.environment import Engines, database_url
from cxbank_local.state import CHECKOUT, SERVICES, State, package
from shared import migrations

# Rows of the record are never changed or taken away by the application, whatever its code says.
_APPEND_ONLY = ("audit", "audit_seal")
_TABLES = """
SELECT relname FROM pg_class
WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace AND NOT relispartition
"""


async def create(state: State, engines: Engines) -> None:
    """Make what is missing: roles, passwords, databases."""
    admin = await asyncpg.connect(engines.postgres)
    try:
        for service in SERVICES:
            name = package(service)
            for role in ("migrator", "app"):
                known = await admin.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", f"{name}_{role}")
                verb = "ALTER" if known else "CREATE"
                secret = state.secrets[f"{role}:{service}"].replace("'", "''")
                await admin.execute(f"{verb} ROLE {name}_{role} LOGIN PASSWORD '{secret}'")
            if not await admin.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", f"cxbank_{name}"):
                await admin.execute(f"CREATE DATABASE cxbank_{name} OWNER {name}_migrator")
            await admin.execute(f"REVOKE ALL ON DATABASE cxbank_{name} FROM PUBLIC")
            await admin.execute(f"GRANT CONNECT ON DATABASE cxbank_{name} TO {name}_app")
    finally:
        await admin.close()


async def migrate(state: State, engines: Engines, service: str) -> None:
    """Bring one database to its newest tables, and give the application's role what it needs on them."""
    url = database_url(state, engines, service, "migrator")
    await asyncio.to_thread(migrations.upgrade, CHECKOUT / "services" / service, url)
    app = f"{package(service)}_app"
    owner = await asyncpg.connect(url)
    try:
        await owner.execute(f"GRANT USAGE ON SCHEMA public TO {app}")
        for row in await owner.fetch(_TABLES):
            table = row["relname"]
            rights = "SELECT, INSERT" if table in _APPEND_ONLY else "SELECT, INSERT, UPDATE, DELETE"
            await owner.execute(f"REVOKE ALL ON {table} FROM {app}")
            if table != "alembic_version":
                await owner.execute(f"GRANT {rights} ON {table} TO {app}")
        await owner.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {app}")
    finally:
        await owner.close()
