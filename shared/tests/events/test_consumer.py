"""Hearing: once, in order per key; only what cannot be heard is parked, with what follows on its key, and replayed in order."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID, uuid4

import orjson
import pytest
from sqlalchemy import Table, insert, select, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection

from shared import clock
from shared.db import Database
from shared.events import parking
from shared.events.consumer import Consumer, Handlers, Heard, Hears, Stale
from shared.events.envelope import Record
from shared.events.tables import EventTables
from shared.problems import Conflict, Unavailable

Say = Callable[..., Record]


class Counted(Hears):
    type: ClassVar[str] = "cxbank.test.counted.v1"
    number: int


class Ears:
    """A consumer whose handler writes one row for each event, and fails as it is told to."""

    def __init__(self, db: Database, tables: EventTables, effect: Table) -> None:
        self.failing: dict[int, Exception] = {}
        self.calls: list[list[int]] = []
        handlers = Handlers()

        @handlers.on(Counted)
        async def count(tx: AsyncConnection, events: Sequence[Heard[Counted]]) -> None:
            self.calls.append([event.data.number for event in events])
            rows = [{"key": event.key, "number": event.data.number} for event in events]
            await tx.execute(insert(effect), rows)
            for event in events:
                if event.data.number in self.failing:
                    raise self.failing[event.data.number]

        self.db = db
        self.effect = effect
        self.tables = tables
        self.consumer = Consumer(db, tables, handlers)

    async def hear(self, *records: Record, cluster: str = "c") -> None:
        await self.consumer.hear(records, cluster)

    async def taken(self) -> list[tuple[str, int]]:
        """Every effect, in the order it happened."""
        async with self.db.read() as conn:
            rows = await conn.execute(select(self.effect).order_by(self.effect.c.place))
            return [(row.key, row.number) for row in rows]

    async def parked(self) -> list[parking.Parked]:
        async with self.db.read() as conn:
            return await parking.listed(conn, self.tables)

    async def next_offset(self) -> int | None:
        async with self.db.read() as conn:
            found = await conn.execute(select(self.tables.stream_position.c.next_offset))
            return found.scalar_one_or_none()


@pytest.fixture
def ears(db: Database, tables: EventTables, effect: Table) -> Ears:
    return Ears(db, tables, effect)


@pytest.fixture
def numbered(said: Say) -> Callable[..., Record]:
    """The event with that number on that key, at the offset of the same number unless told."""

    def make(number: int, key: str = "k", *, offset: int | None = None, **more: Any) -> Record:
        return said(number if offset is None else offset, key, orjson.dumps({"number": number, "more": 1}), **more)

    return make


async def test_a_batch_is_handled_in_order_and_its_position_kept(ears: Ears, numbered: Say) -> None:
    await ears.hear(numbered(0, "a"), numbered(1, "b"), numbered(2, "a"))
    await ears.hear(numbered(3, "b"))
    assert await ears.taken() == [("a", 0), ("b", 1), ("a", 2), ("b", 3)]
    assert await ears.next_offset() == 4
    assert ears.calls == [[0, 1, 2], [3]]


async def test_a_repeat_takes_no_effect_in_one_batch_or_later_or_in_another_partition(
    ears: Ears, numbered: Say
) -> None:
    same = clock.new_id()
    await ears.hear(numbered(0, id_=same), numbered(0, offset=1, id_=same), numbered(2))
    await ears.hear(numbered(0, offset=3, id_=same))
    await ears.hear(numbered(0, offset=7, id_=same, partition=5))
    assert await ears.taken() == [("k", 0), ("k", 2)]


async def test_others_events_are_known_by_source_and_id(ears: Ears, numbered: Say) -> None:
    for offset, source in enumerate(["/bank/cards", "/bank/cards", "/bank/loans"]):
        await ears.hear(numbered(1, offset=offset, id_="tx-1", source=source))
    assert await ears.taken() == [("k", 1), ("k", 1)]


async def test_what_the_inbox_has_let_go_of_counts_as_heard(ears: Ears, numbered: Say) -> None:
    with clock.frozen(clock.now() - timedelta(days=30)):
        old = clock.new_id()
    await ears.hear(numbered(0, id_=old), numbered(1))
    assert await ears.taken() == [("k", 1)]


@pytest.mark.parametrize("bad", [0, 7, 15])
async def test_poison_is_found_by_halving_and_only_it_and_what_follows_on_its_key_are_parked(
    ears: Ears, numbered: Say, bad: int
) -> None:
    ears.failing[bad] = ValueError("the value 4111-secret is wrong")
    records = [numbered(number, "ab"[number % 2]) for number in range(16)]
    await ears.hear(*records)
    poisoned = "ab"[bad % 2]
    held = [number for number in range(bad, 16) if "ab"[number % 2] == poisoned]
    assert sorted(number for _, number in await ears.taken()) == [n for n in range(16) if n not in held]
    parked = await ears.parked()
    assert [one.event_id for one in parked] == [dict(records[n].headers)["ce_id"].decode() for n in held]
    assert [one.behind for one in parked] == [False] + [True] * (len(held) - 1)
    assert parked[0].cause == "ValueError"
    assert await ears.next_offset() == 16


async def test_later_batches_of_a_parked_key_wait_and_other_keys_go_on(ears: Ears, numbered: Say) -> None:
    ears.failing[0] = Conflict("not so")
    await ears.hear(numbered(0, "a"))
    await ears.hear(numbered(1, "a"), numbered(2, "b"))
    assert await ears.taken() == [("b", 2)]
    parked = await ears.parked()
    assert [(one.behind, one.cause) for one in parked] == [
        (False, f"Conflict: {Conflict.title}"),
        (True, "waits behind a parked message of its key"),
    ]


async def test_what_the_driver_cannot_send_is_poison_and_no_outage(ears: Ears, numbered: Say) -> None:
    await ears.hear(numbered(0, "a"), numbered(2**63, "b", offset=1), numbered(2, "a"))
    assert await ears.taken() == [("a", 0), ("a", 2)]
    assert [one.behind for one in await ears.parked()] == [False]


async def test_replay_goes_in_order_and_stops_where_it_fails_again(ears: Ears, numbered: Say) -> None:
    ears.failing[0] = ValueError()
    await ears.hear(*(numbered(number) for number in range(4)))
    first = (await ears.parked())[0].id
    assert await ears.consumer.replay(first) == 0
    assert len(await ears.parked()) == 4
    ears.failing = {2: ValueError()}
    assert await ears.consumer.replay(first) == 2
    assert await ears.taken() == [("k", 0), ("k", 1)]
    ears.failing = {}
    await ears.hear(numbered(4))
    assert [one.behind for one in await ears.parked()] == [True, True, True]
    assert await ears.consumer.replay((await ears.parked())[0].id) == 3
    await ears.hear(numbered(5))
    assert await ears.taken() == [("k", number) for number in range(6)]
    assert await ears.parked() == []


@pytest.mark.parametrize(
    "outage",
    [
        OSError("gone"),
        TimeoutError(),
        ConnectionResetError(),
        Unavailable("not now"),
        OperationalError("s", {}, Exception()),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_an_outage_parks_nothing_and_moves_nothing(ears: Ears, numbered: Say, outage: Exception) -> None:
    ears.failing[5] = outage
    batch = [numbered(number) for number in range(8)]
    with pytest.raises(type(outage)):
        await ears.hear(*batch)
    assert (await ears.taken(), await ears.parked(), await ears.next_offset()) == ([], [], None)
    ears.failing = {}
    await ears.hear(*batch)
    assert [number for _, number in await ears.taken()] == list(range(8))


async def test_a_lost_connection_in_the_middle_parks_nothing(ears: Ears, numbered: Say, db: Database) -> None:
    """A real one: the server ends the session that the handler's transaction is in."""
    ended: list[int] = []
    handlers = Handlers()

    @handlers.on(Counted)
    async def lose(tx: AsyncConnection, _: Sequence[Heard[Counted]]) -> None:
        if not ended:
            ended.append((await tx.execute(text("SELECT pg_backend_pid()"))).scalar_one())
            async with db.stream() as other:
                await other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": ended[0]})
        await tx.execute(text("SELECT 1"))

    consumer = Consumer(db, ears.tables, handlers)
    batch = [numbered(number) for number in range(4)]
    with pytest.raises(DBAPIError):
        await consumer.hear(batch, "c")
    assert await ears.parked() == []
    await consumer.hear(batch, "c")
    assert (await ears.parked(), await ears.next_offset()) == ([], 4)


async def test_a_missing_inbox_partition_is_ours_to_make_and_parks_nothing(ears: Ears, numbered: Say) -> None:
    with clock.frozen(clock.now() + timedelta(days=20)):
        ahead = clock.new_id()
    with pytest.raises(Exception, match="no partition of relation"):
        await ears.hear(numbered(0, id_=ahead))
    assert await ears.parked() == []


async def test_types_nobody_listens_to_are_passed_over(ears: Ears, numbered: Say) -> None:
    await ears.hear(numbered(0, type_="cxbank.test.other.v9"), numbered(1))
    assert await ears.taken() == [("k", 1)]
    assert (await ears.parked(), await ears.next_offset()) == ([], 2)


SECRET = "Zhang Wei 13812345678"
GOOD = [
    ("ce_specversion", b"1.0"),
    ("ce_id", b"1"),
    ("ce_source", b"/x"),
    ("ce_type", b"cxbank.test.counted.v1"),
    ("ce_time", b"2026-11-24T00:00:00Z"),
]


@pytest.mark.parametrize(
    ("headers", "value"),
    [
        ([], orjson.dumps({"number": 1})),
        ([one for one in GOOD if one[0] != "ce_id"], orjson.dumps({"number": 1})),
        ([*GOOD[:4], ("ce_time", SECRET.encode())], orjson.dumps({"number": 1})),
        ([*GOOD, ("ce_sequence", SECRET.encode())], orjson.dumps({"number": 1})),
        ([*GOOD[:1], ("ce_id", b"\xff"), *GOOD[2:]], orjson.dumps({"number": 1})),
        (GOOD, orjson.dumps({"number": SECRET})),
        (GOOD, orjson.dumps({SECRET: 1})),
        (GOOD, SECRET.encode()),
        (GOOD, b""),
        (GOOD, b"\xff\xfe"),
    ],
)
async def test_what_cannot_be_read_is_parked_with_a_cause_that_tells_no_value(
    ears: Ears, said: Say, numbered: Say, headers: list[tuple[str, bytes]], value: bytes
) -> None:
    await ears.hear(numbered(0), said(1, "k", value, headers=headers), numbered(2), numbered(3, "other"))
    assert await ears.taken() == [("k", 0), ("other", 3)]
    parked = await ears.parked()
    assert [one.behind for one in parked] == [False, True]
    assert parked[0].cause
    assert not any(word in parked[0].cause for word in (SECRET, "Zhang", "138"))


async def test_a_batch_that_begins_before_the_position_is_stale_and_takes_no_effect(ears: Ears, numbered: Say) -> None:
    await ears.hear(numbered(0), numbered(1))
    with pytest.raises(Stale):
        await ears.hear(numbered(1), numbered(2))
    with pytest.raises(Stale):
        await ears.hear(numbered(2), cluster="another")
    assert await ears.taken() == [("k", 0), ("k", 1)]
    assert await ears.next_offset() == 2


async def test_one_batch_heard_by_two_workers_at_once_takes_effect_once(
    db: Database, tables: EventTables, effect: Table, numbered: Say
) -> None:
    first, second = Ears(db, tables, effect), Ears(db, tables, effect)
    for start in range(0, 50, 10):
        batch = [numbered(number, "abc"[number % 3]) for number in range(start, start + 10)]
        told = await asyncio.gather(first.hear(*batch), second.hear(*batch), return_exceptions=True)
        assert sorted(type(one).__name__ for one in told) == ["NoneType", "Stale"]
    assert [number for _, number in await first.taken()] == list(range(50))


async def test_events_parked_before_a_refill_are_not_parked_twice(ears: Ears, numbered: Say) -> None:
    ids = [clock.new_id() for _ in range(4)]
    ears.failing[1] = ValueError()
    await ears.hear(*(numbered(number, id_=ids[number]) for number in range(4)))
    # The refill: everything once more, at other places of another cluster's log.
    async with ears.db.begin() as tx:
        await tx.execute(text("DELETE FROM stream_position"))
    again = [numbered(number, offset=number + 9, id_=ids[number], epoch=2) for number in range(4)]
    await ears.hear(*again, cluster="another")
    assert [one.event_id for one in await ears.parked()] == [str(one) for one in ids[1:]]
    ears.failing = {}
    assert await ears.consumer.replay((await ears.parked())[0].id) == 3
    assert [number for _, number in await ears.taken()] == [0, 1, 2, 3]


async def test_a_message_without_a_key_blocks_nobody(ears: Ears, numbered: Say) -> None:
    def keyless(number: int) -> Record:
        record = numbered(number)
        return Record(record.topic, 0, number, None, record.value, record.headers)

    ears.failing[0] = ValueError()
    await ears.hear(keyless(0), keyless(1), numbered(2))
    assert await ears.taken() == [("", 1), ("k", 2)]
    assert len(await ears.parked()) == 1


async def test_two_handlers_of_one_event_share_its_fate(
    db: Database, tables: EventTables, effect: Table, numbered: Say
) -> None:
    handlers = Handlers()

    @handlers.on(Counted)
    async def first(tx: AsyncConnection, events: Sequence[Heard[Counted]]) -> None:
        await tx.execute(insert(effect), [{"key": "first", "number": event.data.number} for event in events])

    @handlers.on(Counted)
    async def second(_: AsyncConnection, events: Sequence[Heard[Counted]]) -> None:
        if any(event.data.number == 1 for event in events):
            raise ValueError

    ears = Ears(db, tables, effect)
    ears.consumer = Consumer(db, tables, handlers)
    await ears.hear(numbered(0, "a"), numbered(1, "b"), numbered(2, "c"))
    assert await ears.taken() == [("first", 0), ("first", 2)]
    assert len(await ears.parked()) == 1


async def test_identifiers_of_events_are_not_confused_across_versions(ears: Ears, numbered: Say) -> None:
    """An id of ours that is no UUIDv7 has no time in it: it is kept like a foreign one."""
    same: UUID = uuid4()
    await ears.hear(numbered(0, id_=same), numbered(1, id_=same))
    assert await ears.taken() == [("k", 0)]
