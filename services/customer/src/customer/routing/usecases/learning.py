"""What was heard from risk, kept for those who were not erased, and told on their cards; and what erasure removes."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from customer.parties.usecases import subject_of
from customer.routing import repository
from customer.routing.usecases.settling import settle
from shared.world import World


async def learn_from_risk(
    world: World,
    tx: AsyncConnection,
    restrictions: Sequence[Mapping[str, Any]],
    levels: Sequence[Mapping[str, Any]],
) -> None:
    """Keep the newest word of each restriction and level, and tell the cards of whom they are about."""
    told = [*restrictions, *levels]
    # risk's topic is not ordered with our erasures: the lock on the key row orders the two.
    keys = await world.vault.for_write(tx, [subject_of(row["customer_id"]) for row in told])
    alive = {subject.id for subject, key in keys.items() if key is not None}
    kept = _newest([row for row in restrictions if row["customer_id"] in alive], "restriction_id")
    if kept:
        await repository.learn_restrictions(tx, kept)
    marks = _newest([row for row in levels if row["customer_id"] in alive], "customer_id")
    if marks:
        await repository.learn_levels(tx, marks)
    await settle(world, tx, alive)


def _newest(rows: Sequence[Mapping[str, Any]], place: str) -> list[Mapping[str, Any]]:
    """Of each thing the word with the highest version: one statement cannot write a row twice."""
    return list({row[place]: row for row in sorted(rows, key=lambda row: int(row["version"]))}.values())


async def forget_notes(tx: AsyncConnection, ids: Sequence[UUID]) -> None:
    """What goes even where a duty keeps the customer: the bank's own notes."""
    await repository.forget_notes(tx, ids)


async def forget(tx: AsyncConnection, ids: Sequence[UUID]) -> None:
    """What erasure removes here: the cards, and what was heard of restrictions and levels."""
    await repository.forget(tx, ids)
