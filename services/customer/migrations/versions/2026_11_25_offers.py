"""The catalogue of services, assessments, decisions, offers with their outcomes, and what is counted of them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_25_offers"
down_revision = "2026_11_25_routing_notes"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "offer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("sells", sa.Boolean(), nullable=False),
        sa.Column("held_out", sa.Boolean(), nullable=False),
        sa.Column("unasked", sa.Boolean(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("shown_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", "service", name=op.f("pk_offer")),
        postgresql_partition_by="RANGE (id)",
    )
    op.create_index(op.f("ix_offer_customer_id_service"), "offer", ["customer_id", "service"], unique=False)
    op.create_table(
        "offer_count",
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("shown", sa.BigInteger(), nullable=False),
        sa.Column("accepted", sa.BigInteger(), nullable=False),
        sa.Column("declined", sa.BigInteger(), nullable=False),
        sa.Column("ignored", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("service", "channel", "tier", name=op.f("pk_offer_count")),
    )
    op.create_table(
        "offer_decision",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("experiment_id", sa.Uuid(), nullable=False),
        sa.Column("arm", sa.Text(), nullable=False),
        sa.Column("weights", sa.Text(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("offered", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("versions", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("sells", postgresql.ARRAY(sa.Boolean()), nullable=False),
        sa.Column("told", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offer_decision")),
        postgresql_partition_by="RANGE (id)",
    )
    op.create_index(op.f("ix_offer_decision_customer_id"), "offer_decision", ["customer_id"], unique=False)
    op.create_table(
        "offer_exposure",
        sa.Column("experiment_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("person", sa.Uuid(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("arm", sa.Text(), nullable=False),
        sa.Column("sells", sa.Boolean(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("qualified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("experiment_id", "customer_id", "service", name=op.f("pk_offer_exposure")),
    )
    op.create_index(op.f("ix_offer_exposure_customer_id"), "offer_exposure", ["customer_id"], unique=False)
    op.create_index(
        op.f("ix_offer_exposure_experiment_id_service"), "offer_exposure", ["experiment_id", "service"], unique=False
    )
    op.create_table(
        "offer_outcome",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("offer_id", sa.Uuid(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offer_outcome")),
        postgresql_partition_by="RANGE (id)",
    )
    op.create_index(op.f("ix_offer_outcome_customer_id"), "offer_outcome", ["customer_id"], unique=False)
    op.create_table(
        "offer_tally",
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("dimension", sa.Text(), nullable=False),
        sa.Column("group_name", sa.Text(), nullable=False),
        sa.Column("considered", sa.BigInteger(), nullable=False),
        sa.Column("offered", sa.BigInteger(), nullable=False),
        sa.Column("accepted", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("month", "service", "dimension", "group_name", name=op.f("pk_offer_tally")),
    )
    op.create_table(
        "service_version",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("definition", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("effective_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", "version", name=op.f("pk_service_version")),
    )
    op.create_table(
        "suitability_assessment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("assessed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("findings", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suitability_assessment")),
    )
    op.create_index(
        op.f("ix_suitability_assessment_customer_id"), "suitability_assessment", ["customer_id"], unique=False
    )


def downgrade() -> None:
    """Take them away."""
    op.drop_index(op.f("ix_suitability_assessment_customer_id"), table_name="suitability_assessment")
    op.drop_table("suitability_assessment")
    op.drop_table("service_version")
    op.drop_table("offer_tally")
    op.drop_index(op.f("ix_offer_outcome_customer_id"), table_name="offer_outcome")
    op.drop_table("offer_outcome")
    op.drop_index(op.f("ix_offer_exposure_experiment_id_service"), table_name="offer_exposure")
    op.drop_index(op.f("ix_offer_exposure_customer_id"), table_name="offer_exposure")
    op.drop_table("offer_exposure")
    op.drop_index(op.f("ix_offer_decision_customer_id"), table_name="offer_decision")
    op.drop_table("offer_decision")
    op.drop_table("offer_count")
    op.drop_index(op.f("ix_offer_customer_id_service"), table_name="offer")
    op.drop_table("offer")
