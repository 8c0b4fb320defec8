"""Every SQL statement about facts and figures; sets of rows in sorted order, so that two batches never wait in a ring."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from datetime import date
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
    Table,
    Text,
    Uuid,
    and_,
    any_,
    bindparam,
    cast,
    func,
    literal_column,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from kpi.figures.domain.facts import Fact, Kind
from kpi.figures.domain.metrics import Grain, Metric, MetricType
from kpi.figures.domain.tally import WAITING_TIME, Sum, Tally
from kpi.figures.tables import fact, figure_day, figure_hour, histogram_day, histogram_hour, known_place
from kpi.storage import LINKS
from shared.db import unnest
from shared.subjects import resolve

_MOMENT = DateTime(timezone=True)
_FACT: dict[str, Any] = {
    "kind": Text,
    "id": Uuid,
    "version": Integer,
    "begun_at": _MOMENT,
    "occurred_at": _MOMENT,
    "state": Text,
    "customer_id": Uuid,
    "place_id": Uuid,
    "source": Text,
    "rating": Integer,
    "waited": BigInteger,
    "served": BigInteger,
    "ended_at": _MOMENT,
    "zone": Text,
    "bank_zone": Text,
    "counts": Boolean,
    "sent": Boolean,
    "channel": Text,
    "purpose": Text,
    "campaign_id": Uuid,
}
_PLACE: dict[str, Any] = {"place_id": Uuid, "zone": Text, "version": Integer}
_IDS = bindparam("ids", type_=ARRAY(Uuid))

_told = unnest("told", **_FACT)
_KEEP = (
    insert(fact)
    .from_select(list(_FACT), select(*_told.c).order_by(_told.c.kind, _told.c.id))
    .on_conflict_do_nothing()
    .returning(fact.c.kind, fact.c.id)
)
# An UPDATE takes a parameter that is called like a column for a value of it: so the arrays have names of their own.
_now = unnest("told", **{f"now_{name}": kind for name, kind in _FACT.items()})
_CHANGE = (
    update(fact)
    .where(fact.c.kind == _now.c.now_kind, fact.c.id == _now.c.now_id)
    .values({name: _now.c[f"now_{name}"] for name in _FACT if name not in {"kind", "id"}})
)
_keys = unnest("wanted", kind=Text, id=Uuid)
_LOCK = (
    select(fact)
    .where(tuple_(fact.c.kind, fact.c.id).in_(select(_keys.c.kind, _keys.c.id)))
    .order_by(fact.c.kind, fact.c.id)
    .with_for_update()
)
_OF_PLACE = (
    select(fact)
    .where(
        fact.c.place_id == bindparam("place"),
        fact.c.id > bindparam("after"),
        fact.c.zone.is_distinct_from(bindparam("told_zone", type_=Text)),
    )
    .order_by(fact.c.id)
    .limit(bindparam("size", type_=Integer))
    .with_for_update()
)
_names = unnest("named", place_id=Uuid)
_MENTION = (
    insert(known_place)
    .from_select(
        ["place_id", "version"], select(_names.c.place_id, text("-1")).select_from(_names).order_by(_names.c.place_id)
    )
    .on_conflict_do_nothing()
)
_PLACES = select(known_place).where(known_place.c.place_id == any_(_IDS)).order_by(known_place.c.place_id)
_heard = unnest("heard", **{f"now_{name}": kind for name, kind in _PLACE.items()})
_LEARN = (
    update(known_place)
    .where(known_place.c.place_id == _heard.c.now_place_id, known_place.c.version < _heard.c.now_version)
    .values(zone=_heard.c.now_zone, version=_heard.c.now_version)
)


def _columns(names: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in names}


def _renamed(columns: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
    return {f"now_{name}": values for name, values in columns.items()}


def _fact_of(row: Row[Any]) -> Fact:
    known = dict(row._mapping)
    return Fact(**(known | {"kind": Kind(row.kind)}))


async def keep_new(tx: AsyncConnection, facts: Sequence[Fact]) -> set[tuple[str, UUID]]:
    """Keep facts that were not known; the keys of those."""
    rows = await tx.execute(_KEEP, _columns(_FACT, [asdict(one) for one in facts]))
    return {(row.kind, row.id) for row in rows}


async def locked(tx: AsyncConnection, keys: Sequence[tuple[str, UUID]]) -> dict[tuple[str, UUID], Fact]:
    """Facts by key, held until the end of the transaction."""
    rows = await tx.execute(_LOCK, {"kind": [kind for kind, _ in keys], "id": [one for _, one in keys]})
    return {(row.kind, row.id): _fact_of(row) for row in rows}


async def change(tx: AsyncConnection, facts: Sequence[Fact]) -> None:
    """Replace facts that are held."""
    await tx.execute(_CHANGE, _renamed(_columns(_FACT, [asdict(one) for one in facts])))


_people = unnest("people", leader=Text)
# Sorted before any is taken (OFFSET 0 keeps the sort inside): two batches with the same parties do not deadlock.
_party_keys = (
    select(func.hashtextextended("party|" + _people.c.leader, 0).label("key"))
    .order_by(literal_column("1"))
    .offset(literal_column("0"))
    .subquery("keys")
)
_HOLD_PARTIES = select(func.count(cast(func.pg_advisory_xact_lock(_party_keys.c.key), Text)))
_IDENTITY = func.hashtext("identity")


async def hold_identity(tx: AsyncConnection, *, to_change: bool) -> None:
    """Hold who counts as whom until the end of the transaction: many may count customers by it, one may change it."""
    lock = func.pg_advisory_xact_lock if to_change else func.pg_advisory_xact_lock_shared
    await tx.execute(select(lock(_IDENTITY)))


async def hold_parties(tx: AsyncConnection, leaders: Sequence[UUID]) -> None:
    """One batch at a time counts a party: two at once would each miss the record the other is writing."""
    await tx.execute(_HOLD_PARTIES, {"leader": sorted(str(one) for one in leaders)})


async def counted_for(conn: AsyncConnection, leaders: Sequence[UUID]) -> dict[UUID, set[UUID]]:
    """Who counts for each of these now, itself among them unless it counts for somebody else."""
    own = await resolve(conn, LINKS, leaders)
    found = {leader: {leader} if own[leader] == leader else set[UUID]() for leader in leaders}
    linked = select(LINKS.c.member, LINKS.c.leader).where(LINKS.c.linked, LINKS.c.leader == any_(_IDS))
    for row in await conn.execute(linked, {"ids": list(leaders)}):
        found[row.leader].add(row.member)
    return found


async def hold_places(tx: AsyncConnection, ids: Sequence[UUID], *, to_change: bool) -> dict[UUID, Row[Any]]:
    """Places by id, held so that no zone changes while tickets are counted in it; unknown ones are noted first.

    Without the note there would be no row to hold, and a ticket counted at the very moment its place becomes known
    would stay in the wrong zone for ever.
    """
    await tx.execute(_MENTION, {"place_id": sorted(ids)})
    rows = await tx.execute(_PLACES.with_for_update(read=not to_change), {"ids": list(ids)})
    return {row.place_id: row for row in rows}


async def learn_places(tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep what was heard of held places; an older version never overwrites a newer one."""
    await tx.execute(_LEARN, _renamed(_columns(_PLACE, rows)))


async def counted_elsewhere(tx: AsyncConnection, place_id: UUID, zone: str, after: UUID, size: int) -> list[Fact]:
    """A page of a place's facts that are counted in another zone than this one, held."""
    rows = await tx.execute(_OF_PLACE, {"place": place_id, "after": after, "told_zone": zone, "size": size})
    return [_fact_of(row) for row in rows]


_FIGURE: dict[str, Any] = {"metric": Text, "unit": Text, "day": Date, "hour": _MOMENT}
_AMOUNTS = {one.name: BigInteger for one in fields(Sum) if one.name != "fresh_at"}


def _adding(table: Table) -> Any:
    """`INSERT … ON CONFLICT DO UPDATE` that adds to what is there."""
    keys = [column.name for column in table.primary_key]
    amounts = [name for name in _AMOUNTS if name in table.c]
    types = {column.name: column.type for column in table.c}
    rows = unnest("delta", **types)
    adding = insert(table).from_select(list(types), select(*rows.c).order_by(*(rows.c[key] for key in keys)))
    sums = {name: table.c[name] + adding.excluded[name] for name in amounts}
    newest = func.greatest(table.c.fresh_at, adding.excluded.fresh_at)
    return adding.on_conflict_do_update(index_elements=keys, set_=sums | {"fresh_at": newest})


_ADD = {table.name: _adding(table) for table in (figure_day, figure_hour, histogram_day, histogram_hour)}


async def add(tx: AsyncConnection, tally: Tally) -> None:
    """Add a tally to the figures, by day and by hour, in one fixed order of tables and rows."""
    days: dict[Any, Sum] = {}
    spans: dict[Any, Sum] = {}
    for (metric, unit, day, _), one in tally.figures.items():
        days.setdefault((metric, unit, day), Sum()).add(one.numerator, one.denominator, one.n, one.fresh_at)
    for (name, unit, day, _, seconds), one in tally.durations.items():
        spans.setdefault((name, unit, day, seconds), Sum()).add(0, 0, one.n, one.fresh_at)
    await _add(tx, figure_day, days)
    await _add(tx, figure_hour, tally.figures)
    await _add(tx, histogram_day, spans)
    await _add(tx, histogram_hour, tally.durations)


async def _add(tx: AsyncConnection, table: Table, sums: Mapping[Any, Sum]) -> None:
    # What cancels out is not written: most steps of a ticket leave most of its figures as they are.
    told = [(key, one) for key, one in sums.items() if not one.is_zero()]
    if not told:
        return
    keys = [column.name for column in table.primary_key]
    # In the table's order of columns, the seconds of a histogram stand after the hour.
    columns = {name: [key[place] for key, _ in told] for place, name in enumerate(keys)}
    amounts = {
        column.name: [getattr(one, column.name) for _, one in told] for column in table.c if not column.primary_key
    }
    await tx.execute(_ADD[table.name], columns | amounts)


async def forget_customers(tx: AsyncConnection, ids: Sequence[UUID]) -> None:
    """Take erased customers out of every fact; what was counted stays counted.

    A customer's own fact has the customer's id as its key: it gets a random one, which, unlike ours, tells no time.
    """
    theirs = fact.c.customer_id.in_(ids)
    own = update(fact).where(and_(theirs, fact.c.kind == Kind.CUSTOMER))
    await tx.execute(own.values(id=func.gen_random_uuid(), customer_id=None))
    await tx.execute(update(fact).where(theirs).values(customer_id=None))


# ---- Reading. `id` makes a keyset of a period: there is one row for each.

_ZERO = "'00000000-0000-0000-0000-000000000000'::uuid AS id"
_STEP = {
    Grain.DAY: "1 day",
    Grain.WEEK: "7 days",
    Grain.MONTH: "1 month",
    Grain.QUARTER: "3 months",
    Grain.YEAR: "1 year",
}


def _source(grain: Grain) -> tuple[str, str]:
    """Which grain of table a period is made of, and the period of a row."""
    if grain is Grain.HOUR:
        return "hour", "hour"
    return "day", f"date_trunc('{grain}', day::timestamp)"


def _within(metric: str) -> str:
    return f"metric = '{metric}' AND unit = :unit AND day >= :since AND day < :until"


def _summed(metric: Metric, grain: Grain) -> str:
    table, period = _source(grain)
    return f"""
        SELECT {period} AS period, {_ZERO}, sum(numerator)::bigint AS numerator, sum(denominator)::bigint AS denominator,
               sum(n)::bigint AS n, max(fresh_at) AS fresh_at
        FROM figure_{table} WHERE {_within(metric.key)} GROUP BY 1 HAVING sum(n) <> 0"""


def _quantile(metric: Metric, grain: Grain) -> str:
    """The first value whose running count reaches the share: of the counts themselves, so that no period is estimated."""
    table, period = _source(grain)
    assert metric.share is not None  # noqa: S101  # a quantile without its share is a fault of the registry
    reached = f"running * {metric.share.denominator} >= total * {metric.share.numerator}"
    return f"""
        SELECT period, {_ZERO}, min(seconds) FILTER (WHERE {reached}) AS numerator, 1 AS denominator,
               max(total)::bigint AS n, max(fresh_at) AS fresh_at
        FROM (
            SELECT period, seconds, fresh_at, sum(n) OVER (PARTITION BY period ORDER BY seconds) AS running,
                   sum(n) OVER (PARTITION BY period) AS total
            FROM (SELECT {period} AS period, seconds, sum(n) AS n, max(fresh_at) AS fresh_at
                  FROM histogram_{table} WHERE {_within(WAITING_TIME)} GROUP BY 1, 2) AS histogram
        ) AS ordered WHERE total > 0 GROUP BY 1"""


def _stock(metric: Metric, grain: Grain) -> str:
    """Every period from the first movement until today: a stock is there also on days on which nothing moves."""
    moves = f"FROM figure_day WHERE metric = '{metric.key}' AND unit = :unit AND n <> 0"
    return f"""
        SELECT period, {_ZERO}, held.total AS numerator, 1 AS denominator, held.total AS n, held.fresh_at AS fresh_at
        FROM (SELECT greatest(CAST(:since AS date), min(day)) AS first,
                     least(CAST(:until AS date), CAST(:today AS date) + 1) AS last {moves} HAVING count(*) > 0) AS span
        CROSS JOIN LATERAL generate_series(date_trunc('{grain}', first::timestamp), last::timestamp - interval '1 day',
                                           interval '{_STEP[grain]}') AS period
        CROSS JOIN LATERAL (SELECT coalesce(sum(numerator), 0)::bigint AS total, max(fresh_at) AS fresh_at {moves}
                            AND day < least(period + interval '{_STEP[grain]}', last::timestamp)) AS held"""


def figures(metric: Metric, unit: str, since: date, until: date, grain: Grain, today: date) -> Select[Any]:
    """The periods of a metric that have something in them: period, id, numerator, denominator, n, fresh_at."""
    makers = {MetricType.QUANTILE: _quantile, MetricType.STOCK: _stock}
    made = text(makers.get(metric.type, _summed)(metric, grain))
    bound = {"unit": unit, "since": since, "until": until}
    if metric.type is MetricType.STOCK:
        bound["today"] = today
    shaped = made.bindparams(**bound).columns(
        period=DateTime(timezone=grain is Grain.HOUR),
        id=Uuid(),
        numerator=BigInteger(),
        denominator=BigInteger(),
        n=BigInteger(),
        fresh_at=_MOMENT,
    )
    return select(shaped.subquery("figures"))


async def zone_of(conn: AsyncConnection, place_id: UUID) -> str | None:
    """The zone of a place, if it was heard."""
    zone: str | None = await conn.scalar(select(known_place.c.zone).where(known_place.c.place_id == place_id))
    return zone


async def of_customers(conn: AsyncConnection, customers: Sequence[UUID]) -> Sequence[Row[Any]]:
    """What was counted of these customers, oldest first."""
    chosen = select(fact).where(fact.c.customer_id.in_(customers)).order_by(fact.c.occurred_at, fact.c.id)
    return (await conn.execute(chosen)).all()
