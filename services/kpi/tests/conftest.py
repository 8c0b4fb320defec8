"""The kpi service in this process, and a second process of it, over a database of the test's own."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from kpi.main import app
from kpi.settings import Settings
from kpi.worker import work
from shared.crypto import Keyring
from shared.testing.service import Service, running
from shared.testing.tokens import Issuer

FOLDER = Path(__file__).parents[1]


@pytest.fixture
def process(
    database_for: Callable[[Path], str], issuer: Issuer, keyring: Keyring
) -> Callable[[], AbstractAsyncContextManager[Service]]:
    """One more process: pool, caches and groups of its own, over one database and with the same secrets."""
    url = database_for(FOLDER)
    return lambda: running(url, settings=Settings, app=app, work=work, issuer=issuer, keyring=keyring)


@pytest.fixture
async def service(process: Callable[[], AbstractAsyncContextManager[Service]]) -> AsyncIterator[Service]:
    async with process() as made:
        yield made


@pytest.fixture
async def twin(process: Callable[[], AbstractAsyncContextManager[Service]]) -> AsyncIterator[Service]:
    async with process() as made:
        yield made
