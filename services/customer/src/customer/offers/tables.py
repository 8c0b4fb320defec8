"""Where offers are kept: the catalogue in versions, assessments, decisions, offers and what became of them, counts."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from customer.storage import metadata

# Every version stays: what was decided by it can be shown by it.
service_version = Table(
    "service_version",
    metadata,
    Column("key", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("definition", JSONB, nullable=False),
    Column("effective_from", DateTime(timezone=True), nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Column("recorded_by", Text, nullable=False),
    PrimaryKeyConstraint("key", "version"),
)

suitability_assessment = Table(
    "suitability_assessment",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("customer_id", Uuid, nullable=False, index=True),
    Column("assessed_at", DateTime(timezone=True), nullable=False),
    # The level of risk that can be borne, and what makes somebody vulnerable, under the customer's key.
    Column("findings", LargeBinary, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Column("recorded_by", Text, nullable=False),
)

offer_decision = Table(
    "offer_decision",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("customer_id", Uuid, nullable=False, index=True),
    Column("channel", Text, nullable=False),
    Column("tier", Text, nullable=False),
    Column("experiment_id", Uuid, nullable=False),
    Column("arm", Text, nullable=False),
    Column("weights", Text, nullable=False),
    Column("policy", Text, nullable=False),
    Column("offered", ARRAY(Text), nullable=False),
    # Of each that was offered, in the same order: in which version, and whether it sells.
    Column("versions", ARRAY(Integer), nullable=False),
    Column("sells", ARRAY(Boolean), nullable=False),
    # Scores, receipts and why every other entry was refused, under the customer's key.
    Column("told", LargeBinary, nullable=False),
    postgresql_partition_by="RANGE (id)",
    info={"partition": "month"},
)

# One row for each entry that a decision offered and that was shown or answered; `id` is the decision's, or of its own for
# what was taken without having been offered.
offer = Table(
    "offer",
    metadata,
    Column("id", Uuid, nullable=False),
    Column("service", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("customer_id", Uuid, nullable=False),
    Column("channel", Text, nullable=False),
    Column("tier", Text, nullable=False),
    Column("sells", Boolean, nullable=False),
    Column("held_out", Boolean, nullable=False),
    Column("unasked", Boolean, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("shown_at", DateTime(timezone=True)),
    Column("answered_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("id", "service"),
    Index(None, "customer_id", "service"),
    postgresql_partition_by="RANGE (id)",
    info={"partition": "month"},
)

# Every word said of an offer, as it was said; erasure leaves none.
offer_outcome = Table(
    "offer_outcome",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("customer_id", Uuid, nullable=False, index=True),
    Column("offer_id", Uuid, nullable=False),
    Column("service", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("occurred_at", DateTime(timezone=True), nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Column("recorded_by", Text, nullable=False),
    postgresql_partition_by="RANGE (id)",
    info={"partition": "month"},
)

# What the posterior is made of; one row for each kind of place, nobody in it.
offer_count = Table(
    "offer_count",
    metadata,
    Column("service", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("tier", Text, nullable=False),
    Column("shown", BigInteger, nullable=False),
    Column("accepted", BigInteger, nullable=False),
    Column("declined", BigInteger, nullable=False),
    Column("ignored", BigInteger, nullable=False),
    PrimaryKeyConstraint("service", "channel", "tier"),
)

# Who was considered for what since when, first qualified when, and took it when: what lift is computed from.
offer_exposure = Table(
    "offer_exposure",
    metadata,
    Column("experiment_id", Uuid, nullable=False),
    Column("customer_id", Uuid, nullable=False, index=True),
    # Whom the record counted as when it was first considered: who is somebody else by now is in no arm.
    Column("person", Uuid, nullable=False),
    Column("service", Text, nullable=False),
    Column("arm", Text, nullable=False),
    Column("sells", Boolean, nullable=False),
    Column("first_at", DateTime(timezone=True), nullable=False),
    Column("qualified_at", DateTime(timezone=True)),
    Column("accepted_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("experiment_id", "customer_id", "service"),
    Index(None, "experiment_id", "service"),
)

# How many of each group were considered, offered and took it: gender is nowhere in the clear beside a person.
offer_tally = Table(
    "offer_tally",
    metadata,
    Column("month", Date, nullable=False),
    Column("service", Text, nullable=False),
    Column("dimension", Text, nullable=False),
    Column("group_name", Text, nullable=False),
    Column("considered", BigInteger, nullable=False),
    Column("offered", BigInteger, nullable=False),
    Column("accepted", BigInteger, nullable=False),
    PrimaryKeyConstraint("month", "service", "dimension", "group_name"),
)
