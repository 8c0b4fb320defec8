"""The tables of saying and hearing, made onto a service's own metadata, partitioned by day where they grow for ever."""

from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    Uuid,
    text,
)


@dataclass(frozen=True, slots=True)
class EventTables:
    """What a service needs to say and to hear."""

    outbox: Table
    relay_state: Table
    relay_partition: Table
    inbox: Table
    foreign_inbox: Table
    stream_position: Table
    member: Table
    parked: Table


def event_tables(metadata: MetaData) -> EventTables:
    """All of them."""
    return EventTables(
        outbox=Table(
            "outbox",
            metadata,
            Column("id", Uuid, primary_key=True),
            # Not unique by constraint: a partitioned table cannot; the identity alone gives each number once.
            Column("position", BigInteger, Identity(always=True), nullable=False),
            Column("type", Text, nullable=False),
            Column("key", Text, nullable=False),
            Column("subject", Text, nullable=False),
            Column("sequence", BigInteger, nullable=False),
            Column("time", DateTime(timezone=True), nullable=False),
            Column("traceparent", Text),
            Column("data", LargeBinary, nullable=False),
            Column("published_at", DateTime(timezone=True)),
            Index("ix_outbox_unpublished", "position", postgresql_where=text("published_at IS NULL")),
            postgresql_partition_by="RANGE (id)",
        ),
        relay_state=Table(
            "relay_state",
            metadata,
            Column("topic", Text, primary_key=True),
            Column("cluster_id", Text, nullable=False),
            Column("epoch", Integer, nullable=False),
        ),
        relay_partition=Table(
            "relay_partition",
            metadata,
            Column("topic", Text, primary_key=True),
            Column("partition", Integer, primary_key=True),
            Column("last_offset", BigInteger, nullable=False),
        ),
        inbox=Table(
            "inbox",
            metadata,
            Column("id", Uuid, primary_key=True),
            Column("heard_at", DateTime(timezone=True), nullable=False),
            postgresql_partition_by="RANGE (id)",
        ),
        # The bank's own systems choose their ids: no time stands in them, so this one stays whole.
        foreign_inbox=Table(
            "foreign_inbox",
            metadata,
            Column("mark", LargeBinary, primary_key=True),
            Column("heard_at", DateTime(timezone=True), nullable=False, index=True),
        ),
        stream_position=Table(
            "stream_position",
            metadata,
            Column("topic", Text, primary_key=True),
            Column("partition", Integer, primary_key=True),
            Column("cluster_id", Text, nullable=False),
            Column("epoch", Integer, nullable=False),
            Column("next_offset", BigInteger, nullable=False),
        ),
        member=Table(
            "consumer_member",
            metadata,
            Column("id", Uuid, primary_key=True),
            Column("seen_at", DateTime(timezone=True), nullable=False),
        ),
        parked=Table(
            "parked",
            metadata,
            Column("id", BigInteger, Identity(always=True), primary_key=True),
            Column("topic", Text, nullable=False),
            Column("partition", Integer, nullable=False),
            Column("record_offset", BigInteger, nullable=False),
            Column("key", LargeBinary),
            Column("event_id", Text),
            Column("type", Text),
            Column("headers", LargeBinary, nullable=False),
            Column("value", LargeBinary, nullable=False),
            Column("cause", Text, nullable=False),
            Column("behind", Boolean, nullable=False),
            Column("parked_at", DateTime(timezone=True), nullable=False),
            Index(None, "topic", "key"),
        ),
    )
