"""From when a message waits for its gateway: one that may not go before a day has waited for nothing until then."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_26_message_patience"
down_revision = "2026_11_26_privacy_looks"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make room for it; what waits already is counted from when it was accepted."""
    op.add_column("message_due", sa.Column("since", sa.DateTime(timezone=True)))


def downgrade() -> None:
    """Take it away."""
    op.drop_column("message_due", "since")
