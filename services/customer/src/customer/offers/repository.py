"""Every SQL statement about offers; nothing here knows a rule."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    Date,
    DateTime,
    Row,
    Select,
    Text,
    Uuid,
    any_,
    bindparam,
    delete,
    func,
    literal,
    literal_column,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.offers.tables import (
    offer,
    offer_count,
    offer_decision,
    offer_exposure,
    offer_outcome,
    offer_tally,
    service_version,
    suitability_assessment,
)
from shared.db import unnest

Rows = Sequence[Row[Any]]
ANY_SOLD = "*"
_IDS = bindparam("ids", type_=ARRAY(Uuid))
_AT = DateTime(timezone=True)


def _columns(names: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in names}


# ---- The catalogue.


async def insert_version(tx: AsyncConnection, values: Mapping[str, Any]) -> bool:
    """Keep a version of an entry unless another has taken its number; whether it was kept."""
    kept = insert(service_version).values(**values).on_conflict_do_nothing().returning(service_version.c.version)
    return (await tx.execute(kept)).first() is not None


async def versions_of(conn: AsyncConnection, key: str) -> Rows:
    """All versions of an entry, newest first."""
    chosen = select(service_version).where(service_version.c.key == key)
    return (await conn.execute(chosen.order_by(service_version.c.version.desc()))).all()


async def newest(conn: AsyncConnection) -> Rows:
    """The newest version of every entry, by key."""
    rows: Rows = (await conn.execute(_latest(select(service_version), service_version.c.version.desc()))).all()
    return rows


async def in_force(conn: AsyncConnection, at: datetime) -> Rows:
    """The version of every entry that is in force at that instant, by key; archived ones too."""
    begun = select(service_version).where(service_version.c.effective_from <= at)
    order = (service_version.c.effective_from.desc(), service_version.c.version.desc())
    rows: Rows = (await conn.execute(_latest(begun, *order))).all()
    return rows


def _latest(chosen: Select[Any], *order: Any) -> Select[Any]:
    return chosen.ext(distinct_on(service_version.c.key)).order_by(service_version.c.key, *order)


# ---- Assessments.


async def insert_assessments(tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep assessments, still sealed."""
    await tx.execute(insert(suitability_assessment), list(rows))


async def assessments_of(conn: AsyncConnection, ids: Sequence[UUID]) -> Rows:
    """All assessments of these customers, latest first."""
    here = suitability_assessment.c
    chosen = select(suitability_assessment).where(here.customer_id == any_(_IDS))
    return (await conn.execute(chosen.order_by(here.assessed_at.desc(), here.id.desc()), {"ids": list(ids)})).all()


async def assessments_by_ids(conn: AsyncConnection, ids: Sequence[UUID]) -> Rows:
    """Assessments by id."""
    chosen = select(suitability_assessment).where(suitability_assessment.c.id == any_(_IDS))
    return (await conn.execute(chosen, {"ids": list(ids)})).all()


# ---- Decisions.


async def insert_decisions(tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep decisions, what they told still sealed."""
    await tx.execute(insert(offer_decision), list(rows))


async def decisions(conn: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, Row[Any]]:
    """Decisions by id."""
    if not ids:
        return {}
    here = offer_decision.c.id
    # Bounds beside the list, so that only the partitions of these months are looked at.
    chosen = select(offer_decision).where(here == any_(_IDS), here >= min(ids), here <= max(ids))
    return {row.id: row for row in await conn.execute(chosen, {"ids": list(ids)})}


async def decisions_of(conn: AsyncConnection, ids: Sequence[UUID]) -> Rows:
    """Every decision about these customers, oldest first."""
    chosen = select(offer_decision).where(offer_decision.c.customer_id == any_(_IDS)).order_by(offer_decision.c.id)
    return (await conn.execute(chosen, {"ids": list(ids)})).all()


# ---- Offers, and what became of them.

_OFFER: dict[str, Any] = {
    "id": Uuid,
    "service": Text,
    "version": BigInteger,
    "customer_id": Uuid,
    "channel": Text,
    "tier": Text,
    "sells": Boolean,
    "held_out": Boolean,
    "unasked": Boolean,
    "outcome": Text,
    "shown_at": _AT,
    "answered_at": _AT,
}
_fresh = unnest("fresh", **_OFFER)
_BEGIN = (
    insert(offer)
    # Sorted by the key: two groups that meet in another order would deadlock.
    .from_select(list(_OFFER), select(*_fresh.c).order_by(_fresh.c.id, _fresh.c.service))
    .on_conflict_do_nothing()
    .returning(offer.c.id, offer.c.service)
)
# An update keeps the names of its own columns for itself: what comes has others.
_STANDS: dict[str, Any] = {"offer_id": Uuid, "entry": Text, "stands": Text, "shown": _AT, "answered": _AT}
_now = unnest("fresh", **_STANDS)
_STAND = (
    update(offer)
    .where(offer.c.id == _now.c.offer_id, offer.c.service == _now.c.entry)
    .values(outcome=_now.c.stands, shown_at=_now.c.shown, answered_at=_now.c.answered)
)


async def begin_offers(tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> set[tuple[UUID, str]]:
    """Keep offers nobody has said anything of yet; which they are. Each once in `rows`."""
    return {(row.id, row.service) for row in await tx.execute(_BEGIN, _columns(_OFFER, rows))}


async def hold_offers(tx: AsyncConnection, places: Sequence[tuple[UUID, str]]) -> dict[tuple[UUID, str], Row[Any]]:
    """Offers, held until the end of the transaction, in one order."""
    here = offer.c
    ids = [one for one, _ in places]
    chosen = (
        select(offer)
        .where(tuple_(here.id, here.service).in_(places), here.id >= min(ids), here.id <= max(ids))
        .order_by(here.id, here.service)
        .with_for_update()
    )
    return {(row.id, row.service): row for row in await tx.execute(chosen)}


async def stand(tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write what became of offers that are held."""
    if rows:
        await tx.execute(_STAND, _columns(_STANDS, rows))


async def insert_outcomes(tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep words as they were said."""
    await tx.execute(insert(offer_outcome), list(rows))


async def outcomes(conn: AsyncConnection, ids: Sequence[UUID]) -> Rows:
    """Words by id, each with the offer it is of as that stands."""
    here, stands = offer_outcome.c, offer.c
    chosen = (
        select(offer_outcome, stands.channel, stands.unasked, stands.outcome.label("stands"))
        .join(offer, (stands.id == here.offer_id) & (stands.service == here.service))
        .where(here.id == any_(_IDS))
    )
    return (await conn.execute(chosen, {"ids": list(ids)})).all()


async def offers_of(conn: AsyncConnection, ids: Sequence[UUID]) -> Rows:
    """Every offer these customers were shown or answered, oldest first."""
    chosen = select(offer).where(offer.c.customer_id == any_(_IDS)).order_by(offer.c.id, offer.c.service)
    return (await conn.execute(chosen, {"ids": list(ids)})).all()


# ---- What the posterior is made of.

_COUNT: dict[str, Any] = {
    **dict.fromkeys(("service", "channel", "tier"), Text),
    **dict.fromkeys(("shown", "accepted", "declined", "ignored"), BigInteger),
}
_PLACE = ("service", "channel", "tier")


def _adding(table: Any, columns: Mapping[str, Any], key: Sequence[str]) -> Any:
    """Rows that add to what is counted, in the order of their key."""
    more = unnest("more", **columns)
    said = insert(table).from_select(list(columns), select(*more.c).order_by(*(more.c[name] for name in key)))
    sums = {name: table.c[name] + said.excluded[name] for name in columns if name not in key}
    return said.on_conflict_do_update(index_elements=list(key), set_=sums)


_ADD_COUNTS = _adding(offer_count, _COUNT, _PLACE)


async def add_counts(tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add to the counts of places (each once in `rows`)."""
    if rows:
        await tx.execute(_ADD_COUNTS, _columns(_COUNT, rows))


async def counts_on(conn: AsyncConnection, channels: Sequence[str]) -> Rows:
    """What is counted on these channels."""
    here = offer_count.c.channel == any_(bindparam("channels", type_=ARRAY(Text)))
    return (await conn.execute(select(offer_count).where(here), {"channels": list(channels)})).all()


# ---- Who was considered for what.

_EXPOSURE: dict[str, Any] = {
    "experiment_id": Uuid,
    "customer_id": Uuid,
    "person": Uuid,
    "service": Text,
    "arm": Text,
    "sells": Boolean,
    "first_at": _AT,
    "qualified_at": _AT,
}
_EXPOSED = ("experiment_id", "customer_id", "service")


def _expose() -> Any:
    fresh = unnest("fresh", **_EXPOSURE)
    order = [fresh.c[name] for name in _EXPOSED]
    said = insert(offer_exposure).from_select(list(_EXPOSURE), select(*fresh.c).order_by(*order))
    kept = said.on_conflict_do_update(
        index_elements=list(_EXPOSED),
        set_={"qualified_at": said.excluded.qualified_at},
        where=offer_exposure.c.qualified_at.is_(None) & said.excluded.qualified_at.is_not(None),
    )
    here = offer_exposure.c
    # A row that was there already has been locked by somebody: xmax tells a new one from it.
    new = (literal_column("offer_exposure.xmax") == literal_column("0")).label("new")
    return kept.returning(here.customer_id, here.service, here.arm, here.qualified_at, new)


_EXPOSE = _expose()
_TAKEN: dict[str, Any] = {"experiment": Uuid, "customer": Uuid, "entry": Text, "at": _AT}
_taken = unnest("taken", **_TAKEN)
_exposed = offer_exposure.c
_since = func.coalesce(_exposed.qualified_at, _exposed.first_at)
_TAKE = (
    update(offer_exposure)
    .where(
        _exposed.experiment_id == _taken.c.experiment,
        _exposed.customer_id == _taken.c.customer,
        _exposed.service == _taken.c.entry,
        _since <= _taken.c.at,
        # The first time since then, in whatever order it is heard.
        func.coalesce(_exposed.accepted_at.between(_since, _taken.c.at), literal(value=False)).is_(False),
    )
    .values(accepted_at=_taken.c.at)
    .returning(*(_exposed[name] for name in (*_EXPOSED, "arm", "qualified_at")))
)


async def expose(tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> Rows:
    """Keep who was considered and who qualified, each first time only; the rows that are new or newly qualified."""
    return (await tx.execute(_EXPOSE, _columns(_EXPOSURE, rows))).all() if rows else []


async def exposures_of(conn: AsyncConnection, ids: Sequence[UUID], *, hold: bool = False) -> Rows:
    """What these customers were considered for, in one order; held until the end of the transaction if it says so."""
    here = offer_exposure.c
    chosen = select(offer_exposure).where(here.customer_id == any_(_IDS)).order_by(*(here[name] for name in _EXPOSED))
    return list(await conn.execute(chosen.with_for_update() if hold else chosen, {"ids": list(ids)}))


async def take(tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> Rows:
    """Note the first time since they qualified that somebody took what they had been considered for; the rows changed."""
    return (await tx.execute(_TAKE, _columns(_TAKEN, rows))).all() if rows else []


async def arms(
    conn: AsyncConnection, experiment_id: UUID, since: datetime | None, until: datetime | None, days: int
) -> Rows:
    """By entry and arm: people who first qualified in the span, and how many of them took it within `days`.

    A person is whom records count as; one that counts as somebody else by now is left out.
    """
    here = offer_exposure.c
    links = storage.LINKS
    leader = func.coalesce(
        select(links.c.leader).where(links.c.member == here.customer_id, links.c.linked).scalar_subquery(),
        here.customer_id,
    )
    took = (here.accepted_at >= here.qualified_at) & (here.accepted_at < here.qualified_at + timedelta(days=days))
    chosen = select(
        here.service,
        here.sells,
        here.arm,
        here.person,
        (leader == here.person).label("stays"),
        func.coalesce(took, literal(value=False)).label("took"),
    ).where(here.experiment_id == experiment_id, here.qualified_at.is_not(None))
    if since is not None:
        chosen = chosen.where(here.qualified_at >= since)
    if until is not None:
        chosen = chosen.where(here.qualified_at < until)
    each = chosen.cte("each")
    sold = select(
        literal(ANY_SOLD).label("service"), *(each.c[name] for name in ("arm", "person", "stays", "took"))
    ).where(each.c.sells)
    told = select(each.c.service, each.c.arm, each.c.person, each.c.stays, each.c.took).union_all(sold).subquery()
    people = (
        select(
            told.c.service,
            told.c.arm,
            told.c.person,
            func.bool_and(told.c.stays).label("stays"),
            func.bool_or(told.c.took).label("took"),
        )
        .group_by(told.c.service, told.c.arm, told.c.person)
        .subquery()
    )
    counted = select(
        people.c.service,
        people.c.arm,
        func.count().filter(people.c.stays).label("people"),
        func.count().filter(people.c.stays & people.c.took).label("took"),
        func.count().filter(~people.c.stays).label("moved"),
    )
    grouped = counted.group_by(people.c.service, people.c.arm).order_by(people.c.service, people.c.arm)
    return (await conn.execute(grouped)).all()


# ---- How many of each group.

_TALLY: dict[str, Any] = {
    "month": Date,
    **dict.fromkeys(("service", "dimension", "group_name"), Text),
    **dict.fromkeys(("considered", "offered", "accepted"), BigInteger),
}
_ADD_TALLY = _adding(offer_tally, _TALLY, ("month", "service", "dimension", "group_name"))


async def add_tally(tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add to how many of each group were considered, offered and took it (each group once in `rows`)."""
    if rows:
        await tx.execute(_ADD_TALLY, _columns(_TALLY, rows))


async def tallies(conn: AsyncConnection, since: date | None, until: date | None) -> Rows:
    """The sums of the months that begin in [since, until), by entry, dimension and group."""
    here = offer_tally.c
    sums = [func.sum(here[name]).label(name) for name in ("considered", "offered", "accepted")]
    chosen = select(here.service, here.dimension, here.group_name, *sums)
    if since is not None:
        chosen = chosen.where(here.month >= since)
    if until is not None:
        chosen = chosen.where(here.month < until)
    grouped = chosen.group_by(here.service, here.dimension, here.group_name)
    return (await conn.execute(grouped.order_by(here.service, here.dimension, here.group_name))).all()


# ---- Erasure.


async def forget(tx: AsyncConnection, ids: Sequence[UUID]) -> None:
    """Leave of erased customers that something was decided, not what; counts stay, for nobody is in them."""
    blank = {"told": b"", "offered": [], "versions": [], "sells": []}
    await tx.execute(update(offer_decision).where(offer_decision.c.customer_id.in_(ids)).values(**blank))
    for table in (offer, offer_outcome, offer_exposure, suitability_assessment):
        await tx.execute(delete(table).where(table.c.customer_id.in_(ids)))
