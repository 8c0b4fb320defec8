"""What is counted of a message."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_25_count_messages"
down_revision = "2026_11_25_count_parties_once"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make it."""
    op.add_column("fact", sa.Column("sent", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("fact", sa.Column("channel", sa.Text()))
    op.add_column("fact", sa.Column("purpose", sa.Text()))
    op.add_column("fact", sa.Column("campaign_id", sa.Uuid()))


def downgrade() -> None:
    """Drop it."""
    for name in ("campaign_id", "purpose", "channel", "sent"):
        op.drop_column("fact", name)
