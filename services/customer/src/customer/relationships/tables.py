"""Where it is kept how parties belong together: ids and codes only; what ended stays, for `as_of`."""

from sqlalchemy import Column, Date, DateTime, Index, Integer, Table, Text, Uuid, text

from customer.storage import metadata

relationship = Table(
    "relationship",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("customer_id", Uuid, nullable=False, index=True),
    Column("other_id", Uuid, nullable=False, index=True),
    # Hundredths of a percent.
    Column("share", Integer),
    Column("since", Date),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Column("recorded_by", Text, nullable=False),
    Column("ended_at", DateTime(timezone=True)),
    Index(
        "uq_relationship_present",
        "kind",
        "customer_id",
        "other_id",
        unique=True,
        postgresql_where=text("ended_at IS NULL"),
    ),
)
