"""Deciding what is due, and noting what became of it: the two ends of a sending that has no transaction in between."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.consents import usecases as consents
from customer.consents.domain import Ruling
from customer.matters import usecases as matters
from customer.outreach import repository
from customer.outreach.domain.messages import OPEN, Category, Channel, Job, Outcome, Reason, State, Urgency
from customer.outreach.domain.policy import (
    Circumstances,
    Hold,
    Option,
    Permission,
    Plan,
    Policy,
    Send,
    Suppress,
    Window,
    in_force,
    plan,
)
from customer.outreach.domain.templates import TextFault, best_language, rendered
from customer.outreach.schemas import PolicyFile
from customer.outreach.usecases.saying import say
from customer.parties import usecases as parties
from customer.parties.domain.details import AccessibilityNeed
from customer.parties.usecases import Point, Reach
from customer.settings import Settings
from shared import audit, clock
from shared.access import Caller
from shared.subjects import circles
from shared.world import World

LEASE: Final = timedelta(seconds=60)
# After so many silences of one gateway the next channel is tried; when all have been silent it begins again.
SILENCES: Final = 5
_MINUTE: Final = timedelta(minutes=1)
_LONGEST_PAUSE: Final = timedelta(minutes=15)
_NEEDS: Final[Mapping[Channel, str | None]] = {
    Channel.EMAIL: "email",
    Channel.SMS: "phone",
    Channel.WECHAT: "wechat",
    # A device is the gateway's to know: it is asked by the customer's id.
    Channel.PUSH: None,
}
COURIER: Final = Caller(sub="customer-courier", actor="service", scopes=frozenset())


def _settings(world: World) -> Settings:
    settings = world.settings
    assert isinstance(settings, Settings)  # noqa: S101  # this service is started with its own settings
    return settings


@cache
def policies() -> tuple[Policy, ...]:
    """Every contact policy that is shipped, checked when first read."""
    folder = Path(__file__).parents[1] / "data"
    return tuple(PolicyFile.model_validate_json(path.read_bytes()).policy() for path in sorted(folder.glob("policy_*")))


@dataclass(frozen=True)
class _Known:
    """All that is needed to decide a batch, read together."""

    policy: Policy
    at: datetime
    zone: ZoneInfo
    channels: frozenset[Channel]
    reach: Mapping[UUID, Reach]
    rulings: Mapping[tuple[UUID, str, Channel], Ruling]
    complaints: frozenset[UUID]
    circles: Mapping[UUID, Sequence[UUID]]
    wordings: Mapping[tuple[str, int], Row[Any]]
    marks: list[tuple[UUID, UUID, datetime, Category]]
    lately: dict[str, int]


async def anything_due(world: World) -> bool:
    """Whether there is anything to decide now."""
    return await world.db.any(repository.waiting(clock.now()))


async def take(world: World, tx: AsyncConnection, channels: frozenset[Channel], most: int = 50) -> list[Job]:
    """Decide what is due: suppress, put off, or make ready and hold by a lease. `channels` are those with a gateway.

    Everything that decides (consent, open complaints, caps) is read in this transaction, and each person is held by it:
    whoever withdraws before it begins is not written to after it ends.
    """
    now = clock.now()
    due = await repository.take_due(tx, now, most)
    if not due:
        return []
    around = await circles(tx, storage.LINKS, [row.customer_id for row in due])
    await repository.hold(tx, [min(circle) for circle in around.values()])
    rows = {row.id: row for row in await repository.by_ids(tx, [row.message_id for row in due])}
    known = await _known(world, tx, list(rows.values()), around, channels, now)
    jobs: list[Job] = []
    for one in due:
        row = rows.get(one.message_id)
        if row is None or row.state not in OPEN:
            await repository.settle(tx, one.message_id, counts=True)
            continue
        job = await _decide(world, tx, row, one, known)
        if job is not None:
            jobs.append(job)
    return jobs


async def _known(
    world: World,
    tx: AsyncConnection,
    rows: Sequence[Row[Any]],
    around: Mapping[UUID, Sequence[UUID]],
    channels: frozenset[Channel],
    now: datetime,
) -> _Known:
    policy = in_force(policies(), now)
    ids = sorted({row.customer_id for row in rows})
    everyone = sorted({one for circle in around.values() for one in circle})
    rulings: dict[tuple[UUID, str, Channel], Ruling] = {}
    for purpose in sorted({row.purpose for row in rows}):
        asked = [row.customer_id for row in rows if row.purpose == purpose]
        for channel in sorted(channels):
            told = await consents.may(world, tx, asked, purpose, channel, caller=COURIER)
            rulings |= {(one, purpose, channel): ruling for one, ruling in told.items()}
    reach = await parties.reach_of(world, tx, ids)
    entries = [
        audit.Entry("message.prepare", parties.subject_of(row.customer_id), "message", row.id, COURIER)
        for row in rows
        if row.customer_id in reach
    ]
    await audit.seen(tx, storage.AUDIT, world.keyring, entries)
    opened = await matters.open_matters(tx, ids)
    marks = await repository.marks_of(tx, everyone, now - policy.longest)
    return _Known(
        policy=policy,
        at=now,
        zone=ZoneInfo(world.settings.zone),
        channels=channels,
        reach=reach,
        rulings=rulings,
        complaints=frozenset(one for one, open_ in opened.items() if open_.complaint),
        circles=around,
        wordings=await repository.wordings(tx, [(row.template, row.template_version) for row in rows]),
        marks=[(one.message_id, one.customer_id, one.at, Category(one.category)) for one in marks],
        lately=await repository.sent_lately(tx, now - _MINUTE),
    )


async def _decide(world: World, tx: AsyncConnection, row: Row[Any], due: Row[Any], known: _Known) -> Job | None:
    category = Category(row.category)
    if row.state == State.SENDING and category is Category.CODE:
        # Its lease ran out: it may have been handed over, and a code goes at most once.
        await _end(tx, row, State.FAILED, Reason.UNKNOWN_OUTCOME)
        return None
    if due.over or (row.expires_at is not None and row.expires_at <= known.at):
        await _end(tx, row, State.FAILED, Reason.EXPIRED)
        return None
    decided = _planned(row, due, known)
    if isinstance(decided, Suppress):
        if decided.reason in {Reason.NO_CONTACT_POINT, Reason.NO_TEXT} and due.tried:
            await _end(tx, row, State.FAILED, Reason.REFUSED)
        else:
            await _end(tx, row, State.SUPPRESSED, decided.reason)
        return None
    if isinstance(decided, Hold):
        await repository.put_off(tx, row.id, decided.until)
        if row.reason != decided.reason or row.state != State.ACCEPTED:
            values = {"state": State.ACCEPTED, "reason": decided.reason, "updated_at": known.at}
            await repository.change(tx, row.id, values)
        return None
    return await _ready(world, tx, row, due, decided, known)


def _planned(row: Row[Any], due: Row[Any], known: _Known) -> Plan:
    reach = known.reach.get(row.customer_id)
    if reach is None:
        return Suppress(Reason.ERASED)
    template = known.wordings[(row.template, row.template_version)]
    delicate = template.delicate or row.category == Category.CODE
    open_to = {Channel(one) for one in row.channels} if row.channels is not None else set(Channel)
    ways = (known.channels & open_to) - {Channel(one) for one in due.tried}
    # When all that are left were silent it begins again: silence refuses nothing.
    ways = (ways - {Channel(one) for one in due.silent}) or ways
    options = [_option(row, channel, reach, template.texts, known, delicate=delicate) for channel in sorted(ways)]
    if not options:
        return Suppress(Reason.NO_CONTACT_POINT)
    circle = known.circles[row.customer_id]
    here = Circumstances(
        at=known.at,
        zone=known.zone,
        sent=[(at, category) for message, one, at, category in known.marks if one in circle and message != row.id],
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
    row: Row[Any], channel: Channel, reach: Reach, texts: Mapping[str, Any], known: _Known, *, delicate: bool
) -> Option:
    point = _point_for(reach, channel, delicate=delicate)
    at_device = _NEEDS[channel] is None
    quiet = point.quiet if point is not None else None
    return Option(
        channel=channel,
        permission=_permission(known.rulings[(row.customer_id, row.purpose, channel)]),
        reachable=at_device or point is not None,
        rank=known.policy.rank(channel, preferred=point is not None and point.preferred, needs=reach.needs),
        quiet=Window(quiet.start, quiet.end) if quiet is not None else None,
        zone=quiet.zone if quiet is not None else None,
        written=channel is not Channel.EMAIL or _has_subject(texts, channel),
        # Whoever has the bank's app on a device has signed in there.
        verified=at_device or (point is not None and point.verified),
    )


def _point_for(reach: Reach, channel: Channel, *, delicate: bool) -> Point | None:
    """Where a channel reaches somebody: their first point of its kind, for what is delicate the first one proven theirs."""
    of_kind = reach.points.get(_NEEDS[channel] or "", ())
    return next((one for one in of_kind if one.verified or not delicate), None) or next(iter(of_kind), None)


def _has_subject(texts: Mapping[str, Any], channel: Channel) -> bool:
    own = texts["channels"].get(channel) or texts["texts"]
    return all(one["subject"] for one in own.values())


def _permission(ruling: Ruling) -> Permission | None:
    if not ruling.allows:
        return None
    purpose = ruling.purpose
    basis = None if purpose is None else (purpose.gdpr_basis or purpose.pipl_basis)
    return Permission(ruling.receipt_id, None if ruling.receipt_id else str(basis))


async def _ready(
    world: World, tx: AsyncConnection, row: Row[Any], due: Row[Any], send: Send, known: _Known
) -> Job | None:
    keys = await world.vault.for_write(tx, [parties.subject_of(row.customer_id)])
    key = keys[parties.subject_of(row.customer_id)]
    if key is None:
        await _end(tx, row, State.SUPPRESSED, Reason.ERASED)
        return None
    data = orjson.loads(key.open_bytes(row.data, row=row.id, field="data"))
    template = known.wordings[(row.template, row.template_version)]
    reach = known.reach[row.customer_id]
    wordings = template.texts["texts"] | template.texts["channels"].get(send.channel, {})
    wanted = [row.language] if row.language else reach.languages
    default = _settings(world).default_language
    language = best_language(wanted, wordings, default) or default
    wording, filled = wordings[language], {"name": reach.name, **data}
    try:
        subject = rendered(wording["subject"], filled) if wording["subject"] else None
        body = rendered(wording["body"], filled)
    except TextFault:
        # A comparison of what cannot be compared: the text is at fault, and the others in the batch are not.
        await _end(tx, row, State.FAILED, Reason.NO_TEXT)
        return None
    delicate = template.delicate or row.category == Category.CODE
    point = _point_for(reach, send.channel, delicate=delicate)
    values = {
        "state": State.SENDING,
        "reason": None,
        "channel": send.channel,
        "receipt_id": send.permission.receipt_id,
        "basis": send.permission.basis,
        "policy": known.policy.version,
        "updated_at": known.at,
    }
    held = await repository.change(tx, row.id, values)
    await repository.put_off(tx, row.id, known.at + LEASE, attempts=due.attempts + 1)
    mark = {"message_id": row.id, "customer_id": row.customer_id, "category": row.category}
    await repository.mark(tx, mark | {"channel": send.channel, "at": known.at})
    known.marks.append((row.id, row.customer_id, known.at, Category(row.category)))
    known.lately[send.channel] = known.lately.get(send.channel, 0) + 1
    return Job(
        message_id=row.id,
        customer_id=row.customer_id,
        channel=send.channel,
        to=str(row.customer_id) if point is None else point.value,
        language=language,
        subject=subject,
        body=body,
        expires_at=row.expires_at,
        version=held.version,
        urgent=row.urgency == Urgency.URGENT,
        large=AccessibilityNeed.LARGE_PRINT in reach.needs,
    )


async def _end(tx: AsyncConnection, row: Row[Any], state: State, reason: Reason) -> None:
    values = {"state": state, "reason": reason, "updated_at": clock.now()}
    ended = await repository.change(tx, row.id, values | _spent(row))
    # What may have been handed over counts; what certainly was not does not.
    await repository.settle(tx, row.id, counts=reason is Reason.UNKNOWN_OUTCOME)
    await say(tx, ended)


def _spent(row: Row[Any]) -> dict[str, Any]:
    """What is not kept of a message that is done: a code that somebody could still use."""
    return {"data": b""} if row.category == Category.CODE else {}


async def record(world: World, tx: AsyncConnection, job: Job, outcome: Outcome) -> None:
    """Note what a gateway did; nothing, when the lease ran out and another worker has the message."""
    row = await repository.locked(tx, job.message_id)
    due = await repository.due_of(tx, job.message_id)
    if row is None or due is None or row.state != State.SENDING or row.version != job.version:
        return
    now = clock.now()
    if outcome is Outcome.TAKEN:
        values = {"state": State.SENT, "sent_at": now, "updated_at": now}
        sent = await repository.change(tx, row.id, values | _spent(row))
        await repository.settle(tx, row.id, counts=True)
        await say(tx, sent)
        entry = audit.Entry(
            "message.send",
            parties.subject_of(row.customer_id),
            "message",
            row.id,
            COURIER,
            {"channel": row.channel, "receipt": str(row.receipt_id) if row.receipt_id else None, "basis": row.basis},
        )
        await audit.record(tx, storage.AUDIT, world.keyring, [entry])
    elif outcome is Outcome.UNKNOWN and row.category == Category.CODE:
        await _end(tx, row, State.FAILED, Reason.UNKNOWN_OUTCOME)
    elif outcome is Outcome.REFUSED:
        await repository.unmark(tx, row.id)
        await repository.change(tx, row.id, {"state": State.ACCEPTED, "reason": Reason.REFUSED, "updated_at": now})
        await repository.put_off(tx, row.id, now, tried=[*due.tried, row.channel], attempts=0)
    elif now - row.created_at > timedelta(hours=_settings(world).message_give_up_hours):
        await _end(tx, row, State.FAILED, Reason.GATEWAY_AWAY)
    else:
        await _pause(tx, row, due, now)


async def _pause(tx: AsyncConnection, row: Row[Any], due: Row[Any], now: datetime) -> None:
    """A silent gateway loses nothing: the same message again, later; after some silences through another channel."""
    await repository.change(tx, row.id, {"state": State.ACCEPTED, "reason": Reason.GATEWAY_AWAY, "updated_at": now})
    wait = min(timedelta(seconds=2**due.attempts), _LONGEST_PAUSE)
    silent = sorted({*due.silent, row.channel}) if due.attempts % SILENCES == 0 else due.silent
    await repository.put_off(tx, row.id, now + wait, silent=silent)


async def forget_marks(tx: AsyncConnection) -> None:
    """Drop the marks that no policy counts any more."""
    longest = max(one.longest for one in policies())
    await repository.forget_marks(tx, clock.now() - longest - timedelta(days=1))
