"""Where authorisations are kept, and the codes that wait to be sent: the code sealed, its proof a keyed hash."""

from sqlalchemy import Boolean, Column, DateTime, Index, Integer, LargeBinary, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY

from customer.storage import metadata

access_grant = Table(
    "access_grant",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("customer_id", Uuid, nullable=False),
    Column("version", Integer, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("fields", ARRAY(Text), nullable=False),
    Column("change", Boolean, nullable=False),
    Column("reader", Text, nullable=False),
    Column("requested_by", Text, nullable=False),
    Column("duration_seconds", Integer, nullable=False),
    Column("requested_at", DateTime(timezone=True), nullable=False),
    Column("confirm_before", DateTime(timezone=True), nullable=False),
    Column("with_code", Boolean, nullable=False),
    Column("code_mac", LargeBinary),
    Column("attempts", Integer, nullable=False),
    Column("confirmed_at", DateTime(timezone=True)),
    Column("confirmed_by", Text),
    Column("expires_at", DateTime(timezone=True)),
    Column("revoked_at", DateTime(timezone=True)),
    Column("glass_reason", Text),
    Column("glass_note", LargeBinary),
    Column("verdict", Text),
    Column("reviewed_at", DateTime(timezone=True)),
    Column("reviewed_by", Text),
    Index(None, "customer_id", "reader"),
    Index("ix_access_grant_unreviewed", "id", postgresql_where=text("glass_reason IS NOT NULL AND verdict IS NULL")),
)

access_code = Table(
    "access_code",
    metadata,
    Column("grant_id", Uuid, primary_key=True),
    Column("customer_id", Uuid, nullable=False, index=True),
    Column("code", LargeBinary, nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
)
