"""Identity links, resolved when read: rows keep the id they came with, and a later word of a member replaces an earlier."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    CompoundSelect,
    Integer,
    MetaData,
    Table,
    Uuid,
    any_,
    bindparam,
    func,
    literal,
    select,
    union,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.access import Caller
from shared.db import unnest
from shared.events.consumer import Handlers, Heard, Hears
from shared.problems import NotFound


def identity_link_table(metadata: MetaData) -> Table:
    """Member, leader and version of the link set, on a service's own metadata."""
    return Table(
        "identity_link",
        metadata,
        Column("member", Uuid, primary_key=True),
        Column("leader", Uuid, nullable=False, index=True),
        Column("version", Integer, nullable=False),
        Column("linked", Boolean, nullable=False),
    )


@cache
def _learn(table: Table) -> Any:
    rows = unnest("said", member=Uuid, leader=Uuid, version=Integer, linked=Boolean)
    names = ["member", "leader", "version", "linked"]
    said = insert(table).from_select(names, select(*rows.c).order_by(rows.c.member))
    return said.on_conflict_do_update(
        index_elements=["member"],
        set_={name: said.excluded[name] for name in names[1:]},
        where=table.c.version < said.excluded.version,
    )


async def learn_links(tx: AsyncConnection, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
    """Keep what was said of members ({member, leader, version, linked}); of each the highest version holds.

    The order in which versions are heard does not matter.
    """
    latest = {row["member"]: row for row in sorted(rows, key=lambda row: int(row["version"]))}
    if latest:
        names = ("member", "leader", "version", "linked")
        await tx.execute(_learn(table), {name: [row[name] for row in latest.values()] for name in names})


class IdentityLinked(Hears):
    """A member counts as a leader from now on."""

    type: ClassVar[str] = "cxbank.customer.linked.v1"
    member: UUID
    leader: UUID
    version: int

    @property
    def stands_linked(self) -> bool:
        """Whether the member counts as the leader after this."""
        return True


class IdentityUnlinked(IdentityLinked):
    """The member stands alone again."""

    type: ClassVar[str] = "cxbank.customer.unlinked.v1"

    @property
    def stands_linked(self) -> bool:
        """Whether the member counts as the leader after this."""
        return False


class IdentitySnapshot(IdentityLinked):
    """How the member stands, said again for a newcomer."""

    type: ClassVar[str] = "cxbank.customer.link_snapshot.v1"
    linked: bool

    @property
    def stands_linked(self) -> bool:
        """Whether the member counts as the leader after this."""
        return self.linked


def listen(handlers: Handlers, table: Table) -> None:
    """Let a service hear who is linked with whom; what it reads by a customer then resolves."""

    @handlers.on(IdentityLinked, IdentityUnlinked, IdentitySnapshot)
    async def heard_links(tx: AsyncConnection, events: Sequence[Heard[IdentityLinked]]) -> None:
        rows = [
            event.data.model_dump(include={"member", "leader", "version"}) | {"linked": event.data.stands_linked}
            for event in events
        ]
        await learn_links(tx, table, rows)


async def resolve(conn: AsyncConnection, table: Table, ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """The leader each id counts for now: its own where nothing links it."""
    linked = select(table.c.member, table.c.leader).where(
        table.c.linked, table.c.member == any_(bindparam("ids", type_=ARRAY(Uuid)))
    )
    rows = await conn.execute(linked, {"ids": list(ids)})
    return {one: one for one in ids} | {row.member: row.leader for row in rows}


def same_party(table: Table, customer_id: UUID) -> CompoundSelect[Any]:
    """A subquery for filters: every id that counts as the same party as this one, itself among them."""
    whose = select(table.c.leader).where(table.c.member == customer_id, table.c.linked).scalar_subquery()
    return union(
        select(literal(customer_id, Uuid)), select(table.c.member).where(table.c.leader == whose, table.c.linked)
    )


async def members(conn: AsyncConnection, table: Table, leader: UUID) -> list[UUID]:
    """Everybody who counts for this leader, the leader first."""
    rows = await conn.execute(select(table.c.member).where(table.c.leader == leader, table.c.linked))
    return [leader, *sorted(one for one in rows.scalars() if one != leader)]


@cache
def _circles(table: Table) -> Any:
    """(asked, leader, member): one walk up to the leader and down to everybody who counts for it."""
    wanted, mine, other = unnest("wanted", ids=Uuid), table.alias("mine"), table.alias("other")
    leader = func.coalesce(mine.c.leader, wanted.c.ids)
    joined = wanted.outerjoin(mine, (mine.c.member == wanted.c.ids) & mine.c.linked)
    joined = joined.outerjoin(other, (other.c.leader == leader) & other.c.linked)
    return select(wanted.c.ids.label("asked"), leader.label("leader"), other.c.member).select_from(joined)


async def circles(conn: AsyncConnection, table: Table, ids: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    """For each id everybody who counts as the same party now, the leader first; two linked ids have the same circle."""
    leaders: dict[UUID, UUID] = {}
    of: dict[UUID, set[UUID]] = {}
    for row in await conn.execute(_circles(table), {"ids": sorted(set(ids))}):
        leaders[row.asked] = row.leader
        of.setdefault(row.leader, set()).update([row.member] if row.member else [])
    return {one: [leader, *sorted(of[leader] - {leader})] for one, leader in leaders.items()}


async def one_party(conn: AsyncConnection, table: Table, pairs: Iterable[tuple[UUID, UUID]]) -> set[tuple[UUID, UUID]]:
    """Those of these pairs of ids that are one party now; asks nothing where every id meets itself."""
    wanted = set(pairs)
    if all(one == other for one, other in wanted):
        return wanted
    leaders = await resolve(conn, table, sorted({one for pair in wanted for one in pair}))
    return {(one, other) for one, other in wanted if leaders[one] == leaders[other]}


async def reached(conn: AsyncConnection, table: Table, asked: Sequence[tuple[Caller, UUID]]) -> list[bool]:
    """Of each (caller, id) whether the caller reaches it: a customer every id that counts as theirs now, others all."""
    whose = [(caller.customer_id, one) for caller, one in asked if caller.actor == "customer"]
    own = await one_party(conn, table, [(mine, one) for mine, one in whose if mine is not None])
    return [caller.actor != "customer" or (caller.customer_id, one) in own for caller, one in asked]


async def reach(conn: AsyncConnection, table: Table, caller: Caller, customer_id: UUID) -> None:
    """The same for one; another customer's is not told apart from none (NotFound)."""
    if not all(await reached(conn, table, [(caller, customer_id)])):
        raise NotFound()


def party_of(table: Table, column: ColumnElement[UUID]) -> ColumnElement[UUID]:
    """Whom the id in that column counts for now, to tell parties apart in a statement: its leader, else itself."""
    leads = select(table.c.leader).where(table.c.member == column, table.c.linked).scalar_subquery()
    return func.coalesce(leads, column)
