"""Migrates the feedback service."""

import feedback.main
import feedback.worker  # noqa: F401  # with the line above every table is known
from feedback.storage import metadata
from shared.migrations import run

run(metadata)
