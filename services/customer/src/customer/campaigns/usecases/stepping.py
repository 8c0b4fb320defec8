"""One step of one campaign that is due, in one transaction: begin, draw a page of its people, write to a few, or end.

Whoever dies in the middle of a step has done none of it: the draw and the gate of each message are the same the next time.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.campaigns import repository
from customer.campaigns.domain.counting import counted_ids
from customer.campaigns.domain.standing import State
from customer.outreach import usecases as outreach
from customer.outreach.domain.campaigns import Variant, assigned
from customer.outreach.domain.policy import Window
from customer.outreach.schemas import CampaignMessage, Hours, SubmitMessage
from customer.parties import usecases as parties
from customer.segments import usecases as segments
from shared import audit, clock
from shared.access import Caller
from shared.db import is_outage
from shared.idempotency import Wish, wish_for
from shared.problems import Problem
from shared.subjects import circles, resolve
from shared.telemetry import log
from shared.world import World

DRAWN_AT_ONCE: Final = 2_000
WRITTEN_AT_ONCE: Final = 200
MINUTE: Final = timedelta(minutes=1)
SOON: Final = timedelta(seconds=1)
USE_DENIED: Final = "use-denied"
CAMPAIGNER: Final = Caller(sub="customer-campaigns", actor="service", scopes=frozenset())


async def step(world: World) -> bool:
    """Do what the campaign that has waited longest needs next; whether there was one.

    One whose step fails for a reason of its own is left alone for a minute, so that it does not hold up the others.
    """
    if not await world.db.any(repository.due(clock.now())):
        return False
    at_work: list[UUID] = []
    try:
        return await _step(world, at_work)
    except Exception as error:
        if is_outage(error) or not at_work:
            raise
        log.error("campaign_step_failed", campaign=str(at_work[0]), kind=type(error).__name__)
        async with world.db.begin() as tx:
            await repository.change(tx, at_work[0], {"next_at": clock.now() + MINUTE})
        return True


async def _step(world: World, at_work: list[UUID]) -> bool:
    async with world.db.begin() as tx:
        now = clock.now()
        row = await repository.take_due(tx, now)
        if row is None:
            return False
        at_work.append(row.id)
        if now >= row.ends_at:
            await outreach.let_expire(tx, row.id)
            values = await _stands(world, tx, row, State.FINISHED, now) | {"next_at": None}
        elif row.state == State.SCHEDULED:
            # By its own time, not by when somebody came to look: a worker that was away changes nothing about its audience.
            values = await _stands(world, tx, row, State.RUNNING, now) | {"launched_at": row.starts_at, "next_at": now}
        elif row.state == State.PAUSED:
            values = {"next_at": row.ends_at}
        elif not row.enrolled:
            values = await _draw(world, tx, row, now)
        else:
            values = {"next_at": await _write(world, tx, row, now)}
        await repository.change(tx, row.id, values)
    return True


async def _stands(world: World, tx: AsyncConnection, row: Row[Any], state: State, now: datetime) -> dict[str, Any]:
    detail = {"version": row.version + 1, "state": state}
    entry = audit.Entry("campaign.change", None, "campaign", row.id, CAMPAIGNER, detail)
    await audit.record(tx, storage.AUDIT, world.keyring, [entry])
    return {"state": state, "version": row.version + 1, "updated_at": now, "updated_by": CAMPAIGNER.sub}


async def _draw(world: World, tx: AsyncConnection, row: Row[Any], now: datetime) -> dict[str, Any]:
    """A page of the members at the launch, each drawn into their group as whom they count."""
    known_at = row.known_at or await segments.known_past(tx, row.launched_at)
    if known_at is None:
        return {"next_at": now + SOON}
    members = await segments.members_at(tx, row.segment_id, row.launched_at, known_at, row.position, DRAWN_AT_ONCE)
    people = sorted(set((await resolve(tx, storage.LINKS, members)).values()))
    gone = await parties.absences(world, tx, people)
    variants = [Variant(one["name"], one["weight"]) for one in row.variants]
    drawn = [
        {
            "campaign_id": row.id,
            "customer_id": one,
            "arm": assigned(row.id, one, row.holdout_percent, variants),
        }
        for one in people
        if one not in gone
    ]
    await repository.enrol(tx, drawn)
    done = {"known_at": known_at, "enrolled": len(members) < DRAWN_AT_ONCE, "next_at": now}
    return done | ({"position": members[-1]} if members else {})


async def _write(world: World, tx: AsyncConnection, row: Row[Any], now: datetime) -> datetime:
    """Write to a few whose turn it is; when there is more to do."""
    ends_at: datetime = row.ends_at
    if row.hours_start is not None:
        # The hours of the day that are not the campaign's.
        shut = Window(row.hours_end, row.hours_start).around(now, ZoneInfo(world.settings.zone))
        if shut is not None:
            return min(shut[1], ends_at)
    pace = row.per_minute - await repository.written_since(tx, row.id, now - MINUTE)
    if pace <= 0:
        return now + SOON
    waiting = await repository.waiting(tx, row.id, min(pace, WRITTEN_AT_ONCE))
    if not waiting:
        return ends_at
    ids = [one.customer_id for one in waiting]
    doubled = await _counted_elsewhere(tx, row, ids)
    # Who took back since the launch what their being chosen rests on is not written to.
    denied = sorted(await segments.denied_now(tx, row.segment_id, ids) - set(doubled))
    passed = {*doubled, *denied}
    wishes = [_wish(world, row, one) for one in waiting if one.customer_id not in passed]
    answers = await outreach.submit_messages(world, tx, wishes) if wishes else []
    wrote = [_note(one, now, refused="linked") for one in doubled]
    wrote += [_note(one, now, refused=USE_DENIED) for one in denied]
    for wish, answer in zip(wishes, answers, strict=True):
        one = wish.body.customer_id
        if isinstance(answer, Problem):
            wrote.append(_note(one, now, refused=answer.code()))
        else:
            wrote.append(_note(one, now, message_id=answer.view.id))
    await repository.wrote(tx, row.id, wrote)
    return now


def _note(
    customer_id: UUID, now: datetime, message_id: UUID | None = None, refused: str | None = None
) -> dict[str, Any]:
    return {"who": customer_id, "at": now, "message": message_id, "why": refused}


async def _counted_elsewhere(tx: AsyncConnection, row: Row[Any], ids: Sequence[UUID]) -> list[UUID]:
    """Those of them who were linked since they were drawn, and count or were written to under another id."""
    around = {one: circle for one, circle in (await circles(tx, storage.LINKS, ids)).items() if len(circle) > 1}
    if not around:
        return []
    everybody = sorted({other for circle in around.values() for other in circle})
    drawn = await repository.among(tx, row.id, everybody)
    written = {one.customer_id for one in drawn if one.message_id is not None}
    leaders = await resolve(tx, storage.LINKS, [one.customer_id for one in drawn])
    counted = counted_ids(leaders.items())
    return [one for one, circle in around.items() if one not in counted or not written.isdisjoint(set(circle) - {one})]


def _wish(world: World, row: Row[Any], person: Row[Any]) -> Wish[SubmitMessage]:
    variant = next(one for one in row.variants if one["name"] == person.arm)
    body: SubmitMessage = CampaignMessage(
        customer_id=person.customer_id,
        template=variant["template"],
        template_version=variant["template_version"],
        purpose=row.purpose,
        data=row.data,
        channels=row.channels,
        expires_at=row.ends_at,
        hours=Hours(start=row.hours_start, end=row.hours_end) if row.hours_start is not None else None,
        campaign_id=row.id,
        variant=person.arm,
        external_ref=f"campaign:{row.id}:{person.customer_id}",
    )
    return wish_for(world.keyring, "message", body, CAMPAIGNER)
