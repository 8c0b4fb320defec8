"""Every SQL statement about facts, screenings and restrictions; nothing here knows a rule."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    Integer,
    LargeBinary,
    Numeric,
    Row,
    Select,
    Text,
    Uuid,
    and_,
    any_,
    bindparam,
    cast,
    delete,
    distinct,
    exists,
    func,
    literal_column,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from risk.screening.domain.windows import PARTS, Feature, Number, Pivot
from risk.screening.tables import fact, known_customer, restriction, screening
from risk.storage import KEYS, LINKS
from shared.db import unnest
from shared.subjects import party_of, same_party

_AT = DateTime(timezone=True)
_FACT: dict[str, Any] = {
    "id": Uuid,
    "customer_id": Uuid,
    "kind": Text,
    "occurred_at": _AT,
    "amount": BigInteger,
    "currency": Text,
    "account": LargeBinary,
    "device": LargeBinary,
    "payee": LargeBinary,
    "place": LargeBinary,
}
_SCREENING: dict[str, Any] = {
    "id": Uuid,
    "version": Integer,
    "customer_id": Uuid,
    "kind": Text,
    "occurred_at": _AT,
    "outcome": Text,
    "score": Integer,
    "ruleset": Integer,
    "detail": LargeBinary,
    "created_at": _AT,
}
_KNOWN: dict[str, Any] = {"customer_id": Uuid, "tier": Text, "state": Text, "version": Integer}

# `turn` is the place in the group: facts get their ingest numbers in the order the wishes came.
_fresh = unnest("fresh", turn=Integer, **_FACT)
_INSERT_FACTS = (
    insert(fact)
    .from_select(list(_FACT), select(*(_fresh.c[name] for name in _FACT)).order_by(_fresh.c.turn))
    .returning(fact.c.id, fact.c.ingest)
)
_decided = unnest("decided", **_SCREENING)
_INSERT = insert(screening).from_select(list(_SCREENING), select(*_decided.c).order_by(_decided.c.id))
_heard = unnest("heard", **_KNOWN)
_said = insert(known_customer).from_select(list(_KNOWN), select(*_heard.c).order_by(_heard.c.customer_id))
_LEARN = _said.on_conflict_do_update(
    index_elements=["customer_id"],
    set_={name: _said.excluded[name] for name in ("tier", "state", "version")},
    where=known_customer.c.version < _said.excluded.version,
)
_IDS = bindparam("ids", type_=ARRAY(Uuid))
_BY_IDS = select(screening).where(screening.c.id == any_(_IDS))
_circle = unnest("circle", asked=Uuid, member=Uuid)
_whose = unnest("whose", customer=Text)
# Sorted before any is taken (OFFSET 0 keeps the sort inside): two groups with the same customers do not deadlock.
_keys = (
    select(func.hashtextextended("screen|" + _whose.c.customer, 0).label("key"))
    .order_by(literal_column("1"))
    .offset(literal_column("0"))
    .subquery("keys")
)
_LOCK = select(func.count(cast(func.pg_advisory_xact_lock(_keys.c.key), Text)))
_IN_FORCE = (
    select(restriction)
    .where(
        restriction.c.customer_id == any_(_IDS),
        restriction.c.state == "active",
        restriction.c.until > bindparam("at", type_=_AT),
    )
    .order_by(restriction.c.id)
)


def _columns(names: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in names}


async def one_customer_at_a_time(tx: AsyncConnection, customer_ids: Sequence[UUID]) -> None:
    """Hold these customers until the end of the transaction: decisions on one of them come one after the other.

    Other pivots are not held: what another customer does at the same device at the same moment is seen if it was
    committed by then, and the values that were seen are kept with the decision.
    """
    await tx.execute(_LOCK, {"customer": sorted(str(one) for one in set(customer_ids))})


async def insert_facts(tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> dict[UUID, int]:
    """Keep facts in one statement, in this order; the ingest number of each."""
    values = _columns(_FACT, rows) | {"turn": list(range(len(rows)))}
    return {row.id: row.ingest for row in await tx.execute(_INSERT_FACTS, values)}


async def insert_screenings(tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep decisions, whatever their number, in one statement."""
    await tx.execute(_INSERT, _columns(_SCREENING, rows))


def _told_apart(pivot: Pivot) -> Any:
    """Two records of one person at a device are one customer, as long as they are linked."""
    return party_of(LINKS, fact.c.customer_id) if pivot is Pivot.CUSTOMER else fact.c[pivot]


def _part(part: str, feature: Feature) -> Any:
    made: Mapping[str, Any] = {
        "n": func.count(),
        "total": func.sum(fact.c.amount),
        "squares": func.sum(cast(fact.c.amount, Numeric) * fact.c.amount),
        "top": func.max(fact.c.amount),
        "distinct": func.count(distinct(_told_apart(feature.distinct or Pivot.CUSTOMER))),
        "first": func.min(fact.c.occurred_at),
        "last": func.max(fact.c.occurred_at),
    }
    return made[part]


def _since(feature: Feature, at: ColumnElement[Any]) -> ColumnElement[bool]:
    seconds = int(feature.window.total_seconds())
    return fact.c.occurred_at > at - literal_column(f"interval '{seconds} seconds'")


@cache
def _windows(features: tuple[Feature, ...], *, linked: bool) -> Select[Any]:
    """One statement for all features of all facts of a group: for each pivot one walk along its index.

    What is told of a customer is told of everybody who counts as the same party: where somebody of the group is
    `linked`, the customer's walk goes through the members of their circle.

    Each walk spans the pivot's longest window; shorter ones are filters on it. The fact itself and those of the
    group before it are in the table by then and have smaller ingest numbers, so that a group needs no second way to
    count.
    """
    asked = unnest("asked", ingest=BigInteger, **_FACT)
    walks: dict[Pivot, Any] = {}
    for pivot in Pivot:
        mine = [feature for feature in features if feature.pivot is pivot]
        if not mine:
            continue
        columns = []
        for feature in mine:
            holds = [_since(feature, asked.c.occurred_at)]
            if feature.kinds:
                holds.append(fact.c.kind.in_([literal_column(f"'{kind.value}'") for kind in feature.kinds]))
            if feature.same is not None:
                holds.append(fact.c[feature.same] == asked.c[feature.same])
            if feature.of_amounts:
                holds.append(fact.c.currency == asked.c.currency)
            if not feature.itself:
                holds.append(fact.c.ingest < asked.c.ingest)
            parts = PARTS[feature.aggregate]
            columns += [_part(part, feature).filter(and_(*holds)).label(f"{feature.name}_{part}") for part in parts]
        longest = max(mine, key=lambda feature: feature.window)
        theirs = (fact.c[pivot] == asked.c[pivot],)
        walked: Any = fact
        if linked and pivot is Pivot.CUSTOMER:
            theirs = (_circle.c.asked == asked.c.customer_id,)
            walked = _circle.join(fact, fact.c.customer_id == _circle.c.member)
        known = (
            *theirs,
            _since(longest, asked.c.occurred_at),
            fact.c.occurred_at <= asked.c.occurred_at,
            fact.c.ingest <= asked.c.ingest,
        )
        walks[pivot] = select(*columns).select_from(walked).where(*known).lateral(f"by_{pivot}")
    joined: Any = asked
    for walk in walks.values():
        joined = joined.join(walk, true())
    return select(asked.c.id, *(column for walk in walks.values() for column in walk.c)).select_from(joined)


async def windows(
    tx: AsyncConnection,
    features: tuple[Feature, ...],
    rows: Sequence[Mapping[str, Any]],
    circles: Mapping[UUID, Sequence[UUID]],
) -> dict[UUID, dict[str, Number | None]]:
    """The features of each of these facts as known to it: what was ingested up to it, in (t - window, t].

    `circles` names for each customer everybody who counts as the same party now.
    """
    by_id = {row["id"]: row for row in rows}
    values = _columns(_FACT | {"ingest": BigInteger}, rows)
    linked = any(len(circle) > 1 for circle in circles.values())
    if linked:
        pairs = [(one, member) for one, circle in circles.items() for member in circle]
        values |= {"asked": [one for one, _ in pairs], "member": [member for _, member in pairs]}
    seen: dict[UUID, dict[str, Number | None]] = {}
    for counted in await tx.execute(_windows(features, linked=linked), values):
        told, event = counted._mapping, by_id[counted.id]
        seen[counted.id] = {
            feature.name: feature.value(
                {part: told[f"{feature.name}_{part}"] for part in PARTS[feature.aggregate]}, event["occurred_at"]
            )
            if feature.applies(event)
            else None
            for feature in features
        }
    return seen


async def by_ids(conn: AsyncConnection, ids: Sequence[UUID]) -> Sequence[Row[Any]]:
    """Screenings by id, still sealed."""
    return (await conn.execute(_BY_IDS, {"ids": list(ids)})).all()


def _not_erased(customer_id: ColumnElement[Any]) -> ColumnElement[bool]:
    tomb = (KEYS.c.subject_kind == "customer") & (KEYS.c.subject_id == customer_id) & KEYS.c.erased_at.is_not(None)
    return ~exists().where(tomb)


def listing(*, customer_id: UUID | None) -> Select[Any]:
    """The list of screenings, without those of erased customers."""
    chosen = select(screening).where(_not_erased(screening.c.customer_id))
    return chosen if customer_id is None else chosen.where(screening.c.customer_id.in_(same_party(LINKS, customer_id)))


def restriction_listing(*, customer_id: UUID | None, state: str | None) -> Select[Any]:
    """The list of restrictions, without those of erased customers."""
    chosen = select(restriction).where(_not_erased(restriction.c.customer_id))
    if customer_id is not None:
        chosen = chosen.where(restriction.c.customer_id.in_(same_party(LINKS, customer_id)))
    return chosen if state is None else chosen.where(restriction.c.state == state)


async def restrictions_in_force(tx: AsyncConnection, customer_ids: Sequence[UUID], at: datetime) -> Sequence[Row[Any]]:
    """The restrictions of these customers that hold at that instant, oldest first."""
    found: Sequence[Row[Any]] = (await tx.execute(_IN_FORCE, {"ids": list(customer_ids), "at": at})).all()
    return found


async def insert_restrictions(tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep new restrictions; they are few."""
    await tx.execute(insert(restriction), list(rows))


async def restriction_by_id(conn: AsyncConnection, restriction_id: UUID) -> Row[Any] | None:
    """One restriction."""
    return (await conn.execute(select(restriction).where(restriction.c.id == restriction_id))).one_or_none()


async def locked(tx: AsyncConnection, restriction_id: UUID) -> Row[Any] | None:
    """One restriction, held until the end of the transaction."""
    chosen = select(restriction).where(restriction.c.id == restriction_id).with_for_update()
    return (await tx.execute(chosen)).one_or_none()


async def change_restriction(tx: AsyncConnection, restriction_id: UUID, values: Mapping[str, Any]) -> Row[Any]:
    """Write the given columns of one restriction; the row as it is then."""
    changed = update(restriction).where(restriction.c.id == restriction_id).values(**values).returning(restriction)
    row: Row[Any] = (await tx.execute(changed)).one()
    return row


async def restrictions_after(conn: AsyncConnection, last: UUID | None, limit: int) -> Sequence[Row[Any]]:
    """A page of restrictions in id order: for saying all of them again."""
    chosen = restriction_listing(customer_id=None, state=None).order_by(restriction.c.id).limit(limit)
    found: Sequence[Row[Any]] = (
        await conn.execute(chosen if last is None else chosen.where(restriction.c.id > last))
    ).all()
    return found


async def learn_customers(tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep what was heard of customers; an older version never overwrites a newer one."""
    latest = {row["customer_id"]: row for row in sorted(rows, key=lambda row: int(row["version"]))}
    await tx.execute(_LEARN, _columns(_KNOWN, list(latest.values())))


async def forget_customers(tx: AsyncConnection, ids: Sequence[UUID]) -> None:
    """Drop what could find an erased customer again: hashes of what is theirs, sealed details, what was heard.

    Facts stay as counts of their place; hashes of account, device and payee go, for these belong to people.
    """
    gone = dict.fromkeys(("account", "device", "payee"))
    await tx.execute(update(fact).where(fact.c.customer_id.in_(ids)).values(**gone))
    await tx.execute(update(screening).where(screening.c.customer_id.in_(ids)).values(detail=None))
    await tx.execute(delete(known_customer).where(known_customer.c.customer_id.in_(ids)))


async def facts_of(conn: AsyncConnection, customers: Sequence[UUID]) -> Sequence[Any]:
    """What was observed of these customers, oldest first."""
    columns = (fact.c.kind, fact.c.occurred_at, fact.c.amount.label("amount_minor"), fact.c.currency)
    chosen = select(*columns).where(fact.c.customer_id.in_(customers)).order_by(fact.c.occurred_at, fact.c.id)
    return (await conn.execute(chosen)).all()


async def restrictions_of(conn: AsyncConnection, customers: Sequence[UUID]) -> Sequence[Row[Any]]:
    """The restrictions of these customers, oldest first."""
    chosen = select(restriction).where(restriction.c.customer_id.in_(customers)).order_by(restriction.c.id)
    return (await conn.execute(chosen)).all()
