"""What is handed to a person of their offers, shown of them in their profile, and forgotten with them."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from customer.interactions.schemas import Section
from customer.interactions.usecases import Asked, Part
from customer.offers import repository
from customer.offers.usecases.assessing import assessments_of
from customer.parties.usecases import subject_of
from shared import clock
from shared.world import World

# The latest of them; the whole is in the person's own bundle.
_SHOWN: Final = 20
_TOLD: Final = ("service", "version", "channel", "outcome", "unasked", "shown_at", "answered_at")


def _offer(row: Row[Any]) -> dict[str, Any]:
    return {
        "decision_id": None if row.unasked else str(row.id),
        **{name: row._mapping[name] for name in _TOLD},
    }


async def _offers(world: World, conn: AsyncConnection, asked: Asked) -> Section:  # noqa: ARG001  # a part's form
    """What was offered to everybody in the circle and what they said, latest first; no score, no reason."""
    rows = await repository.offers_of(conn, asked.members)
    items = []
    for row in reversed(rows[-_SHOWN:]):
        told = _offer(row)
        for name in ("shown_at", "answered_at"):
            told[name] = None if told[name] is None else told[name].isoformat()
        items.append(told)
    return Section(as_of=clock.now(), items=items)


PROFILE_PART: Final = Part("offers", _offers, for_customers=True, for_any_use=True)


async def gather(
    world: World, conn: AsyncConnection, customers: Sequence[UUID]
) -> AsyncIterator[tuple[str, Mapping[str, Any]]]:
    """Every decision, offer and assessment of a person under these ids: for their own export, without why not."""
    keys = await world.vault.for_read(conn, [subject_of(one) for one in customers])
    alive = [one for one in customers if keys[subject_of(one)] is not None]
    for row in await repository.decisions_of(conn, alive):
        told = {"id": row.id, "decided_at": clock.time_of(row.id), "channel": row.channel, "offered": row.offered}
        yield "offer_decision", told
    for row in await repository.offers_of(conn, alive):
        yield "offer", _offer(row)
    for one in await assessments_of(world, conn, alive):
        yield "suitability_assessment", one.model_dump(mode="json")


async def forget(tx: AsyncConnection, ids: Sequence[UUID]) -> None:
    """Leave of erased customers that something was decided; what is counted has nobody in it."""
    await repository.forget(tx, ids)
