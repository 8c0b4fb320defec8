"""Where insight is kept: what the market does, and of each customer the few words that tables are made of."""

from sqlalchemy import Column, Date, DateTime, Index, Integer, Numeric, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from customer.storage import metadata

market_signal = Table(
    "market_signal",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("observed_on", Date, nullable=False),
    Column("topic", Text, nullable=False),
    Column("competitor", Text),
    Column("product", Text),
    Column("region", Text),
    # Without a scale of its own: 2.35 stays 2.35.
    Column("value", Numeric()),
    Column("measure_unit", Text),
    Column("note", Text),
    Column("source", Text, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Column("recorded_by", Text, nullable=False),
    Index(None, "recorded_at", "id"),
    Index(None, "topic", "observed_on"),
)

# Told by the service's own events, so that no sealed value has to be opened to count people.
known_person = Table(
    "known_person",
    metadata,
    Column("customer_id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("tier", Text, nullable=False),
    Column("age_band", Text),
    Column("region", Text),
)

# What is remade by timer and shown as it was made last; aggregates only.
insight_report = Table(
    "insight_report",
    metadata,
    Column("name", Text, primary_key=True),
    Column("made_at", DateTime(timezone=True), nullable=False),
    Column("body", JSONB, nullable=False),
)

# At most one row: how far the judging of all records has come, and what was counted; of nobody anything.
quality_pass = Table(
    "quality_pass",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("began_at", DateTime(timezone=True), nullable=False),
    Column("reached", Uuid),
    Column("tally", JSONB, nullable=False),
)
