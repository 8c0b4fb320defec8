"""Where it is kept who was linked with whom, by whom and why, and what was decided meanwhile: ids and codes only."""

from sqlalchemy import Column, DateTime, Float, Index, Integer, LargeBinary, Table, Text, UniqueConstraint, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from customer.storage import metadata

# Which member counts for which leader now stands in `identity_link`, as in every other service.
link_set = Table(
    "link_set",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("leader", Uuid),
    Column("reason", Text, nullable=False),
    Column("evidence", JSONB, nullable=False),
    Column("absorbed_by", Uuid),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("updated_by", Text, nullable=False),
    Index(None, "created_at", "id"),
    # A leader leads one set; who reads by leader finds the set by it.
    Index("uq_link_set_active_leader", "leader", unique=True, postgresql_where=text("state = 'active'")),
)

# What happened, for ever: a few rows per linked person, so it is kept whole. `members` are all who were touched.
link_event = Table(
    "link_event",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("set_id", Uuid, nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("members", ARRAY(Uuid), nullable=False),
    Column("leaving", ARRAY(Uuid), nullable=False),
    Column("leader", Uuid),
    Column("remaining_leader", Uuid),
    Column("split_off_id", Uuid),
    Column("reason", Text, nullable=False),
    Column("together_since", DateTime(timezone=True)),
    Column("reviews", Integer, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("by", Text, nullable=False),
    Index("ix_link_event_members", "members", postgresql_using="gin"),
)

merge_review = Table(
    "merge_review",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("identity_link_id", Uuid, nullable=False, index=True),
    Column("subject", Uuid, nullable=False, index=True),
    Column("service", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("resource_id", Text),
    # The act itself, so that a decision is listed once however often its set is split.
    Column("act", Text, nullable=False),
    Column("decided_at", DateTime(timezone=True), nullable=False),
    Column("decided_by", Text),
    Column("state", Text, nullable=False),
    Column("outcome", Text),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("closed_by", Text),
    UniqueConstraint("act"),
    Index(None, "created_at", "id"),
)

# Heard of people who are or were linked, and of nobody else: what others decided about them.
heard_decision = Table(
    "heard_decision",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("customer_id", Uuid, nullable=False, index=True),
    Column("service", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("resource_id", Text),
    Column("act", Text, nullable=False),
    Column("decided_at", DateTime(timezone=True), nullable=False),
    postgresql_partition_by="RANGE (id)",
)

# Under what a party may meet its second record: keyed hashes of contact points, numbers, and surname sound with birth year,
# each under a key of its own. There is no look-up by it, and erasure deletes it.
duplicate_block = Table(
    "duplicate_block",
    metadata,
    Column("customer_id", Uuid, primary_key=True),
    Column("key", LargeBinary, primary_key=True),
    Column("kind", Text, nullable=False),
    Index(None, "key"),
)

duplicate_candidate = Table(
    "duplicate_candidate",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("one", Uuid, nullable=False),
    Column("other", Uuid, nullable=False, index=True),
    Column("band", Text, nullable=False),
    Column("score", Float, nullable=False),
    Column("probability", Float, nullable=False),
    Column("reasons", JSONB, nullable=False),
    Column("state", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("decided_by", Text),
    Column("identity_link_id", Uuid),
    UniqueConstraint("one", "other"),
    Index(None, "created_at", "id"),
)
