"""Migrates the channel-router service."""

import channel_router.main
import channel_router.worker  # noqa: F401  # with the line above every table is known
from channel_router.storage import metadata
from shared.migrations import run

run(metadata)
