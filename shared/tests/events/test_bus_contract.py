"""One contract for every bus: in memory, over the embedded broker, and over Apache Kafka where Java and Maven are."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from uuid import uuid4

import pytest
from aiokafka.partitioner import DefaultPartitioner
from hypothesis import given
from hypothesis import strategies as st

from shared.events import kafka
from shared.events.bus import PARTITIONS, Bus, BusAway, MemoryBus, Message, Partition, Stream
from shared.events.envelope import Record
from shared.events.kafka import KafkaBus, partition_of
from shared.testing.engines import Broker
from shared.testing.kafka import ApacheKafka

pytestmark = pytest.mark.xdist_group("kafka")


@dataclass(frozen=True)
class Place:
    """A bus under test, and what can happen to its cluster."""

    bus: Bus
    take_away: Callable[[], None]
    bring_back_empty: Callable[[], None]


def in_memory() -> Place:
    bus = MemoryBus()

    def take_away() -> None:
        bus.away = True

    def bring_back() -> None:
        bus.away = False
        bus.destroy()

    return Place(bus, take_away, bring_back)


@pytest.fixture(params=["memory", "embedded", "apache-kafka-4.3"])
async def place(request: pytest.FixtureRequest, kafka_at: Callable[..., KafkaBus]) -> AsyncIterator[Place]:
    if request.param == "memory":
        yield in_memory()
        return
    server: Broker | ApacheKafka
    if request.param == "embedded":
        server = request.getfixturevalue("broker")
        away = server.stop
    else:
        node: ApacheKafka = request.getfixturevalue("apache")
        server, away = node, node.wipe
    bus = kafka_at(server.bootstrap, idempotent=request.param != "embedded")
    yield Place(bus, away, server.start)
    await bus.stop()
    # The broker is the whole run's: whoever took it away leaves it as it was found.
    if server.pid is None:
        server.start()


@pytest.fixture
async def topic(place: Place) -> str:
    name = f"contract.{uuid4().hex}"
    await until_answered(place.bus, name)
    return name


async def until_answered(bus: Bus, topic: str) -> None:
    """A broker answers on its port a moment before it does its work."""
    for _ in range(100):
        try:
            await bus.ensure_topics([topic])
        except BusAway:
            await asyncio.sleep(0.1)
        else:
            return
    await bus.ensure_topics([topic])


def messages(topic: str, keys: str, start: int = 0) -> list[Message]:
    """One message for each letter, numbered."""
    return [
        Message(topic, key.encode(), f"{key}{number}".encode(), [("ce_id", str(number).encode())])
        for number, key in enumerate(keys, start)
    ]


async def send(bus: Bus, wanted: list[Message]) -> list[tuple[int, int]]:
    """Kafka elects the leaders of a new topic after it has answered: the first sending may meet none."""
    for _ in range(20):
        try:
            return await bus.send(wanted)
        except BusAway:
            await asyncio.sleep(0.2)
    return await bus.send(wanted)


async def everything(stream: Stream, many: int) -> dict[Partition, list[Record]]:
    """Poll until so many messages have come, and then once more for what should not come."""
    got: dict[Partition, list[Record]] = {}
    until = time.monotonic() + 15
    while sum(map(len, got.values())) < many and time.monotonic() < until:
        for partition, records in (await stream.poll(0.2, 1_000)).items():
            got.setdefault(partition, []).extend(records)
    for partition, records in (await stream.poll(0.2, 1_000)).items():
        got.setdefault(partition, []).extend(records)
    return got


def from_the_start(topic: str) -> dict[Partition, int]:
    return {(topic, number): 0 for number in range(PARTITIONS)}


async def test_what_was_sent_is_read_in_order_per_key_at_the_acknowledged_places(place: Place, topic: str) -> None:
    sent = messages(topic, "abcab" * 40)
    told = await send(place.bus, sent)
    assert len(told) == 200
    stream = await place.bus.stream()
    await stream.assign(from_the_start(topic))
    got = await everything(stream, 200)
    await stream.stop()
    found = {(record.partition, record.offset): record for records in got.values() for record in records}
    assert len(found) == 200
    for message, at in zip(sent, told, strict=True):
        assert (found[at].key, found[at].value) == (message.key, message.value)
        assert dict(found[at].headers) == dict(message.headers)
    for records in got.values():
        assert [record.offset for record in records] == sorted(record.offset for record in records)
        # In the order of sending within a key, since the numbers only grow.
        for key in {record.key for record in records}:
            numbers = [int(record.value[1:]) for record in records if record.key == key]
            assert numbers == sorted(numbers)


async def test_more_than_one_request_can_carry_goes_in_order_to_the_acknowledged_places(
    place: Place, topic: str
) -> None:
    """Several batches for one partition, one message larger than a batch among them."""
    sizes = [6_000] * 60 + [400_000] + [6_000] * 60
    sent = [Message(topic, b"k", b"%06d" % number + b"." * size, []) for number, size in enumerate(sizes)]
    sent.insert(30, Message(topic, b"another", b"x", []))
    told = await send(place.bus, sent)
    stream = await place.bus.stream()
    await stream.assign(from_the_start(topic))
    got = await everything(stream, len(sent))
    await stream.stop()
    found = {(record.partition, record.offset): record.value for records in got.values() for record in records}
    assert [found[at] for at in told] == [one.value for one in sent]
    of_key = [at for at, one in zip(told, sent, strict=True) if one.key == b"k"]
    assert [offset for _, offset in of_key] == list(range(of_key[0][1], of_key[0][1] + len(sizes)))


@given(key=st.binary(max_size=80), partitions=st.integers(1, 100))
def test_a_key_goes_where_every_kafka_client_would_send_it(key: bytes, partitions: int) -> None:
    theirs = DefaultPartitioner()(key, list(range(partitions)), [])
    assert partition_of(key, partitions) == theirs


async def test_a_reader_that_rests_between_glances_misses_nothing_and_holds_back_what_is_paused(
    broker: Broker, kafka_at: Callable[..., KafkaBus], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka, "_IDLE_AFTER", -1.0)  # it never does anything but glance
    bus = kafka_at(broker.bootstrap, idle_pause_ms=30)
    topic = f"glance.{uuid4().hex}"
    await until_answered(bus, topic)
    first = await send(bus, messages(topic, "ab" * 5))
    at = {message.key: (topic, told[0]) for message, told in zip(messages(topic, "ab" * 5), first, strict=True)}
    stream = await bus.stream()
    await stream.assign(from_the_start(topic))
    got = await everything(stream, 10)
    assert [record.value for record in got[at[b"a"]]] == [b"a0", b"a2", b"a4", b"a6", b"a8"]
    assert at[b"a"] != at[b"b"]
    await stream.pause(at[b"a"])
    await send(bus, messages(topic, "ab" * 5, 10))
    assert set(await everything(stream, 5)) == {at[b"b"]}
    await stream.resume(at[b"a"])
    assert [record.value for record in (await everything(stream, 5))[at[b"a"]]] == [
        b"a10",
        b"a12",
        b"a14",
        b"a16",
        b"a18",
    ]
    await stream.seek(at[b"b"], 0)
    assert len((await everything(stream, 10))[at[b"b"]]) == 10
    await stream.stop()
    await bus.stop()


async def test_one_key_stays_in_one_partition_and_its_offsets_grow(place: Place, topic: str) -> None:
    told = await send(place.bus, messages(topic, "k" * 50))
    told += await send(place.bus, messages(topic, "k" * 10, 50))
    assert {partition for partition, _ in told} == {told[0][0]}
    assert [offset for _, offset in told] == sorted({offset for _, offset in told})


async def test_a_stream_begins_where_it_is_told(place: Place, topic: str) -> None:
    told = await send(place.bus, messages(topic, "k" * 10))
    number, fifth = told[5]
    stream = await place.bus.stream()
    await stream.assign({(topic, number): fifth})
    got = await everything(stream, 5)
    await stream.stop()
    assert [record.value for record in got[(topic, number)]] == [b"k5", b"k6", b"k7", b"k8", b"k9"]


async def test_a_stream_reads_only_what_it_is_assigned(place: Place, topic: str) -> None:
    told = await send(place.bus, messages(topic, "abcdefghijkl"))
    number = told[0][0]
    stream = await place.bus.stream()
    await stream.assign({(topic, number): 0})
    wanted = sum(partition == number for partition, _ in told)
    got = await everything(stream, wanted)
    await stream.stop()
    assert set(got) == {(topic, number)}
    assert len(got[(topic, number)]) == wanted


async def test_seeking_back_reads_again(place: Place, topic: str) -> None:
    told = await send(place.bus, messages(topic, "k" * 4))
    partition = (topic, told[0][0])
    stream = await place.bus.stream()
    await stream.assign({partition: 0})
    assert len((await everything(stream, 4))[partition]) == 4
    await stream.seek(partition, told[2][1])
    again = await everything(stream, 2)
    await stream.stop()
    assert [record.value for record in again[partition]] == [b"k2", b"k3"]


async def test_a_paused_partition_brings_nothing_until_it_is_resumed(place: Place, topic: str) -> None:
    told = await send(place.bus, messages(topic, "k" * 3))
    partition = (topic, told[0][0])
    stream = await place.bus.stream()
    await stream.assign({partition: 0})
    await stream.pause(partition)
    assert await stream.poll(0.5, 100) == {}
    await stream.resume(partition)
    got = await everything(stream, 3)
    await stream.stop()
    assert [record.value for record in got[partition]] == [b"k0", b"k1", b"k2"]


async def test_bounds_never_overstate_and_a_doubt_is_settled_by_looking(place: Place, topic: str) -> None:
    told = await send(place.bus, messages(topic, "k" * 7))
    number, last = told[-1]
    full, empty = (topic, number), (topic, (number + 1) % PARTITIONS)
    stream = await place.bus.stream()
    await stream.assign({full: 0, empty: 0})
    bounds = await stream.bounds([full, empty])
    assert bounds[empty] == (0, 0)
    low, high = bounds[full]
    assert low == 0
    assert 0 <= high <= last + 1
    assert await stream.holding({full: last}) == {full}
    assert await stream.holding({full: last + 1, empty: 0}) == set()
    # What was read is known to be there.
    await everything(stream, 7)
    assert (await stream.bounds([full]))[full] == (0, last + 1)
    await stream.stop()


async def test_asking_for_a_topic_does_not_make_it(
    broker: Broker, kafka_at: Callable[..., KafkaBus], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One made in passing has the cluster's own number of partitions, and whoever makes it properly comes too late."""
    monkeypatch.setattr(kafka, "REQUEST_MS", 500)
    bus, topic = kafka_at(broker.bootstrap), f"unknown.{uuid4().hex}"
    await until_answered(bus, f"known.{uuid4().hex}")
    with pytest.raises(BusAway):
        await bus.send(messages(topic, "k"))
    reader = await bus.stream()
    await reader.assign({(topic, 0): 0})
    assert await reader.poll(0.3, 10) == {}
    await reader.stop()
    await bus.ensure_topics([topic])
    told = await send(bus, messages(topic, "abcdefghijklmnopqrstuvwxyz"))
    assert len({partition for partition, _ in told}) > 6
    reader = await bus.stream()
    assert len(await reader.bounds([(topic, number) for number in range(PARTITIONS)])) == PARTITIONS
    await reader.stop()
    await bus.stop()


async def test_making_topics_twice_changes_nothing(place: Place, topic: str) -> None:
    told = await send(place.bus, messages(topic, "k"))
    await place.bus.ensure_topics([topic, topic + ".more"])
    again = await send(place.bus, messages(topic, "k"))
    assert again[0][1] == told[0][1] + 1


async def test_a_cluster_keeps_its_id_and_a_wiped_one_is_another(place: Place, topic: str) -> None:
    before = await place.bus.cluster_id()
    assert await place.bus.cluster_id() == before
    await send(place.bus, messages(topic, "k" * 5))
    place.take_away()
    place.bring_back_empty()
    await until_answered(place.bus, topic)
    assert await place.bus.cluster_id() != before
    assert (await send(place.bus, messages(topic, "k")))[0][1] == 0


async def test_a_cluster_that_is_gone_is_said_to_be_away_and_loses_nothing_silently(
    place: Place, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # How long a sending is waited for is not what is asked here.
    monkeypatch.setattr(kafka, "SEND_SECONDS", 3.0)
    await send(place.bus, messages(topic, "k"))
    place.take_away()
    with pytest.raises(BusAway):
        await place.bus.cluster_id()
    with pytest.raises(BusAway):
        await place.bus.send(messages(topic, "k"))
    with pytest.raises(BusAway):
        await place.bus.stream()
    place.bring_back_empty()
    await until_answered(place.bus, topic)
    assert await send(place.bus, messages(topic, "k"))
