"""Where cards are kept as they were last said, what the bank notes for them, and what was heard from risk."""

from sqlalchemy import Boolean, Column, DateTime, Integer, LargeBinary, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY

from customer.storage import metadata

# One row a record: the card under the customer's seal, and two counts of its changes. `own_version` moves only with what
# the customer can see: a version that moved without a visible cause would tell them that something was done to them.
routing_card = Table(
    "routing_card",
    metadata,
    Column("customer_id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("own_version", Integer, nullable=False),
    Column("content", LargeBinary),
    Column("changed_at", DateTime(timezone=True)),
)

# The bank's own rating and alerts, under the customer's seal.
routing_note = Table(
    "routing_note",
    metadata,
    Column("customer_id", Uuid, primary_key=True),
    Column("content", LargeBinary, nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("updated_by", Text, nullable=False),
)

# Heard from risk: which channels a restriction bars and whether it is in force, never why.
routing_restriction = Table(
    "routing_restriction",
    metadata,
    Column("restriction_id", Uuid, primary_key=True),
    Column("customer_id", Uuid, nullable=False, index=True),
    Column("version", Integer, nullable=False),
    Column("in_force", Boolean, nullable=False),
    Column("channels", ARRAY(Text), nullable=False),
)

# Heard from risk: that the level changed, never what it is.
routing_level = Table(
    "routing_level",
    metadata,
    Column("customer_id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
)
