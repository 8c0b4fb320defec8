"""A segment says for what it is told, and a membership on what that rested when it began.

What is there keeps its use unsaid, which is that of servicing; memberships told by a worker of the version before carry no
ground until they are told anew.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_26_segment_uses"
down_revision = "2026_11_26_asked_messages"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what may be left empty, and the order in which past members are paged."""
    op.add_column("segment", sa.Column("use", sa.Text(), nullable=True))
    op.add_column("segment_rule", sa.Column("use", sa.Text(), nullable=True))
    for table in ("segment_member", "segment_stay"):
        op.add_column(table, sa.Column("receipt_id", sa.Uuid(), nullable=True))
        op.add_column(table, sa.Column("legal_basis", sa.Text(), nullable=True))
    op.create_index(
        "ix_segment_stay_segment_id_entered_at_customer_id",
        "segment_stay",
        ["segment_id", "entered_at", "customer_id"],
        unique=False,
    )


def downgrade() -> None:
    """Forget it."""
    op.drop_index("ix_segment_stay_segment_id_entered_at_customer_id", table_name="segment_stay")
    for table in ("segment_stay", "segment_member"):
        op.drop_column(table, "legal_basis")
        op.drop_column(table, "receipt_id")
    op.drop_column("segment_rule", "use")
    op.drop_column("segment", "use")
