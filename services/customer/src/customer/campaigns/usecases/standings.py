"""Where the people of a campaign stand now: what became of their message, and whether they did what it was for."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.campaigns.domain.counting import HELD_OUT, WAITING, Standing
from customer.interactions import usecases as interactions
from customer.outreach import usecases as outreach
from customer.outreach.domain.campaigns import HOLDOUT
from customer.outreach.domain.messages import State
from customer.outreach.usecases import Fate
from shared.subjects import circles
from shared.world import World


def counts_until(row: Row[Any]) -> datetime:
    """The first instant at which what somebody does counts no more for a launched campaign."""
    until: datetime = row.launched_at + timedelta(days=row.conversion_days)
    return until


# How to find out when each of some ids first did what a launched campaign is for, if they did.
Firsts = Callable[[AsyncConnection, Row[Any], Sequence[UUID]], Awaitable[Mapping[UUID, datetime]]]


def as_done(world: World) -> Firsts:
    """By what they did themselves, opened one after another until it is found."""

    async def firsts(conn: AsyncConnection, row: Row[Any], ids: Sequence[UUID]) -> Mapping[UUID, datetime]:
        what = (row.conversion_kind, row.conversion_channel, row.conversion_product)
        return await interactions.first_own_acts(world, conn, ids, *what, row.launched_at, counts_until(row))

    return firsts


async def in_the_clear(conn: AsyncConnection, row: Row[Any], ids: Sequence[UUID]) -> Mapping[UUID, datetime]:
    """By kind and channel alone, where the keys are gone; who opened what cannot be told then, and nobody is said to."""
    if row.conversion_product is not None:
        return {}
    what = (row.conversion_kind, row.conversion_channel)
    return await interactions.first_of_kind(conn, ids, *what, row.launched_at, counts_until(row))


async def standings(
    conn: AsyncConnection, row: Row[Any], people: Sequence[Row[Any]], firsts: Firsts
) -> tuple[dict[UUID, Standing], dict[UUID, datetime], Mapping[UUID, Sequence[UUID]]]:
    """Of each of these people where they stand, when they converted if they did, and who counts as the same person."""
    ids = [one.customer_id for one in people]
    around = await circles(conn, storage.LINKS, ids)
    everybody = sorted({other for circle in around.values() for other in circle})
    first = await firsts(conn, row, everybody)
    fates = await outreach.fates(conn, [one.message_id for one in people if one.message_id is not None])
    told: dict[UUID, Standing] = {}
    converted: dict[UUID, datetime] = {}
    for one in people:
        times = [first[other] for other in around[one.customer_id] if other in first]
        times += [one.converted_at] if one.converted_at is not None else []
        if times:
            converted[one.customer_id] = min(times)
        state, reason = _stands(one, fates)
        told[one.customer_id] = Standing(one.arm, state, reason, converted=bool(times))
    return told, converted, around


def _stands(person: Row[Any], fates: Mapping[UUID, Fate]) -> tuple[str, str | None]:
    if person.arm == HOLDOUT:
        return HELD_OUT, None
    if person.written_at is None:
        return WAITING, None
    if person.message_id is None:
        return State.SUPPRESSED, person.refused
    fate = fates.get(person.message_id)
    return (fate.state, fate.reason) if fate is not None else (State.FAILED, None)
