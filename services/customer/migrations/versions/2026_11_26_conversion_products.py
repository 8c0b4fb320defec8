"""A campaign may be for one product."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_26_conversion_products"
down_revision = "2026_11_26_segment_uses"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; it rewrites nothing."""
    op.add_column("campaign", sa.Column("conversion_product", sa.Text()))


def downgrade() -> None:
    """Take it away."""
    op.drop_column("campaign", "conversion_product")
