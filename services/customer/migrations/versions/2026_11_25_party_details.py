"""What else is known of a party under one seal, and versions of its contact points and identifiers."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_25_party_details"
down_revision = "2026_11_25_add_identity_links"
branch_labels = None
depends_on = None

PARTS = ("contact_point", "identifier")


def upgrade() -> None:
    """Add them; a constant default rewrites no table."""
    op.add_column("customer", sa.Column("details", sa.LargeBinary(), nullable=True))
    for table in PARTS:
        op.add_column(table, sa.Column("version", sa.Integer(), server_default="1", nullable=False))
        op.add_column(table, sa.Column("about", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    """Drop them."""
    for table in PARTS:
        op.drop_column(table, "about")
        op.drop_column(table, "version")
    op.drop_column("customer", "details")
