"""Add market signals and the words by which people are counted."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_25_insights"
down_revision = "2026_11_25_privacy_requests"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "market_signal",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("observed_on", sa.Date(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("competitor", sa.Text(), nullable=True),
        sa.Column("product", sa.Text(), nullable=True),
        sa.Column("region", sa.Text(), nullable=True),
        sa.Column("value", sa.Numeric(), nullable=True),
        sa.Column("measure_unit", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_market_signal")),
    )
    op.create_index(op.f("ix_market_signal_recorded_at_id"), "market_signal", ["recorded_at", "id"])
    op.create_index(op.f("ix_market_signal_topic_observed_on"), "market_signal", ["topic", "observed_on"])
    op.create_table(
        "known_person",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("age_band", sa.Text(), nullable=True),
        sa.Column("region", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_known_person")),
    )


def downgrade() -> None:
    """Take them away."""
    op.drop_table("known_person")
    op.drop_table("market_signal")
