"""One worker's ears: partitions leased in the database, read from the database's own positions, retried for ever."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import cache
from typing import Any, Final

from prometheus_client import Gauge
from sqlalchemy import DateTime, Table, Uuid, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from shared import clock
from shared.db import Database
from shared.events import parking
from shared.events.bus import PARTITIONS, Bus, BusAway, Partition, Stream
from shared.events.consumer import PARKED, Consumer, Stale, is_passing
from shared.events.envelope import Record, epoch_of
from shared.telemetry import log

MOST: Final = 2_000
_LITTLE: Final = 200
CHECK_SECONDS: Final = 4.0
# A reader that brings nothing for so long, while there is something, is given up for a new one.
STALL_SECONDS: Final = 15.0
MEMBER_SECONDS: Final = 10
_IDLE: Final = (0.02, 0.5)
_GIVE_WAY_SECONDS: Final = 1.0
_BACKOFF: Final = (0.2, 5.0)

LAG = Gauge("consumer_lag", "Messages not yet heard", ["topic"])


class Ears:
    """Reads the topics of one service. Several workers share the partitions by leases (advisory locks of the database).

    A lease only keeps two workers from doing the same work; what keeps the effect single is the position row, which
    moves in the transaction of the effect.
    """

    def __init__(
        self,
        db: Database,
        bus: Bus,
        consumer: Consumer,
        topics: Sequence[str],
        first: Callable[[], bool] = lambda: False,
    ) -> None:
        """While `first` says that something else of this worker is more urgent, little is heard."""
        self._first = first
        self._db = db
        self._bus = bus
        self._consumer = consumer
        self._topics = tuple(topics)
        self._member = clock.new_id()
        self._held: set[Partition] = set()
        self._cluster = ""
        self._waits: dict[Partition, tuple[float, float]] = {}
        # The newest epoch each partition is known to be read in, so that the table is asked only about a newer one.
        self._epochs: dict[Partition, int] = {}
        self._working = asyncio.Semaphore(2)
        self._came_at = 0.0

    async def run(self, stopping: asyncio.Event) -> None:
        """Until told to stop; whatever is away is asked for again, with patience."""
        pause = _BACKOFF[0]
        while not stopping.is_set():
            try:
                async with self._db.stream() as leases:
                    # Leases are the session's, not a transaction's.
                    await leases.execution_options(isolation_level="AUTOCOMMIT")
                    await self._listen(stopping, leases)
                pause = _BACKOFF[0]
            except Exception as error:  # noqa: BLE001  # ears never give up; what is no outage is said louder
                if not is_passing(error):
                    log.error("ears_failed", kind=type(error).__name__)
                else:
                    log.warning("ears_wait", kind=type(error).__name__, retry_seconds=round(pause, 1))
                try:
                    await asyncio.wait_for(stopping.wait(), pause)
                except TimeoutError:
                    pause = min(pause * 2, _BACKOFF[1])

    async def _listen(self, stopping: asyncio.Event, leases: AsyncConnection) -> None:
        self._held = set()
        self._waits = {}
        self._epochs = {}
        await self._bus.ensure_topics(self._topics)
        self._cluster = await self._bus.cluster_id()
        stream = await self._bus.stream()
        idle, checked = _IDLE[0], 0.0
        self._came_at = time.monotonic()
        try:
            while not stopping.is_set():
                if time.monotonic() - checked > CHECK_SECONDS:
                    await self._check(stream, leases)
                    checked = time.monotonic()
                most = MOST if await self._free() else _LITTLE
                batches = await stream.poll(idle, most) if self._held else await _nothing(idle)
                if batches:
                    self._came_at = time.monotonic()
                idle = _IDLE[0] if batches else min(idle * 1.5, _IDLE[1])
                topics = {topic for topic, _ in batches}
                await asyncio.gather(*(self._hear_topic(stream, batches, topic) for topic in sorted(topics)))
                await self._retry(stream)
        finally:
            await stream.stop()
            await self._leave(leases)

    async def _free(self) -> bool:
        """Wait a second at most while something else comes first; whether nothing does now.

        Others wait for what this service has to say, while what it has to hear waits here only.
        """
        until = time.monotonic() + _GIVE_WAY_SECONDS
        while (busy := self._first()) and time.monotonic() < until:  # noqa: ASYNC110  # it is over before it could be told
            await asyncio.sleep(0.01)
        return not busy

    async def _check(self, stream: Stream, leases: AsyncConnection) -> None:
        """Take and give back leases, and notice a cluster that is another or a log that ends before our position."""
        cluster = await self._bus.cluster_id()
        changed = cluster != self._cluster
        if changed:
            log.warning("log_lost", how="another cluster")
            self._cluster = cluster
            await self._bus.ensure_topics(self._topics)
        held = await self._share(leases)
        positions = await self._positions(held)
        bounds = await stream.bounds(sorted(held)) if held else {}
        doubted = {
            one: at[0] - 1
            for one, at in positions.items()
            if at[1] == self._cluster and at[0] > bounds.get(one, (0, 0))[1]
        }
        intact = await stream.holding(doubted) if doubted else set()
        starts: dict[Partition, int] = {}
        lags = dict.fromkeys(self._topics, 0)
        there = False
        for partition in held:
            low, high = bounds.get(partition, (0, 0))
            at = positions.get(partition)
            if at is None or at[1] != self._cluster or (partition in doubted and partition not in intact):
                if at is not None:
                    await self._from_the_beginning(partition, low)
                starts[partition] = low
            else:
                starts[partition] = max(at[0], low)
            lags[partition[0]] += max(0, high - starts[partition])
            there |= high > starts[partition] and partition not in self._waits
        moved = {one for one in held if one in positions and starts[one] != positions[one][0]}
        if held != self._held or changed or moved:
            await stream.assign(starts)
            self._held = held
            self._waits = {}
            self._epochs = {}
        for topic, lag in lags.items():
            LAG.labels(topic).set(lag)
        if there and time.monotonic() - self._came_at > STALL_SECONDS:
            log.warning("reader_stalled", lag=sum(lags.values()))
            raise BusAway("messages are there to be read and none comes")
        async with self._db.look() as conn:
            PARKED.set(await parking.count(conn, self._consumer.tables))

    async def _share(self, leases: AsyncConnection) -> set[Partition]:
        """Hold a fair part of all partitions: as many as there are, divided by the workers seen of late."""
        member = self._consumer.tables.member
        now = clock.now()
        late = now - timedelta(seconds=MEMBER_SECONDS)
        told = {"me": self._member, "now": now, "late": late}
        workers = 1 + (await leases.execute(_others(member), told)).scalar_one()
        everything = [(topic, number) for topic in self._topics for number in range(PARTITIONS)]
        fair = -(-len(everything) // max(1, workers))
        held = set(self._held)
        for partition in sorted(held)[fair:]:
            await leases.execute(select(func.pg_advisory_unlock(_lease(partition))))
            held.discard(partition)
        for partition in everything:
            if len(held) >= fair:
                break
            if partition not in held:
                got = await leases.execute(select(func.pg_try_advisory_lock(_lease(partition))))
                if got.scalar_one():
                    held.add(partition)
        return held

    async def _leave(self, leases: AsyncConnection) -> None:
        try:
            await leases.execute(
                delete(self._consumer.tables.member).where(self._consumer.tables.member.c.id == self._member)
            )
            await leases.execute(select(func.pg_advisory_unlock_all()))
        except Exception as error:  # noqa: BLE001  # the connection's end gives the leases back all the same
            log.info("leases_dropped", kind=type(error).__name__)

    async def _positions(self, held: set[Partition]) -> dict[Partition, tuple[int, str]]:
        table = self._consumer.tables.stream_position
        async with self._db.look() as conn:
            rows = await conn.execute(select(table).where(table.c.topic.in_(self._topics)))
            found = {(row.topic, row.partition): (row.next_offset, row.cluster_id) for row in rows}
        return {one: at for one, at in found.items() if one in held}

    async def _from_the_beginning(self, partition: Partition, low: int, epoch: int | None = None) -> None:
        table = self._consumer.tables.stream_position
        values: dict[str, Any] = {"next_offset": low, "cluster_id": self._cluster}
        if epoch is not None:
            values["epoch"] = epoch
        here = update(table).where(table.c.topic == partition[0], table.c.partition == partition[1])
        async with self._db.begin() as tx:
            await tx.execute(here.values(**values))
        log.info("from_the_beginning", topic=partition[0], partition=partition[1])

    async def _hear_topic(self, stream: Stream, batches: Mapping[Partition, Sequence[Record]], topic: str) -> None:
        """All partitions of a topic together while nothing is wrong; each alone where something is."""
        async with self._working:
            ready: dict[Partition, Sequence[Record]] = {}
            for partition, records in batches.items():
                if partition[0] != topic:
                    continue
                try:
                    if not await self._newer_epoch(stream, partition, records):
                        ready[partition] = records
                except Exception as error:  # noqa: BLE001  # the partition waits, the others go on
                    await self._later(stream, partition, error)
            if len(ready) > 1:
                try:
                    await self._consumer.hear_together(list(ready.values()), self._cluster)
                except Exception as error:  # noqa: BLE001  # whatever it is, it is met again one by one
                    log.info("heard_apart", topic=topic, kind=type(error).__name__)
                else:
                    for partition in ready:
                        self._waits.pop(partition, None)
                    return
            for partition, records in ready.items():
                await self._hear(stream, partition, records)

    async def _hear(self, stream: Stream, partition: Partition, records: Sequence[Record]) -> None:
        try:
            await self._consumer.hear(records, self._cluster)
            self._waits.pop(partition, None)
        except Stale:
            await self._resume_where_it_stands(stream, partition)
        except Exception as error:  # noqa: BLE001  # the partition waits, the others go on
            if not is_passing(error):
                log.error("hearing_failed", topic=partition[0], kind=type(error).__name__)
            await self._later(stream, partition, error)

    async def _newer_epoch(self, stream: Stream, partition: Partition, records: Sequence[Record]) -> bool:
        """Whether the sender has begun to say everything again: then this partition is read from its beginning, once."""
        epoch = max(epoch_of(record.headers) for record in records)
        if epoch <= self._epochs.get(partition, -1):
            return False
        table = self._consumer.tables.stream_position
        async with self._db.read() as conn:
            here = select(table).where(table.c.topic == partition[0], table.c.partition == partition[1])
            row = (await conn.execute(here)).one_or_none()
        self._epochs[partition] = epoch
        if row is None or epoch <= row.epoch:
            return False
        low = (await stream.bounds([partition]))[partition][0]
        if records[0].offset <= low:
            # It begins at its beginning already, as a log that was emptied under the same name does.
            if row.next_offset > records[0].offset:
                await self._from_the_beginning(partition, low, epoch)
            return False
        await self._from_the_beginning(partition, low, epoch)
        await stream.seek(partition, low)
        return True

    async def _resume_where_it_stands(self, stream: Stream, partition: Partition) -> None:
        at = (await self._positions({partition})).get(partition)
        if at is not None and at[1] == self._cluster:
            await stream.seek(partition, at[0])
        else:
            await self._from_the_beginning(partition, 0)
            await stream.seek(partition, 0)

    async def _later(self, stream: Stream, partition: Partition, error: Exception) -> None:
        """Nothing is wrong with the events: the partition waits and begins this batch again."""
        pause = min(self._waits.get(partition, (0.0, _BACKOFF[0] / 2))[1] * 2, _BACKOFF[1])
        self._waits[partition] = (time.monotonic() + pause, pause)
        await stream.pause(partition)
        log.warning("partition_waits", topic=partition[0], partition=partition[1], kind=type(error).__name__)

    async def _retry(self, stream: Stream) -> None:
        for partition, (until, pause) in list(self._waits.items()):
            if until <= time.monotonic():
                self._waits[partition] = (float("inf"), pause)
                try:
                    await self._resume_where_it_stands(stream, partition)
                except Exception as error:
                    if not is_passing(error):
                        raise
                    self._waits[partition] = (time.monotonic() + pause, pause)
                    continue
                await stream.resume(partition)


@cache
def _others(member: Table) -> Any:
    """Say that we are here, forget who was not seen of late, and count the others, in one statement."""
    me = bindparam("me", type_=Uuid)
    now, late = (bindparam(name, type_=DateTime(timezone=True)) for name in ("now", "late"))
    said = insert(member).values(id=me, seen_at=now)
    here = said.on_conflict_do_update(index_elements=["id"], set_={"seen_at": now}).cte("here")
    gone = delete(member).where(member.c.seen_at < late, member.c.id != me).cte("gone")
    others = select(func.count()).select_from(member).where(member.c.seen_at >= late, member.c.id != me)
    return others.add_cte(here, gone)


async def _nothing(seconds: float) -> Mapping[Partition, Sequence[Record]]:
    await asyncio.sleep(seconds)
    return {}


def _lease(partition: Partition) -> Any:
    return func.hashtextextended(f"lease|{partition[0]}|{partition[1]}", 0)
