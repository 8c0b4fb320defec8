"""The clocks of privacy requests where their warnings are found by time; those of open requests are kept by the worker."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_25_privacy_deadlines"
down_revision = "2026_11_25_offers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "privacy_deadline",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("edition", sa.Date(), nullable=False),
        sa.Column("clock", sa.Text(), nullable=False),
        sa.Column("calendar", sa.Text(), nullable=False),
        sa.Column("policy_revision", sa.Integer(), nullable=False),
        sa.Column("calendar_revision", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("held", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("satisfied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("warn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("estimated", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("warned", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("breach_said", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_privacy_deadline")),
        postgresql_with={"fillfactor": 80},
    )
    op.create_index(op.f("ix_privacy_deadline_subject_id"), "privacy_deadline", ["subject_id"], unique=False)
    op.create_index(
        "ix_privacy_deadline_due_at",
        "privacy_deadline",
        ["breach_said", "due_at"],
        unique=False,
        postgresql_where=sa.text("satisfied_at IS NULL"),
    )
    op.create_index(
        "ix_privacy_deadline_warn_at",
        "privacy_deadline",
        ["warn_at"],
        unique=False,
        postgresql_where=sa.text("satisfied_at IS NULL AND warn_at IS NOT NULL"),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("privacy_deadline")
