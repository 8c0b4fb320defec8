"""Every SQL statement about interactions; nothing here knows a rule."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Date,
    DateTime,
    LargeBinary,
    Row,
    Select,
    Text,
    Uuid,
    any_,
    bindparam,
    delete,
    func,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from customer.interactions.tables import customer_activity, interaction, interaction_count
from shared import clock
from shared.db import copy, unnest

Rows = Sequence[Row[Any]]

_INTERACTION: dict[str, Any] = {
    "id": Uuid,
    "customer_id": Uuid,
    "ingest": BigInteger,
    "kind": Text,
    "channel": Text,
    "occurred_at": DateTime(timezone=True),
    "detail": LargeBinary,
}
_ACTIVITY: dict[str, Any] = {
    "customer_id": Uuid,
    "ingest": BigInteger,
    "first_at": DateTime(timezone=True),
    "last_at": DateTime(timezone=True),
    "recorded_at": DateTime(timezone=True),
}
_COUNT: dict[str, Any] = {"day": Date, "kind": Text, "channel": Text, "count": BigInteger}

# From so many on a COPY, which has to be made ready each time, is the quicker one.
_MANY: Final = 1_000

_fresh = unnest("fresh", **_INTERACTION)
_INSERT = insert(interaction).from_select(list(_INTERACTION), select(*_fresh.c).order_by(_fresh.c.id))


def _advance() -> Any:
    fresh = unnest("fresh", **_ACTIVITY)
    # Sorted, as every lock of many rows: two groups with the same customers would deadlock.
    added = insert(customer_activity).from_select(list(_ACTIVITY), select(*fresh.c).order_by(fresh.c.customer_id))
    old, new = customer_activity.c, added.excluded
    return added.on_conflict_do_update(
        index_elements=["customer_id"],
        set_={
            "ingest": old.ingest + new.ingest,
            "first_at": func.least(old.first_at, new.first_at),
            "last_at": func.greatest(old.last_at, new.last_at),
            "recorded_at": func.greatest(old.recorded_at, new.recorded_at),
        },
    ).returning(old.customer_id, old.ingest)


def _tally() -> Any:
    fresh = unnest("fresh", **_COUNT)
    chosen = select(*fresh.c).order_by(fresh.c.day, fresh.c.kind, fresh.c.channel)
    added = insert(interaction_count).from_select(list(_COUNT), chosen)
    more = interaction_count.c.count + added.excluded["count"]
    return added.on_conflict_do_update(index_elements=["day", "kind", "channel"], set_={"count": more})


_ADVANCE = _advance()
_TALLY = _tally()
_IDS = bindparam("ids", type_=ARRAY(Uuid))
_BY_IDS = select(interaction).where(interaction.c.id == any_(_IDS))
_OF = (
    select(interaction)
    .where(interaction.c.customer_id == any_(_IDS))
    .order_by(interaction.c.customer_id, interaction.c.occurred_at, interaction.c.id)
)
_BEFORE = bindparam("before", type_=Uuid)
_OF_THEN = _OF.where(interaction.c.id < _BEFORE)
_OF_KIND = _OF.where(interaction.c.kind == bindparam("kind", type_=Text))
_ACTIVITY_OF = select(customer_activity).where(customer_activity.c.customer_id == any_(_IDS))


# So late that a millisecond more is still a date.
_LAST = datetime(9999, 12, 31, tzinfo=UTC)


def bound(as_of: datetime) -> UUID:
    """The first id after that instant: what had been recorded by then has a smaller one."""
    return clock.id_floor(min(as_of, _LAST) + timedelta(milliseconds=1))


def _columns(names: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in names}


async def advance(tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> dict[UUID, int]:
    """Add to each customer's count (once a customer), and hold their rows: the last ingest number each has now."""
    return {row.customer_id: row.ingest for row in await tx.execute(_ADVANCE, _columns(_ACTIVITY, rows))}


def _place(row: tuple[Any, ...]) -> int:
    """Where it stands in the table's own order: an id's number compares faster than the id."""
    identity: UUID = row[0]
    return identity.int


async def insert_interactions(tx: AsyncConnection, rows: Sequence[tuple[Any, ...]]) -> None:
    """Keep new interactions, whatever their number, in one statement.

    Each is (id, customer_id, ingest, kind, channel, occurred_at, detail).
    """
    if len(rows) >= _MANY:
        await copy(tx, interaction.name, list(_INTERACTION), sorted(rows, key=_place))
        return
    await tx.execute(
        _INSERT, {name: list(column) for name, column in zip(_INTERACTION, zip(*rows, strict=True), strict=True)}
    )


async def tally(tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add to the counts of what is not kept as a row; each (day, kind, channel) once."""
    if rows:
        await tx.execute(_TALLY, _columns(_COUNT, rows))


async def by_ids(conn: AsyncConnection, ids: Sequence[UUID]) -> Rows:
    """Interactions by id, still sealed."""
    return (await conn.execute(_BY_IDS, {"ids": list(ids)})).all()


async def of_customers(conn: AsyncConnection, ids: Sequence[UUID], as_of: datetime | None = None) -> Rows:
    """All interactions that arrived under these ids, in event order; with `as_of` those recorded by then."""
    wanted: dict[str, Any] = {"ids": list(ids)}
    if as_of is None:
        return (await conn.execute(_OF, wanted)).all()
    return (await conn.execute(_OF_THEN, wanted | {"before": bound(as_of)})).all()


async def of_kind(conn: AsyncConnection, ids: Sequence[UUID], kind: str) -> Rows:
    """The interactions of one kind that arrived under these ids, in event order."""
    return (await conn.execute(_OF_KIND, {"ids": list(ids), "kind": kind})).all()


async def activity_of(conn: AsyncConnection, ids: Sequence[UUID]) -> Rows:
    """What is known of these ids' activity as a whole."""
    return (await conn.execute(_ACTIVITY_OF, {"ids": list(ids)})).all()


def _window(since: datetime, until: datetime) -> Any:
    here = interaction.c
    # Nothing is recorded before it happens: older partitions hold nothing of this time.
    recorded = here.id >= clock.id_floor(since - timedelta(minutes=5))
    return (here.occurred_at >= since) & (here.occurred_at < until) & recorded


async def of_kinds(
    conn: AsyncConnection,
    ids: Sequence[UUID],
    kinds: Collection[str],
    channel: str | None,
    since: datetime,
    until: datetime,
) -> Rows:
    """What arrived under these ids of these kinds in [since, until), through a channel if one is named; in event order."""
    here = interaction.c
    chosen = select(interaction).where(
        here.customer_id == any_(_IDS), here.kind.in_(sorted(kinds)), _window(since, until)
    )
    if channel is not None:
        chosen = chosen.where(here.channel == channel)
    return (await conn.execute(chosen.order_by(here.occurred_at, here.id), {"ids": list(ids)})).all()


def _next_of_kind(*, through: bool) -> Any:
    asked = unnest("asked", who=Uuid, at=DateTime(timezone=True), last=Uuid)
    here = interaction.c
    chosen = select(interaction).where(
        here.customer_id == asked.c.who,
        here.kind == bindparam("of_kind", type_=Text),
        tuple_(here.occurred_at, here.id) > tuple_(asked.c.at, asked.c.last),
        here.occurred_at < bindparam("until", type_=DateTime(timezone=True)),
        here.id >= bindparam("oldest", type_=Uuid),
    )
    if through:
        chosen = chosen.where(here.channel == bindparam("through", type_=Text))
    few = chosen.order_by(here.occurred_at, here.id).limit(bindparam("most", type_=BigInteger)).lateral("few")
    return select(few).select_from(asked.join(few, true())).order_by(few.c.occurred_at, few.c.id)


_NEXT_OF_KIND = {through: _next_of_kind(through=through) for through in (False, True)}


async def next_of_kind(
    conn: AsyncConnection,
    behind: Mapping[UUID, tuple[datetime, UUID]],
    kind: str,
    channel: str | None,
    since: datetime,
    until: datetime,
    most: int,
) -> Rows:
    """Of each id the next interactions of a kind behind an instant and an id, in event order, `most` of each at most."""
    wanted: dict[str, Any] = {
        "who": list(behind),
        "at": [at for at, _ in behind.values()],
        "last": [last for _, last in behind.values()],
        "of_kind": kind,
        "until": until,
        # Nothing is recorded before it happens: older partitions hold nothing of this time.
        "oldest": clock.id_floor(since - timedelta(minutes=5)),
        "most": most,
    }
    if channel is not None:
        wanted["through"] = channel
    rows: Rows = (await conn.execute(_NEXT_OF_KIND[channel is not None], wanted)).all()
    return rows


async def first_of_kind(
    conn: AsyncConnection, ids: Sequence[UUID], kind: str, channel: str | None, since: datetime, until: datetime
) -> Rows:
    """When each of these ids first did something of a kind in [since, until), through a channel if one is named."""
    here = interaction.c
    chosen: Select[Any] = select(here.customer_id, func.min(here.occurred_at).label("first_at")).where(
        here.customer_id == any_(_IDS),
        here.kind == kind,
        here.occurred_at >= since,
        here.occurred_at < until,
        # Nothing is recorded before it happens: older partitions hold nothing of this time.
        here.id >= clock.id_floor(since - timedelta(minutes=5)),
    )
    if channel is not None:
        chosen = chosen.where(here.channel == channel)
    grouped = chosen.group_by(here.customer_id)
    rows: Rows = (await conn.execute(grouped, {"ids": list(ids)})).all()
    return rows


def timeline(ids: Sequence[UUID], kinds: Sequence[str], hidden: Sequence[str], as_of: datetime | None) -> Select[Any]:
    """The interactions of these ids, of these kinds (all where none is named), without the hidden ones."""
    chosen = select(interaction).where(interaction.c.customer_id.in_(ids))
    if kinds:
        chosen = chosen.where(interaction.c.kind.in_(kinds))
    if hidden:
        chosen = chosen.where(interaction.c.kind.not_in(hidden))
    return chosen if as_of is None else chosen.where(interaction.c.id < bound(as_of))


async def active_customers(conn: AsyncConnection, after: UUID | None, limit: int) -> list[UUID]:
    """A page of the ids under which anything is recorded, in id order."""
    chosen = select(customer_activity.c.customer_id).order_by(customer_activity.c.customer_id).limit(limit)
    if after is not None:
        chosen = chosen.where(customer_activity.c.customer_id > after)
    return list((await conn.execute(chosen)).scalars())


async def forget_interactions(tx: AsyncConnection, ids: Sequence[UUID], zone: str) -> Rows:
    """Delete what is recorded of these ids; of what was deleted the day in that zone, kind and channel, counted."""
    gone = (
        delete(interaction)
        .where(interaction.c.customer_id.in_(ids))
        .returning(interaction.c.occurred_at, interaction.c.kind, interaction.c.channel)
        .cte("gone")
    )
    day = func.date(func.timezone(zone, gone.c.occurred_at)).label("day")
    channel = func.coalesce(gone.c.channel, "").label("channel")
    counted = select(day, gone.c.kind, channel, func.count().label("count")).group_by(day, gone.c.kind, channel)
    rows = (await tx.execute(counted)).all()
    await tx.execute(delete(customer_activity).where(customer_activity.c.customer_id.in_(ids)))
    return rows


async def contacts_by_month(conn: AsyncConnection, since: datetime, until: datetime, zone: str) -> Rows:
    """How many contacts there were in [since, until): columns `month` (its first day, of that zone), `channel`, `contacts`.

    As by hour: what has no channel is no contact, and the erased are not in it.
    """
    month = func.date(func.date_trunc("month", func.timezone(zone, interaction.c.occurred_at))).label("month")
    counted = select(month, interaction.c.channel, func.count().label("contacts")).where(
        interaction.c.occurred_at >= since,
        interaction.c.occurred_at < until,
        interaction.c.channel.is_not(None),
        # Nothing is recorded before it happens: older partitions hold nothing of this time.
        interaction.c.id >= clock.id_floor(since - timedelta(minutes=5)),
    )
    return (await conn.execute(counted.group_by(month, interaction.c.channel))).all()


async def contacts_by_hour(conn: AsyncConnection, since: datetime, until: datetime, zone: str) -> Rows:
    """How many contacts there were in [since, until): columns `day`, `hour` (both of that zone), `channel`, `contacts`.

    What has no channel is no contact. The erased are not in it: of them only days are left.
    """
    local = func.timezone(zone, interaction.c.occurred_at)
    day, hour = func.date(local).label("day"), func.extract("hour", local).label("hour")
    counted = select(day, hour, interaction.c.channel, func.count().label("contacts")).where(
        interaction.c.occurred_at >= since,
        interaction.c.occurred_at < until,
        interaction.c.channel.is_not(None),
        # Nothing is recorded before it happens: older partitions hold nothing of this time.
        interaction.c.id >= clock.id_floor(since - timedelta(minutes=5)),
    )
    grouped = counted.group_by(day, hour, interaction.c.channel)
    return (await conn.execute(grouped)).all()
