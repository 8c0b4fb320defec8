"""Cards of the party routing profile, and what was heard of restrictions and risk levels."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_25_routing"
down_revision = "2026_11_25_erasure_certificates"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make them. Cards of those who are known already are told at their next cause, reading or republishing."""
    op.create_table(
        "routing_card",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("own_version", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_routing_card")),
    )
    op.create_table(
        "routing_level",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_routing_level")),
    )
    op.create_table(
        "routing_restriction",
        sa.Column("restriction_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("in_force", sa.Boolean(), nullable=False),
        sa.Column("channels", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("restriction_id", name=op.f("pk_routing_restriction")),
    )
    op.create_index(op.f("ix_routing_restriction_customer_id"), "routing_restriction", ["customer_id"], unique=False)


def downgrade() -> None:
    """Take them away."""
    op.drop_index(op.f("ix_routing_restriction_customer_id"), table_name="routing_restriction")
    op.drop_table("routing_restriction")
    op.drop_table("routing_level")
    op.drop_table("routing_card")
