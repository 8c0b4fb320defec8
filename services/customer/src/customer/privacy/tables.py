"""Requests with their clocks, erasures and their confirmations, holds, and who is ready to hand over: ids and instants."""

from sqlalchemy import Boolean, Column, DateTime, Index, Integer, LargeBinary, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from customer.storage import metadata
from shared.deadlines.tables import deadline_table

# One as a whole, and before it as many in part as were asked for: what a duty keeps now is forgotten when it ends.
erasure = Table(
    "erasure",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("customer_id", Uuid, nullable=False, index=True),
    Column("partial", Boolean, nullable=False, server_default=text("false")),
    Column("version", Integer, nullable=False),
    Column("requested_at", DateTime(timezone=True), nullable=False),
    Column("requested_by", Text, nullable=False),
    Column("completed_at", DateTime(timezone=True)),
    Index("uq_erasure_whole", "customer_id", unique=True, postgresql_where=text("NOT partial")),
)

erasure_confirmation = Table(
    "erasure_confirmation",
    metadata,
    Column("erasure_id", Uuid, primary_key=True),
    Column("service", Text, primary_key=True),
    Column("confirmed_at", DateTime(timezone=True), nullable=False),
    Column("kept", Boolean, nullable=False, server_default=text("false")),
    # Rows by table: those that name the customer no more, and those that do still.
    Column("removed", JSONB, nullable=False, server_default=text("'{}'")),
    Column("left", JSONB, nullable=False, server_default=text("'{}'")),
)

privacy_request = Table(
    "privacy_request",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("customer_id", Uuid, nullable=False, index=True),
    Column("version", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("regime", Text, nullable=False),
    Column("purpose", Text),
    # What the person wrote, sealed under their key; gone with it.
    Column("details", LargeBinary),
    Column("identity_method", Text),
    Column("received_at", DateTime(timezone=True), nullable=False),
    # Intervals, never a result: what they mean follows from the policy and the calendar of the day they are read.
    Column("clock", JSONB, nullable=False),
    Column("answered_at", DateTime(timezone=True)),
    # The first answer: what the clock asks for. An erasure refused in part goes on years later, and that is no breach.
    Column("told_at", DateTime(timezone=True)),
    Column("refusals", JSONB, nullable=False),
    Column("erasure_id", Uuid),
    # It goes on by itself: at `due_again_at`, or when something of what keeps the person is known to be no more.
    Column("waits", Boolean, nullable=False, server_default=text("false")),
    Column("due_again_at", DateTime(timezone=True)),
    Column("requested_by", Text, nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Index(None, "received_at", "id"),
    Index("ix_privacy_request_due_again", "due_again_at", postgresql_where=text("due_again_at IS NOT NULL")),
)

# Every record that counted as the person when an erasure was last tried, and its erasure; none where all must be kept.
privacy_request_person = Table(
    "privacy_request_person",
    metadata,
    Column("request_id", Uuid, primary_key=True),
    Column("customer_id", Uuid, primary_key=True, index=True),
    Column("erasure_id", Uuid, index=True),
)

# The clock of each request with what was computed from it, so that warnings are found by time; its id is the request's.
privacy_deadline = deadline_table(metadata, "privacy_deadline")

legal_hold = Table(
    "legal_hold",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("customer_id", Uuid, nullable=False, index=True),
    Column("version", Integer, nullable=False),
    Column("code", Text, nullable=False),
    Column("until", DateTime(timezone=True)),
    Column("set_by", Text, nullable=False),
    Column("set_at", DateTime(timezone=True), nullable=False),
    Column("lifted_at", DateTime(timezone=True)),
)

export_answer = Table(
    "export_answer",
    metadata,
    Column("request_id", Uuid, primary_key=True),
    Column("service", Text, primary_key=True),
    Column("ready_at", DateTime(timezone=True), nullable=False),
)
