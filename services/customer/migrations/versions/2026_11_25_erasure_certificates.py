"""What each service says it removed and left, for the certificate of an erasure."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_25_erasure_certificates"
down_revision = "2026_11_25_forecasts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make it."""
    for name in ("removed", "left"):
        column = sa.Column(name, postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False)
        op.add_column("erasure_confirmation", column)


def downgrade() -> None:
    """Drop it."""
    for name in ("left", "removed"):
        op.drop_column("erasure_confirmation", name)
