"""The kpi service in this process, over a database of the test's own."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from kpi.main import app
from kpi.settings import Settings
from kpi.worker import work
from shared.testing.service import Service, running
from shared.testing.tokens import Issuer

FOLDER = Path(__file__).parents[1]


@pytest.fixture
async def service(database_for: Callable[[Path], str], issuer: Issuer) -> AsyncIterator[Service]:
    async with running(database_for(FOLDER), settings=Settings, app=app, work=work, issuer=issuer) as made:
        yield made
