"""What screening does by time: let restrictions end."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from risk.screening.usecases import restrictions
from shared.jobs.timers import Act
from shared.world import World


def acts(world: World) -> Mapping[str, Act]:
    """What is done when a timer of this capability is due, by name."""

    async def end_restriction(tx: AsyncConnection, payload: Mapping[str, Any]) -> None:
        await restrictions.end_restriction(world, tx, UUID(payload["restriction_id"]))

    return {restrictions.END: end_restriction}
