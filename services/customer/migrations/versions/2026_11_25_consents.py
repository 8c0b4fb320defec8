"""Add purposes, the consent ledger and the words that stand, with the catalogue a bank starts from."""

import json
from datetime import UTC, datetime
from importlib.resources import files

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_25_consents"
down_revision = "2026_11_25_webhooks"
branch_labels = None
depends_on = None

CATALOGUE = "purposes_2026_11.json"


def upgrade() -> None:
    """Make them, and put the catalogue in."""
    instant, texts = sa.DateTime(timezone=True), postgresql.ARRAY(sa.Text())
    purpose_version = op.create_table(
        "purpose_version",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("gdpr_basis", sa.Text(), nullable=True),
        sa.Column("pipl_basis", sa.Text(), nullable=True),
        sa.Column("channels", texts, nullable=False),
        sa.Column("data_categories", texts, nullable=False),
        sa.Column("sensitive_categories", texts, nullable=False),
        sa.Column("recipients", texts, nullable=False),
        sa.Column("texts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("retention_days", sa.Integer(), nullable=False),
        sa.Column("valid_days", sa.Integer(), nullable=True),
        sa.Column("equivalent", sa.Boolean(), nullable=False),
        sa.Column("retired", sa.Boolean(), nullable=False),
        sa.Column("effective_from", instant, nullable=False),
        sa.Column("recorded_at", instant, nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("code", "version", name=op.f("pk_purpose_version")),
    )
    op.create_table(
        "consent_record",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("purpose_version", sa.Integer(), nullable=False),
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("channels", texts, nullable=True),
        sa.Column("data_categories", texts, nullable=False),
        sa.Column("separate_categories", texts, nullable=False),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("given_by", sa.Text(), nullable=False),
        sa.Column("evidence", sa.LargeBinary(), nullable=False),
        sa.Column("occurred_at", instant, nullable=False),
        sa.Column("recorded_at", instant, nullable=False),
        sa.Column("expires_at", instant, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_record")),
        postgresql_partition_by="RANGE (id)",
    )
    op.create_index(op.f("ix_consent_record_customer_id"), "consent_record", ["customer_id"], unique=False)
    op.create_table(
        "consent_head",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("purpose_version", sa.Integer(), nullable=False),
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("denies", sa.Boolean(), nullable=False),
        sa.Column("data_categories", texts, nullable=False),
        sa.Column("separate_categories", texts, nullable=False),
        sa.Column("occurred_at", instant, nullable=False),
        sa.Column("expires_at", instant, nullable=True),
        sa.PrimaryKeyConstraint("customer_id", "purpose", "channel", name=op.f("pk_consent_head")),
    )
    op.execute(
        "CREATE FUNCTION consent_record_stays() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the consent ledger is append-only' USING ERRCODE = '42501'; END $$"
    )
    op.execute(
        "CREATE TRIGGER consent_record_stays BEFORE UPDATE OR DELETE ON consent_record "
        "FOR EACH ROW EXECUTE FUNCTION consent_record_stays()"
    )
    catalogue = json.loads((files("customer.consents") / "data" / CATALOGUE).read_text(encoding="utf-8"))
    first = {"version": 1, "equivalent": False, "retired": False, "recorded_by": "catalogue"}
    for row in catalogue:
        begins = datetime.fromisoformat(row["effective_from"])
        op.bulk_insert(purpose_version, [row | first | {"effective_from": begins, "recorded_at": datetime.now(UTC)}])


def downgrade() -> None:
    """Drop them."""
    op.drop_table("consent_head")
    op.drop_table("consent_record")
    op.execute("DROP FUNCTION consent_record_stays()")
    op.drop_table("purpose_version")
