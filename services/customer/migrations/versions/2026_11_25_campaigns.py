"""Campaigns, who was drawn into which of their groups, and what is left of the erased; hours and rests of their messages."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_25_campaigns"
down_revision = "2026_11_25_privacy_deadlines"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "campaign",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("segment_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("variants", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("holdout_percent", sa.Integer(), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("channels", postgresql.ARRAY(sa.Text()), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hours_start", sa.Time(), nullable=True),
        sa.Column("hours_end", sa.Time(), nullable=True),
        sa.Column("per_minute", sa.Integer(), nullable=False),
        sa.Column("conversion_kind", sa.Text(), nullable=False),
        sa.Column("conversion_channel", sa.Text(), nullable=True),
        sa.Column("conversion_days", sa.Integer(), nullable=False),
        sa.Column("launched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("position", sa.Uuid(), nullable=True),
        sa.Column("enrolled", sa.Boolean(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign")),
    )
    op.create_index(op.f("ix_campaign_next_at"), "campaign", ["next_at"], unique=False)
    op.create_index(op.f("ix_campaign_created_at_id"), "campaign", ["created_at", "id"], unique=False)
    op.create_table(
        "campaign_person",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("arm", sa.Text(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column("refused", sa.Text(), nullable=True),
        sa.Column("converted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("campaign_id", "customer_id", name=op.f("pk_campaign_person")),
    )
    op.create_index(op.f("ix_campaign_person_customer_id"), "campaign_person", ["customer_id"], unique=False)
    op.create_index(
        "ix_campaign_person_waiting",
        "campaign_person",
        ["campaign_id", "customer_id"],
        unique=False,
        postgresql_where=sa.text("written_at IS NULL AND arm <> 'holdout'"),
    )
    op.create_index(
        "ix_campaign_person_written",
        "campaign_person",
        ["campaign_id", "written_at"],
        unique=False,
        postgresql_where=sa.text("message_id IS NOT NULL"),
    )
    op.create_table(
        "campaign_tally",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("arm", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("converted", sa.Boolean(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("campaign_id", "arm", "state", "reason", "converted", name=op.f("pk_campaign_tally")),
    )
    op.add_column("message", sa.Column("hours_start", sa.Time(), nullable=True))
    op.add_column("message", sa.Column("hours_end", sa.Time(), nullable=True))
    op.create_index(
        "ix_message_campaign_id",
        "message",
        ["campaign_id"],
        unique=False,
        postgresql_where=sa.text("campaign_id IS NOT NULL"),
    )
    op.add_column("message_due", sa.Column("paused", sa.Boolean(), server_default="false", nullable=False))


def downgrade() -> None:
    """Take them away."""
    op.drop_column("message_due", "paused")
    op.drop_index("ix_message_campaign_id", table_name="message")
    op.drop_column("message", "hours_end")
    op.drop_column("message", "hours_start")
    op.drop_table("campaign_tally")
    op.drop_table("campaign_person")
    op.drop_table("campaign")
