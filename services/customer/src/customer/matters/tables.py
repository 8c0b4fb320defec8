"""What is open between a customer and the bank elsewhere in the suite, as it was heard: ids and whether it is open."""

from sqlalchemy import Boolean, Column, Integer, Table, Text, Uuid

from customer.storage import metadata

known_matter = Table(
    "known_matter",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("matter_id", Uuid, primary_key=True),
    Column("customer_id", Uuid, nullable=False, index=True),
    Column("version", Integer, nullable=False),
    Column("open", Boolean, nullable=False),
    # Of a case what it is about, since only a complaint forbids to sell; of a journey which.
    Column("category", Text),
)
