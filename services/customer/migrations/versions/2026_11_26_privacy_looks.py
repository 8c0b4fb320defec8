"""Clocks of privacy requests are found by the time at which to look at them, so that computing them anew moves no index.

A worker of the version before writes no look: what it adds is looked at at once, what it changes is found by the next sweep.
It reads the whole table to find what to say until it is replaced.
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_26_privacy_looks"
down_revision = "2026_11_25_campaign_stops"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Look at every clock that is kept at once; the half of each page is left free from now on."""
    op.add_column(
        "privacy_deadline",
        sa.Column("look_at", sa.DateTime(timezone=True), server_default=sa.text("'-infinity'"), nullable=True),
    )
    op.create_index(
        "ix_privacy_deadline_look_at",
        "privacy_deadline",
        ["look_at"],
        unique=False,
        postgresql_where=sa.text("satisfied_at IS NULL AND look_at IS NOT NULL"),
    )
    op.drop_index("ix_privacy_deadline_due_at", table_name="privacy_deadline")
    op.drop_index("ix_privacy_deadline_warn_at", table_name="privacy_deadline")
    op.execute("ALTER TABLE privacy_deadline SET (fillfactor = 45)")


def downgrade() -> None:
    """Find them by what is due and what warns again."""
    op.execute("ALTER TABLE privacy_deadline SET (fillfactor = 80)")
    op.create_index(
        "ix_privacy_deadline_due_at",
        "privacy_deadline",
        ["breach_said", "due_at"],
        unique=False,
        postgresql_where=sa.text("satisfied_at IS NULL"),
    )
    op.create_index(
        "ix_privacy_deadline_warn_at",
        "privacy_deadline",
        ["warn_at"],
        unique=False,
        postgresql_where=sa.text("satisfied_at IS NULL AND warn_at IS NOT NULL"),
    )
    op.drop_index("ix_privacy_deadline_look_at", table_name="privacy_deadline")
    op.drop_column("privacy_deadline", "look_at")
