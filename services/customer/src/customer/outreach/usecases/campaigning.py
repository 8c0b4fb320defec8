"""What a campaign may do with the messages it asked for: know what became of them, let them lie, let them expire."""

from collections.abc import Sequence
from dataclasses import dataclass
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
    await repository.stop(tx, campaign_id, over=False)


async def take_up(tx: AsyncConnection, campaign_id: UUID) -> None:
    """Go on with a campaign's messages that were let lie."""
    await repository.go_on(tx, campaign_id)


async def let_expire(tx: AsyncConnection, campaign_id: UUID) -> None:
    """A campaign is over: what of it still waits fails as expired when its turn comes, and is not sent."""
    await repository.stop(tx, campaign_id, over=True)
