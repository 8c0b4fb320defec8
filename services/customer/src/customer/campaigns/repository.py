"""Every SQL statement about campaigns and their people; nothing here knows a rule."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import DateTime, Row, Select, Text, Uuid, any_, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from customer.campaigns.tables import campaign, campaign_person, campaign_tally
from customer.outreach.domain.campaigns import HOLDOUT
from shared.db import unnest

Rows = Sequence[Row[Any]]

_IDS = bindparam("ids", type_=ARRAY(Uuid))
_PERSON: Final[dict[str, Any]] = {"campaign_id": Uuid, "customer_id": Uuid, "arm": Text}
# Other names than the columns': SQLAlchemy keeps those for itself in an update.
_WRITTEN: Final[dict[str, Any]] = {"who": Uuid, "at": DateTime(timezone=True), "message": Uuid, "why": Text}

_drawn = unnest("drawn", **_PERSON)
_ENROL = (
    insert(campaign_person)
    .from_select(list(_PERSON), select(*_drawn.c).order_by(_drawn.c.customer_id))
    .on_conflict_do_nothing()
)
_done = unnest("done", **_WRITTEN)
_WROTE = (
    update(campaign_person)
    .where(campaign_person.c.campaign_id == bindparam("campaign"), campaign_person.c.customer_id == _done.c.who)
    .values(written_at=_done.c.at, message_id=_done.c.message, refused=_done.c.why)
)


def _columns(names: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in names}


async def insert_campaign(tx: AsyncConnection, values: Mapping[str, Any]) -> Row[Any]:
    """Keep a new campaign; its row."""
    row: Row[Any] = (await tx.execute(insert(campaign).values(**values).returning(campaign))).one()
    return row


async def by_ids(conn: AsyncConnection, ids: Sequence[UUID]) -> Rows:
    """Campaigns by id."""
    return (await conn.execute(select(campaign).where(campaign.c.id == any_(_IDS)), {"ids": list(ids)})).all()


async def locked(tx: AsyncConnection, campaign_id: UUID) -> Row[Any] | None:
    """One campaign, held until the end of the transaction."""
    return (await tx.execute(select(campaign).where(campaign.c.id == campaign_id).with_for_update())).one_or_none()


def listing(state: str | None) -> Select[Any]:
    """The list of campaigns."""
    return select(campaign) if state is None else select(campaign).where(campaign.c.state == state)


async def change(tx: AsyncConnection, campaign_id: UUID, values: Mapping[str, Any]) -> Row[Any]:
    """Write columns of a campaign that is held; the row as it is then."""
    moved = update(campaign).where(campaign.c.id == campaign_id).values(**values).returning(campaign)
    row: Row[Any] = (await tx.execute(moved)).one()
    return row


def due(now: datetime) -> Select[Any]:
    """The campaigns for which there is something to be done."""
    return select(campaign).where(campaign.c.next_at <= now)


async def take_due(tx: AsyncConnection, now: datetime) -> Row[Any] | None:
    """The campaign that has waited longest for something to be done, held; what another worker holds is passed over."""
    chosen = due(now).order_by(campaign.c.next_at, campaign.c.id).limit(1).with_for_update(skip_locked=True)
    found: Row[Any] | None = (await tx.execute(chosen)).one_or_none()
    return found


# ---- Their people


async def enrol(tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep who was drawn into which group; who is there already stays as drawn."""
    if rows:
        await tx.execute(_ENROL, _columns(_PERSON, rows))


def _waiting(campaign_id: UUID) -> Any:
    here = campaign_person.c
    return (here.campaign_id == campaign_id) & here.written_at.is_(None) & (here.arm != HOLDOUT)


async def waiting(tx: AsyncConnection, campaign_id: UUID, most: int) -> Rows:
    """Those who are to be written to and were not yet, in id order."""
    chosen = select(campaign_person).where(_waiting(campaign_id)).order_by(campaign_person.c.customer_id).limit(most)
    return (await tx.execute(chosen)).all()


async def written_since(conn: AsyncConnection, campaign_id: UUID, since: datetime) -> int:
    """How many messages a campaign has asked for since then."""
    here = campaign_person.c
    asked = (here.campaign_id == campaign_id) & (here.written_at > since) & here.message_id.is_not(None)
    return int((await conn.execute(select(func.count()).select_from(campaign_person).where(asked))).scalar_one())


async def among(conn: AsyncConnection, campaign_id: UUID, ids: Sequence[UUID]) -> Rows:
    """Those of these ids who were drawn into a campaign."""
    here = campaign_person.c
    chosen = select(campaign_person).where(here.campaign_id == campaign_id, here.customer_id == any_(_IDS))
    return (await conn.execute(chosen, {"ids": list(ids)})).all()


async def wrote(tx: AsyncConnection, campaign_id: UUID, rows: Sequence[Mapping[str, Any]]) -> None:
    """Note which message each of these was written, or why none."""
    if rows:
        await tx.execute(_WROTE, _columns(_WRITTEN, rows) | {"campaign": campaign_id})


async def page(conn: AsyncConnection, campaign_id: UUID, after: UUID | None, most: int) -> Rows:
    """Everybody who was drawn, in id order behind `after`."""
    here = campaign_person.c
    chosen = select(campaign_person).where(here.campaign_id == campaign_id).order_by(here.customer_id).limit(most)
    return (await conn.execute(chosen if after is None else chosen.where(here.customer_id > after))).all()


async def of_customers(conn: AsyncConnection, ids: Sequence[UUID], *, hold: bool = False) -> Rows:
    """In which campaigns these ids were drawn into which group."""
    here = campaign_person.c
    chosen = select(campaign_person).where(here.customer_id == any_(_IDS)).order_by(here.campaign_id, here.customer_id)
    return (await conn.execute(chosen.with_for_update() if hold else chosen, {"ids": list(ids)})).all()


async def stamp(tx: AsyncConnection, campaign_id: UUID, ids: Sequence[UUID], at: datetime) -> None:
    """Note of these that they did what the campaign was for, at that instant or before."""
    here = campaign_person.c
    these = (here.campaign_id == campaign_id) & (here.customer_id == any_(_IDS))
    earlier = func.least(here.converted_at, at)
    await tx.execute(update(campaign_person).where(these).values(converted_at=earlier), {"ids": list(ids)})


async def drop(tx: AsyncConnection, campaign_id: UUID, ids: Sequence[UUID]) -> None:
    """Forget that these were drawn."""
    here = campaign_person.c
    these = (here.campaign_id == campaign_id) & (here.customer_id == any_(_IDS))
    await tx.execute(delete(campaign_person).where(these), {"ids": list(ids)})


async def tally(tx: AsyncConnection, values: Mapping[str, Any]) -> None:
    """Count one more of somebody who is gone."""
    said = insert(campaign_tally).values(**values, count=1)
    keys = [one.name for one in campaign_tally.primary_key]
    await tx.execute(said.on_conflict_do_update(index_elements=keys, set_={"count": campaign_tally.c["count"] + 1}))


async def tallies(conn: AsyncConnection, campaign_id: UUID) -> Rows:
    """What is left of those who are gone."""
    return (await conn.execute(select(campaign_tally).where(campaign_tally.c.campaign_id == campaign_id))).all()
