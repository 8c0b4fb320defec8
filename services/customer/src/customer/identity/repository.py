"""Every SQL statement about who is who: sets, what happened to them, and what was decided meanwhile."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    DateTime,
    Integer,
    Row,
    Select,
    Text,
    Uuid,
    cast,
    delete,
    func,
    literal,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.identity.tables import (
    duplicate_block,
    duplicate_candidate,
    heard_decision,
    link_event,
    link_set,
    merge_review,
)
from shared import clock
from shared.db import unnest

Rows = Sequence[Row[Any]]
_LINKS = storage.LINKS
_INSTANT = DateTime(timezone=True)
_HEARD: dict[str, Any] = {
    "id": Uuid,
    "customer_id": Uuid,
    "service": Text,
    "kind": Text,
    "resource_id": Text,
    "act": Text,
    "decided_at": _INSTANT,
}
_REVIEW: dict[str, Any] = {
    "id": Uuid,
    "version": Integer,
    "identity_link_id": Uuid,
    "subject": Uuid,
    "service": Text,
    "kind": Text,
    "resource_id": Text,
    "act": Text,
    "decided_at": _INSTANT,
    "decided_by": Text,
    "state": Text,
    "created_at": _INSTANT,
    "updated_at": _INSTANT,
}

_heard = unnest("heard", **_HEARD)
_INSERT_HEARD = insert(heard_decision).from_select(list(_HEARD), select(*_heard.c).order_by(_heard.c.id))
_listed = unnest("listed", **_REVIEW)
_INSERT_REVIEWS = (
    insert(merge_review)
    # Sorted by the unique key: two that list the same acts in another order would deadlock.
    .from_select(list(_REVIEW), select(*_listed.c).order_by(_listed.c.act))
    .on_conflict_do_nothing(index_elements=["act"])
    .returning(merge_review.c.id)
)


def _columns(names: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in names}


async def lock(tx: AsyncConnection) -> None:
    """One change of identity at a time: people make them, and two that touch the same sets must follow one another."""
    await tx.execute(select(func.pg_advisory_xact_lock(func.hashtext("identity"))))


async def standing(conn: AsyncConnection, ids: Sequence[UUID]) -> Rows:
    """What was last said of these, and of all who count with one of them: (member, leader, version, linked)."""
    leaders = select(_LINKS.c.leader).where(_LINKS.c.member.in_(ids), _LINKS.c.linked)
    chosen = select(_LINKS).where(or_(_LINKS.c.member.in_(ids), _LINKS.c.linked & _LINKS.c.leader.in_(leaders)))
    return (await conn.execute(chosen.order_by(_LINKS.c.member))).all()


async def link_page(conn: AsyncConnection, last: UUID | None, limit: int) -> Rows:
    """A page of all that was last said of members, in their order."""
    chosen = select(_LINKS).order_by(_LINKS.c.member).limit(limit)
    return (await conn.execute(chosen if last is None else chosen.where(_LINKS.c.member > last))).all()


async def active_sets(conn: AsyncConnection, leaders: Sequence[UUID]) -> Rows:
    """The sets these lead at present."""
    return (
        await conn.execute(select(link_set).where(link_set.c.leader.in_(leaders), link_set.c.state == "active"))
    ).all()


async def sets(conn: AsyncConnection, ids: Sequence[UUID]) -> Rows:
    """Sets by id, each with its members."""
    members = (
        select(func.array_agg(_LINKS.c.member))
        .where(_LINKS.c.leader == link_set.c.leader, _LINKS.c.linked)
        .scalar_subquery()
    )
    return (await conn.execute(select(link_set, members.label("members")).where(link_set.c.id.in_(ids)))).all()


def listing(*, member: UUID | None, state: str | None) -> Select[Any]:
    """The list of sets under these filters; a member finds every set it was ever in."""
    members = (
        select(func.array_agg(_LINKS.c.member))
        .where(_LINKS.c.leader == link_set.c.leader, _LINKS.c.linked)
        .scalar_subquery()
    )
    chosen = select(link_set, members.label("members"))
    if state is not None:
        chosen = chosen.where(link_set.c.state == state)
    if member is not None:
        ever = select(link_event.c.set_id).where(_touches([member]))
        split_off = select(link_event.c.split_off_id).where(_touches([member]))
        chosen = chosen.where(or_(link_set.c.id.in_(ever), link_set.c.id.in_(split_off)))
    return chosen


async def insert_set(tx: AsyncConnection, values: Mapping[str, Any]) -> None:
    """Keep a new set."""
    await tx.execute(insert(link_set).values(**values))


async def change_set(tx: AsyncConnection, set_id: UUID, values: Mapping[str, Any]) -> None:
    """Write the given columns of one set."""
    await tx.execute(update(link_set).where(link_set.c.id == set_id).values(**values))


async def insert_event(tx: AsyncConnection, values: Mapping[str, Any]) -> None:
    """Keep what happened."""
    await tx.execute(insert(link_event).values(**values))


def _touches(ids: Sequence[UUID]) -> Any:
    return link_event.c.members.op("&&")(cast(literal(list(ids), ARRAY(Uuid)), ARRAY(Uuid)))


async def events_of(conn: AsyncConnection, ids: Sequence[UUID]) -> Rows:
    """All that happened to sets with one of these in them, in order."""
    return (await conn.execute(select(link_event).where(_touches(ids)).order_by(link_event.c.id))).all()


async def splits(conn: AsyncConnection, ids: Sequence[UUID]) -> Rows:
    """Events by id."""
    return (await conn.execute(select(link_event).where(link_event.c.id.in_(ids)))).all()


async def links_since(conn: AsyncConnection, ids: Sequence[UUID], since: datetime) -> list[datetime]:
    """When one of these was linked, since then, oldest first."""
    chosen = select(link_event.c.at).where(_touches(ids), link_event.c.kind == "link", link_event.c.at >= since)
    return list((await conn.execute(chosen.order_by(link_event.c.at))).scalars())


async def partings_around(conn: AsyncConnection, customer_id: UUID, at: datetime) -> Rows:
    """The partings of sets in which that one counted with others at that instant."""
    chosen = select(link_event).where(_touches([customer_id]), link_event.c.together_since <= at, link_event.c.at > at)
    return (await conn.execute(chosen.order_by(link_event.c.id))).all()


async def own_acts(
    conn: AsyncConnection, ids: Sequence[UUID], since: datetime, size: int = 2_000
) -> AsyncIterator[Rows]:
    """What this service's own record says was done to these since then, canonical bytes and all, page by page."""
    audit = storage.AUDIT.audit
    columns = (audit.c.id, audit.c.subject_id, audit.c.canonical)
    chosen: Select[Any] = select(*columns).where(audit.c.subject_id.in_(ids))
    first = chosen.where(audit.c.id >= clock.id_floor(since)).order_by(audit.c.id).limit(size)
    page: Rows = (await conn.execute(first)).all()
    while page:
        yield page
        rest = chosen.where(audit.c.id > page[-1].id).order_by(audit.c.id).limit(size)
        page = (await conn.execute(rest)).all() if len(page) == size else []


async def ever_linked(conn: AsyncConnection, ids: Sequence[UUID]) -> set[UUID]:
    """Which of these are or were linked with somebody."""
    return set((await conn.execute(select(_LINKS.c.member).where(_LINKS.c.member.in_(ids)))).scalars())


async def insert_heard(tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep what others decided."""
    if rows:
        await tx.execute(_INSERT_HEARD, _columns(_HEARD, rows))


async def heard_since(conn: AsyncConnection, ids: Sequence[UUID], since: datetime) -> Rows:
    """What others decided about these since then."""
    table = heard_decision
    chosen = select(table).where(table.c.customer_id.in_(ids), table.c.decided_at >= since)
    return (await conn.execute(chosen.order_by(table.c.id))).all()


async def insert_reviews(tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> int:
    """List decisions for a person, whatever their number, each once; how many are new."""
    return len((await tx.execute(_INSERT_REVIEWS, _columns(_REVIEW, rows))).all()) if rows else 0


def review_listing(*, state: str | None, identity_link_id: UUID | None, subject: UUID | None) -> Select[Any]:
    """The list of reviews under these filters."""
    chosen = select(merge_review)
    wanted = {"state": state, "identity_link_id": identity_link_id, "subject": subject}
    for name, value in wanted.items():
        if value is not None:
            chosen = chosen.where(merge_review.c[name] == value)
    return chosen


async def review(conn: AsyncConnection, review_id: UUID, *, hold: bool = False) -> Row[Any] | None:
    """One review, held until the end of the transaction if asked."""
    chosen = select(merge_review).where(merge_review.c.id == review_id)
    return (await conn.execute(chosen.with_for_update() if hold else chosen)).one_or_none()


async def change_review(tx: AsyncConnection, review_id: UUID, values: Mapping[str, Any]) -> None:
    """Write the given columns of one review."""
    await tx.execute(update(merge_review).where(merge_review.c.id == review_id).values(**values))


async def forget(tx: AsyncConnection, ids: Sequence[UUID]) -> None:
    """Drop what was decided about erased members; that they were once linked stays as ids."""
    await tx.execute(delete(merge_review).where(merge_review.c.subject.in_(ids)))
    await tx.execute(delete(heard_decision).where(heard_decision.c.customer_id.in_(ids)))
    await tx.execute(delete(duplicate_block).where(duplicate_block.c.customer_id.in_(ids)))
    either = or_(duplicate_candidate.c.one.in_(ids), duplicate_candidate.c.other.in_(ids))
    await tx.execute(delete(duplicate_candidate).where(either))


async def lock_blocks(tx: AsyncConnection) -> None:
    """One batch of comparisons at a time: two at once would each miss the other's records."""
    await tx.execute(select(func.pg_advisory_xact_lock(func.hashtext("identity_blocks"))))


async def replace_blocks(tx: AsyncConnection, ids: Sequence[UUID], rows: Sequence[Mapping[str, Any]]) -> None:
    """Under what these parties can be met from now on."""
    await tx.execute(delete(duplicate_block).where(duplicate_block.c.customer_id.in_(ids)))
    if rows:
        # Three columns each: far below what one statement may bind, for the batches a consumer hears.
        for start in range(0, len(rows), 2_000):
            kept = insert(duplicate_block).values([dict(row) for row in rows[start : start + 2_000]])
            await tx.execute(kept.on_conflict_do_nothing())


async def met(conn: AsyncConnection, ids: Sequence[UUID], largest: int) -> list[tuple[UUID, UUID, str]]:
    """Who shares a block with one of these: (customer_id, mate, kind); a block of more than `largest` means nothing."""
    mine, theirs, counted = (
        duplicate_block.alias("mine"),
        duplicate_block.alias("theirs"),
        duplicate_block.alias("counted"),
    )
    size = (
        select(func.count())
        .select_from(select(counted.c.key).where(counted.c.key == mine.c.key).limit(largest + 1).subquery())
        .scalar_subquery()
    )
    chosen = (
        select(mine.c.customer_id, theirs.c.customer_id.label("mate"), mine.c.kind)
        .join(theirs, theirs.c.key == mine.c.key)
        .where(mine.c.customer_id.in_(ids), theirs.c.customer_id != mine.c.customer_id, size <= largest)
    )
    return [(row.customer_id, row.mate, row.kind) for row in await conn.execute(chosen)]


async def keep_candidates(tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep candidates, or what is new about open ones; what a person decided stands."""
    table = duplicate_candidate
    for row in sorted(rows, key=lambda row: (row["one"], row["other"])):
        said = insert(table).values(**row)
        new = {name: said.excluded[name] for name in ("band", "score", "probability", "reasons", "updated_at")}
        differs = (table.c.state == "open") & (
            (table.c.reasons != said.excluded.reasons) | (table.c.band != said.excluded.band)
        )
        await tx.execute(
            said.on_conflict_do_update(
                index_elements=["one", "other"], set_=new | {"version": table.c.version + 1}, where=differs
            )
        )


async def drop_candidates(tx: AsyncConnection, ids: Sequence[UUID], kept: Sequence[tuple[UUID, UUID]]) -> None:
    """Open candidates of these that do not look like one party any more; nobody has decided about them."""
    table = duplicate_candidate
    gone = delete(table).where(
        or_(table.c.one.in_(ids), table.c.other.in_(ids)),
        table.c.state == "open",
        tuple_(table.c.one, table.c.other).not_in([tuple(pair) for pair in kept]),
    )
    await tx.execute(gone)


def candidate_listing(*, state: str | None, band: str | None, customer_id: UUID | None) -> Select[Any]:
    """The list of candidates under these filters."""
    table = duplicate_candidate
    chosen = select(table)
    if state is not None:
        chosen = chosen.where(table.c.state == state)
    if band is not None:
        chosen = chosen.where(table.c.band == band)
    if customer_id is not None:
        chosen = chosen.where(or_(table.c.one == customer_id, table.c.other == customer_id))
    return chosen


async def candidate(conn: AsyncConnection, candidate_id: UUID, *, hold: bool = False) -> Row[Any] | None:
    """One candidate, held until the end of the transaction if asked."""
    chosen = select(duplicate_candidate).where(duplicate_candidate.c.id == candidate_id)
    return (await conn.execute(chosen.with_for_update() if hold else chosen)).one_or_none()


async def change_candidate(tx: AsyncConnection, candidate_id: UUID, values: Mapping[str, Any]) -> None:
    """Write the given columns of one candidate."""
    await tx.execute(update(duplicate_candidate).where(duplicate_candidate.c.id == candidate_id).values(**values))


async def candidates_among(conn: AsyncConnection, members: Sequence[UUID]) -> Rows:
    """The candidates that are about two of these."""
    table = duplicate_candidate
    chosen = select(table).where(table.c.one.in_(members), table.c.other.in_(members)).order_by(table.c.id)
    return (await conn.execute(chosen.with_for_update())).all()
