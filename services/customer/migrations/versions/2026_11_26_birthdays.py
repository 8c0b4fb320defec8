"""How far birthdays have been said."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_26_birthdays"
down_revision = "2026_11_26_message_patience"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make it."""
    op.create_table(
        "birthday_pass",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("since", sa.Date(), nullable=True),
        sa.Column("reached", sa.Uuid(), nullable=True),
        sa.Column("done", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_birthday_pass")),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("birthday_pass")
