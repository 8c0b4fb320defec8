"""Every SQL statement about tickets; nothing here knows a rule."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    Date,
    DateTime,
    Integer,
    Row,
    Select,
    SmallInteger,
    Text,
    Uuid,
    any_,
    bindparam,
    delete,
    func,
    literal_column,
    null,
    select,
    true,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from channel_router.queue.tables import known_card, known_customer, known_restriction, ticket, ticket_number
from shared.db import unnest

_AT = DateTime(timezone=True)
_TICKET: dict[str, Any] = {
    "id": Uuid,
    "version": Integer,
    "place_id": Uuid,
    "number": Integer,
    "need": Text,
    "channel": Text,
    "customer_id": Uuid,
    "state": Text,
    "priority": SmallInteger,
    "staff": Text,
    "opened_at": _AT,
    "called_at": _AT,
    "served_at": _AT,
    "abandoned_at": _AT,
    "created_at": _AT,
}
_KNOWN: dict[str, Any] = {"customer_id": Uuid, "tier": Text, "version": Integer}
_RESTRICTION: dict[str, Any] = {"restriction_id": Uuid, "customer_id": Uuid, "version": Integer, "in_force": Boolean}
# Said in the statement itself: as a parameter it would hide from the planner that the index of those who wait fits.
_WAITING = ticket.c.state == literal_column("'waiting'")
_AHEAD = (ticket.c.priority.desc(), ticket.c.opened_at, ticket.c.id)
LATE_CALLS = 20
LATELY = timedelta(hours=4)

_fresh = unnest("fresh", **_TICKET)
_INSERT = insert(ticket).from_select(list(_TICKET), select(*_fresh.c).order_by(_fresh.c.id))
_days = unnest("wanted", place_id=Uuid, day=Date, many=Integer)
_drawn = insert(ticket_number).from_select(
    ["place_id", "day", "last"], select(_days.c.place_id, _days.c.day, _days.c.many).order_by(*_days.c)
)
_DRAW = _drawn.on_conflict_do_update(
    index_elements=["place_id", "day"], set_={"last": ticket_number.c.last + _drawn.excluded.last}
).returning(ticket_number)
_IDS = bindparam("ids", type_=ARRAY(Uuid))
_BY_IDS = select(ticket).where(ticket.c.id == any_(_IDS))
_TIERS = select(known_customer.c.customer_id, known_customer.c.tier).where(known_customer.c.customer_id == any_(_IDS))
_heard = unnest("heard", **_KNOWN)
_said = insert(known_customer).from_select(list(_KNOWN), select(*_heard.c).order_by(_heard.c.customer_id))
_LEARN = _said.on_conflict_do_update(
    index_elements=["customer_id"],
    set_={"tier": _said.excluded.tier, "version": _said.excluded.version},
    where=known_customer.c.version < _said.excluded.version,
)
_told = unnest("told", **_RESTRICTION)
_kept = insert(known_restriction).from_select(list(_RESTRICTION), select(*_told.c).order_by(_told.c.restriction_id))
_RESTRICT = _kept.on_conflict_do_update(
    index_elements=["restriction_id"],
    set_={"version": _kept.excluded.version, "in_force": _kept.excluded.in_force},
    where=known_restriction.c.version < _kept.excluded.version,
)
# One walk along the index of those who wait, for all of a group that wait at one place: a walk for each cost as much
# for the hundredth in line as for a hundred.
_line = (
    select(ticket.c.id, func.row_number().over(partition_by=ticket.c.place_id, order_by=_AHEAD).label("position"))
    .where(_WAITING, ticket.c.place_id == any_(bindparam("places", type_=ARRAY(Uuid))))
    .subquery("line")
)
_places = unnest("places", place_id=Uuid)
_late = (
    select(ticket.c.called_at)
    .where(
        ticket.c.place_id == _places.c.place_id,
        ticket.c.called_at.is_not(None),
        ticket.c.called_at > bindparam("since", type_=_AT),
        ticket.c.called_at <= bindparam("until", type_=_AT),
    )
    .order_by(ticket.c.called_at.desc())
    .limit(literal_column(str(LATE_CALLS)))
    .lateral("late")
)
# Both in one round trip: a ticket with its position, or a place with an instant at which it called.
_LINE = union_all(
    select(_line.c.id, _line.c.position, null().cast(_AT).label("called_at")).where(_line.c.id == any_(_IDS)),
    select(_places.c.place_id, null().cast(BigInteger), _late.c.called_at).select_from(_places.join(_late, true())),
)

# unnest() flattens arrays of arrays, so that a list of codes travels as one text; a code holds no blank.
_CARD: dict[str, Any] = {
    "customer_id": Uuid,
    "version": Integer,
    "tier": Text,
    "languages": Text,
    "preferred_channels": Text,
}
_LISTS = {"languages", "preferred_channels"}
_cards = unnest("cards", **_CARD)
_carded = insert(known_card).from_select(
    list(_CARD),
    select(
        *(func.string_to_array(_cards.c[name], " ") if name in _LISTS else _cards.c[name] for name in _CARD)
    ).order_by(_cards.c.customer_id),
)
_LEARN_CARDS = _carded.on_conflict_do_update(
    index_elements=["customer_id"],
    set_={name: _carded.excluded[name] for name in _CARD if name != "customer_id"},
    where=known_card.c.version < _carded.excluded.version,
)
_CARDS_OF = select(known_card).where(known_card.c.customer_id == any_(_IDS)).order_by(known_card.c.customer_id)


def _columns(names: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in names}


async def insert_tickets(tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep tickets, whatever their number, in one statement."""
    await tx.execute(_INSERT, _columns(_TICKET, rows))


async def draw_numbers(tx: AsyncConnection, wanted: Mapping[tuple[UUID, date], int]) -> dict[tuple[UUID, date], int]:
    """The last of `many` consecutive numbers of each place and day; whoever draws at the same time waits."""
    keys = sorted(wanted)
    rows = await tx.execute(
        _DRAW,
        {
            "place_id": [place for place, _ in keys],
            "day": [day for _, day in keys],
            "many": [wanted[key] for key in keys],
        },
    )
    return {(row.place_id, row.day): row.last for row in rows}


async def by_ids(conn: AsyncConnection, ids: Sequence[UUID]) -> Sequence[Row[Any]]:
    """Tickets by id."""
    return (await conn.execute(_BY_IDS, {"ids": list(ids)})).all()


async def lines(
    conn: AsyncConnection, waiting: Sequence[Mapping[str, Any]], at: datetime
) -> tuple[dict[UUID, int], dict[UUID, list[datetime]]]:
    """The place in line, from 1, of each of these tickets that still waits, and when their places last called somebody.

    Calls of four hours, at most twenty of a place.
    """
    positions: dict[UUID, int] = {}
    calls: dict[UUID, list[datetime]] = {row["place_id"]: [] for row in waiting}
    if waiting:
        ids, places = [row["id"] for row in waiting], sorted(calls)
        wanted = {"ids": ids, "places": places, "place_id": places, "since": at - LATELY, "until": at}
        for row in await conn.execute(_LINE, wanted):
            if row.position is None:
                calls[row.id].append(row.called_at)
            else:
                positions[row.id] = row.position
    return positions, calls


async def locked(tx: AsyncConnection, ticket_id: UUID) -> Row[Any] | None:
    """One ticket, held until the end of the transaction."""
    return (await tx.execute(select(ticket).where(ticket.c.id == ticket_id).with_for_update())).one_or_none()


async def serving(tx: AsyncConnection, place_id: UUID, staff: str) -> Row[Any] | None:
    """The ticket this person has called there and not finished."""
    chosen = select(ticket).where(ticket.c.state == "called", ticket.c.place_id == place_id, ticket.c.staff == staff)
    return (await tx.execute(chosen.limit(1).with_for_update())).one_or_none()


async def next_waiting(tx: AsyncConnection, place_id: UUID) -> Row[Any] | None:
    """Whose turn it is; a ticket somebody else is calling at this moment is passed over."""
    chosen = select(ticket).where(_WAITING, ticket.c.place_id == place_id).order_by(*_AHEAD)
    return (await tx.execute(chosen.limit(1).with_for_update(skip_locked=True))).one_or_none()


async def one_staff_at_a_time(tx: AsyncConnection, place_id: UUID, staff: str) -> None:
    """Hold this person's place in line: two calls of one person at one moment come one after the other."""
    await tx.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"call|{place_id}|{staff}", 0))))


async def change(tx: AsyncConnection, ticket_id: UUID, values: Mapping[str, Any]) -> None:
    """Write the given columns of one ticket."""
    await tx.execute(update(ticket).where(ticket.c.id == ticket_id).values(**values))


def listing(*, place_id: UUID | None, state: str | None) -> Select[Any]:
    """The list of tickets under these filters."""
    chosen = select(ticket)
    if place_id is not None:
        chosen = chosen.where(ticket.c.place_id == place_id)
    if state is not None:
        chosen = chosen.where(ticket.c.state == state)
    return chosen


async def tiers(conn: AsyncConnection, customer_ids: Sequence[UUID]) -> dict[UUID, str]:
    """The tier we last heard of these customers."""
    if not customer_ids:
        return {}
    return {row.customer_id: row.tier for row in await conn.execute(_TIERS, {"ids": list(customer_ids)})}


async def learn_cards(tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep what was heard of routing cards; an older version never overwrites a newer one."""
    latest = {row["customer_id"]: row for row in sorted(rows, key=lambda row: int(row["version"]))}
    told = [{**row, **{name: " ".join(row[name]) for name in _LISTS}} for row in latest.values()]
    await tx.execute(_LEARN_CARDS, _columns(_CARD, told))


async def cards_of(conn: AsyncConnection, ids: Sequence[UUID]) -> Sequence[Row[Any]]:
    """What is kept of these customers' routing cards."""
    return (await conn.execute(_CARDS_OF, {"ids": list(ids)})).all()


async def learn_customers(tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep what was heard of customers; an older version never overwrites a newer one."""
    latest = {row["customer_id"]: row for row in sorted(rows, key=lambda row: int(row["version"]))}
    await tx.execute(_LEARN, _columns(_KNOWN, list(latest.values())))


async def learn_restrictions(tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep what risk said of restrictions; an older version never overwrites a newer one."""
    latest = {row["restriction_id"]: row for row in sorted(rows, key=lambda row: int(row["version"]))}
    await tx.execute(_RESTRICT, _columns(_RESTRICTION, list(latest.values())))


async def forget_customers(tx: AsyncConnection, ids: Sequence[UUID]) -> None:
    """Take customers off their tickets, which stay as counts, and drop what we heard of them."""
    await tx.execute(update(ticket).where(ticket.c.customer_id.in_(ids)).values(customer_id=None))
    for table in (known_card, known_customer, known_restriction):
        await tx.execute(delete(table).where(table.c.customer_id.in_(ids)))


async def of_customers(conn: AsyncConnection, customers: Sequence[UUID]) -> Sequence[Row[Any]]:
    """The tickets of these customers, oldest first."""
    chosen = select(ticket).where(ticket.c.customer_id.in_(customers)).order_by(ticket.c.id)
    return (await conn.execute(chosen)).all()
