"""One row stops all messages of a campaign, instead of a mark on each."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_25_campaign_stops"
down_revision = "2026_11_25_campaigns"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Exchange them."""
    op.create_table(
        "campaign_stop",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("over", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("campaign_id", name=op.f("pk_campaign_stop")),
    )
    op.add_column("message_due", sa.Column("campaign_id", sa.Uuid(), nullable=True))
    op.execute(
        "UPDATE message_due SET campaign_id = message.campaign_id FROM message"
        " WHERE message.id = message_due.message_id AND message.campaign_id IS NOT NULL"
    )
    op.execute(
        "INSERT INTO campaign_stop (campaign_id, over) SELECT id, state = 'finished' FROM campaign"
        " WHERE state IN ('paused', 'finished')"
    )
    op.drop_column("message_due", "paused")


def downgrade() -> None:
    """Exchange them back."""
    op.add_column("message_due", sa.Column("paused", sa.Boolean(), server_default="false", nullable=False))
    op.execute(
        "UPDATE message_due SET paused = true FROM campaign_stop"
        " WHERE campaign_stop.campaign_id = message_due.campaign_id AND NOT campaign_stop.over"
    )
    op.drop_column("message_due", "campaign_id")
    op.drop_table("campaign_stop")
