"""Where interactions are kept: by day of recording, what they say under seal, whose and when in the clear."""

from sqlalchemy import BigInteger, Column, Date, DateTime, Index, LargeBinary, Table, Text, Uuid

from customer.storage import metadata

# Kept for years and read by customer: a partition is a month, so that a reading looks into dozens, not thousands.
interaction = Table(
    "interaction",
    metadata,
    Column("id", Uuid, primary_key=True),
    # The id it arrived with, for ever; links are resolved when it is read.
    Column("customer_id", Uuid, nullable=False),
    # Which of this customer's it was, in the order in which they were recorded.
    Column("ingest", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("channel", Text),
    Column("occurred_at", DateTime(timezone=True), nullable=False),
    # Event id, amount, balance, currency and words.
    Column("detail", LargeBinary, nullable=False),
    Index(None, "customer_id", "occurred_at", "id"),
    postgresql_partition_by="RANGE (id)",
    info={"partition": "month"},
)

# One row per customer who ever did anything: holding it puts the work on one customer in a row.
customer_activity = Table(
    "customer_activity",
    metadata,
    Column("customer_id", Uuid, primary_key=True),
    Column("ingest", BigInteger, nullable=False),
    Column("first_at", DateTime(timezone=True), nullable=False),
    Column("last_at", DateTime(timezone=True), nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
)

# What is left of the erased: how many of what, where and on which day of the bank's zone, as contacts are counted.
interaction_count = Table(
    "interaction_count",
    metadata,
    Column("day", Date, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("channel", Text, primary_key=True),
    Column("count", BigInteger, nullable=False),
)
