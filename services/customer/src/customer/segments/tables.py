"""Where segments are kept: rules in versions, who is in, who was in and how we knew it."""

from sqlalchemy import (
    Column,
    DateTime,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB

from customer.storage import metadata

segment = Table(
    "segment",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("key", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("names", JSONB, nullable=False),
    Column("descriptions", JSONB, nullable=False),
    Column("rule", Text, nullable=False),
    # For what it is told; null: what is taken where nobody said.
    Column("use", Text),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("updated_by", Text, nullable=False),
    UniqueConstraint("key"),
)

# A rule in force in [valid_from, valid_until): what `as of` and late events are judged by.
segment_rule = Table(
    "segment_rule",
    metadata,
    Column("segment_id", Uuid, nullable=False),
    Column("version", Integer, nullable=False),
    Column("rule", Text, nullable=False),
    Column("use", Text),
    Column("valid_from", DateTime(timezone=True), nullable=False),
    Column("valid_until", DateTime(timezone=True)),
    PrimaryKeyConstraint("segment_id", "version"),
)

segment_member = Table(
    "segment_member",
    metadata,
    Column("customer_id", Uuid, nullable=False),
    Column("segment_id", Uuid, nullable=False),
    Column("version", Integer, nullable=False),
    Column("entered_at", DateTime(timezone=True), nullable=False),
    Column("entered_by", Text, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    # What the use rested on when it began; neither is set where it was told before that was asked.
    Column("receipt_id", Uuid),
    Column("legal_basis", Text),
    PrimaryKeyConstraint("customer_id", "segment_id"),
    Index(None, "segment_id", "entered_at", "customer_id"),
)

# Memberships that ended, and those that a late event showed never to have been (`void_at`): kept for `as_of`.
segment_stay = Table(
    "segment_stay",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("customer_id", Uuid, nullable=False, index=True),
    Column("segment_id", Uuid, nullable=False),
    Column("version", Integer, nullable=False),
    Column("entered_at", DateTime(timezone=True), nullable=False),
    Column("entered_by", Text, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Column("left_at", DateTime(timezone=True)),
    Column("left_by", Text),
    Column("left_recorded_at", DateTime(timezone=True)),
    Column("void_at", DateTime(timezone=True)),
    Column("receipt_id", Uuid),
    Column("legal_basis", Text),
    Index(None, "segment_id", "entered_at", "customer_id"),
    postgresql_partition_by="RANGE (id)",
    info={"partition": "month"},
)

# Cut points and clusters, frozen: whoever is judged at an instant is judged by the version then in force.
segment_cut = Table(
    "segment_cut",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("valid_from", DateTime(timezone=True), nullable=False),
    Column("payload", JSONB, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Column("recorded_by", Text, nullable=False),
    UniqueConstraint("kind", "valid_from"),
)
