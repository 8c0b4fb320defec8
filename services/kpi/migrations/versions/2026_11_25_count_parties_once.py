"""Whether a customer's record counts for its party."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_25_count_parties_once"
down_revision = "2026_11_25_exports"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make it."""
    op.add_column("fact", sa.Column("counts", sa.Boolean(), server_default=sa.true(), nullable=False))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("fact", "counts")
