"""The migrations of this service make the tables its code knows, and take them away again."""

from pathlib import Path

import risk.main
import risk.worker  # noqa: F401  # with the line above every table is known
from risk.storage import metadata
from shared.testing.migrations import check


def test_migrations_make_the_code_s_tables_and_take_them_away(empty_database: str) -> None:
    check(Path(__file__).parents[1], empty_database, metadata)
