"""Outbox to bus: in order, repeated after a crash but never lost, sent again whole when the log is another one."""

import asyncio
from collections.abc import Sequence
from typing import ClassVar

import pytest
from sqlalchemy import Table, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.db import Database
from shared.events import outbox
from shared.events.bus import BusAway, MemoryBus, Message
from shared.events.consumer import Consumer, Handlers, Heard, Hears
from shared.events.envelope import Emit, Envelope, Event, Record, epoch_of
from shared.events.relay import Relay
from shared.events.tables import EventTables

TOPIC, SOURCE = "cxbank.test.events", "/cxbank/test"


class Counted(Event):
    type: ClassVar[str] = "cxbank.test.counted.v1"
    number: int


class HeardCount(Hears):
    type: ClassVar[str] = "cxbank.test.counted.v1"
    number: int


class House:
    """One database that says things, and relays over one bus."""

    def __init__(self, db: Database, tables: EventTables, bus: MemoryBus) -> None:
        self.db = db
        self.tables = tables
        self.bus = bus

    async def say(self, numbers: Sequence[int], key: str = "k") -> None:
        async with self.db.begin() as tx:
            said = [Emit(Counted(number=number), key=key, subject=key, sequence=number) for number in numbers]
            await outbox.emit(tx, self.tables, SOURCE, said)

    def relay(self, *, bus: MemoryBus | None = None, batch: int = 2_000) -> Relay:
        return Relay(self.db, bus or self.bus, self.tables, topic=TOPIC, source=SOURCE, batch=batch)

    async def drain(self, relay: Relay | None = None) -> None:
        relay = relay or self.relay()
        while await relay.once():
            continue

    def heard(self, epoch: int | None = None) -> list[int]:
        """The numbers on the bus, in the order of their partition."""
        return [
            HeardCount.model_validate_json(record.value).number
            for record in self.bus.records(TOPIC)
            if epoch in {None, epoch_of(record.headers)}
        ]

    async def unpublished(self) -> int:
        table = self.tables.outbox
        async with self.db.read() as conn:
            waiting = select(func.count()).select_from(table).where(table.c.published_at.is_(None))
            return int((await conn.execute(waiting)).scalar_one())

    async def epoch(self) -> int:
        async with self.db.read() as conn:
            return int((await conn.execute(select(self.tables.relay_state.c.epoch))).scalar_one())


@pytest.fixture
async def house(db: Database, tables: EventTables, memory: MemoryBus) -> House:
    await memory.ensure_topics([TOPIC])
    return House(db, tables, memory)


async def test_what_is_said_is_sent_once_in_order_with_its_attributes(house: House) -> None:
    await house.say(range(5))
    await house.say(range(5, 8))
    await house.drain(house.relay(batch=3))
    assert house.heard() == list(range(8))
    assert await house.unpublished() == 0
    await house.drain()
    assert len(house.heard()) == 8
    envelope = Envelope.of(house.bus.records(TOPIC)[3])
    assert (envelope.source, envelope.type, envelope.subject) == (SOURCE, Counted.type, "k")
    assert (envelope.sequence, envelope.epoch) == (3, 1)


async def test_what_is_not_committed_is_never_said(house: House) -> None:
    async with house.db.begin() as tx:
        await outbox.emit(tx, house.tables, SOURCE, [Emit(Counted(number=1), key="k", subject="k", sequence=1)])
        await tx.rollback()
    await house.drain()
    assert house.heard() == []


async def test_a_slow_transaction_is_not_passed_over(house: House) -> None:
    """Its positions are lower than those of one that committed and was sent meanwhile."""
    async with house.db.begin() as slow:
        early = [Emit(Counted(number=1), key="slow", subject="slow", sequence=1)]
        await outbox.emit(slow, house.tables, SOURCE, early)
        await house.say([2], key="fast")
        await house.drain()
        assert house.heard() == [2]
    await house.drain()
    assert sorted(house.heard()) == [1, 2]


async def test_while_the_bus_is_away_nothing_is_lost_or_marked(house: House) -> None:
    await house.say(range(4))
    house.bus.away = True
    with pytest.raises(BusAway):
        await house.relay().once()
    assert await house.unpublished() == 4
    house.bus.away = False
    await house.drain()
    assert house.heard() == [0, 1, 2, 3]


async def test_a_bus_that_breaks_in_the_middle_gets_all_again_and_order_holds_at_first_sight(house: House) -> None:
    await house.say(range(6))
    house.bus.fail_after = 3
    with pytest.raises(BusAway):
        await house.relay().once()
    house.bus.fail_after = None
    await house.drain()
    assert house.heard() == [0, 1, 2, 0, 1, 2, 3, 4, 5]


class Crashing(MemoryBus):
    """Takes what is sent, and then the sender dies before it can commit."""

    def __init__(self, beneath: MemoryBus) -> None:
        super().__init__()
        self.beneath = beneath
        self.cluster_id = beneath.cluster_id  # type: ignore[method-assign]  # the same cluster

    async def send(self, messages: Sequence[Message]) -> list[tuple[int, int]]:
        await self.beneath.send(messages)
        raise RuntimeError("killed")


async def test_a_crash_between_sending_and_committing_repeats_and_the_inbox_takes_it_once(
    house: House, effect: Table
) -> None:
    await house.say(range(5))
    with pytest.raises(RuntimeError):
        await house.relay(bus=Crashing(house.bus)).once()
    assert house.heard() == [0, 1, 2, 3, 4]
    await house.drain()
    records = [record for record in house.bus.records(TOPIC) if record.key == b"k"]
    assert len(records) == 10
    assert await effects_of(house, effect, records) == [0, 1, 2, 3, 4]


async def effects_of(house: House, effect: Table, records: Sequence[Record]) -> list[int]:
    """What a listener does who hears these."""
    handlers = Handlers()

    @handlers.on(HeardCount)
    async def count(tx: AsyncConnection, events: Sequence[Heard[HeardCount]]) -> None:
        await tx.execute(insert(effect), [{"key": event.key, "number": event.data.number} for event in events])

    await Consumer(house.db, house.tables, handlers).hear(records, await house.bus.cluster_id())
    async with house.db.read() as conn:
        return list((await conn.execute(select(effect.c.number).order_by(effect.c.place))).scalars())


async def test_another_cluster_opens_a_new_epoch_and_gets_everything_again_in_order(house: House) -> None:
    await house.say(range(10))
    await house.drain()
    house.bus.destroy()
    await house.say(range(10, 12))
    await house.drain(house.relay(batch=4))
    assert house.heard() == list(range(12))
    assert house.heard(epoch=2) == list(range(12))
    assert await house.epoch() == 2


async def test_a_log_emptied_under_the_same_name_opens_a_new_epoch_too(house: House) -> None:
    relay = house.relay(batch=4)
    await house.say(range(10))
    await house.drain(relay)
    house.bus.destroy(same_id=True)
    await house.say(range(10, 12))
    await house.drain(relay)
    # The first sending found the loss out and stands there too; what counts is that epoch 2 is whole and in order.
    assert house.heard(epoch=2) == list(range(12))
    assert await house.epoch() == 2
    await house.say([12])
    await house.drain(relay)
    assert house.heard(epoch=2) == list(range(13))


async def test_an_epoch_goes_on_where_nothing_happened(house: House) -> None:
    for number in range(3):
        await house.say([number])
        await house.drain(house.relay())
    assert await house.epoch() == 1
    assert house.heard() == [0, 1, 2]


class Slow(MemoryBus):
    """Takes its time with each message, so that a second sender would get between."""

    def __init__(self) -> None:
        super().__init__()
        self.sending = 0
        self.most = 0

    async def send(self, messages: Sequence[Message]) -> list[tuple[int, int]]:
        self.sending += 1
        self.most = max(self.most, self.sending)
        taken = []
        for message in messages:
            await asyncio.sleep(0.001)
            taken += await super().send([message])
        self.sending -= 1
        return taken


async def test_two_relays_on_one_database_never_interleave(house: House) -> None:
    bus = Slow()
    house.bus = bus
    stopping, said = asyncio.Event(), asyncio.Event()
    # Pools of their own, as two worker processes have.
    second = Database(house.db.engine.url.render_as_string(hide_password=False).replace("+asyncpg", ""), pool_size=2)
    relays = [Relay(db, bus, house.tables, topic=TOPIC, source=SOURCE, batch=7) for db in (house.db, second)]

    async def keep_sending(relay: Relay) -> None:
        while not stopping.is_set():
            await relay.once()
            await asyncio.sleep(0)

    async def keep_saying() -> None:
        for start in range(0, 200, 5):
            await house.say(range(start, start + 5))
        said.set()

    sending = [asyncio.create_task(keep_sending(relay)) for relay in relays]
    await keep_saying()
    while await house.unpublished():  # noqa: ASYNC110  # what a relay commits sets no event here
        await asyncio.sleep(0.01)
    stopping.set()
    await asyncio.gather(*sending)
    await second.close()
    assert bus.most == 1
    assert house.heard() == list(range(200))


async def test_a_relay_runs_until_told_to_stop_and_is_woken(house: House) -> None:
    stopping, wake = asyncio.Event(), asyncio.Event()
    house.db.on_commit = lambda _: wake.set()
    running = asyncio.create_task(house.relay().run(stopping, wake))
    for number in range(5):
        await house.say([number])
        async with asyncio.timeout(5):
            while len(house.heard()) <= number:  # noqa: ASYNC110  # what a relay sends sets no event here
                await asyncio.sleep(0.005)
    stopping.set()
    await asyncio.wait_for(running, 5)
    house.db.on_commit = None
    assert house.heard() == list(range(5))


async def test_what_was_published_before_its_partition_state_was_lost_is_not_sent_twice(house: House) -> None:
    """An operator who empties relay_partition loses the memory of offsets, and nothing else."""
    await house.say(range(3))
    await house.drain()
    async with house.db.begin() as tx:
        await tx.execute(delete(house.tables.relay_partition))
    await house.say([3])
    await house.drain()
    assert house.heard() == [0, 1, 2, 3]
