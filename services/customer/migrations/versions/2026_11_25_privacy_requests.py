"""Requests with their clocks, holds, answers to exports; an erasure may be in part."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_25_privacy_requests"
down_revision = "2026_11_25_disclosure"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "export_answer",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("ready_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("request_id", "service", name=op.f("pk_export_answer")),
    )
    op.create_table(
        "legal_hold",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_legal_hold")),
    )
    op.create_index(op.f("ix_legal_hold_customer_id"), "legal_hold", ["customer_id"], unique=False)
    op.create_table(
        "privacy_request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("regime", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=True),
        sa.Column("details", sa.LargeBinary(), nullable=True),
        sa.Column("identity_method", sa.Text(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("clock", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refusals", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("erasure_id", sa.Uuid(), nullable=True),
        sa.Column("due_again_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_privacy_request")),
    )
    op.create_index(op.f("ix_privacy_request_customer_id"), "privacy_request", ["customer_id"], unique=False)
    op.create_index(
        "ix_privacy_request_due_again",
        "privacy_request",
        ["due_again_at"],
        unique=False,
        postgresql_where=sa.text("due_again_at IS NOT NULL"),
    )
    op.create_index(op.f("ix_privacy_request_received_at_id"), "privacy_request", ["received_at", "id"], unique=False)
    op.add_column("erasure", sa.Column("partial", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.drop_constraint(op.f("uq_erasure_customer_id"), "erasure", type_="unique")
    op.create_unique_constraint(op.f("uq_erasure_customer_id_partial"), "erasure", ["customer_id", "partial"])
    op.add_column(
        "erasure_confirmation", sa.Column("kept", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )


def downgrade() -> None:
    """Take them away."""
    op.drop_column("erasure_confirmation", "kept")
    op.drop_constraint(op.f("uq_erasure_customer_id_partial"), "erasure", type_="unique")
    op.create_unique_constraint(op.f("uq_erasure_customer_id"), "erasure", ["customer_id"])
    op.drop_column("erasure", "partial")
    op.drop_index(op.f("ix_privacy_request_received_at_id"), table_name="privacy_request")
    op.drop_index(
        "ix_privacy_request_due_again",
        table_name="privacy_request",
        postgresql_where=sa.text("due_again_at IS NOT NULL"),
    )
    op.drop_index(op.f("ix_privacy_request_customer_id"), table_name="privacy_request")
    op.drop_table("privacy_request")
    op.drop_index(op.f("ix_legal_hold_customer_id"), table_name="legal_hold")
    op.drop_table("legal_hold")
    op.drop_table("export_answer")
