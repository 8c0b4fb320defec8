"""Texts that go only to contact points somebody has proven to be theirs."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_25_delicate_texts"
down_revision = "2026_11_25_routing"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the word; texts written before are not delicate."""
    op.add_column("message_template", sa.Column("delicate", sa.Boolean(), server_default="false", nullable=False))


def downgrade() -> None:
    """Take it away."""
    op.drop_column("message_template", "delicate")
