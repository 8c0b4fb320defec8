"""The port to a bus of ordered, partitioned topics, and the one in memory that tests use."""

import asyncio
import zlib
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, Protocol
from uuid import uuid4

from shared.events.envelope import Record

PARTITIONS: Final = 12

Partition = tuple[str, int]


class BusAway(ConnectionError):
    """The bus cannot be reached, or did not take what was sent: nothing is wrong with the message."""


class Message(NamedTuple):
    """One message on its way to a topic."""

    topic: str
    key: bytes
    value: bytes
    headers: Sequence[tuple[str, bytes]]


class Stream(Protocol):
    """A reader of partitions, at positions it is told."""

    async def assign(self, positions: Mapping[Partition, int]) -> None:
        """Read exactly these partitions, from these offsets on."""

    async def poll(self, seconds: float, most: int) -> Mapping[Partition, Sequence[Record]]:
        """What has come, in order per partition; empty when nothing came in time."""

    async def seek(self, partition: Partition, offset: int) -> None:
        """Read this partition again from an offset."""

    async def bounds(self, partitions: Sequence[Partition]) -> Mapping[Partition, tuple[int, int]]:
        """The first offset each partition still has, and the one its next message will get.

        The second may be understated (by a broker that tells where its last batch begins), never overstated.
        """

    async def holding(self, places: Mapping[Partition, int]) -> set[Partition]:
        """Which partitions have a message at exactly this offset: asked where `bounds` leaves a doubt."""

    async def pause(self, partition: Partition) -> None:
        """Bring nothing of this partition until it is resumed."""

    async def resume(self, partition: Partition) -> None:
        """Bring this partition's messages again."""

    async def stop(self) -> None:
        """Stop reading."""


class Bus(Protocol):
    """Somewhere to say things to, and to hear them from."""

    async def start(self) -> None:
        """Reach it; raises BusAway when it cannot be reached."""

    async def stop(self) -> None:
        """Leave it; what was acknowledged stays."""

    async def cluster_id(self, *, known: bool = True) -> str:
        """Which cluster answers: another id is another, possibly empty, log. What was `known` a moment ago may do."""

    async def ensure_topics(self, topics: Sequence[str]) -> None:
        """Make the topics that are missing, with twelve partitions each."""

    async def send(self, messages: Sequence[Message]) -> list[tuple[int, int]]:
        """Send in order per key; the (partition, offset) of each once all are acknowledged, else BusAway."""

    async def stream(self) -> Stream:
        """A new reader."""


class MemoryBus:
    """Topics in this process: for tests. It can be taken away, and be destroyed and come back empty."""

    def __init__(self) -> None:
        self.logs: dict[Partition, list[Record]] = {}
        self.away = False
        self.fail_after: int | None = None
        self._cluster = uuid4().hex
        self._news = asyncio.Event()

    async def start(self) -> None:
        self._reach()

    async def stop(self) -> None:
        return None

    def _reach(self) -> None:
        if self.away:
            raise BusAway("the bus is away")

    async def cluster_id(self, *, known: bool = True) -> str:  # noqa: ARG002  # in memory nothing is out of date
        self._reach()
        return self._cluster

    async def ensure_topics(self, topics: Sequence[str]) -> None:
        self._reach()
        for topic in topics:
            for number in range(PARTITIONS):
                self.logs.setdefault((topic, number), [])

    async def send(self, messages: Sequence[Message]) -> list[tuple[int, int]]:
        self._reach()
        taken: list[tuple[int, int]] = []
        for message in messages:
            if self.fail_after is not None:
                if self.fail_after == 0:
                    raise BusAway("the bus broke in the middle")
                self.fail_after -= 1
            number = zlib.crc32(message.key) % PARTITIONS
            log = self.logs.setdefault((message.topic, number), [])
            offset = len(log)
            log.append(Record(message.topic, number, offset, message.key, message.value, tuple(message.headers)))
            taken.append((number, offset))
        self._news.set()
        return taken

    async def stream(self) -> Stream:
        self._reach()
        return _MemoryStream(self)

    async def wait(self, seconds: float) -> None:
        """Until something is sent, or the time is over."""
        self._news.clear()
        try:
            await asyncio.wait_for(self._news.wait(), seconds)
        except TimeoutError:
            return

    def destroy(self, *, same_id: bool = False) -> None:
        """Everything it held is gone; it answers again at once, empty, as another cluster (or the same)."""
        self.logs = {partition: [] for partition in self.logs}
        if not same_id:
            self._cluster = uuid4().hex

    def records(self, topic: str) -> list[Record]:
        """All messages of a topic, partition by partition."""
        return [record for (name, _), log in sorted(self.logs.items()) if name == topic for record in log]


class _MemoryStream:
    def __init__(self, bus: MemoryBus) -> None:
        self._bus = bus
        self._positions: dict[Partition, int] = {}
        self._paused: set[Partition] = set()

    async def assign(self, positions: Mapping[Partition, int]) -> None:
        self._positions = dict(positions)
        self._paused &= set(positions)

    async def poll(self, seconds: float, most: int) -> Mapping[Partition, Sequence[Record]]:
        found = self._take(most)
        if not found:
            await self._bus.wait(seconds)
            found = self._take(most)
        return found

    def _take(self, most: int) -> dict[Partition, Sequence[Record]]:
        if self._bus.away:
            return {}
        found: dict[Partition, Sequence[Record]] = {}
        for partition, position in self._positions.items():
            log = self._bus.logs.get(partition, [])
            # As Kafka's reset to the earliest does for a position its log does not have.
            start = position if position <= len(log) else 0
            if partition not in self._paused and start < len(log):
                found[partition] = log[start : start + most]
                self._positions[partition] = start + len(found[partition])
        return found

    async def seek(self, partition: Partition, offset: int) -> None:
        self._positions[partition] = offset

    async def bounds(self, partitions: Sequence[Partition]) -> Mapping[Partition, tuple[int, int]]:
        if self._bus.away:
            raise BusAway("the bus is away")
        return {partition: (0, len(self._bus.logs.get(partition, []))) for partition in partitions}

    async def holding(self, places: Mapping[Partition, int]) -> set[Partition]:
        return {one for one, offset in places.items() if offset < len(self._bus.logs.get(one, []))}

    async def pause(self, partition: Partition) -> None:
        self._paused.add(partition)

    async def resume(self, partition: Partition) -> None:
        self._paused.discard(partition)

    async def stop(self) -> None:
        return None
