"""Where parties are kept: personal values sealed per field, look-ups by blind index, past versions beside."""

from sqlalchemy import Boolean, Column, Date, DateTime, Index, Integer, LargeBinary, Table, Text, UniqueConstraint, Uuid

from customer.storage import metadata

customer = Table(
    "customer",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("tier", Text, nullable=False),
    Column("region", Text),
    Column("legal_name", LargeBinary, nullable=False),
    Column("birth_date", LargeBinary),
    Column("occupation", LargeBinary),
    # Whatever else is known, addresses and who claimed what included, under one seal: null costs nothing to read.
    Column("details", LargeBinary),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("updated_by", Text, nullable=False),
    Index(None, "created_at", "id"),
)

contact_point = Table(
    "contact_point",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("customer_id", Uuid, nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("value", LargeBinary, nullable=False),
    # Not unique: a family shares a phone.
    Column("blind", LargeBinary, nullable=False, index=True),
    Column("normaliser_version", Integer, nullable=False),
    Column("version", Integer, nullable=False, server_default="1"),
    Column("about", LargeBinary),
)

identifier = Table(
    "identifier",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("customer_id", Uuid, nullable=False, index=True),
    Column("type", Text, nullable=False),
    Column("issuer", Text, nullable=False),
    Column("value", LargeBinary, nullable=False),
    Column("blind", LargeBinary, nullable=False),
    Column("normaliser_version", Integer, nullable=False),
    Column("version", Integer, nullable=False, server_default="1"),
    Column("about", LargeBinary),
    UniqueConstraint("blind"),
)

customer_history = Table(
    "customer_history",
    metadata,
    Column("customer_id", Uuid, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Column("superseded_at", DateTime(timezone=True), nullable=False),
    Column("recorded_by", Text, nullable=False),
    Column("row_id", Uuid, nullable=False),
    Column("snapshot", LargeBinary, nullable=False),
)

# One row: the day whose birthdays are being said, or were when it is done; those up to `since` were said before it.
# Nothing of anybody: whose birthday it is, is found by opening birth dates, page by page, as far as `reached`.
birthday_pass = Table(
    "birthday_pass",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("day", Date, nullable=False),
    Column("since", Date),
    Column("reached", Uuid),
    Column("done", Boolean, nullable=False),
)

# Heard from risk: what is in force, without its reason.
known_restriction = Table(
    "known_restriction",
    metadata,
    Column("restriction_id", Uuid, primary_key=True),
    Column("customer_id", Uuid, nullable=False, index=True),
    Column("version", Integer, nullable=False),
    Column("in_force", Integer, nullable=False),
)
