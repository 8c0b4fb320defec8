"""Add segments, their rules in versions, memberships and due rows; everybody there already is due at once."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_25_segments"
down_revision = "2026_11_25_outreach"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make them."""
    instant, words = sa.DateTime(timezone=True), postgresql.JSONB(astext_type=sa.Text())
    op.create_table(
        "segment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("names", words, nullable=False),
        sa.Column("descriptions", words, nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("created_at", instant, nullable=False),
        sa.Column("updated_at", instant, nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_segment")),
        sa.UniqueConstraint("key", name=op.f("uq_segment_key")),
    )
    op.create_table(
        "segment_rule",
        sa.Column("segment_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("valid_from", instant, nullable=False),
        sa.Column("valid_until", instant, nullable=True),
        sa.PrimaryKeyConstraint("segment_id", "version", name=op.f("pk_segment_rule")),
    )
    op.create_table(
        "customer_due",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("told_until", instant, nullable=False),
        sa.Column("next_check_at", instant, nullable=True),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_customer_due")),
    )
    op.create_index(op.f("ix_customer_due_next_check_at"), "customer_due", ["next_check_at"], unique=False)
    op.create_table(
        "due_sweep",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("since", instant, nullable=False),
        sa.Column("reached", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_due_sweep")),
    )
    op.create_table(
        "segment_member",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("segment_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("entered_at", instant, nullable=False),
        sa.Column("entered_by", sa.Text(), nullable=False),
        sa.Column("recorded_at", instant, nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "segment_id", name=op.f("pk_segment_member")),
    )
    op.create_index(
        op.f("ix_segment_member_segment_id_entered_at_customer_id"),
        "segment_member",
        ["segment_id", "entered_at", "customer_id"],
        unique=False,
    )
    op.create_table(
        "segment_stay",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("segment_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("entered_at", instant, nullable=False),
        sa.Column("entered_by", sa.Text(), nullable=False),
        sa.Column("recorded_at", instant, nullable=False),
        sa.Column("left_at", instant, nullable=True),
        sa.Column("left_by", sa.Text(), nullable=True),
        sa.Column("left_recorded_at", instant, nullable=True),
        sa.Column("void_at", instant, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_segment_stay")),
        postgresql_partition_by="RANGE (id)",
    )
    op.create_index(op.f("ix_segment_stay_customer_id"), "segment_stay", ["customer_id"], unique=False)
    op.create_table(
        "segment_cut",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("valid_from", instant, nullable=False),
        sa.Column("payload", words, nullable=False),
        sa.Column("recorded_at", instant, nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_segment_cut")),
        sa.UniqueConstraint("kind", "valid_from", name=op.f("uq_segment_cut_kind_valid_from")),
    )
    op.execute(
        "INSERT INTO customer_due SELECT id, 0, created_at, created_at FROM customer WHERE legal_name <> '' ORDER BY id"
    )


def downgrade() -> None:
    """Drop them."""
    for table in (
        "segment_cut",
        "segment_stay",
        "segment_member",
        "segment_rule",
        "segment",
        "due_sweep",
        "customer_due",
    ):
        op.drop_table(table)
