"""The feedback service in this process, and a second process of it, over a database of the test's own."""

import base64
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from sqlalchemy import text

from feedback.main import app
from feedback.settings import Settings
from feedback.worker import work
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


def forms(value: str) -> set[bytes]:
    """How a value may stand somewhere unsealed: as it is, escaped, in hex, or within base64 at any of its three places."""
    raw = value.encode()
    found = {raw, json.dumps(value)[1:-1].encode(), raw.hex().encode(), raw.hex().upper().encode()}
    for ahead, first in ((0, 0), (1, 2), (2, 3)):
        coded = base64.b64encode(b"\0" * ahead + raw)
        found.add(coded[first : (ahead + len(raw)) * 8 // 6])
    return found


@pytest.fixture
def stored() -> Callable[[Service], Awaitable[bytes]]:
    """Every row of every table and every message of the bus, as text and with its binary columns unpacked."""

    async def dump(service: Service) -> bytes:
        pieces: list[bytes] = []
        async with service.world.db.read() as conn:
            names = list(
                (await conn.execute(text("SELECT tablename FROM pg_tables WHERE schemaname='public'"))).scalars()
            )
            for name in names:
                for row in (await conn.execute(text(f'SELECT t::text FROM "{name}" t'))).scalars():
                    pieces += [row.encode(), *map(bytes.fromhex, re.findall(r"\\x((?:[0-9a-f]{2})+)", row))]
        await service.relay()
        for log in service.bus.logs.values():
            for record in log:
                pieces += [record.value, record.key or b"", *(value for _, value in record.headers)]
        return b"\n".join(pieces)

    return dump


@pytest.fixture
def unsealed() -> Callable[[bytes, Iterable[str]], list[str]]:
    """Which of these values can be read in a text."""
    return lambda where, values: [value for value in values if any(form in where for form in forms(value))]
