"""A storage of event tables with one table of effects, records to be heard, and buses over the two brokers."""

import gc
import shutil
import tempfile
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr
from sqlalchemy import BigInteger, Column, Identity, Table, Text

from shared import clock, partitions
from shared.db import Database, new_metadata
from shared.events.bus import MemoryBus
from shared.events.envelope import Envelope, Record
from shared.events.kafka import KafkaBus
from shared.events.tables import EventTables, event_tables
from shared.settings import ServiceSettings
from shared.testing import kafka
from shared.testing.engines import EngineMissing, free_port

ROOT = Path(__file__).parents[3]
metadata = new_metadata()
EVENTS = event_tables(metadata)
# What a handler did, in the order it did it: an effect that happens twice is two rows.
EFFECT = Table(
    "effect",
    metadata,
    Column("place", BigInteger, Identity(always=True), primary_key=True),
    Column("key", Text, nullable=False),
    Column("number", BigInteger, nullable=False),
)


@pytest.fixture
def tables() -> EventTables:
    return EVENTS


@pytest.fixture
def effect() -> Table:
    return EFFECT


@pytest.fixture
async def db(empty_database: str) -> AsyncIterator[Database]:
    database = Database(empty_database)
    async with database.begin() as tx:
        await tx.run_sync(metadata.create_all)
        for table in ("outbox", "inbox"):
            await partitions.ensure(tx, table, days_ahead=1)
    yield database
    await database.close()


@pytest.fixture
def said() -> Callable[..., Record]:
    """One message as a bus brings it: an event of ours unless `headers` says otherwise."""

    def make(
        offset: int,
        key: str,
        value: bytes,
        *,
        id_: UUID | str | None = None,
        type_: str = "cxbank.test.counted.v1",
        source: str = "/cxbank/test",
        epoch: int = 1,
        headers: Any = None,
        topic: str = "t",
        partition: int = 0,
    ) -> Record:
        envelope = Envelope(
            id=str(id_ or clock.new_id()),
            source=source,
            type=type_,
            time=clock.now(),
            subject=key,
            sequence=1,
            traceparent=None,
            epoch=epoch,
            data=value,
        )
        told = tuple(envelope.to_headers()) if headers is None else tuple(headers)
        return Record(topic, partition, offset, key.encode(), value, told)

    return make


@pytest.fixture
def memory() -> MemoryBus:
    return MemoryBus()


@pytest.fixture
def kafka_at() -> Iterator[Callable[..., KafkaBus]]:
    """A bus over the broker at an address; the embedded one knows no idempotent producer."""

    def make(bootstrap: str, *, idempotent: bool = False, idle_pause_ms: int = 0) -> KafkaBus:
        return KafkaBus(
            ServiceSettings(
                mode="test",
                database_url=SecretStr("postgresql://unused"),
                keys_file=Path("unused"),
                brokers=bootstrap,
                kafka_idempotence=idempotent,
                kafka_fetch_max_wait_ms=20,
                kafka_idle_pause_ms=idle_pause_ms,
            )
        )

    yield make
    # A connection that the driver gave up half-way is closed when it is collected, and says so: here, where it belongs,
    # and not in whichever test comes next.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture(scope="session")
def apache() -> Iterator[kafka.ApacheKafka]:
    """The real Apache Kafka for this test process, where Java and Maven are; the skip says what is missing."""
    lacking = kafka.available()
    if lacking is not None:
        pytest.skip(f"Apache Kafka did not run: {lacking}")
    try:
        jars = kafka.fetch(ROOT / "deploy/local/kafka/pom.xml", ROOT / ".kafka")
    except EngineMissing as error:
        pytest.skip(f"Apache Kafka did not run: {error}")
    folder = Path(tempfile.mkdtemp(prefix="cxbank-kafka-"))
    server = kafka.ApacheKafka(folder, free_port(), free_port(), jars)
    server.start()
    yield server
    server.wipe()
    shutil.rmtree(folder, ignore_errors=True)
