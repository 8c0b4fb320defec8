"""Where facts, decisions and restrictions are kept: pivots as keyed hashes, what a decision saw under seal."""

from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, Integer, LargeBinary, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY

from risk.storage import metadata

# What windows are counted over: narrow, and apart from the decisions. `ingest` says in which order facts were known.
fact = Table(
    "fact",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("ingest", BigInteger, Identity(always=True), nullable=False, unique=True),
    Column("customer_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("occurred_at", DateTime(timezone=True), nullable=False),
    Column("amount", BigInteger),
    Column("currency", Text),
    Column("account", LargeBinary),
    Column("device", LargeBinary),
    Column("payee", LargeBinary),
    Column("place", LargeBinary),
    Index(None, "customer_id", "occurred_at"),
    Index("ix_fact_account", "account", "occurred_at", postgresql_where=text("account IS NOT NULL")),
    Index("ix_fact_device", "device", "occurred_at", postgresql_where=text("device IS NOT NULL")),
    Index("ix_fact_payee", "payee", "occurred_at", postgresql_where=text("payee IS NOT NULL")),
    Index("ix_fact_place", "place", "occurred_at", postgresql_where=text("place IS NOT NULL")),
)

screening = Table(
    "screening",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("customer_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("occurred_at", DateTime(timezone=True), nullable=False),
    Column("outcome", Text, nullable=False),
    Column("score", Integer, nullable=False),
    Column("ruleset", Integer, nullable=False),
    # Event id, amount, attributes, the rules with the values they saw, and every feature.
    Column("detail", LargeBinary),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Index(None, "created_at", "id"),
    Index("ix_screening_customer_id", "customer_id", "created_at", "id"),
)

restriction = Table(
    "restriction",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("customer_id", Uuid, nullable=False, index=True),
    Column("screening_id", Uuid, nullable=False),
    Column("channels", ARRAY(Text), nullable=False),
    Column("services", ARRAY(Text), nullable=False),
    Column("state", Text, nullable=False),
    Column("until", DateTime(timezone=True), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Index(None, "created_at", "id"),
)

# Heard from customer.
known_customer = Table(
    "known_customer",
    metadata,
    Column("customer_id", Uuid, primary_key=True),
    Column("tier", Text),
    Column("state", Text),
    Column("version", Integer, nullable=False),
)
