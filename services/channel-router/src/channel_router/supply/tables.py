"""Where places are kept."""

from sqlalchemy import Boolean, Column, DateTime, Double, Index, Integer, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from channel_router.storage import metadata

place = Table(
    "place",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("names", JSONB, nullable=False),
    Column("latitude", Double),
    Column("longitude", Double),
    Column("zone", Text, nullable=False),
    Column("opening_hours", Text),
    Column("operator", Text),
    Column("wheelchair", Boolean),
    Column("external_ref", Text),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Index(None, "created_at", "id"),
)
