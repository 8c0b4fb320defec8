"""The bus over Kafka: the only module that knows aiokafka."""

import asyncio
import ssl
import struct
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from functools import partial
from typing import Any, Final, TypeVar

import aiokafka.client
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError
from aiokafka.protocol.metadata import MetadataRequest

from shared.events.bus import PARTITIONS, BusAway, Message, Partition, Stream
from shared.events.envelope import Record
from shared.settings import ServiceSettings

T = TypeVar("T")

# Nobody makes a topic by asking for it. Whoever came back first to an emptied cluster would make it with as many partitions
# as the cluster likes, and what is said of the others would never be there; no option of the clients says otherwise.
aiokafka.client.MetadataRequest = partial(MetadataRequest, allow_auto_topic_creation=False)

# Well below the 30 s after which the database ends a transaction that waits.
REQUEST_MS: Final = 8_000
SEND_SECONDS: Final = 15.0
PROBE_SECONDS: Final = 3.0
_IDLE_AFTER: Final = 1.0
# After so long without a message the pauses are twice as long: still within a second of it.
_QUIET_AFTER: Final = 5.0
_KNOWN_SECONDS: Final = 3.5
_LOOK_OVER_SECONDS: Final = 2.0
_FETCH_BYTES: Final = 4 << 20


def _connection(settings: ServiceSettings) -> dict[str, Any]:
    options: dict[str, Any] = {
        "bootstrap_servers": settings.brokers,
        "request_timeout_ms": REQUEST_MS,
        "security_protocol": settings.kafka_security_protocol,
        "metadata_max_age_ms": 10_000,
    }
    if settings.kafka_security_protocol.startswith("SASL"):
        secret = settings.kafka_sasl_password
        options |= {
            "sasl_mechanism": settings.kafka_sasl_mechanism,
            "sasl_plain_username": settings.kafka_sasl_username,
            "sasl_plain_password": secret.get_secret_value() if secret else None,
        }
    if settings.kafka_security_protocol.endswith("SSL"):
        options["ssl_context"] = ssl.create_default_context(cafile=settings.kafka_cafile)
    return options


class KafkaBus:
    """A cluster; connections are made at first use, and anew after anything went wrong."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._connect = _connection(settings)
        self._idempotent = settings.kafka_idempotence
        self._fetch_wait = settings.kafka_fetch_max_wait_ms
        self._rests = (settings.kafka_idle_pause_ms / 1000, settings.kafka_fetch_max_wait_ms / 1000)
        self._producer: AIOKafkaProducer | None = None
        self._cluster: tuple[float, str] | None = None
        self._admin: AIOKafkaAdminClient | None = None
        self._lock = asyncio.Lock()

    async def start(self) -> None:
        """Reach the cluster once; raises BusAway when it does not answer."""
        await self.cluster_id()

    async def stop(self) -> None:
        """Close every connection."""
        await self._drop_admin()
        await self._drop_producer()

    async def cluster_id(self, *, known: bool = True) -> str:
        """The id the cluster gives itself, as `known` a moment ago: every part of a worker asks for it again and again."""
        now = time.monotonic()
        if not known or self._cluster is None or now - self._cluster[0] > _KNOWN_SECONDS:
            told = await self._ask(lambda admin: admin.describe_cluster())
            self._cluster = (now, str(told["cluster_id"]))
        return self._cluster[1]

    async def ensure_topics(self, topics: Sequence[str]) -> None:
        """Make what is missing; a cluster that does not let us is one whose topics others have made."""
        known = set(await self._ask(lambda admin: admin.list_topics()))
        for topic in topics:
            if topic in known:
                continue
            wanted = NewTopic(name=topic, num_partitions=PARTITIONS, replication_factor=1)
            try:
                await self._ask(lambda admin, wanted=wanted: admin.create_topics([wanted]))
            except BusAway as error:
                if not isinstance(error.__cause__, TopicAlreadyExistsError):
                    raise

    async def _ask(self, question: Any) -> Any:
        async with self._lock:
            try:
                if self._admin is None:
                    # Known before it has begun, so that one that never answers is closed like any other.
                    self._admin = AIOKafkaAdminClient(**self._connect)
                    await _within(SEND_SECONDS, self._admin.start())
                return await _within(SEND_SECONDS, question(self._admin))
            except (KafkaError, OSError, TimeoutError, AttributeError, AssertionError) as error:
                await self._drop_admin()
                raise BusAway(f"the cluster does not answer ({type(error).__name__})") from error

    async def _drop_admin(self) -> None:
        self._cluster = None
        admin, self._admin = self._admin, None
        if admin is not None:
            await _quietly(admin.close())

    async def _drop_producer(self) -> None:
        self._cluster = None
        producer, self._producer = self._producer, None
        if producer is not None:
            # Its own stop would flush first: while the cluster is away it never ends, and what is broken off half-way
            # goes on trying beside the next producer. Whoever sends has waited for every acknowledgement already.
            await _quietly(producer._sender.close())
            await _quietly(producer.stop())

    async def send(self, messages: Sequence[Message]) -> list[tuple[int, int]]:
        """All in order per key, acknowledged by every replica in sync."""
        try:
            if self._producer is None:
                self._producer = AIOKafkaProducer(
                    **self._connect,
                    acks="all",
                    enable_idempotence=self._idempotent,
                    max_batch_size=256 << 10,
                    linger_ms=0,
                    retry_backoff_ms=100,
                )
                await _within(SEND_SECONDS, self._producer.start())
            return await _within(SEND_SECONDS, _deliver(self._producer, messages))
        except (KafkaError, OSError, TimeoutError) as error:
            # What was under way may arrive or not: it will be sent again, by a producer that knows nothing of it.
            await self._drop_producer()
            raise BusAway(f"not acknowledged ({type(error).__name__})") from error

    async def _reader(self) -> AIOKafkaConsumer:
        consumer = AIOKafkaConsumer(
            **self._connect,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=self._fetch_wait,
            max_partition_fetch_bytes=_FETCH_BYTES,
        )
        try:
            await _within(SEND_SECONDS, consumer.start())
        except (KafkaError, OSError, TimeoutError) as error:
            await _quietly(consumer.stop())
            raise BusAway(f"the cluster does not answer ({type(error).__name__})") from error
        # It looks over every partition five times a second, even while all rest; no option of the consumer says otherwise.
        consumer._fetcher._fetcher_timeout = _LOOK_OVER_SECONDS
        return consumer

    async def stream(self) -> Stream:
        """A reader without a group: who reads what is settled by leases in the database."""
        return _KafkaStream(await self._reader(), self._reader, *self._rests)


class _KafkaStream:
    def __init__(
        self,
        consumer: AIOKafkaConsumer,
        another: Callable[[], Awaitable[AIOKafkaConsumer]],
        idle_pause: float,
        fetch_wait: float,
    ) -> None:
        self._consumer = consumer
        self._another = another
        self._idle_pause = idle_pause
        self._fetch_wait = fetch_wait
        self._came_at = time.monotonic()
        # Where the last messages of each partition ended: a log that shrinks begins again lower.
        self._read: dict[TopicPartition, int] = {}
        # What whoever listens holds back, beside what only rests between two glances.
        self._held_back: set[TopicPartition] = set()

    async def assign(self, positions: Mapping[Partition, int]) -> None:
        self._read = {}
        self._held_back = set()
        self._consumer.assign([TopicPartition(*partition) for partition in positions])
        for partition, offset in positions.items():
            self._consumer.seek(TopicPartition(*partition), offset)

    async def poll(self, seconds: float, most: int) -> Mapping[Partition, Sequence[Record]]:
        quiet = time.monotonic() - self._came_at
        try:
            if self._idle_pause and quiet > _IDLE_AFTER:
                got = await self._glance(most, self._idle_pause * (2 if quiet > _QUIET_AFTER else 1))
            else:
                got = await self._consumer.getmany(timeout_ms=max(1, int(seconds * 1000)), max_records=most)
        except (KafkaError, OSError) as error:
            raise BusAway(f"cannot be read ({type(error).__name__})") from error
        if got:
            self._came_at = time.monotonic()
        for at, records in got.items():
            self._read[at] = records[-1].offset + 1
        return {
            (at.topic, at.partition): [
                Record(at.topic, at.partition, one.offset, one.key, one.value or b"", tuple(one.headers))
                for one in records
            ]
            for at, records in got.items()
        }

    async def _glance(self, most: int, rest: float) -> Any:
        """Rest, then ask once: a broker that answers an empty fetch at once would else be asked without end.

        The reader sends its next fetch as soon as one is answered. Paused while the answer is on its way it sends none,
        and keeps what came until it is taken. With nothing there the partitions stay paused until the next glance.
        """
        reading = tuple(self._consumer.assignment() - self._held_back)
        self._consumer.pause(*reading)
        await asyncio.sleep(rest)
        self._consumer.resume(*reading)
        await asyncio.sleep(self._fetch_wait / 2)
        self._consumer.pause(*reading)
        await asyncio.sleep(self._fetch_wait)
        self._consumer.resume(*reading)
        got = await self._consumer.getmany(timeout_ms=0, max_records=most)
        if not got:
            self._consumer.pause(*reading)
        return got

    async def seek(self, partition: Partition, offset: int) -> None:
        self._consumer.seek(TopicPartition(*partition), offset)

    async def bounds(self, partitions: Sequence[Partition]) -> Mapping[Partition, tuple[int, int]]:
        wanted = [TopicPartition(*partition) for partition in partitions]
        try:
            low = await _within(SEND_SECONDS, self._consumer.beginning_offsets(wanted))
            high = await _within(SEND_SECONDS, self._consumer.end_offsets(wanted))
        except (KafkaError, OSError, TimeoutError) as error:
            raise BusAway(f"cannot be asked ({type(error).__name__})") from error
        return {(one.topic, one.partition): (low[one], max(high[one], self._read.get(one, 0))) for one in wanted}

    async def holding(self, places: Mapping[Partition, int]) -> set[Partition]:
        probe = await self._another()
        try:
            wanted = {TopicPartition(*partition): offset for partition, offset in places.items()}
            probe.assign(list(wanted))
            for at, offset in wanted.items():
                probe.seek(at, offset)
            found: dict[TopicPartition, bool] = {}
            until = time.monotonic() + PROBE_SECONDS
            while len(found) < len(wanted) and time.monotonic() < until:
                for at, records in (await probe.getmany(timeout_ms=200)).items():
                    found.setdefault(at, records[0].offset == wanted[at])
        except (KafkaError, OSError) as error:
            raise BusAway(f"cannot be read ({type(error).__name__})") from error
        finally:
            await _quietly(probe.stop())
        return {(at.topic, at.partition) for at, there in found.items() if there}

    async def pause(self, partition: Partition) -> None:
        self._held_back.add(TopicPartition(*partition))
        self._consumer.pause(TopicPartition(*partition))

    async def resume(self, partition: Partition) -> None:
        self._held_back.discard(TopicPartition(*partition))
        self._consumer.resume(TopicPartition(*partition))

    async def stop(self) -> None:
        await _quietly(self._consumer.stop())


def partition_of(key: bytes, partitions: int) -> int:
    """Where a key belongs: murmur2, as every Kafka client does it, so that whoever else writes here keeps keys together.

    Twice as fast as aiokafka's own in Python, whose answers it gives (Apache Kafka, `Utils.murmur2`).
    """
    length, mix, mask = len(key), 0x5BD1E995, 0xFFFFFFFF
    whole = length & ~3
    hashed = 0x9747B28C ^ length
    for word in struct.unpack_from(f"<{whole >> 2}I", key):
        word = word * mix & mask  # noqa: PLW2901  # the word itself is of no more use
        hashed = (hashed * mix & mask) ^ ((word ^ word >> 24) * mix & mask)
    if length & 3:
        hashed = (hashed ^ int.from_bytes(key[whole:], "little")) * mix & mask
    hashed = (hashed ^ hashed >> 13) * mix & mask
    return ((hashed ^ hashed >> 15) & 0x7FFFFFFF) % partitions


async def _deliver(producer: AIOKafkaProducer, messages: Sequence[Message]) -> list[tuple[int, int]]:
    """Where each message went, once all are acknowledged.

    Packed here, a batch for each partition: a future for each message took longer than packing it.
    """
    many: dict[str, int] = {}
    packed: dict[TopicPartition, list[tuple[Any, list[int]]]] = {}
    for number, one in enumerate(messages):
        if one.topic not in many:
            many[one.topic] = len(await producer.partitions_for(one.topic))
        batches = packed.setdefault(TopicPartition(one.topic, partition_of(one.key, many[one.topic])), [])
        said = {"timestamp": None, "key": one.key, "value": one.value, "headers": one.headers}
        if not batches or batches[-1][0].append(**said) is None:
            batches.append((producer.create_batch(), []))
            batches[-1][0].append(**said)  # the first always finds room
        batches[-1][1].append(number)
    waits = []
    for at, batches in packed.items():
        for batch, _ in batches:
            batch.close()
            waits.append(await producer.send_batch(batch, at.topic, partition=at.partition))
    told = iter(await asyncio.gather(*waits))
    places: list[tuple[int, int]] = [(-1, -1)] * len(messages)
    for at, batches in packed.items():
        for _, numbers in batches:
            first = next(told).offset
            for place, number in enumerate(numbers):
                places[number] = (at.partition, first + place)
    return places


async def _within(seconds: float, work: Coroutine[Any, Any, T]) -> T:
    """What `work` answers; raises TimeoutError when it takes longer, and does not wait for its end then.

    Not `asyncio.wait_for`: that waits for whoever it cancels, and the driver's own endings may go on for ever.
    """
    task = asyncio.create_task(work)
    task.add_done_callback(lambda ended: ended.cancelled() or ended.exception())  # asked for here, if by nobody else
    try:
        done, _ = await asyncio.wait({task}, timeout=seconds)
    finally:
        task.cancel()  # nothing to one that is done
    if not done:
        raise TimeoutError
    return task.result()


async def _quietly(ending: Any) -> None:
    """End a connection that may be broken already: its own complaints are of no use to anyone."""
    try:
        await _within(3.0, ending)
    except (KafkaError, OSError, TimeoutError, asyncio.CancelledError):
        return
