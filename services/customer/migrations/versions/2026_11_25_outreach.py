"""Templates, messages, what is due, marks for caps, and what is open elsewhere."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_25_outreach"
down_revision = "2026_11_25_interactions"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "contact_mark",
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_contact_mark")),
    )
    op.create_index(op.f("ix_contact_mark_at"), "contact_mark", ["at"], unique=False)
    op.create_index(op.f("ix_contact_mark_customer_id"), "contact_mark", ["customer_id"], unique=False)
    op.create_table(
        "known_matter",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("matter_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("category", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("kind", "matter_id", name=op.f("pk_known_matter")),
    )
    op.create_index(op.f("ix_known_matter_customer_id"), "known_matter", ["customer_id"], unique=False)
    op.create_table(
        "message",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("template_version", sa.Integer(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("urgency", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("channels", postgresql.ARRAY(sa.Text()), nullable=True),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("receipt_id", sa.Uuid(), nullable=True),
        sa.Column("basis", sa.Text(), nullable=True),
        sa.Column("policy", sa.Text(), nullable=True),
        sa.Column("campaign_id", sa.Uuid(), nullable=True),
        sa.Column("variant", sa.Text(), nullable=True),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
        postgresql_partition_by="RANGE (id)",
    )
    op.create_index(op.f("ix_message_created_at_id"), "message", ["created_at", "id"], unique=False)
    op.create_index(op.f("ix_message_customer_id"), "message", ["customer_id"], unique=False)
    op.create_table(
        "message_due",
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("tried", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("silent", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_message_due")),
    )
    op.create_index(op.f("ix_message_due_customer_id"), "message_due", ["customer_id"], unique=False)
    op.create_index(op.f("ix_message_due_due_at"), "message_due", ["due_at"], unique=False)
    op.create_table(
        "message_template",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("purposes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("texts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("places", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_template")),
        sa.UniqueConstraint("key", "version", name=op.f("uq_message_template_key_version")),
    )


def downgrade() -> None:
    """Take them away."""
    op.drop_table("message_template")
    op.drop_index(op.f("ix_message_due_due_at"), table_name="message_due")
    op.drop_index(op.f("ix_message_due_customer_id"), table_name="message_due")
    op.drop_table("message_due")
    op.drop_index(op.f("ix_message_customer_id"), table_name="message")
    op.drop_index(op.f("ix_message_created_at_id"), table_name="message")
    op.drop_table("message")
    op.drop_index(op.f("ix_known_matter_customer_id"), table_name="known_matter")
    op.drop_table("known_matter")
    op.drop_index(op.f("ix_contact_mark_customer_id"), table_name="contact_mark")
    op.drop_index(op.f("ix_contact_mark_at"), table_name="contact_mark")
    op.drop_table("contact_mark")
