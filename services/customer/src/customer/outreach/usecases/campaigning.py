"""What a campaign may do with the messages it asked for: know what became of them, let them lie, let them expire."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from customer.outreach import repository
from customer.outreach.domain.messages import State


@dataclass(frozen=True, slots=True)
class Fate:
    """How far a message has come, and why it ended or waits."""

    state: State
    reason: str | None


async def fates(conn: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, Fate]:
    """What became of these messages."""
    return {row.id: Fate(State(row.state), row.reason) for row in await repository.by_ids(conn, ids)}


async def let_lie(tx: AsyncConnection, campaign_id: UUID) -> None:
    """Send none of a campaign's messages that wait, until `take_up`. What a gateway has already goes its way."""
    await repository.pause(tx, campaign_id, paused=True)


async def take_up(tx: AsyncConnection, campaign_id: UUID) -> None:
    """Go on with a campaign's messages that were let lie."""
    await repository.pause(tx, campaign_id, paused=False)


async def let_expire(tx: AsyncConnection, campaign_id: UUID, at: datetime) -> None:
    """A campaign is over: what of it still waits is not sent any more, and fails as expired."""
    await repository.expire(tx, campaign_id, at)
