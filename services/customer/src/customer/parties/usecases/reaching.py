"""How a party is reached: its name, its contact points by kind, for the capability that writes to customers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from customer.parties.usecases.sealing import views
from shared.world import World


@dataclass(frozen=True, slots=True)
class Reach:
    """What is needed to write to a party; `points` has the value of the first contact point of each kind."""

    name: str
    points: Mapping[str, str]
    languages: tuple[str, ...] = ()


async def reach_of(world: World, conn: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, Reach]:
    """How each party is reached; erased and unknown ones are not in the answer. Whoever asks records why."""
    told: dict[UUID, Reach] = {}
    for one, view in (await views(world, conn, sorted(set(ids)))).items():
        points: dict[str, str] = {}
        for point in view.contact_points:
            points.setdefault(point.kind, point.value)
        told[one] = Reach(view.legal_name, points)
    return told
