"""The tables of webhooks on a service's own metadata: who subscribed to what, and what is still to be delivered."""

from dataclasses import dataclass

from sqlalchemy import Column, DateTime, ForeignKey, Index, Integer, LargeBinary, MetaData, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY


@dataclass(frozen=True, slots=True)
class WebhookTables:
    """What a service needs to tell integrations that cannot speak Kafka."""

    webhook: Table
    delivery: Table


def webhook_tables(metadata: MetaData) -> WebhookTables:
    """Both of them. Deliveries do not grow for ever: those that are done go with the events they are of."""
    return WebhookTables(
        webhook=Table(
            "webhook",
            metadata,
            Column("id", Uuid, primary_key=True),
            Column("version", Integer, nullable=False),
            Column("url", Text, nullable=False),
            Column("types", ARRAY(Text), nullable=False),
            Column("state", Text, nullable=False),
            Column("secret", LargeBinary, nullable=False),
            Column("former_secret", LargeBinary),
            Column("former_until", DateTime(timezone=True)),
            # While the other side is away nothing is tried: one date for all that waits for it.
            Column("failures", Integer, nullable=False),
            Column("retry_at", DateTime(timezone=True)),
            Column("sub", Text, nullable=False),
            Column("created_at", DateTime(timezone=True), nullable=False),
            Column("updated_at", DateTime(timezone=True), nullable=False),
        ),
        delivery=Table(
            "webhook_delivery",
            metadata,
            Column("webhook_id", Uuid, ForeignKey("webhook.id", ondelete="CASCADE"), primary_key=True),
            Column("event_id", Uuid, primary_key=True),
            Column("said_at", DateTime(timezone=True), nullable=False),
            Column("state", Text, nullable=False),
            Column("attempts", Integer, nullable=False),
            Column("due_at", DateTime(timezone=True), nullable=False),
            Column("status", Integer),
            Column("cause", Text),
            Column("done_at", DateTime(timezone=True)),
            Index("ix_webhook_delivery_waiting", "due_at", postgresql_where=text("state = 'waiting'")),
            Index(None, "said_at"),
        ),
    )
