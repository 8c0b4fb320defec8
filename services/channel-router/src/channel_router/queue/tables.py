"""Where tickets are kept, the numbers they draw, and what we heard of customers and restrictions."""

from sqlalchemy import Boolean, Column, Date, DateTime, Index, Integer, SmallInteger, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY

from channel_router.storage import metadata

ticket = Table(
    "ticket",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("place_id", Uuid, nullable=False),
    Column("number", Integer, nullable=False),
    Column("need", Text, nullable=False),
    Column("channel", Text),
    Column("customer_id", Uuid, index=True),
    Column("state", Text, nullable=False),
    Column("priority", SmallInteger, nullable=False),
    Column("staff", Text),
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column("called_at", DateTime(timezone=True)),
    Column("served_at", DateTime(timezone=True)),
    Column("abandoned_at", DateTime(timezone=True)),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Index(None, "created_at", "id"),
    Index(
        "ix_ticket_waiting",
        "place_id",
        text("priority DESC"),
        "opened_at",
        "id",
        postgresql_where=text("state = 'waiting'"),
    ),
    Index("ix_ticket_called", "place_id", "called_at", postgresql_where=text("called_at IS NOT NULL")),
    Index("ix_ticket_serving", "place_id", "staff", postgresql_where=text("state = 'called'")),
)

ticket_number = Table(
    "ticket_number",
    metadata,
    Column("place_id", Uuid, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("last", Integer, nullable=False),
)

known_customer = Table(
    "known_customer",
    metadata,
    Column("customer_id", Uuid, primary_key=True),
    Column("tier", Text),
    Column("version", Integer, nullable=False),
)

known_restriction = Table(
    "known_restriction",
    metadata,
    Column("restriction_id", Uuid, primary_key=True),
    Column("customer_id", Uuid, nullable=False, index=True),
    Column("version", Integer, nullable=False),
    Column("in_force", Boolean, nullable=False),
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
