"""Where campaigns are kept, who was drawn into which of their groups, and what is left of those who were erased."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    Time,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from customer.storage import metadata

campaign = Table(
    "campaign",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("segment_id", Uuid, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("variants", JSONB, nullable=False),
    Column("holdout_percent", Integer, nullable=False),
    Column("data", JSONB, nullable=False),
    Column("channels", ARRAY(Text)),
    Column("starts_at", DateTime(timezone=True)),
    Column("ends_at", DateTime(timezone=True), nullable=False),
    Column("hours_start", Time),
    Column("hours_end", Time),
    Column("per_minute", Integer, nullable=False),
    Column("conversion_kind", Text, nullable=False),
    Column("conversion_channel", Text),
    Column("conversion_product", Text),
    Column("conversion_days", Integer, nullable=False),
    # Members at `launched_at`, by what was recorded up to `known_at`, in id order up to `position`.
    Column("launched_at", DateTime(timezone=True)),
    Column("known_at", DateTime(timezone=True)),
    Column("position", Uuid),
    Column("enrolled", Boolean, nullable=False),
    # When there is something to be done about it.
    Column("next_at", DateTime(timezone=True), index=True),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("created_by", Text, nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("updated_by", Text, nullable=False),
    Index(None, "created_at", "id"),
)

campaign_person = Table(
    "campaign_person",
    metadata,
    Column("campaign_id", Uuid, nullable=False),
    # Whom the person counted as when the campaign was launched.
    Column("customer_id", Uuid, nullable=False, index=True),
    Column("arm", Text, nullable=False),
    Column("written_at", DateTime(timezone=True)),
    Column("message_id", Uuid),
    # Why there is no message, where one was due.
    Column("refused", Text),
    # When they did what the campaign was for, where the trace of it is gone with somebody they were linked with.
    Column("converted_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("campaign_id", "customer_id"),
    Index(
        "ix_campaign_person_waiting",
        "campaign_id",
        "customer_id",
        postgresql_where=text("written_at IS NULL AND arm <> 'holdout'"),
    ),
    Index("ix_campaign_person_written", "campaign_id", "written_at", postgresql_where=text("message_id IS NOT NULL")),
)

campaign_tally = Table(
    "campaign_tally",
    metadata,
    Column("campaign_id", Uuid, nullable=False),
    Column("arm", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("converted", Boolean, nullable=False),
    Column("count", BigInteger, nullable=False),
    PrimaryKeyConstraint("campaign_id", "arm", "state", "reason", "converted"),
)
