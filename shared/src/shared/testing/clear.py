"""Finding personal values that stand unsealed in rows, messages and logs, whatever way they are written."""

import base64
import json
import re
from collections.abc import Iterable, Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.events.bus import Bus
from shared.events.envelope import Record
from shared.testing.service import Service

_BINARY = re.compile(rb"\\x((?:[0-9a-f]{2})+)")
_TABLES = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"


def forms(value: str) -> set[bytes]:
    """How a value may stand somewhere unsealed: as it is, escaped, in hex, or within base64 at any of its three places."""
    raw = value.encode()
    found = {raw, json.dumps(value)[1:-1].encode(), raw.hex().encode(), raw.hex().upper().encode()}
    for ahead, first in ((0, 0), (1, 2), (2, 3)):
        coded = base64.b64encode(b"\0" * ahead + raw)
        found.add(coded[first : (ahead + len(raw)) * 8 // 6])
    return found


def unsealed(where: bytes, values: Iterable[str]) -> list[str]:
    """Which of these values can be read there."""
    return [value for value in values if any(form in where for form in forms(value))]


def flat(records: Iterable[Record]) -> bytes:
    """Every byte of messages: value, key and headers."""
    pieces = [part for one in records for part in (one.value, one.key or b"", *(value for _, value in one.headers))]
    return b"\n".join(pieces)


def unpacked(dump: bytes) -> bytes:
    """A dump, and every binary value that it writes in hex once more as the bytes it stands for."""
    return b"\n".join([dump, *(bytes.fromhex(found.decode()) for found in _BINARY.findall(dump))])


async def rows(conn: AsyncConnection) -> bytes:
    """Every row of every table of a database, as text and unpacked."""
    pieces: list[str] = []
    for name in sorted((await conn.execute(text(_TABLES))).scalars()):
        pieces += (await conn.execute(text(f'SELECT t::text FROM "{name}" t'))).scalars()
    return unpacked("\n".join(pieces).encode())


async def stored(service: Service) -> bytes:
    """Every row of a service's database and every message it has said."""
    async with service.world.db.read() as conn:
        kept = await rows(conn)
    return kept + flat(await service.relay())


async def log_of(bus: Bus, topics: Sequence[str], partitions: int) -> list[Record]:
    """Everything that topics hold, until nothing more comes for a while."""
    stream = await bus.stream()
    try:
        await stream.assign({(topic, number): 0 for topic in topics for number in range(partitions)})
        records: list[Record] = []
        silent = 0
        while silent < 5:
            got = await stream.poll(0.3, 5_000)
            silent = 0 if got else silent + 1
            for some in got.values():
                records += some
        return records
    finally:
        await stream.stop()
