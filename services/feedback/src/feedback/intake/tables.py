"""Where expressions are kept: the original words sealed, a redacted copy beside, and what we heard of customers."""

from sqlalchemy import Column, DateTime, Index, Integer, LargeBinary, SmallInteger, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY

from feedback.storage import metadata

feedback = Table(
    "feedback",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("source", Text, nullable=False),
    Column("source_ref", LargeBinary),
    Column("text", LargeBinary),
    Column("redacted_text", Text),
    Column("rating", SmallInteger),
    Column("language", Text),
    Column("kind", Text),
    Column("customer_id", Uuid, index=True),
    Column("subject_kind", Text),
    Column("subject_id", Text),
    Column("captured_at", DateTime(timezone=True), nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Index(None, "received_at", "id"),
)

# Heard from customer.
known_customer = Table(
    "known_customer",
    metadata,
    Column("customer_id", Uuid, primary_key=True),
    Column("tier", Text),
    Column("region", Text),
    Column("state", Text),
    Column("version", Integer, nullable=False),
)

# Heard from customer: what of a customer's routing card anybody may keep; the rest is fetched there by its version.
known_card = Table(
    "known_card",
    metadata,
    Column("customer_id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("tier", Text, nullable=False),
    Column("languages", ARRAY(Text), nullable=False),
    Column("preferred_channels", ARRAY(Text), nullable=False),
)
