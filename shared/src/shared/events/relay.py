"""Outbox -> bus. One relay per database is awake at a time, so order per key holds; a crash repeats, never loses."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final
from uuid import UUID

from prometheus_client import Counter, Gauge
from sqlalchemy import (
    BigInteger,
    DateTime,
    Integer,
    Table,
    Text,
    any_,
    bindparam,
    cast,
    delete,
    func,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import Uuid

from shared import clock
from shared.db import Database, driver_of, unnest
from shared.events.bus import Bus, BusAway, Message
from shared.events.envelope import Envelope
from shared.events.tables import EventTables
from shared.telemetry import log

BATCH: Final = 1_000
# So many of them are one turn, in one transaction; a crash in it says as many again.
_BATCHES: Final = 4
POLL_SECONDS: Final = 1.0
LINGER_SECONDS: Final = 0.005
CLUSTER_CHECK_SECONDS: Final = 4.0
CHANNEL: Final = "outbox"
_BACKOFF: Final = (0.2, 5.0)
_STOP_SECONDS: Final = 3.0

# What else is to happen with events once they are said, in the transaction that marks them so.
Spread = Callable[[AsyncConnection, Sequence[UUID]], Awaitable[None]]

DEPTH = Gauge("outbox_depth", "Events not yet published")
AGE = Gauge("outbox_age_seconds", "Age of the oldest event not yet published")
PUBLISHED = Counter("outbox_published_total", "Events the bus has acknowledged")
EPOCH = Gauge("outbox_epoch", "How often the log was found to be another, and everything held was sent again")


@cache
def _keep(table: Table) -> Any:
    rows = unnest("acknowledged", number=Integer, at=BigInteger)
    chosen = select(bindparam("topic", type_=Text), rows.c.number, rows.c.at)
    said = insert(table).from_select(["topic", "partition", "last_offset"], chosen)
    return said.on_conflict_do_update(
        index_elements=["topic", "partition"], set_={"last_offset": said.excluded.last_offset}
    )


@dataclass(frozen=True, slots=True)
class _State:
    cluster_id: str
    epoch: int


class Relay:
    """Sends what is not yet published, in the order of its positions, and notices when the log is another one."""

    def __init__(
        self,
        db: Database,
        bus: Bus,
        tables: EventTables,
        *,
        topic: str,
        source: str,
        batch: int = BATCH,
        spread: Spread | None = None,
    ) -> None:
        self._db = db
        self._bus = bus
        self._tables = tables
        self._topic = topic
        self._source = source
        self._batch = batch
        self._most = batch * _BATCHES
        self._spread = spread
        self._cluster: str | None = None
        self._cluster_at = 0.0
        self._behind = False
        outbox = tables.outbox
        unsaid = select(outbox).where(outbox.c.published_at.is_(None))
        self._next = unsaid.order_by(outbox.c.position).limit(self._most)
        self._mark = (
            update(outbox)
            .where(
                outbox.c.id == any_(bindparam("ids", type_=ARRAY(Uuid))),
                # Bounds beside the list, so that only the partitions of these days are looked at.
                outbox.c.id >= bindparam("low", type_=Uuid),
                outbox.c.id <= bindparam("high", type_=Uuid),
            )
            .values(published_at=bindparam("at", type_=DateTime(timezone=True)))
        )

    async def run(self, stopping: asyncio.Event, wake: asyncio.Event) -> None:
        """Until told to stop: send, wait to be woken (or a second), send; while the bus is away, wait longer."""
        pause, woken = _BACKOFF[0], True
        self._behind = False  # whatever ended the run before this one
        async with _Ear(self._db, wake.set):
            while not stopping.is_set():
                try:
                    # Woken, there is something; else somebody is asked first whether there is.
                    sent = await self.once() if woken or await self._worth_it() else 0
                    pause = _BACKOFF[0]
                    self._behind = sent >= self._most
                except BusAway:
                    self._behind = False
                    log.warning("bus_away", topic=self._topic, retry_seconds=round(pause, 1))
                    self._cluster = None
                    sent = 0
                    await _either(stopping, None, pause)
                    pause = min(pause * 2, _BACKOFF[1])
                if sent < self._most:
                    await _either(stopping, wake, POLL_SECONDS)
                    woken = wake.is_set()
                    wake.clear()
                    # What others commit in these moments goes along: a turn costs more than an event.
                    await asyncio.sleep(LINGER_SECONDS)

    def behind(self) -> bool:
        """Whether more waits to be said than one turn could take."""
        return self._behind

    async def _worth_it(self) -> bool:
        """Whether anything waits, or it is time to see whether the cluster is still the one we know."""
        if self._cluster is None or asyncio.get_running_loop().time() - self._cluster_at > CLUSTER_CHECK_SECONDS:
            return True
        outbox = self._tables.outbox
        return await self._db.any(select(outbox.c.id).where(outbox.c.published_at.is_(None)))

    async def once(self) -> int:
        """One turn; how many events were acknowledged. Raises BusAway, having changed nothing, where not one was."""
        async with self._db.begin() as tx:
            if not await _awake(tx):
                return 0
            state = await self._state(tx)
            rows = (await tx.execute(self._next)).all()
            self._behind = len(rows) == self._most
            await self._measure(tx, rows)
            return await self._say(tx, state, rows)

    async def _say(self, tx: AsyncConnection, state: _State, rows: Sequence[Any]) -> int:
        """Send these batch by batch: while the bus takes one, the one before is marked and the next made ready."""
        batches = [rows[start : start + self._batch] for start in range(0, len(rows), self._batch)]
        if not batches:
            return 0
        last, said = await self._last(tx), 0
        sending = asyncio.create_task(self._bus.send([self._message(row, state.epoch) for row in batches[0]]))
        try:
            for number, batch in enumerate(batches):
                await asyncio.sleep(0)  # let it begin
                following = batches[number + 1] if number + 1 < len(batches) else ()
                ready = [self._message(row, state.epoch) for row in following]
                offsets = await sending
                PUBLISHED.inc(len(batch))
                if any(offset <= last.get(partition, -1) for partition, offset in offsets):
                    # It acknowledged an offset it had given before: its log is another one.
                    log.warning("log_lost", topic=self._topic, how="lower offset")
                    # Under the name the cluster has now: by the one we knew, the next look would begin another epoch.
                    self._cluster = None
                    await self._open_epoch(tx, await self._cluster_now(), state.epoch + 1)
                    return self._most
                if ready:
                    sending = asyncio.create_task(self._bus.send(ready))
                last |= await self._published(tx, batch, offsets)
                if self._spread is not None:
                    await self._spread(tx, [row.id for row in batch])
                said += len(batch)
        except BusAway:
            if said == 0:
                raise
            # What was acknowledged before is kept; the next turn finds the bus away.
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
        return said

    async def _state(self, tx: AsyncConnection) -> _State:
        """The cluster and epoch we speak in; another cluster opens a new epoch first."""
        table = self._tables.relay_state
        row = (await tx.execute(select(table).where(table.c.topic == self._topic))).one_or_none()
        cluster = await self._cluster_now()
        if row is None:
            await self._bus.ensure_topics([self._topic])
            await tx.execute(insert(table).values(topic=self._topic, cluster_id=cluster, epoch=1))
            return _State(cluster, 1)
        if row.cluster_id != cluster:
            log.warning("log_lost", topic=self._topic, how="another cluster")
            await self._open_epoch(tx, cluster, row.epoch + 1)
            return _State(cluster, row.epoch + 1)
        EPOCH.set(row.epoch)
        return _State(cluster, row.epoch)

    async def _cluster_now(self) -> str:
        loop = asyncio.get_running_loop()
        if self._cluster is None or loop.time() - self._cluster_at > CLUSTER_CHECK_SECONDS:
            known = self._cluster is not None
            self._cluster = await self._bus.cluster_id(known=known)
            if not known:
                # At first, and after whatever went wrong: the topic may be what is missing.
                await self._bus.ensure_topics([self._topic])
            self._cluster_at = loop.time()
        return self._cluster

    async def _open_epoch(self, tx: AsyncConnection, cluster: str, epoch: int) -> None:
        """Everything the outbox still holds is to be sent again, in order; what is new waits behind it."""
        tables = self._tables
        await self._bus.ensure_topics([self._topic])
        await tx.execute(
            update(tables.outbox).where(tables.outbox.c.published_at.is_not(None)).values(published_at=None)
        )
        await tx.execute(delete(tables.relay_partition).where(tables.relay_partition.c.topic == self._topic))
        state = tables.relay_state
        await tx.execute(update(state).where(state.c.topic == self._topic).values(cluster_id=cluster, epoch=epoch))
        EPOCH.set(epoch)

    def _message(self, row: Any, epoch: int) -> Message:
        envelope = Envelope(
            str(row.id),
            self._source,
            row.type,
            row.time,
            row.subject,
            row.sequence,
            row.traceparent,
            epoch,
            row.data,
        )
        return Message(self._topic, row.key.encode(), row.data, envelope.to_headers())

    async def _last(self, tx: AsyncConnection) -> dict[int, int]:
        """The highest offset each partition has acknowledged."""
        table = self._tables.relay_partition
        known = await tx.execute(select(table.c.partition, table.c.last_offset).where(table.c.topic == self._topic))
        return {row.partition: row.last_offset for row in known}

    async def _published(self, tx: AsyncConnection, rows: Any, offsets: list[tuple[int, int]]) -> dict[int, int]:
        """Mark these as acknowledged; the highest offset of each partition they went to."""
        ids = [row.id for row in rows]
        await tx.execute(self._mark, {"ids": ids, "low": min(ids), "high": max(ids), "at": clock.now()})
        highest: dict[int, int] = {}
        for partition, offset in offsets:
            highest[partition] = max(offset, highest.get(partition, -1))
        places = sorted(highest.items())
        told = {"topic": self._topic, "number": [one for one, _ in places], "at": [at for _, at in places]}
        await tx.execute(_keep(self._tables.relay_partition), told)
        return highest

    async def _measure(self, tx: AsyncConnection, rows: Any) -> None:
        AGE.set((clock.now() - rows[0].time).total_seconds() if rows else 0.0)
        if len(rows) < self._most:
            DEPTH.set(len(rows))
        else:
            outbox = self._tables.outbox
            waiting = select(func.count()).select_from(outbox).where(outbox.c.published_at.is_(None))
            DEPTH.set((await tx.execute(waiting)).scalar_one())


async def _awake(tx: AsyncConnection) -> bool:
    """Whether this relay is the one of its database: another's lock means it sleeps on."""
    got = select(func.pg_try_advisory_xact_lock(func.hashtext(cast("outbox_relay", Text))))
    return bool((await tx.execute(got)).scalar_one())


async def _either(stopping: asyncio.Event, wake: asyncio.Event | None, seconds: float) -> None:
    """Until one of the two is set, or the time is over."""
    waits = [asyncio.ensure_future(event.wait()) for event in (stopping, wake) if event is not None]
    try:
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


class _Ear:
    """Listens for the api's word that something was said; losing the connection only means a second's delay."""

    def __init__(self, db: Database, told: Callable[[], None]) -> None:
        self._db = db
        self._told = told
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> None:
        self._task = asyncio.create_task(self._listen())

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _listen(self) -> None:
        while True:
            try:
                async with self._db.stream() as conn:
                    await self._until_lost(await driver_of(conn))
            except asyncio.CancelledError:
                raise
            except Exception as error:  # noqa: BLE001  # whatever it is, the fallback poll goes on beside it
                log.info("listen_lost", kind=type(error).__name__)
            await asyncio.sleep(1.0)

    async def _until_lost(self, driver: Any) -> None:
        lost = asyncio.Event()
        driver.add_termination_listener(lambda *_: lost.set())
        await driver.add_listener(CHANNEL, lambda *_: self._told())
        await lost.wait()


class Waker:
    """Tells the relay, from another process, that something was said: one NOTIFY for many commits, on its own connection.

    Never inside the command's transaction: a NOTIFY there serialises every commit of the database.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._said = asyncio.Event()
        self._stopping = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to listen to the edges of this process."""
        self._db.on_commit = lambda _: self._said.set()
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop telling; a word that is on its way is let through, since a connection cut in the middle is never closed."""
        self._db.on_commit = None
        self._stopping = True
        self._said.set()
        if self._task is not None:
            await asyncio.wait([self._task], timeout=_STOP_SECONDS)
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while not self._stopping:
            try:
                await self._tell()
            except asyncio.CancelledError:
                raise
            except Exception as error:  # noqa: BLE001  # the relay polls beside it: only latency is lost
                log.info("notify_lost", kind=type(error).__name__)
                await asyncio.sleep(0.0 if self._stopping else 1.0)

    async def _tell(self) -> None:
        await self._said.wait()
        if self._stopping:
            return
        async with self._db.stream() as conn:
            driver = await driver_of(conn)
            quiet = 0
            while quiet < 60 and not self._stopping:
                if not self._said.is_set():
                    try:
                        await asyncio.wait_for(self._said.wait(), 1.0)
                    except TimeoutError:
                        quiet += 1
                        continue
                quiet = 0
                self._said.clear()
                await driver.execute(f"NOTIFY {CHANNEL}")
                await asyncio.sleep(LINGER_SECONDS)
