"""A message is in a gateway's hands: noted by whoever learns of it first, the courier or the gateway's own receipt."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.outreach import repository
from customer.outreach.domain.messages import Category, State
from customer.outreach.usecases.planning import COURIER
from customer.outreach.usecases.saying import say
from customer.parties import usecases as parties
from shared import audit
from shared.world import World


async def taken(world: World, tx: AsyncConnection, row: Row[Any], tried: Sequence[str], now: datetime) -> Row[Any]:
    """Note that it was sent, through what it was `tried` before, say so, and record on what it rested; the row then."""
    values = {"state": State.SENT, "sent_at": now, "updated_at": now, "tried": list(tried)}
    sent = await repository.change(tx, row.id, values | spent(row))
    await repository.settle(tx, row.id, counts=True)
    await say(tx, sent)
    entry = audit.Entry(
        "message.send",
        parties.subject_of(row.customer_id),
        "message",
        row.id,
        COURIER,
        {"channel": row.channel, "receipt": str(row.receipt_id) if row.receipt_id else None, "basis": row.basis},
    )
    await audit.record(tx, storage.AUDIT, world.keyring, [entry])
    return sent


def spent(row: Row[Any]) -> dict[str, Any]:
    """What is not kept of a message that is done: a code that somebody could still use."""
    return {"data": b""} if row.category == Category.CODE else {}
