"""Add authorisations to see a customer's values, and the codes that wait to be sent."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_25_disclosure"
down_revision = "2026_11_25_party_details"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make them."""
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "access_grant",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("fields", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("change", sa.Boolean(), nullable=False),
        sa.Column("reader", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("duration_seconds", sa.Integer(), nullable=False),
        sa.Column("requested_at", instant, nullable=False),
        sa.Column("confirm_before", instant, nullable=False),
        sa.Column("with_code", sa.Boolean(), nullable=False),
        sa.Column("code_mac", sa.LargeBinary(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("confirmed_at", instant, nullable=True),
        sa.Column("confirmed_by", sa.Text(), nullable=True),
        sa.Column("expires_at", instant, nullable=True),
        sa.Column("revoked_at", instant, nullable=True),
        sa.Column("glass_reason", sa.Text(), nullable=True),
        sa.Column("glass_note", sa.LargeBinary(), nullable=True),
        sa.Column("verdict", sa.Text(), nullable=True),
        sa.Column("reviewed_at", instant, nullable=True),
        sa.Column("reviewed_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_grant")),
    )
    op.create_index(op.f("ix_access_grant_customer_id_reader"), "access_grant", ["customer_id", "reader"], unique=False)
    op.create_index(
        "ix_access_grant_unreviewed",
        "access_grant",
        ["id"],
        unique=False,
        postgresql_where=sa.text("glass_reason IS NOT NULL AND verdict IS NULL"),
    )
    op.create_table(
        "access_code",
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", instant, nullable=False),
        sa.PrimaryKeyConstraint("grant_id", name=op.f("pk_access_code")),
    )
    op.create_index(op.f("ix_access_code_customer_id"), "access_code", ["customer_id"], unique=False)


def downgrade() -> None:
    """Drop them."""
    op.drop_table("access_code")
    op.drop_table("access_grant")
