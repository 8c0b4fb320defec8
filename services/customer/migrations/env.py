"""Migrates the customer service."""

import customer.main
import customer.worker  # noqa: F401  # with the line above every table is known
from customer.storage import metadata
from shared.migrations import run

run(metadata)
