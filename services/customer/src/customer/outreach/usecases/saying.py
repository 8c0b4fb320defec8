"""How a message is told of: one event of its life, as it is now."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.outreach.domain.messages import State
from customer.outreach.events import (
    MessageDelivered,
    MessageEvent,
    MessageFailed,
    MessageRead,
    MessageSent,
    MessageSuppressed,
)
from shared.events import outbox
from shared.events.envelope import Emit

_SAID: Final[Mapping[str, type[MessageEvent]]] = {
    State.SENT: MessageSent,
    State.DELIVERED: MessageDelivered,
    State.READ: MessageRead,
    State.FAILED: MessageFailed,
    State.SUPPRESSED: MessageSuppressed,
}


async def say(tx: AsyncConnection, *rows: Any) -> None:
    """Say what has become of these messages, where that is for others to know."""
    told = [row for row in rows if row.state in _SAID]
    said = [Emit(_event(row), key=row.customer_id, subject=row.id, sequence=row.version) for row in told]
    if said:
        await outbox.emit(tx, storage.EVENTS, storage.SOURCE, said)


def _event(row: Any) -> MessageEvent:
    return _SAID[row.state](
        message_id=row.id,
        customer_id=row.customer_id,
        template=row.template,
        purpose=row.purpose,
        category=row.category,
        channel=row.channel,
        campaign_id=row.campaign_id,
        variant=row.variant,
        reason=row.reason,
        detail=row.detail,
        asked_in=row.asked_in,
        version=row.version,
        occurred_at=row.updated_at,
    )
