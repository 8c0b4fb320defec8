"""Drafting the next migration: what a service's tables say beyond the migrations that have landed."""

import importlib
import tempfile
from pathlib import Path

from alembic import command

from cxbank_local.state import CHECKOUT, package
from shared import migrations
from shared.testing.engines import Postgres, free_port


def draft(service: str, message: str) -> Path:
    """Write a dated file for the service and return its path; somebody reads it before it lands."""
    folder = CHECKOUT / "services" / service
    importlib.import_module(f"{package(service)}.worker")
    # Where PostgreSQL's own OS user may enter.
    scratch = Path(tempfile.mkdtemp(prefix="cxbank-revision-", dir="/var/tmp"))
    server = Postgres(scratch, free_port(), durable=False)
    server.start()
    try:
        migrations.upgrade(folder, server.url)
        made = command.revision(migrations.config(folder, server.url), message=message, autogenerate=True)
    finally:
        server.stop()
    script = made[0] if isinstance(made, list) else made
    if script is None:
        raise RuntimeError("nothing was drafted")
    return Path(script.path)
