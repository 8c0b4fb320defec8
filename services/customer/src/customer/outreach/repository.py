"""Every SQL statement about templates, messages, what is due and the marks that caps count."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Row,
    Select,
    Text,
    Uuid,
    any_,
    bindparam,
    delete,
    false,
    func,
    select,
    text,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from customer.outreach.tables import campaign_stop, contact_mark, message, message_due, message_template

Rows = Sequence[Row[Any]]

_IDS = bindparam("ids", type_=ARRAY(Uuid))
# Whoever decides about a person's messages holds the person, so that two workers do not both fit under one cap.
_HOLD = text("SELECT pg_advisory_xact_lock(one) FROM unnest(cast(:keys AS bigint[])) AS one")


async def hold(tx: AsyncConnection, people: Sequence[UUID]) -> None:
    """Hold these people until the end of the transaction; always in one order."""
    keys = sorted({one.int >> 65 for one in people})
    await tx.execute(_HOLD.bindparams(bindparam("keys", type_=ARRAY(BigInteger))), {"keys": keys})


async def newest_template(conn: AsyncConnection, key: str) -> Row[Any] | None:
    """The newest version of a template."""
    chosen = select(message_template).where(message_template.c.key == key)
    return (await conn.execute(chosen.order_by(message_template.c.version.desc()).limit(1))).one_or_none()


async def newest_templates(conn: AsyncConnection, keys: Sequence[str]) -> dict[str, Row[Any]]:
    """The newest version of each of these templates."""
    chosen = (
        select(message_template)
        .ext(distinct_on(message_template.c.key))
        .where(message_template.c.key == any_(bindparam("keys", type_=ARRAY(Text))))
        .order_by(message_template.c.key, message_template.c.version.desc())
    )
    return {row.key: row for row in await conn.execute(chosen, {"keys": list(keys)})}


async def template_versions(conn: AsyncConnection, key: str) -> Rows:
    """All versions of a template, newest first."""
    chosen = select(message_template).where(message_template.c.key == key)
    return (await conn.execute(chosen.order_by(message_template.c.version.desc()))).all()


def templates() -> Select[Any]:
    """All versions of all templates, for a list."""
    return select(message_template)


async def templates_by_ids(conn: AsyncConnection, ids: Sequence[UUID]) -> Rows:
    """Versions of templates by id."""
    return (
        await conn.execute(select(message_template).where(message_template.c.id == any_(_IDS)), {"ids": list(ids)})
    ).all()


async def wordings(conn: AsyncConnection, wanted: Sequence[tuple[str, int]]) -> dict[tuple[str, int], Row[Any]]:
    """The versions of templates that messages were accepted with."""
    keys = [key for key, _ in wanted]
    rows = await conn.execute(
        select(message_template).where(message_template.c.key == any_(bindparam("keys", type_=ARRAY(Text)))),
        {"keys": keys},
    )
    return {(row.key, row.version): row for row in rows}


async def insert_template(tx: AsyncConnection, values: Mapping[str, Any]) -> bool:
    """Keep a version of a template unless another has taken its number; whether it was kept."""
    kept = insert(message_template).values(**values).on_conflict_do_nothing().returning(message_template.c.id)
    return (await tx.execute(kept)).first() is not None


async def insert_messages(tx: AsyncConnection, rows: Sequence[Mapping[str, Any]], due: Mapping[UUID, datetime]) -> None:
    """Keep messages and when each is to be decided; those that are not in `due` never are."""
    await tx.execute(insert(message), list(rows))
    waiting = [
        {
            "message_id": row["id"],
            "customer_id": row["customer_id"],
            "due_at": due[row["id"]],
            "since": due[row["id"]],
            "attempts": 0,
            "tried": [],
            "silent": [],
            "campaign_id": row["campaign_id"],
        }
        for row in rows
        if row["id"] in due
    ]
    if waiting:
        await tx.execute(insert(message_due), waiting)


async def by_ids(conn: AsyncConnection, ids: Sequence[UUID]) -> Rows:
    """Messages by id."""
    # Bounds beside the list, so that only the partitions of these days are looked at.
    if not ids:
        return []
    chosen = select(message).where(message.c.id == any_(_IDS), message.c.id >= min(ids), message.c.id <= max(ids))
    return (await conn.execute(chosen, {"ids": list(ids)})).all()


async def locked(tx: AsyncConnection, message_id: UUID) -> Row[Any] | None:
    """One message, held until the end of the transaction."""
    return (await tx.execute(select(message).where(message.c.id == message_id).with_for_update())).one_or_none()


def listing(*, customer_ids: Sequence[UUID] | None, state: str | None, campaign_id: UUID | None) -> Select[Any]:
    """Messages for a list, without what they were filled with."""
    chosen = select(*(column for column in message.c if column.name != "data"))
    if customer_ids is not None:
        chosen = chosen.where(message.c.customer_id.in_(customer_ids))
    if state is not None:
        chosen = chosen.where(message.c.state == state)
    return chosen if campaign_id is None else chosen.where(message.c.campaign_id == campaign_id)


async def change(tx: AsyncConnection, message_id: UUID, values: Mapping[str, Any]) -> Row[Any]:
    """Write columns of a message that is held; its version moves on. The row as it is then."""
    moved = update(message).where(message.c.id == message_id).values(version=message.c.version + 1, **values)
    row: Row[Any] = (await tx.execute(moved.returning(message))).one()
    return row


def waiting(now: datetime) -> Select[Any]:
    """What is due, and whether its campaign is `over`; nothing of a campaign that rests."""
    stopped = message_due.c.campaign_id == campaign_stop.c.campaign_id
    chosen = select(message_due, func.coalesce(campaign_stop.c.over, false()).label("over"))
    chosen = chosen.outerjoin(campaign_stop, stopped)
    return chosen.where(message_due.c.due_at <= now, func.coalesce(campaign_stop.c.over, true()))


async def take_due(tx: AsyncConnection, now: datetime, most: int) -> Rows:
    """What is due, held; passed over is what another worker holds."""
    chosen = waiting(now).order_by(message_due.c.due_at).limit(most).with_for_update(of=message_due, skip_locked=True)
    found: Rows = (await tx.execute(chosen)).all()
    return found


async def due_of(tx: AsyncConnection, message_id: UUID) -> Row[Any] | None:
    """When a message is to be looked at again, held."""
    chosen = select(message_due).where(message_due.c.message_id == message_id)
    return (await tx.execute(chosen.with_for_update())).one_or_none()


async def put_off(tx: AsyncConnection, message_id: UUID, due_at: datetime, **values: Any) -> None:
    """Look at a message again then."""
    here = message_due.c.message_id == message_id
    await tx.execute(update(message_due).where(here).values(due_at=due_at, **values))


async def wake(tx: AsyncConnection, people: Sequence[UUID], reason: str, now: datetime) -> None:
    """Look at once at what these people's messages wait for, where it is this; passed over is what is being decided."""
    held = (
        select(message_due.c.message_id)
        .join(message, message.c.id == message_due.c.message_id)
        .where(message_due.c.customer_id == any_(_IDS), message_due.c.due_at > now)
        .where(message.c.state == "accepted", message.c.reason == reason)
        .with_for_update(of=message_due, skip_locked=True)
    )
    woken = update(message_due).where(message_due.c.message_id.in_(held)).values(due_at=now)
    await tx.execute(woken, {"ids": list(people)})


async def due_again(tx: AsyncConnection, handed: Row[Any], due_at: datetime, tried: list[str]) -> None:
    """Let a message that had been handed over be decided once more."""
    row = {"message_id": handed.id, "customer_id": handed.customer_id, "campaign_id": handed.campaign_id}
    row |= {"due_at": due_at, "since": due_at, "attempts": 0}
    await tx.execute(insert(message_due).values(**row, tried=tried, silent=[]).on_conflict_do_nothing())


async def stop(tx: AsyncConnection, campaign_id: UUID, *, over: bool) -> None:
    """Let a campaign's messages lie, or have them end when they are next looked at."""
    said = insert(campaign_stop).values(campaign_id=campaign_id, over=over)
    await tx.execute(said.on_conflict_do_update(index_elements=["campaign_id"], set_={"over": over}))


async def go_on(tx: AsyncConnection, campaign_id: UUID) -> None:
    """Take a campaign's messages up again."""
    await tx.execute(delete(campaign_stop).where(campaign_stop.c.campaign_id == campaign_id))


async def settle(tx: AsyncConnection, message_id: UUID, *, counts: bool) -> None:
    """Nothing is to be done about a message any more; whether it goes on counting for caps."""
    await tx.execute(delete(message_due).where(message_due.c.message_id == message_id))
    if not counts:
        await tx.execute(delete(contact_mark).where(contact_mark.c.message_id == message_id))


async def mark(tx: AsyncConnection, values: Mapping[str, Any]) -> None:
    """Count a message that is about to be sent."""
    made = insert(contact_mark).values(**values)
    again = {"channel": made.excluded.channel, "at": made.excluded.at}
    await tx.execute(made.on_conflict_do_update(index_elements=["message_id"], set_=again))


async def unmark(tx: AsyncConnection, message_id: UUID) -> None:
    """Do not count a message that was not taken."""
    await tx.execute(delete(contact_mark).where(contact_mark.c.message_id == message_id))


async def marks_of(conn: AsyncConnection, people: Sequence[UUID], since: datetime) -> Rows:
    """What counts for the caps of these people."""
    chosen = select(contact_mark).where(contact_mark.c.customer_id == any_(_IDS), contact_mark.c.at > since)
    return (await conn.execute(chosen, {"ids": list(people)})).all()


async def sent_lately(conn: AsyncConnection, since: datetime) -> dict[str, int]:
    """How many messages went through each channel since then."""
    chosen = select(contact_mark.c.channel, func.count().label("many")).where(contact_mark.c.at > since)
    return {row.channel: row.many for row in await conn.execute(chosen.group_by(contact_mark.c.channel))}


async def forget_marks(tx: AsyncConnection, before: datetime) -> None:
    """Drop what no cap counts any more."""
    await tx.execute(delete(contact_mark).where(contact_mark.c.at < before))


async def forget(tx: AsyncConnection, ids: Sequence[UUID]) -> None:
    """Leave of an erased customer's messages that there was one: no content, and nothing more to send."""
    here = message.c.customer_id.in_(ids)
    waiting = here & message.c.state.in_(["accepted", "sending"])
    await tx.execute(update(message).where(waiting).values(state="suppressed", reason="erased"))
    await tx.execute(update(message).where(here).values(data=b"", language=None))
    for table in (message_due, contact_mark):
        await tx.execute(delete(table).where(table.c.customer_id.in_(ids)))


async def last_of(conn: AsyncConnection, ids: Sequence[UUID], most: int) -> Rows:
    """The last messages to these customers, newest first."""
    chosen = select(message).where(message.c.customer_id == any_(_IDS)).order_by(message.c.id.desc()).limit(most)
    return (await conn.execute(chosen, {"ids": list(ids)})).all()


async def of_customers(conn: AsyncConnection, ids: Sequence[UUID]) -> Rows:
    """All messages to these customers, oldest first."""
    chosen = select(message).where(message.c.customer_id == any_(_IDS)).order_by(message.c.id)
    return (await conn.execute(chosen, {"ids": list(ids)})).all()
