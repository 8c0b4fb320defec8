"""From outbox to effect over a real bus: workers share the partitions, and a cluster that dies costs nobody an event."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import ClassVar
from uuid import uuid4

import pytest
from sqlalchemy import Table, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.db import Database
from shared.events import hearing, outbox, parking
from shared.events.bus import Bus, MemoryBus, Partition, Stream
from shared.events.consumer import Consumer, Handlers, Heard, Hears
from shared.events.envelope import Emit, Event, Record
from shared.events.hearing import Ears
from shared.events.kafka import KafkaBus
from shared.events.relay import Relay
from shared.events.tables import EventTables
from shared.testing.engines import Broker
from shared.testing.kafka import ApacheKafka

pytestmark = pytest.mark.xdist_group("ears")
SOURCE, KEYS = "/cxbank/test", 20


class Counted(Event):
    type: ClassVar[str] = "cxbank.test.counted.v1"
    number: int


class HeardCount(Hears):
    type: ClassVar[str] = "cxbank.test.counted.v1"
    number: int


async def until(settled: Callable[[], Awaitable[bool]]) -> None:
    """Ask the database again and again: what other tasks commit sets no event here."""
    async with asyncio.timeout(60):
        while not await settled():  # noqa: ASYNC110  # see above
            await asyncio.sleep(0.05)


@dataclass
class Worker:
    """One worker process: pool and bus of its own, and which keys came to it."""

    db: Database
    bus: Bus
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    keys: set[str] = field(default_factory=set)
    away: bool = False


@dataclass
class Hop:
    """A service that says and hears: one database, one topic, as many workers as the test starts."""

    db: Database
    url: str
    tables: EventTables
    effect: Table
    connect: Callable[[], Bus]
    destroy: Callable[[], None]
    topic: str = field(default_factory=lambda: f"ears.{uuid4().hex}")
    said: int = 0

    async def say(self, many: int) -> None:
        """As many events more, over twenty keys, numbered through."""
        for start in range(self.said, self.said + many, 10):
            async with self.db.begin() as tx:
                made = [
                    Emit(Counted(number=number), key=f"k{number % KEYS}", subject="s", sequence=number)
                    for number in range(start, min(start + 10, self.said + many))
                ]
                await outbox.emit(tx, self.tables, SOURCE, made)
        self.said += many

    @asynccontextmanager
    async def worker(self, *, relay: bool = False, first: Callable[[], bool] = lambda: False) -> AsyncIterator[Worker]:
        """Ears, and a relay beside them, until the block ends."""
        worker = Worker(Database(self.url, pool_size=4), self.connect())
        handlers = Handlers()

        @handlers.on(HeardCount)
        async def count(tx: AsyncConnection, events: Sequence[Heard[HeardCount]]) -> None:
            if worker.away:
                raise ConnectionError("something we need is away")
            worker.keys |= {event.key for event in events}
            await tx.execute(insert(self.effect), [{"key": event.key, "number": event.data.number} for event in events])

        ears = Ears(worker.db, worker.bus, Consumer(worker.db, self.tables, handlers), [self.topic], first)
        parts = [asyncio.create_task(ears.run(worker.stopping))]
        if relay:
            sender = Relay(worker.db, worker.bus, self.tables, topic=self.topic, source=SOURCE)
            parts.append(asyncio.create_task(sender.run(worker.stopping, asyncio.Event())))
        try:
            yield worker
        finally:
            worker.stopping.set()
            await asyncio.gather(*parts)
            await worker.bus.stop()
            await worker.db.close()

    async def taken(self) -> list[tuple[str, int]]:
        async with self.db.read() as conn:
            rows = await conn.execute(select(self.effect).order_by(self.effect.c.place))
            return [(row.key, row.number) for row in rows]

    async def _all_there(self) -> bool:
        return len(await self.taken()) >= self.said

    async def until_taken(self) -> list[tuple[str, int]]:
        """Until as many effects are there as events were said; a little longer, for those that should not come."""
        await until(self._all_there)
        await asyncio.sleep(0.3)
        return await self.taken()

    async def refilled(self) -> bool:
        """Whether every partition in which something is has come to the second epoch."""
        async with self.db.read() as conn:
            return set((await conn.execute(select(self.tables.stream_position.c.epoch))).scalars()) == {2}

    async def parked(self) -> int:
        async with self.db.read() as conn:
            return await parking.count(conn, self.tables)


@pytest.fixture(params=["memory", "embedded", "apache-kafka-4.3"])
async def hop(
    request: pytest.FixtureRequest,
    db: Database,
    empty_database: str,
    tables: EventTables,
    effect: Table,
    kafka_at: Callable[..., KafkaBus],
    monkeypatch: pytest.MonkeyPatch,
) -> Hop:
    # How often leases and clusters are looked at: a test need not wait as long as a worker may.
    monkeypatch.setattr(hearing, "CHECK_SECONDS", 0.3)
    if request.param == "memory":
        bus = MemoryBus()
        return Hop(db, empty_database, tables, effect, lambda: bus, bus.destroy)
    server: Broker | ApacheKafka = request.getfixturevalue("broker" if request.param == "embedded" else "apache")

    def destroy() -> None:
        server.wipe() if isinstance(server, ApacheKafka) else server.stop()
        server.start()

    def connect() -> Bus:
        return kafka_at(server.bootstrap, idempotent=isinstance(server, ApacheKafka))

    return Hop(db, empty_database, tables, effect, connect, destroy)


def holds(taken: list[tuple[str, int]], said: int) -> None:
    """Each event took effect once, and those of one key in their order."""
    assert sorted(number for _, number in taken) == list(range(said))
    for key in {key for key, _ in taken}:
        numbers = [number for one, number in taken if one == key]
        assert numbers == sorted(numbers)


async def test_two_workers_share_the_partitions_and_each_event_takes_effect_once(hop: Hop) -> None:
    async with hop.worker(relay=True) as first, hop.worker(relay=True) as second:
        await hop.say(200)
        await hop.until_taken()
        async with asyncio.timeout(30):
            # Leases are shared out a moment after the second has come; until then one may do it all, or both a part.
            while not (first.keys and second.keys and first.keys.isdisjoint(second.keys)):
                first.keys.clear()
                second.keys.clear()
                await hop.say(2 * KEYS)
                await hop.until_taken()
        holds(await hop.taken(), hop.said)
        assert first.keys | second.keys == {f"k{number}" for number in range(KEYS)}
    assert await hop.parked() == 0


async def test_a_worker_who_leaves_is_replaced_by_the_others(hop: Hop) -> None:
    async with AsyncExitStack() as rest:
        async with hop.worker():
            staying = await rest.enter_async_context(hop.worker(relay=True))
            await hop.say(100)
            await hop.until_taken()
        staying.keys.clear()
        await hop.say(100)
        holds(await hop.until_taken(), 200)
        assert len(staying.keys) == KEYS


async def test_a_cluster_destroyed_and_started_empty_is_filled_again_and_nothing_is_lost_or_doubled(
    hop: Hop,
) -> None:
    async with hop.worker(relay=True), hop.worker():
        await hop.say(150)
        await hop.until_taken()
        await asyncio.to_thread(hop.destroy)
        await hop.say(50)
        holds(await hop.until_taken(), 200)
        # What was already heard has come once more, and was known.
        await until(hop.refilled)
        holds(await hop.until_taken(), 200)
    assert await hop.parked() == 0


async def test_a_listener_that_was_down_while_the_cluster_was_lost_misses_nothing(hop: Hop) -> None:
    async with hop.worker(relay=True):
        await hop.say(100)
        await hop.until_taken()
    await asyncio.to_thread(hop.destroy)
    await hop.say(30)
    async with hop.worker(relay=True):
        holds(await hop.until_taken(), 130)
    assert await hop.parked() == 0


async def test_ears_give_way_while_something_else_comes_first_and_hear_a_little_all_the_same(hop: Hop) -> None:
    began = time.monotonic()
    async with hop.worker(relay=True, first=lambda: True):
        await hop.say(60)
        holds(await hop.until_taken(), 60)
    assert time.monotonic() - began >= 1.0  # a part of a second goes by before each look
    urgent = True
    async with hop.worker(relay=True, first=lambda: urgent):
        await hop.say(60)
        assert len(await hop.taken()) == 60
        urgent = False
        holds(await hop.until_taken(), 120)


async def test_a_reader_that_brings_nothing_though_there_is_something_is_given_up_for_a_new_one(
    hop: Hop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hearing, "STALL_SECONDS", 0.5)
    bus, readers = hop.connect(), list[Stream]()
    listening = bus.stream

    async def nothing(seconds: float, most: int) -> Mapping[Partition, Sequence[Record]]:  # as a reader's
        await asyncio.sleep(0.05)
        return {}

    async def deaf_at_first() -> Stream:
        reader = await listening()
        if not readers:
            monkeypatch.setattr(reader, "poll", nothing)
        readers.append(reader)
        return reader

    monkeypatch.setattr(bus, "stream", deaf_at_first)
    monkeypatch.setattr(hop, "connect", lambda: bus)
    async with hop.worker(relay=True):
        await hop.say(60)
        holds(await hop.until_taken(), 60)
        assert len(readers) == 2
    assert await hop.parked() == 0


async def test_while_something_is_away_a_partition_waits_and_nothing_is_parked(hop: Hop) -> None:
    async with hop.worker(relay=True) as worker:
        worker.away = True
        await hop.say(60)
        await asyncio.sleep(1.5)
        assert await hop.taken() == []
        worker.away = False
        holds(await hop.until_taken(), 60)
    assert await hop.parked() == 0
