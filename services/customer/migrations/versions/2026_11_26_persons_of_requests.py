"""An erasure is about every record of a person, and goes on when less must be kept; its clock asks for the first answer."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_26_persons_of_requests"
down_revision = "2026_11_26_partial_erasures"
branch_labels = None
depends_on = None

PERSON = "privacy_request_person"
# An erasure that waits has a day, or is under way or partly done, or was refused for an order that keeps everything; one
# that a person refused is about our own service alone, and goes on no more.
WAITS = """
UPDATE privacy_request SET waits = true
WHERE kind = 'erasure' AND refusals <> '[]' AND (
    due_again_at IS NOT NULL
    OR state IN ('in_progress', 'partly_refused')
    OR refusals @> '[{"services": ["customer", "feedback", "channel-router", "risk", "kpi"]}]'
)
"""
# Those that wait for something without an end are looked at once, for it may have ended.
DUE = "UPDATE privacy_request SET due_again_at = now() WHERE waits AND due_again_at IS NULL"
NAMED = f"INSERT INTO {PERSON} SELECT id, customer_id, erasure_id FROM privacy_request WHERE kind = 'erasure'"


def upgrade() -> None:
    """Make room for all of it, and fill it with what is known."""
    op.create_table(
        PERSON,
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("erasure_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("request_id", "customer_id", name=op.f("pk_privacy_request_person")),
    )
    op.create_index(op.f("ix_privacy_request_person_customer_id"), PERSON, ["customer_id"], unique=False)
    op.create_index(op.f("ix_privacy_request_person_erasure_id"), PERSON, ["erasure_id"], unique=False)
    op.add_column("privacy_request", sa.Column("told_at", sa.DateTime(timezone=True), nullable=True))
    waits = sa.Column("waits", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    op.add_column("privacy_request", waits)
    op.execute(NAMED)
    op.execute("UPDATE privacy_request SET told_at = answered_at")
    op.execute(WAITS)
    op.execute(DUE)


def downgrade() -> None:
    """Drop it."""
    op.drop_column("privacy_request", "waits")
    op.drop_column("privacy_request", "told_at")
    op.drop_index(op.f("ix_privacy_request_person_erasure_id"), table_name=PERSON)
    op.drop_index(op.f("ix_privacy_request_person_customer_id"), table_name=PERSON)
    op.drop_table(PERSON)
