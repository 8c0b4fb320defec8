"""Migrates the risk service."""

import risk.main
import risk.worker  # noqa: F401  # with the line above every table is known
from risk.storage import metadata
from shared.migrations import run

run(metadata)
