"""A message remembers through which channels it went in vain."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_26_message_tried"
down_revision = "2026_11_26_persons_of_requests"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; a constant default rewrites nothing."""
    op.add_column("message", sa.Column("tried", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False))


def downgrade() -> None:
    """Take it away."""
    op.drop_column("message", "tried")
