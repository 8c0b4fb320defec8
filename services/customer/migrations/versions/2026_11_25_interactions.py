"""Add interactions by month, what each customer did as a whole, and the counts that erasure leaves."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_25_interactions"
down_revision = "2026_11_25_consents"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make them; their partitions are made right after every migration."""
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "interaction",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("ingest", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("occurred_at", instant, nullable=False),
        sa.Column("detail", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_interaction")),
        postgresql_partition_by="RANGE (id)",
    )
    op.create_index(
        op.f("ix_interaction_customer_id_occurred_at_id"),
        "interaction",
        ["customer_id", "occurred_at", "id"],
        unique=False,
    )
    op.create_table(
        "customer_activity",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("ingest", sa.BigInteger(), nullable=False),
        sa.Column("first_at", instant, nullable=False),
        sa.Column("last_at", instant, nullable=False),
        sa.Column("recorded_at", instant, nullable=False),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_customer_activity")),
    )
    op.create_table(
        "interaction_count",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", "kind", "channel", name=op.f("pk_interaction_count")),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("interaction_count")
    op.drop_table("customer_activity")
    op.drop_table("interaction")
