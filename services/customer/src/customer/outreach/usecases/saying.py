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


async def say(tx: AsyncConnection, row: Any) -> None:
    """Say what has become of a message, where that is for others to know."""
    kind = _SAID.get(row.state)
    if kind is None:
        return
    event = kind(
        message_id=row.id,
        customer_id=row.customer_id,
        template=row.template,
        purpose=row.purpose,
        category=row.category,
        channel=row.channel,
        campaign_id=row.campaign_id,
        variant=row.variant,
        reason=row.reason,
        version=row.version,
        occurred_at=row.updated_at,
    )
    said = Emit(event, key=row.customer_id, subject=row.id, sequence=row.version)
    await outbox.emit(tx, storage.EVENTS, storage.SOURCE, [said])
