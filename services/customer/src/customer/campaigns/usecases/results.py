"""Counting a campaign: a function of who was drawn, of their messages and of what they did, made anew for each reading."""

from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.campaigns import repository
from customer.campaigns.domain.counting import Count, Standing, counted_ids
from customer.campaigns.domain.standing import State
from customer.campaigns.problems import CampaignUnknown
from customer.campaigns.schemas import Group, Results
from customer.campaigns.usecases.standings import Firsts, as_done, counts_until, standings
from customer.outreach.domain.campaigns import HOLDOUT, lift, wilson
from shared import clock
from shared.subjects import resolve
from shared.world import World

PAGE: Final = 2_000


async def results(world: World, conn: AsyncConnection, campaign_id: UUID) -> Results:
    """How a campaign went up to now, or CampaignUnknown."""
    rows = await repository.by_ids(conn, [campaign_id])
    if not rows:
        raise CampaignUnknown()
    row = rows[0]
    counts = {name: Count() for name in (*(one["name"] for one in row.variants), HOLDOUT)}
    if row.launched_at is not None:
        await _count(conn, row, counts, as_done(world))
    held = counts.pop(HOLDOUT)
    addressed = Count()
    for one in counts.values():
        addressed = addressed.plus(one)
    return Results(
        campaign_id=row.id,
        state=State(row.state),
        as_of=clock.now(),
        counts_from=row.launched_at,
        counts_until=counts_until(row) if row.launched_at is not None else None,
        enrolled=row.enrolled,
        variants=[_group(name, one, held) for name, one in counts.items()],
        addressed=_group("addressed", addressed, held),
        holdout=_group(HOLDOUT, held, None),
    )


async def _count(conn: AsyncConnection, row: Row[Any], counts: dict[str, Count], firsts: Firsts) -> None:
    last: UUID | None = None
    while True:
        people = await repository.page(conn, row.id, last, PAGE)
        told, _, around = await standings(conn, row, people, firsts)
        # Whoever is linked now may stand on another page as well.
        linked = sorted({other for circle in around.values() if len(circle) > 1 for other in circle})
        drawn = [one.customer_id for one in await repository.among(conn, row.id, linked)] if linked else []
        counted = counted_ids((await resolve(conn, storage.LINKS, drawn)).items())
        for one, standing in told.items():
            if len(around[one]) == 1 or one in counted:
                counts[standing.arm].add(standing)
        if len(people) < PAGE:
            break
        last = people[-1].customer_id
    for gone in await repository.tallies(conn, row.id):
        counts[gone.arm].add(
            Standing(gone.arm, gone.state, gone.reason or None, gone.converted), gone._mapping["count"]
        )


def _group(name: str, one: Count, held: Count | None) -> Group:
    low, high = wilson(one.converted, one.assigned) if one.assigned else (None, None)
    gain = lift(one.converted, one.assigned, held.converted, held.assigned) if held is not None else None
    return Group(
        name=name,
        assigned=one.assigned,
        waiting=one.waiting,
        sent=one.sent,
        delivered=one.delivered,
        read=one.read,
        failed=one.failed,
        suppressed=dict(sorted(one.suppressed.items())),
        converted=one.converted,
        rate=one.converted / one.assigned if one.assigned else None,
        rate_low=low,
        rate_high=high,
        lift=gain.difference if gain is not None else None,
        lift_low=gain.low if gain is not None else None,
        lift_high=gain.high if gain is not None else None,
    )
