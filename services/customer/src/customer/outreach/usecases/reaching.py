"""When a person wants to be left alone, and when they last wrote to us: of everybody who counts as them, for every door."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from customer.interactions import usecases as interactions
from customer.outreach import repository
from customer.outreach.domain.messages import Category, Channel
from customer.outreach.domain.policy import LastAct, Policy, Rest, Window
from customer.parties.usecases import Point, Reach
from shared.world import World

# What kind of contact point a channel goes to.
POINTS: Final[Mapping[Channel, str | None]] = {
    Channel.EMAIL: "email",
    Channel.SMS: "phone",
    Channel.WECHAT: "wechat",
    # A device is the gateway's to know: it is asked by the customer's id.
    Channel.PUSH: None,
}
Acts = Mapping[tuple[UUID, Channel], datetime]


class Mark(NamedTuple):
    """A message that counts: which, to whom, when, of what kind, through what."""

    message_id: UUID
    customer_id: UUID
    at: datetime
    category: Category
    channel: Channel


def point_for(reach: Reach, channel: Channel, *, delicate: bool) -> Point | None:
    """Where a channel reaches somebody: their first point of its kind, for what is delicate the first one proven theirs."""
    of_kind = reach.points.get(POINTS[channel] or "", ())
    return next((one for one in of_kind if one.verified or not delicate), None) or next(iter(of_kind), None)


def rests_of(policy: Policy, channel: Channel, reaches: Iterable[Reach], point: Point | None) -> tuple[Rest, ...]:
    """The hours a person asked for that hold on a channel.

    What interrupts sounds the same device, whatever it is called: there the hours hold that they asked for at any point of
    any such channel, in any record of theirs. Elsewhere those of the point that is used.
    """
    if channel not in policy.interrupting:
        return _rests([point] if point is not None else [])
    kinds = {POINTS[one] for one in policy.interrupting}
    return _rests(one for reach in reaches for kind, points in reach.points.items() if kind in kinds for one in points)


def _rests(points: Iterable[Point]) -> tuple[Rest, ...]:
    asked = (point.quiet for point in points if point.quiet is not None)
    return tuple(dict.fromkeys(Rest(Window(one.start, one.end), one.zone) for one in asked))


async def acts_of(world: World, conn: AsyncConnection, policy: Policy, ids: Sequence[UUID], at: datetime) -> Acts:
    """When each of these very ids last did what opens a channel's reply window, where that may still be open."""
    found: dict[tuple[UUID, Channel], datetime] = {}
    for channel, rules in policy.channels.items():
        if (window := rules.reply) is not None:
            # One that happens at this very instant has happened.
            span = (at - window.within, at + timedelta(microseconds=1))
            told = await interactions.last_own_acts(world, conn, ids, window.opened_by, channel, *span)
            found |= {(one, channel): acted for one, acted in told.items()}
    return found


def last_act(channel: Channel, circle: Sequence[UUID], acts: Acts, marks: Iterable[Mark]) -> LastAct | None:
    """The last act of a person that opens a channel, under any id of theirs, and what has gone through it since."""
    times = [acts[one, channel] for one in circle if (one, channel) in acts]
    if not times:
        return None
    since = max(times)
    return LastAct(
        since, sum(one.channel is channel and one.customer_id in circle and one.at >= since for one in marks)
    )


async def marks_of(conn: AsyncConnection, ids: Sequence[UUID], since: datetime) -> list[Mark]:
    """What counts for the caps and the reply windows of these people."""
    rows = await repository.marks_of(conn, ids, since)
    return [Mark(one.message_id, one.customer_id, one.at, Category(one.category), Channel(one.channel)) for one in rows]
