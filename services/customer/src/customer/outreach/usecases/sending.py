"""Deciding what is due, and noting what became of it: the two ends of a sending that has no transaction in between."""

from datetime import datetime, timedelta
from typing import Any, Final

import orjson
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.outreach import repository
from customer.outreach.domain.messages import OPEN, Category, Channel, Job, Outcome, Reason, State, Urgency
from customer.outreach.domain.policy import Hold, Send, Suppress
from customer.outreach.domain.templates import TextFault, best_language, in_one_line, rendered, shown
from customer.outreach.usecases.planning import Barred, Known, known_of, planned, policies
from customer.outreach.usecases.reaching import Mark, point_for
from customer.outreach.usecases.saying import say
from customer.outreach.usecases.taking import spent, taken
from customer.parties import usecases as parties
from customer.parties.domain.details import AccessibilityNeed
from customer.settings import Settings
from shared import clock
from shared.subjects import circles
from shared.world import World

LEASE: Final = timedelta(seconds=60)
# After so many silences of one gateway the next channel is tried; when all have been silent it begins again.
SILENCES: Final = 5
_LONGEST_PAUSE: Final = timedelta(minutes=15)
# Seconds doubled so often are longer than that already; doubled fifty times they are no length of time at all.
_DOUBLED: Final = 10
# Why no other channel is left for what one has refused: then it failed, and was not kept back.
_NOWHERE_ELSE: Final = {
    Reason.NO_CONTACT_POINT,
    Reason.NO_VERIFIED_POINT,
    Reason.NO_TEXT,
    Reason.NO_CONSENT,
    Reason.REPLY_WINDOW_CLOSED,
}


def _settings(world: World) -> Settings:
    settings = world.settings
    assert isinstance(settings, Settings)  # noqa: S101  # this service is started with its own settings
    return settings


async def anything_due(world: World) -> bool:
    """Whether there is anything to decide now."""
    return await world.db.any(repository.waiting(clock.now()))


async def take(
    world: World, tx: AsyncConnection, channels: frozenset[Channel], barred: Barred, most: int = 50
) -> list[Job]:
    """Decide what is due: suppress, put off, or make ready and hold by a lease. `channels` are those with a gateway.

    Everything that decides (consent, bars, open complaints, caps) is read in this transaction, and each person is held by it:
    whoever withdraws before it begins is not written to after it ends.
    """
    now = clock.now()
    due = await repository.take_due(tx, now, most)
    if not due:
        return []
    around = await circles(tx, storage.LINKS, [row.customer_id for row in due])
    await repository.hold(tx, [min(circle) for circle in around.values()])
    rows = {row.id: row for row in await repository.by_ids(tx, [row.message_id for row in due])}
    known = await known_of(world, tx, list(rows.values()), around, channels, barred, now)
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


async def _decide(world: World, tx: AsyncConnection, row: Row[Any], due: Row[Any], known: Known) -> Job | None:
    category = Category(row.category)
    if row.state == State.SENDING and category is Category.CODE:
        # Its lease ran out: it may have been handed over, and a code goes at most once.
        await _end(tx, row, State.FAILED, Reason.UNKNOWN_OUTCOME)
        return None
    if due.over or (row.expires_at is not None and row.expires_at <= known.at):
        await _overdue(tx, row)
        return None
    decided = planned(row, due, known)
    if isinstance(decided, Suppress):
        if decided.reason in _NOWHERE_ELSE and due.tried:
            await _end(tx, row, State.FAILED, Reason.REFUSED)
        else:
            await _end(tx, row, State.SUPPRESSED, decided.reason)
        return None
    if isinstance(decided, Hold):
        if decided.reason is Reason.CHANNEL_BARRED and _given_up(world, row, due, known.at):
            await _end(tx, row, State.SUPPRESSED, Reason.CHANNEL_BARRED)
            return None
        await repository.put_off(tx, row.id, min(decided.until, row.expires_at or decided.until))
        if row.reason != decided.reason or row.state != State.ACCEPTED:
            values = {"state": State.ACCEPTED, "reason": decided.reason, "updated_at": known.at}
            await repository.change(tx, row.id, values)
        return None
    return await _ready(world, tx, row, due, decided, known)


async def _ready(
    world: World, tx: AsyncConnection, row: Row[Any], due: Row[Any], send: Send, known: Known
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
    wording, filled = wordings[language], {"name": reach.name, **shown(data, language, known.zone)}
    try:
        subject = in_one_line(rendered(wording["subject"], filled)) if wording["subject"] else None
        body = rendered(wording["body"], filled)
    except TextFault:
        # A comparison of what cannot be compared: the text is at fault, and the others in the batch are not.
        await _end(tx, row, State.FAILED, Reason.NO_TEXT)
        return None
    delicate = template.delicate or row.category == Category.CODE
    point = point_for(reach, send.channel, delicate=delicate)
    values = {
        "state": State.SENDING,
        "reason": None,
        "detail": _passed_over(send),
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
    known.marks.append(Mark(row.id, row.customer_id, known.at, Category(row.category), send.channel))
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


def _passed_over(send: Send) -> str | None:
    told = [f"/channels/{one} {Reason.REPLY_WINDOW_CLOSED}" for one in send.passed_over]
    return "; ".join(told) or None


async def _overdue(tx: AsyncConnection, row: Row[Any]) -> None:
    """End what has waited too long: what waited for a channel that risk barred was not allowed to go, and never failed."""
    if row.reason == Reason.CHANNEL_BARRED:
        await _end(tx, row, State.SUPPRESSED, Reason.CHANNEL_BARRED)
    else:
        await _end(tx, row, State.FAILED, Reason.EXPIRED)


def _given_up(world: World, row: Row[Any], due: Row[Any], at: datetime) -> bool:
    """Whether it has waited long enough since it could go; what was not to go before a day waited for nothing till then."""
    waited: timedelta = at - (due.since or row.created_at)
    return waited > timedelta(hours=_settings(world).message_give_up_hours)


async def _end(tx: AsyncConnection, row: Row[Any], state: State, reason: Reason) -> None:
    values = {"state": state, "reason": reason, "updated_at": clock.now()}
    ended = await repository.change(tx, row.id, values | spent(row))
    # What may have been handed over counts; what certainly was not does not.
    await repository.settle(tx, row.id, counts=reason is Reason.UNKNOWN_OUTCOME)
    await say(tx, ended)


async def record(world: World, tx: AsyncConnection, job: Job, outcome: Outcome) -> None:
    """Note what a gateway did; nothing, when the lease ran out and another worker has the message."""
    row = await repository.locked(tx, job.message_id)
    due = await repository.due_of(tx, job.message_id)
    if row is None or due is None or row.state != State.SENDING or row.version != job.version:
        return
    now = clock.now()
    if outcome is Outcome.TAKEN:
        await taken(world, tx, row, due.tried, now)
    elif outcome is Outcome.UNKNOWN and row.category == Category.CODE:
        await _end(tx, row, State.FAILED, Reason.UNKNOWN_OUTCOME)
    elif outcome is Outcome.REFUSED:
        await repository.unmark(tx, row.id)
        await repository.change(tx, row.id, {"state": State.ACCEPTED, "reason": Reason.REFUSED, "updated_at": now})
        await repository.put_off(tx, row.id, now, tried=[*due.tried, row.channel], attempts=0)
    elif _given_up(world, row, due, now):
        await _end(tx, row, State.FAILED, Reason.GATEWAY_AWAY)
    else:
        await _pause(tx, row, due, now)


async def _pause(tx: AsyncConnection, row: Row[Any], due: Row[Any], now: datetime) -> None:
    """A silent gateway loses nothing: the same message again, later; after some silences through another channel."""
    await repository.change(tx, row.id, {"state": State.ACCEPTED, "reason": Reason.GATEWAY_AWAY, "updated_at": now})
    wait = min(timedelta(seconds=2 ** min(due.attempts, _DOUBLED)), _LONGEST_PAUSE)
    silent = sorted({*due.silent, row.channel}) if due.attempts % SILENCES == 0 else due.silent
    await repository.put_off(tx, row.id, now + wait, silent=silent)


async def forget_marks(tx: AsyncConnection) -> None:
    """Drop the marks that no policy counts any more."""
    longest = max(one.longest for one in policies())
    await repository.forget_marks(tx, clock.now() - longest - timedelta(days=1))
