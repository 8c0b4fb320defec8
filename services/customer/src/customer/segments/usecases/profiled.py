"""The segments' part of a customer's profile: which the customer is in, since when, and why."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from customer.consents import usecases as consents
from customer.interactions.domain.rfm import CutPoints
from customer.interactions.schemas import Section
from customer.interactions.usecases import Asked, Part
from customer.segments import repository
from customer.segments.usecases.library import RFM, cuts_of
from customer.segments.usecases.reading import Look, show_memberships
from shared.problems import Problem
from shared.world import World


async def _segments(world: World, tx: AsyncConnection, asked: Asked) -> Section:
    """Those the leader is in now, explained; fresh as of the instant up to which memberships are told.

    Servicing sees all of them, another use those that are told for it.
    """
    (told,) = await show_memberships(world, tx, [Look(asked.customer_id, asked.caller, explain=True, as_of=None)])
    if isinstance(told, Problem):
        return Section(as_of=asked.at, items=[])
    mine = [
        one
        for one in told.items
        if one.member
        and (asked.use == consents.SERVICING or (one.grounds is not None and one.grounds.use == asked.use))
    ]
    items = [one.model_dump(mode="json") for one in mine]
    return Section(as_of=told.told_until or told.as_of, items=items)


async def fifths(conn: AsyncConnection) -> Sequence[tuple[datetime, CutPoints]]:
    """Every version of the cut points of RFM with when it was recorded: a profile is told by the one in force then."""
    return [(row.recorded_at, cuts_of(row)) for row in await repository.cuts(conn, RFM)]


# How the bank sorts its customers is for the bank's own people.
PROFILE_PART: Final = Part("segments", _segments, for_customers=False, for_any_use=True)
