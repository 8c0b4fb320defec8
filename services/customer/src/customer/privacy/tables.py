"""Where erasures and their confirmations are kept: ids and instants only."""

from sqlalchemy import Column, DateTime, Integer, Table, Text, Uuid

from customer.storage import metadata

erasure = Table(
    "erasure",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("customer_id", Uuid, nullable=False, unique=True),
    Column("version", Integer, nullable=False),
    Column("requested_at", DateTime(timezone=True), nullable=False),
    Column("requested_by", Text, nullable=False),
    Column("completed_at", DateTime(timezone=True)),
)

erasure_confirmation = Table(
    "erasure_confirmation",
    metadata,
    Column("erasure_id", Uuid, primary_key=True),
    Column("service", Text, primary_key=True),
    Column("confirmed_at", DateTime(timezone=True), nullable=False),
)
