"""Who counts as whom, as customer says it."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_25_hear_identity_links"
down_revision = "2026_11_25_webhooks"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make it."""
    op.create_table(
        "identity_link",
        sa.Column("member", sa.Uuid(), nullable=False),
        sa.Column("leader", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("linked", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("member", name=op.f("pk_identity_link")),
    )
    op.create_index(op.f("ix_identity_link_leader"), "identity_link", ["leader"], unique=False)


def downgrade() -> None:
    """Drop it."""
    op.drop_index(op.f("ix_identity_link_leader"), table_name="identity_link")
    op.drop_table("identity_link")
