"""A message says by which event it was asked for, and what of the wish did not fit."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_26_asked_messages"
down_revision = "2026_11_26_quality_pass"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; they rewrite nothing."""
    op.add_column("message", sa.Column("detail", sa.Text()))
    op.add_column("message", sa.Column("asked_in", sa.Uuid()))


def downgrade() -> None:
    """Take them away."""
    op.drop_column("message", "asked_in")
    op.drop_column("message", "detail")
