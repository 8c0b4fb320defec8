"""What is kept of customers' routing cards."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_25_cards"
down_revision = "2026_11_25_exports"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make room for them."""
    op.create_table(
        "known_card",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("languages", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("preferred_channels", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_known_card")),
    )


def downgrade() -> None:
    """Take them away."""
    op.drop_table("known_card")
