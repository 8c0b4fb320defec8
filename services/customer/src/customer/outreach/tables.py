"""Templates, messages, what is due, and the marks that caps count."""

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    Time,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from customer.storage import metadata

message_template = Table(
    "message_template",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("key", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("category", Text, nullable=False),
    Column("purposes", ARRAY(Text), nullable=False),
    Column("texts", JSONB, nullable=False),
    Column("places", ARRAY(Text), nullable=False),
    Column("delicate", Boolean, nullable=False, server_default="false"),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("created_by", Text, nullable=False),
    UniqueConstraint("key", "version"),
)

# Every message ever wished for: partitioned by day. What its text is filled with lies under the customer's seal.
message = Table(
    "message",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("customer_id", Uuid, nullable=False, index=True),
    Column("template", Text, nullable=False),
    Column("template_version", Integer, nullable=False),
    Column("category", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("urgency", Text, nullable=False),
    Column("language", Text),
    Column("channels", ARRAY(Text)),
    Column("data", LargeBinary, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    # What of a wish fitted no text, and the event that asked for it.
    Column("detail", Text),
    Column("asked_in", Uuid),
    Column("channel", Text),
    # What would not have it, or lost it at the far end: nothing goes back there, or two such channels would play for ever.
    Column("tried", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("receipt_id", Uuid),
    Column("basis", Text),
    Column("policy", Text),
    Column("campaign_id", Uuid),
    Column("variant", Text),
    # Between which hours of the bank's clock whoever asked wants it sent.
    Column("hours_start", Time),
    Column("hours_end", Time),
    Column("requested_by", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True)),
    Column("sent_at", DateTime(timezone=True)),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Index(None, "created_at", "id"),
    Index("ix_message_campaign_id", "campaign_id", postgresql_where=text("campaign_id IS NOT NULL")),
    postgresql_partition_by="RANGE (id)",
)

# One row for each message that still has to be decided or sent; it goes when that is done, so it stays small.
message_due = Table(
    "message_due",
    metadata,
    Column("message_id", Uuid, primary_key=True),
    Column("customer_id", Uuid, nullable=False, index=True),
    Column("due_at", DateTime(timezone=True), nullable=False, index=True),
    Column("attempts", Integer, nullable=False),
    # Channels that refused it for good, and channels that were silent for now.
    Column("tried", ARRAY(Text), nullable=False),
    Column("silent", ARRAY(Text), nullable=False),
    Column("campaign_id", Uuid),
    # From when it could go; None in rows of before there was such a column.
    Column("since", DateTime(timezone=True)),
)

# Campaigns that rest, and those that are over: one row stops all their messages, however many wait.
campaign_stop = Table(
    "campaign_stop",
    metadata,
    Column("campaign_id", Uuid, primary_key=True),
    Column("over", Boolean, nullable=False),
)

# What caps and the limits of gateways count; dropped when no cap reaches back so far.
contact_mark = Table(
    "contact_mark",
    metadata,
    Column("message_id", Uuid, primary_key=True),
    Column("customer_id", Uuid, nullable=False, index=True),
    Column("category", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False, index=True),
)
