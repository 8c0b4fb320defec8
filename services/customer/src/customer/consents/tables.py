"""Where purposes and the ledger are kept: versions and words are only ever added; the head is the word that stands."""

from sqlalchemy import Boolean, Column, DateTime, Integer, LargeBinary, PrimaryKeyConstraint, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from customer.storage import metadata

purpose_version = Table(
    "purpose_version",
    metadata,
    Column("code", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("gdpr_basis", Text),
    Column("pipl_basis", Text),
    Column("channels", ARRAY(Text), nullable=False),
    Column("data_categories", ARRAY(Text), nullable=False),
    Column("sensitive_categories", ARRAY(Text), nullable=False),
    Column("recipients", ARRAY(Text), nullable=False),
    Column("texts", JSONB, nullable=False),
    Column("retention_days", Integer, nullable=False),
    Column("valid_days", Integer),
    Column("equivalent", Boolean, nullable=False),
    Column("retired", Boolean, nullable=False),
    Column("effective_from", DateTime(timezone=True), nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Column("recorded_by", Text, nullable=False),
    PrimaryKeyConstraint("code", "version"),
)

# Append-only, and held so by a trigger: not even this service can rewrite what somebody said.
consent_record = Table(
    "consent_record",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("customer_id", Uuid, nullable=False, index=True),
    Column("purpose", Text, nullable=False),
    Column("purpose_version", Integer, nullable=False),
    Column("word", Text, nullable=False),
    Column("channels", ARRAY(Text)),
    Column("data_categories", ARRAY(Text), nullable=False),
    Column("separate_categories", ARRAY(Text), nullable=False),
    Column("language", Text),
    Column("given_by", Text, nullable=False),
    Column("evidence", LargeBinary, nullable=False),
    Column("occurred_at", DateTime(timezone=True), nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True)),
    postgresql_partition_by="RANGE (id)",
)

# What a decision reads: per channel the one word that stands ('*' every channel, '' a purpose without channels).
consent_head = Table(
    "consent_head",
    metadata,
    Column("customer_id", Uuid, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("record_id", Uuid, nullable=False),
    Column("purpose_version", Integer, nullable=False),
    Column("word", Text, nullable=False),
    Column("denies", Boolean, nullable=False),
    Column("data_categories", ARRAY(Text), nullable=False),
    Column("separate_categories", ARRAY(Text), nullable=False),
    Column("occurred_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("customer_id", "purpose", "channel"),
)
