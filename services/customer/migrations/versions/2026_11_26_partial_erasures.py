"""A customer may be forgotten in part more than once; as a whole once."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_26_partial_erasures"
down_revision = "2026_11_26_birthdays"
branch_labels = None
depends_on = None

WHOLE = "uq_erasure_whole"


def upgrade() -> None:
    """Only the whole one is unique."""
    op.drop_constraint(op.f("uq_erasure_customer_id_partial"), "erasure", type_="unique")
    op.create_index(op.f("ix_erasure_customer_id"), "erasure", ["customer_id"], unique=False)
    op.create_index(WHOLE, "erasure", ["customer_id"], unique=True, postgresql_where=sa.text("NOT partial"))


def downgrade() -> None:
    """One in part again; refused by the database where somebody has two, for none of them may be lost."""
    op.drop_index(WHOLE, table_name="erasure", postgresql_where=sa.text("NOT partial"))
    op.drop_index(op.f("ix_erasure_customer_id"), table_name="erasure")
    op.create_unique_constraint(op.f("uq_erasure_customer_id_partial"), "erasure", ["customer_id", "partial"])
