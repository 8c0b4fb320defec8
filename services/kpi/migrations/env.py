"""Migrates the kpi service."""

import kpi.main
import kpi.worker  # noqa: F401  # with the line above every table is known
from kpi.storage import metadata
from shared.migrations import run

run(metadata)
