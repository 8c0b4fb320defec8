"""Planning a campaign and moving it by hand: what it is may change while it is a draft, afterwards only where it stands."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.campaigns import repository
from customer.campaigns.domain.standing import State, may_go
from customer.campaigns.problems import CampaignFixed, CampaignUnknown, StepNotPossible
from customer.campaigns.schemas import (
    ALWAYS,
    Campaign,
    ChangeCampaign,
    DefineCampaign,
    PlannedConversion,
    PlannedVariant,
)
from customer.outreach import usecases as outreach
from customer.outreach.domain.messages import Category
from customer.segments import usecases as segments
from customer.segments.problems import SegmentUnknown
from shared import audit, clock
from shared.access import Caller
from shared.crypto import Subject
from shared.etags import check_version
from shared.idempotency import Answer, Passage, Wish
from shared.problems import FieldError, Malformed, Problem
from shared.world import World

CAMPAIGN: Final = "campaign"


def view_of(row: Row[Any]) -> Campaign:
    """A campaign as it is shown."""
    told = row._mapping
    hours = None
    if row.hours_start is not None:
        hours = {"start": row.hours_start.isoformat(), "end": row.hours_end.isoformat()}
    conversion = PlannedConversion(
        kind=row.conversion_kind,
        channel=row.conversion_channel,
        product=row.conversion_product,
        within_days=row.conversion_days,
    )
    variants = [PlannedVariant(**{"template_version": None} | one) for one in row.variants]
    return Campaign.model_validate(dict(told) | {"hours": hours, "conversion": conversion, "variants": variants})


async def show_campaign(conn: AsyncConnection, campaign_id: UUID) -> Campaign:
    """One campaign, or CampaignUnknown."""
    rows = await repository.by_ids(conn, [campaign_id])
    if not rows:
        raise CampaignUnknown()
    return view_of(rows[0])


async def define_campaign(world: World, tx: AsyncConnection, wish: Wish[DefineCampaign]) -> Answer[Campaign]:
    """Keep a draft, once by its gate; raises Malformed for a segment or a text that does not do."""

    async def do(fresh: Sequence[Wish[DefineCampaign]]) -> Sequence[Campaign | Problem]:
        return [await _define(world, tx, one) for one in fresh]

    async def again(ids: Sequence[UUID]) -> Mapping[UUID, Campaign]:
        return {row.id: view_of(row) for row in await repository.by_ids(tx, ids)}

    passage = Passage(
        storage.GATE, world.vault, Campaign, do=do, again=again, subject=lambda one, _: Subject(CAMPAIGN, one.id)
    )
    (answer,) = await passage.run(tx, [wish])
    if isinstance(answer, Problem):
        raise answer
    return answer


async def _define(world: World, tx: AsyncConnection, wish: Wish[DefineCampaign]) -> Campaign | Problem:
    values = _columns(wish.body) | {
        "id": wish.id,
        "version": 1,
        "state": State.DRAFT,
        "enrolled": False,
        "created_at": wish.at,
        "created_by": wish.caller.sub,
        "updated_at": wish.at,
        "updated_by": wish.caller.sub,
    }
    faults, _ = await _faults(world, tx, values)
    if faults:
        return Malformed(errors=faults)
    row = await repository.insert_campaign(tx, values)
    await _noted(world, tx, "campaign.define", row, wish.caller)
    return view_of(row)


def _columns(body: DefineCampaign | ChangeCampaign) -> dict[str, Any]:
    """What was said, by the columns it is kept in."""
    told = {name: getattr(body, name) for name in body.model_fields_set} if isinstance(body, ChangeCampaign) else None
    said = told if told is not None else {name: getattr(body, name) for name in type(body).model_fields}
    said.pop("external_ref", None)
    if "variants" in said:
        said["variants"] = [one.model_dump(mode="json") for one in said["variants"]]
    if "hours" in said:
        hours = said.pop("hours")
        said |= {"hours_start": hours.start if hours else None, "hours_end": hours.end if hours else None}
    if "conversion" in said:
        for_what = said.pop("conversion")
        said |= {
            "conversion_kind": for_what.kind,
            "conversion_channel": for_what.channel,
            "conversion_product": for_what.product,
            "conversion_days": for_what.within_days,
        }
    return said


async def _faults(
    world: World, tx: AsyncConnection, values: Mapping[str, Any]
) -> tuple[list[FieldError], list[dict[str, Any]]]:
    """Why a campaign of these columns cannot be; and its variants with the versions of their texts now."""
    faults: list[FieldError] = []
    try:
        await segments.require_active(tx, values["segment_id"])
    except SegmentUnknown:
        faults.append(FieldError("/segment_id", "unknown", "no such segment in use"))
    texts = await outreach.newest_texts(world, tx, sorted({one["template"] for one in values["variants"]}))
    pinned: list[dict[str, Any]] = []
    for place, one in enumerate(values["variants"]):
        text = texts.get(one["template"])
        where = f"/variants/{place}/template"
        if text is None:
            faults.append(FieldError(where, "unknown", "no such template"))
            continue
        if text.category is Category.CODE:
            faults.append(FieldError(where, "code", "a campaign sends no codes"))
        faults += outreach.misfits(text, values["purpose"], values["data"])
        pinned.append(dict(one) | {"template_version": text.version})
    return faults, pinned


async def change_campaign(
    world: World, tx: AsyncConnection, campaign_id: UUID, body: ChangeCampaign, match: int, caller: Caller
) -> Campaign:
    """Apply a merge patch to the version the caller saw; raises CampaignFixed, StepNotPossible or Malformed."""
    row = await repository.locked(tx, campaign_id)
    if row is None:
        raise CampaignUnknown()
    check_version(match, row.version)
    said = _columns(body)
    changes = {name: value for name, value in said.items() if value != row._mapping[name]}
    if not changes:
        return view_of(row)
    if row.state != State.DRAFT and changes.keys() - ALWAYS:
        raise CampaignFixed("Only its name, its pace and its state may change now: " + ", ".join(sorted(ALWAYS)) + ".")
    wanted = State(changes.get("state", row.state))
    if not may_go(State(row.state), wanted):
        raise StepNotPossible(f"It is {row.state} and cannot become {wanted}.")
    if row.state == State.DRAFT:
        changes |= await _sound(world, tx, dict(row._mapping) | changes, wanted)
    if wanted != row.state:
        changes |= await _moved(tx, row, wanted)
    changes |= {"version": row.version + 1, "updated_at": clock.now(), "updated_by": caller.sub}
    moved = await repository.change(tx, campaign_id, changes)
    await _noted(world, tx, "campaign.change", moved, caller)
    return view_of(moved)


async def _sound(world: World, tx: AsyncConnection, values: Mapping[str, Any], wanted: State) -> dict[str, Any]:
    """What scheduling fixes of a draft; raises Malformed where it cannot be as it is."""
    faults, pinned = await _faults(world, tx, values)
    now = clock.now()
    starts_at = values["starts_at"]
    begins = max(starts_at or now, now)
    if values["ends_at"] <= (begins if wanted is State.SCHEDULED else starts_at or values["created_at"]):
        faults.append(FieldError("/ends_at", "before-start", "it ends before it starts"))
    if faults and wanted is not State.FINISHED:
        raise Malformed(errors=faults)
    if wanted is not State.SCHEDULED:
        return {}
    return {"variants": pinned, "starts_at": begins, "next_at": begins}


async def _moved(tx: AsyncConnection, row: Row[Any], wanted: State) -> dict[str, Any]:
    """What a step by hand brings with it."""
    now = clock.now()
    if wanted is State.FINISHED:
        await outreach.let_expire(tx, row.id)
        return {"next_at": None}
    if wanted is State.PAUSED:
        await outreach.let_lie(tx, row.id)
        return {"next_at": row.ends_at}
    if wanted is State.RUNNING:
        await outreach.take_up(tx, row.id)
        return {"next_at": now}
    return {"next_at": None} if wanted is State.DRAFT else {}


async def _noted(world: World, tx: AsyncConnection, what: str, row: Row[Any], caller: Caller) -> None:
    entry = audit.Entry(what, None, CAMPAIGN, row.id, caller, {"version": row.version, "state": row.state})
    await audit.record(tx, storage.AUDIT, world.keyring, [entry])
