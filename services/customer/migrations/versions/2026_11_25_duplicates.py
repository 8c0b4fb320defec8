"""Under what second records meet, and which may be one party."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_25_duplicates"
down_revision = "2026_11_25_relationships"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "duplicate_block",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "key", name=op.f("pk_duplicate_block")),
    )
    op.create_index(op.f("ix_duplicate_block_key"), "duplicate_block", ["key"], unique=False)
    op.create_table(
        "duplicate_candidate",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("one", sa.Uuid(), nullable=False),
        sa.Column("other", sa.Uuid(), nullable=False),
        sa.Column("band", sa.Text(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("probability", sa.Float(), nullable=False),
        sa.Column("reasons", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("identity_link_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duplicate_candidate")),
        sa.UniqueConstraint("one", "other", name=op.f("uq_duplicate_candidate_one_other")),
    )
    op.create_index(
        op.f("ix_duplicate_candidate_created_at_id"), "duplicate_candidate", ["created_at", "id"], unique=False
    )
    op.create_index(op.f("ix_duplicate_candidate_other"), "duplicate_candidate", ["other"], unique=False)


def downgrade() -> None:
    """Drop them."""
    op.drop_table("duplicate_candidate")
    op.drop_table("duplicate_block")
