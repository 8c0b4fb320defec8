"""Link sets, what happened to them, what was decided meanwhile and is to be reviewed."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_25_add_identity_links"
down_revision = "2026_11_25_segments"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "heard_decision",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("resource_id", sa.Text(), nullable=True),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_heard_decision")),
        postgresql_partition_by="RANGE (id)",
    )
    op.create_index(op.f("ix_heard_decision_customer_id"), "heard_decision", ["customer_id"], unique=False)
    op.create_table(
        "link_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("set_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("members", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("leaving", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("leader", sa.Uuid(), nullable=True),
        sa.Column("remaining_leader", sa.Uuid(), nullable=True),
        sa.Column("split_off_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("together_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reviews", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_event")),
    )
    op.create_index("ix_link_event_members", "link_event", ["members"], unique=False, postgresql_using="gin")
    op.create_index(op.f("ix_link_event_set_id"), "link_event", ["set_id"], unique=False)
    op.create_table(
        "link_set",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("leader", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("absorbed_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_set")),
    )
    op.create_index(op.f("ix_link_set_created_at_id"), "link_set", ["created_at", "id"], unique=False)
    op.create_index(
        "uq_link_set_active_leader", "link_set", ["leader"], unique=True, postgresql_where=sa.text("state = 'active'")
    )
    op.create_table(
        "merge_review",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("identity_link_id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.Uuid(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("resource_id", sa.Text(), nullable=True),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_merge_review")),
        sa.UniqueConstraint("act", name=op.f("uq_merge_review_act")),
    )
    op.create_index(op.f("ix_merge_review_created_at_id"), "merge_review", ["created_at", "id"], unique=False)
    op.create_index(op.f("ix_merge_review_identity_link_id"), "merge_review", ["identity_link_id"], unique=False)
    op.create_index(op.f("ix_merge_review_subject"), "merge_review", ["subject"], unique=False)


def downgrade() -> None:
    """Drop them."""
    op.drop_index(op.f("ix_merge_review_subject"), table_name="merge_review")
    op.drop_index(op.f("ix_merge_review_identity_link_id"), table_name="merge_review")
    op.drop_index(op.f("ix_merge_review_created_at_id"), table_name="merge_review")
    op.drop_table("merge_review")
    op.drop_index("uq_link_set_active_leader", table_name="link_set", postgresql_where=sa.text("state = 'active'"))
    op.drop_index(op.f("ix_link_set_created_at_id"), table_name="link_set")
    op.drop_table("link_set")
    op.drop_index(op.f("ix_link_event_set_id"), table_name="link_event")
    op.drop_index("ix_link_event_members", table_name="link_event", postgresql_using="gin")
    op.drop_table("link_event")
    op.drop_index(op.f("ix_heard_decision_customer_id"), table_name="heard_decision")
    op.drop_table("heard_decision")
