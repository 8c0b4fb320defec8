"""What the bank notes on routing cards."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_25_routing_notes"
down_revision = "2026_11_25_delicate_texts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make room for it."""
    op.create_table(
        "routing_note",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_routing_note")),
    )


def downgrade() -> None:
    """Take it away."""
    op.drop_table("routing_note")
