"""The SQL of stored clocks: each statement is built once and run with arrays, whatever the number of rows."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Date,
    DateTime,
    Integer,
    Select,
    SmallInteger,
    Table,
    TableValuedAlias,
    Text,
    Update,
    Uuid,
    and_,
    bindparam,
    case,
    cast,
    false,
    func,
    or_,
    select,
    text,
    type_coerce,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, Insert, aggregate_order_by, insert

from shared.db import unnest

# A look comes before what is to be said by a fourth of the way there, so that most of what moves a deadline moves no look;
# within the last hour it comes when something is to be said.
_LEAD: Final = 4
_EXACT_SECONDS: Final = 3_600


def started(table: Table) -> Any:
    """When a clock began, in whole UTC seconds."""
    return _seconds(table.c.started_at).label("started")


def _seconds(instant: Any) -> Any:
    return cast(func.floor(func.extract("epoch", instant)), BigInteger)


def _instant(second: Any) -> Any:
    return func.to_timestamp(second)


def _new(**types: Any) -> TableValuedAlias:
    """The rows to write; their columns are named apart from the table's, whose names are the statement's own."""
    return unnest("new", **{f"n_{name}": kind for name, kind in types.items()})


def given(columns: Mapping[str, Sequence[Any]]) -> dict[str, Sequence[Any]]:
    """Columns under the names the statements bind them by."""
    return {f"n_{name}": values for name, values in columns.items()}


def ahead(table: Table) -> ColumnElement[Any]:
    """When the next is to be said of a row, its warning or that its time is over; null when there is nothing."""
    t = table.c
    late = case((t.breach_said, None), else_=t.due_at + timedelta(seconds=1))
    return func.least(t.warn_at, late, type_=DateTime(timezone=True))


def _following(due: Any, warns: Any, breached: Any) -> Any:
    """The same in UTC seconds; over its time is a clock from the second after the one it is due at."""
    return func.least(warns, case((breached, None), else_=due + 1), type_=BigInteger)


def _next_look(since: Any, due: Any, warns: Any, breached: Any) -> Any:
    """When to look at a row that was looked at last at `since`, of which is next to be said what these say (UTC seconds)."""
    following = _following(due, warns, breached)
    way = following - since
    return _instant(following - case((way < _EXACT_SECONDS, 0), else_=way // _LEAD))


def _kept_look(planned: Any, since: Any, due: Any, warns: Any, breached: Any) -> Any:
    """The same, but the look that is planned where that is early enough: then no index changes."""
    early = planned <= _instant(_following(due, warns, breached))
    return case((early, planned), else_=_next_look(since, due, warns, breached))


def _come(table: Table) -> ColumnElement[bool]:
    return and_(table.c.satisfied_at.is_(None), table.c.look_at <= bindparam("now", type_=DateTime(timezone=True)))


@cache
def unsaid(table: Table) -> Select[Any]:
    """Open rows of which something is to be said, locked past those that others hold, the longest planned look first."""
    found = select(table, started(table)).where(_come(table), ahead(table) <= bindparam("now"))
    return found.order_by(table.c.look_at).limit(bindparam("most", type_=Integer)).with_for_update(skip_locked=True)


@cache
def planned_anew(table: Table) -> Update:
    """Plan the next look of rows whose look came early, or that have nothing to say any more."""
    t, now = table.c, bindparam("now", type_=DateTime(timezone=True))
    early = select(t.id).where(_come(table), func.coalesce(ahead(table) > now, True))  # SQL's own word
    early = early.order_by(t.look_at).limit(bindparam("most", type_=Integer)).with_for_update(skip_locked=True)
    found = early.cte("early")
    following = _next_look(_seconds(now), _seconds(t.due_at), _seconds(t.warn_at), t.breach_said)
    return update(table).where(t.id == found.c.id).values(look_at=following)


@cache
def stale_rows(table: Table) -> Select[Any]:
    """A batch of open rows that an older revision computed, as one row of arrays for each rule and calendar.

    With them those that nobody would look at in time: a process that does not know `look_at` yet may have written them.
    """
    t = table.c
    policies, calendars = bindparam("policies", type_=JSONB), bindparam("calendars", type_=JSONB)
    stale = or_(
        t.policy_revision < policies[t.policy].as_integer(),
        t.calendar_revision < calendars[t.calendar].as_integer(),
        func.coalesce(t.look_at, text("'infinity'")) > ahead(table),
    )
    known = and_(policies.has_key(t.policy), calendars.has_key(t.calendar))
    behind = and_(
        t.satisfied_at.is_(None), t.id > bindparam("after", type_=Uuid), t.id <= bindparam("high", type_=Uuid)
    )
    columns = (t.id, t.version, t.policy, t.edition, t.clock, t.calendar, started(table), t.held, t.warned)
    batch = (
        select(*columns)
        .where(behind, known, stale)
        .order_by(t.id)
        .limit(bindparam("batch", type_=Integer))
        .cte("batch")
    )
    # The server groups them: a row of arrays for each rule and calendar is far cheaper to take over than rows.
    by, b = (batch.c.policy, batch.c.edition, batch.c.clock, batch.c.calendar), batch.c
    arrays = {"ids": b.id, "starts": b.started, "helds": b.held, "warneds": b.warned, "versions": b.version}
    return select(*by, *(_all(each, b.id).label(name) for name, each in arrays.items())).group_by(*by)


def _all(each: Any, ordered_by: Any) -> Any:
    return type_coerce(func.array_agg(aggregate_order_by(each, ordered_by)), ARRAY(each.type))


@cache
def recomputed(table: Table) -> Update:
    """Write what was computed past rows that others hold, or that changed since they were read."""
    t = table.c
    new = _new(
        id=Uuid,
        version=BigInteger,
        warned=SmallInteger,
        due=BigInteger,
        warns=BigInteger,
        estimated=Boolean,
        policy_revision=Integer,
        calendar_revision=Integer,
    )
    free = (
        select(t.id, new.c.n_due, new.c.n_warns, new.c.n_estimated, new.c.n_policy_revision, new.c.n_calendar_revision)
        .join(new, and_(new.c.n_id == t.id, new.c.n_version == t.version, new.c.n_warned == t.warned))
        # The bounds of the batch keep the search within its own stretch of the key.
        .where(t.satisfied_at.is_(None), t.id.between(bindparam("first", type_=Uuid), bindparam("last", type_=Uuid)))
        .with_for_update(of=table, skip_locked=True)
        .cte("free")
    )
    due_at = _instant(free.c.n_due)
    # A deadline that moved on, or stands still, may be breached anew.
    breached = and_(t.breach_said, func.coalesce(due_at <= t.due_at, False))  # SQL's own word
    return (
        update(table)
        .where(t.id == free.c.id)
        .values(
            due_at=due_at,
            warn_at=_instant(free.c.n_warns),
            look_at=_kept_look(t.look_at, started(table), free.c.n_due, free.c.n_warns, breached),
            estimated=free.c.n_estimated,
            breach_said=breached,
            policy_revision=free.c.n_policy_revision,
            calendar_revision=free.c.n_calendar_revision,
        )
    )


@cache
def marked(table: Table) -> Update:
    """Note what was said, and when the next warning comes."""
    new = _new(id=Uuid, warned=SmallInteger, warns=BigInteger, breached=Boolean)
    t, now = table.c, bindparam("now", type_=BigInteger)
    breached = or_(t.breach_said, new.c.n_breached)
    return (
        update(table)
        .where(t.id == new.c.n_id)
        .values(
            warned=new.c.n_warned,
            warn_at=_instant(new.c.n_warns),
            look_at=_next_look(now, _seconds(t.due_at), new.c.n_warns, breached),
            breach_said=breached,
        )
    )


@cache
def kept(table: Table) -> Insert:
    """Insert clocks, or give known ones their new intervals and the next version."""
    new = _new(
        id=Uuid,
        subject_id=Uuid,
        policy=Text,
        edition=Date,
        clock=Text,
        calendar=Text,
        policy_revision=Integer,
        calendar_revision=Integer,
        started=BigInteger,
        held=JSONB(none_as_null=True),
        satisfied=BigInteger,
        due=BigInteger,
        warns=BigInteger,
        estimated=Boolean,
        warned=SmallInteger,
    )
    n = new.c
    names = ["id", "subject_id", "policy", "edition", "clock", "calendar", "policy_revision", "calendar_revision"]
    names += ["started_at", "held", "satisfied_at", "due_at", "warn_at", "estimated", "warned", "look_at"]
    values = select(
        n.n_id, n.n_subject_id, n.n_policy, n.n_edition, n.n_clock, n.n_calendar, n.n_policy_revision, n.n_calendar_revision,
        _instant(n.n_started), n.n_held, _instant(n.n_satisfied), _instant(n.n_due), _instant(n.n_warns), n.n_estimated, n.n_warned,
        _next_look(n.n_started, n.n_due, n.n_warns, false()),
    )  # fmt: skip
    put = insert(table).from_select(names, values)
    t, given = table.c, put.excluded
    breached = and_(t.breach_said, func.coalesce(given.due_at <= t.due_at, False))  # see above
    since, due, warns = (_seconds(given[name]) for name in ("started_at", "due_at", "warn_at"))
    return put.on_conflict_do_update(
        index_elements=[t.id],
        set_={name: given[name] for name in names[2:]}
        | {
            "version": t.version + 1,
            "breach_said": breached,
            "look_at": _kept_look(t.look_at, since, due, warns, breached),
        },
    )
