"""What a message's decision rests on, read for a batch together in the transaction that decides, and the plan it makes."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.consents import usecases as consents
from customer.consents.domain import Ruling
from customer.matters import usecases as matters
from customer.outreach import repository
from customer.outreach.domain.messages import Category, Channel, Reason, Urgency
from customer.outreach.domain.policy import (
    Circumstances,
    Option,
    Permission,
    Plan,
    Policy,
    Suppress,
    Window,
    in_force,
    plan,
)
from customer.outreach.schemas import PolicyFile
from customer.outreach.usecases.reaching import POINTS, Acts, Mark, acts_of, last_act, marks_of, point_for, rests_of
from customer.parties import usecases as parties
from customer.parties.usecases import Reach
from shared import audit
from shared.access import Caller
from shared.world import World

_MINUTE: Final = timedelta(minutes=1)
COURIER: Final = Caller(sub="customer-courier", actor="service", scopes=frozenset())

# The channels that restrictions of risk bar, by record; whoever keeps the restrictions hands in how to read them.
Barred = Callable[[AsyncConnection, Sequence[UUID]], Awaitable[Mapping[UUID, frozenset[str]]]]


@cache
def policies() -> tuple[Policy, ...]:
    """Every contact policy that is shipped, checked when first read."""
    folder = Path(__file__).parents[1] / "data"
    return tuple(PolicyFile.model_validate_json(path.read_bytes()).policy() for path in sorted(folder.glob("policy_*")))


@dataclass(frozen=True)
class Known:
    """All that is needed to decide a batch, read together."""

    policy: Policy
    at: datetime
    zone: ZoneInfo
    channels: frozenset[Channel]
    reach: Mapping[UUID, Reach]
    rulings: Mapping[tuple[UUID, str, Channel], Ruling]
    complaints: frozenset[UUID]
    barred: Mapping[UUID, frozenset[str]]
    circles: Mapping[UUID, Sequence[UUID]]
    wordings: Mapping[tuple[str, int], Row[Any]]
    marks: list[Mark]
    acts: Acts
    lately: dict[str, int]


async def known_of(
    world: World,
    tx: AsyncConnection,
    rows: Sequence[Row[Any]],
    around: Mapping[UUID, Sequence[UUID]],
    channels: frozenset[Channel],
    barred: Barred,
    now: datetime,
) -> Known:
    """All of it for these messages, whose customers are held; that they were read for it is recorded."""
    policy = in_force(policies(), now)
    ids = sorted({row.customer_id for row in rows})
    everyone = sorted({one for circle in around.values() for one in circle})
    rulings: dict[tuple[UUID, str, Channel], Ruling] = {}
    for purpose in sorted({row.purpose for row in rows}):
        asked = [row.customer_id for row in rows if row.purpose == purpose]
        for channel in sorted(channels):
            told = await consents.may(world, tx, asked, purpose, channel, caller=COURIER)
            rulings |= {(one, purpose, channel): ruling for one, ruling in told.items()}
    # Of everybody: hours somebody asked for under another id of theirs are theirs.
    reach = await parties.reach_of(world, tx, everyone)
    entries = [
        audit.Entry("message.prepare", parties.subject_of(one), "message", row.id, COURIER)
        for row in rows
        for one in around[row.customer_id]
        if one in reach
    ]
    await audit.seen(tx, storage.AUDIT, world.keyring, entries)
    opened = await matters.open_matters(tx, ids)
    return Known(
        policy=policy,
        at=now,
        zone=ZoneInfo(world.settings.zone),
        channels=channels,
        reach=reach,
        rulings=rulings,
        complaints=frozenset(one for one, open_ in opened.items() if open_.complaint),
        barred=await barred(tx, everyone),
        circles=around,
        wordings=await repository.wordings(tx, [(row.template, row.template_version) for row in rows]),
        marks=await marks_of(tx, everyone, now - policy.longest),
        acts=await acts_of(world, tx, policy, everyone, now),
        lately=await repository.sent_lately(tx, now - _MINUTE),
    )


def planned(row: Row[Any], due: Row[Any], known: Known) -> Plan:
    """What to do with a message now."""
    reach = known.reach.get(row.customer_id)
    if reach is None:
        return Suppress(Reason.ERASED)
    template = known.wordings[(row.template, row.template_version)]
    delicate = template.delicate or row.category == Category.CODE
    open_to = {Channel(one) for one in row.channels} if row.channels is not None else set(Channel)
    ways = (known.channels & open_to) - {Channel(one) for one in due.tried}
    options = [_option(row, due, channel, reach, template.texts, known, delicate=delicate) for channel in sorted(ways)]
    if not options:
        return Suppress(Reason.NO_CONTACT_POINT)
    circle = known.circles[row.customer_id]
    here = Circumstances(
        at=known.at,
        zone=known.zone,
        sent=[(one.at, one.category) for one in known.marks if one.customer_id in circle and one.message_id != row.id],
        complaint_open=row.customer_id in known.complaints,
        hours=Window(row.hours_start, row.hours_end) if row.hours_start is not None else None,
        busy=frozenset(
            channel
            for channel, rules in known.policy.channels.items()
            if rules.per_minute is not None and known.lately.get(channel, 0) >= rules.per_minute
        ),
    )
    return plan(Category(row.category), Urgency(row.urgency), options, known.policy, here, delicate=delicate)


def _option(
    row: Row[Any],
    due: Row[Any],
    channel: Channel,
    reach: Reach,
    texts: Mapping[str, Any],
    known: Known,
    *,
    delicate: bool,
) -> Option:
    point = point_for(reach, channel, delicate=delicate)
    at_device = POINTS[channel] is None
    circle = known.circles[row.customer_id]
    # Set on any record of the person it bars them all: a second record would else be a way around it.
    barred = frozenset().union(*(known.barred.get(one, frozenset()) for one in circle))
    return Option(
        channel=channel,
        permission=permission_of(known.rulings[(row.customer_id, row.purpose, channel)]),
        reachable=at_device or point is not None,
        rank=known.policy.rank(channel, preferred=point is not None and point.preferred, needs=reach.needs),
        quiet=rests_of(known.policy, channel, [known.reach[one] for one in circle if one in known.reach], point),
        written=channel is not Channel.EMAIL or _has_subject(texts, channel),
        # Whoever has the bank's app on a device has signed in there.
        verified=at_device or (point is not None and point.verified),
        barred=known.policy.bars(channel, barred),
        # Silence refuses nothing: when all that are left were silent it begins again.
        silent=channel in due.silent,
        last_act=last_act(channel, circle, known.acts, (one for one in known.marks if one.message_id != row.id)),
    )


def _has_subject(texts: Mapping[str, Any], channel: Channel) -> bool:
    own = texts["channels"].get(channel) or texts["texts"]
    return all(one["subject"] for one in own.values())


def permission_of(ruling: Ruling) -> Permission | None:
    """What a use that is allowed rests on, its receipt or else its legal basis; None where it is denied."""
    if not ruling.allows:
        return None
    purpose = ruling.purpose
    basis = None if purpose is None else (purpose.gdpr_basis or purpose.pipl_basis)
    return Permission(ruling.receipt_id, None if ruling.receipt_id else str(basis))
