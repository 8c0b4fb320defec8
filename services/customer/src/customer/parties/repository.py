"""Every SQL statement about parties; nothing here knows a rule."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    DateTime,
    Integer,
    LargeBinary,
    Row,
    Select,
    Table,
    Text,
    Uuid,
    any_,
    bindparam,
    delete,
    exists,
    func,
    null,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.parties.tables import (
    birthday_pass,
    contact_point,
    customer,
    customer_history,
    identifier,
    known_restriction,
)
from shared.db import unnest

Rows = Sequence[Row[Any]]

_CUSTOMER: dict[str, Any] = {
    "id": Uuid,
    "version": Integer,
    "kind": Text,
    "state": Text,
    "tier": Text,
    "region": Text,
    "legal_name": LargeBinary,
    "birth_date": LargeBinary,
    "occupation": LargeBinary,
    "details": LargeBinary,
    "created_at": DateTime(timezone=True),
    "updated_at": DateTime(timezone=True),
    "updated_by": Text,
}
_CONTACT: dict[str, Any] = {
    "id": Uuid,
    "customer_id": Uuid,
    "kind": Text,
    "value": LargeBinary,
    "blind": LargeBinary,
    "normaliser_version": Integer,
    "about": LargeBinary,
}
_IDENTIFIER: dict[str, Any] = {
    "id": Uuid,
    "customer_id": Uuid,
    "type": Text,
    "issuer": Text,
    "value": LargeBinary,
    "blind": LargeBinary,
    "normaliser_version": Integer,
    "about": LargeBinary,
}

_new_customers = unnest("fresh", **_CUSTOMER)
_INSERT_CUSTOMERS = insert(customer).from_select(
    list(_CUSTOMER), select(*_new_customers.c).order_by(_new_customers.c.id)
)
_new_contacts = unnest("reached", "contact_", **_CONTACT)
_INSERT_CONTACTS = insert(contact_point).from_select(list(_CONTACT), select(*_new_contacts.c))
_INSERT_BOTH = _INSERT_CONTACTS.add_cte(_INSERT_CUSTOMERS.cte("party"))
_new_identifiers = unnest("fresh", **_IDENTIFIER)
_INSERT_IDENTIFIERS = (
    insert(identifier)
    # Sorted by the unique key: two groups that meet in another order would deadlock.
    .from_select(list(_IDENTIFIER), select(*_new_identifiers.c).order_by(_new_identifiers.c.blind))
    .on_conflict_do_nothing()
    .returning(identifier.c.id)
)
_IDS = bindparam("ids", type_=ARRAY(Uuid))
# What erasure leaves of a row is its count: a party without even a sealed name is nobody any more.
_KEPT = customer.c.legal_name != b""
_PRESENT = select(customer.c.id).where(customer.c.id == any_(_IDS), _KEPT)
_IN_FORCE = known_restriction.c.in_force == 1
# A restriction of one record holds for the party; the second half is looked at only for the few that are linked.
_FELLOW = storage.LINKS.alias("fellow")
_RESTRICTED = or_(
    exists().where(known_restriction.c.customer_id == customer.c.id, _IN_FORCE),
    exists().where(
        storage.LINKS.c.leader == _FELLOW.c.leader,
        _FELLOW.c.linked,
        known_restriction.c.customer_id == _FELLOW.c.member,
        _IN_FORCE,
    ),
)
_LEADER = storage.LINKS.c.leader.label("leader_id")
_LINKED = (storage.LINKS.c.member == customer.c.id) & storage.LINKS.c.linked
_BY_IDS = (
    select(customer, _RESTRICTED.label("restricted"), _LEADER)
    .select_from(customer.outerjoin(storage.LINKS, _LINKED))
    .where(customer.c.id == any_(_IDS), _KEPT)
)
_AT_PARTY = ("id", "customer_id", "version", "value", "about")
_CONTACTS_OF = select(
    *(contact_point.c[name] for name in _AT_PARTY),
    contact_point.c.kind.label("kind"),
    null().cast(Text).label("issuer"),
).where(contact_point.c.customer_id == any_(_IDS))
_IDENTIFIERS_OF = select(
    *(identifier.c[name] for name in _AT_PARTY), identifier.c.type.label("kind"), identifier.c.issuer.label("issuer")
).where(identifier.c.customer_id == any_(_IDS))
_parts = union_all(_CONTACTS_OF, _IDENTIFIERS_OF).subquery("part")
# One round trip for both: only an identifier has an issuer.
_PARTS_OF = select(_parts).order_by(_parts.c.id)


def _columns(names: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in names}


async def insert_customers(
    tx: AsyncConnection, rows: Sequence[Mapping[str, Any]], contacts: Sequence[Mapping[str, Any]]
) -> None:
    """Keep new parties and their contact points, whatever their number, in one statement."""
    values = _columns(_CUSTOMER, rows)
    if contacts:
        reached = {f"contact_{name}": column for name, column in _columns(_CONTACT, contacts).items()}
        await tx.execute(_INSERT_BOTH, values | reached)
    else:
        await tx.execute(_INSERT_CUSTOMERS, values)


async def insert_contact_points(tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep contact points in one statement."""
    if rows:
        reached = {f"contact_{name}": column for name, column in _columns(_CONTACT, rows).items()}
        await tx.execute(_INSERT_CONTACTS, reached)


async def insert_identifiers(tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> set[UUID]:
    """Keep those identifiers nobody holds yet; the ids of the rows that were kept."""
    if not rows:
        return set()
    return set((await tx.execute(_INSERT_IDENTIFIERS, _columns(_IDENTIFIER, rows))).scalars())


async def delete_identifiers(tx: AsyncConnection, ids: Sequence[UUID]) -> None:
    """Take back what was kept for a party that is not registered after all."""
    if ids:
        await tx.execute(delete(identifier).where(identifier.c.id.in_(ids)))


async def change_part(tx: AsyncConnection, table: Table, part_id: UUID, values: Mapping[str, Any]) -> None:
    """Write the given columns of one contact point or identifier."""
    await tx.execute(update(table).where(table.c.id == part_id).values(**values))


async def delete_part(tx: AsyncConnection, table: Table, part_id: UUID) -> None:
    """Take one contact point or identifier away; what it was stands in the history."""
    await tx.execute(delete(table).where(table.c.id == part_id))


async def by_ids(conn: AsyncConnection, ids: Sequence[UUID]) -> tuple[Rows, Rows, Rows]:
    """Parties with their contact points and identifiers, still sealed."""
    wanted = {"ids": list(ids)}
    found = (await conn.execute(_BY_IDS, wanted)).all()
    parts = (await conn.execute(_PARTS_OF, wanted)).all() if found else []
    return found, [one for one in parts if one.issuer is None], [one for one in parts if one.issuer is not None]


async def present(conn: AsyncConnection, ids: Sequence[UUID]) -> set[UUID]:
    """Which of these ids are parties that were not erased."""
    return set((await conn.execute(_PRESENT, {"ids": list(ids)})).scalars())


async def locked(tx: AsyncConnection, customer_id: UUID) -> Row[Any] | None:
    """One party's row, held until the end of the transaction."""
    return (await tx.execute(select(customer).where(customer.c.id == customer_id).with_for_update())).one_or_none()


async def hold(tx: AsyncConnection, ids: Sequence[UUID]) -> None:
    """Hold the rows of these parties until the end of the transaction, in their order."""
    await tx.execute(select(customer.c.id).where(customer.c.id.in_(ids)).order_by(customer.c.id).with_for_update())


async def change(tx: AsyncConnection, customer_id: UUID, values: Mapping[str, Any]) -> None:
    """Write the given columns of one party."""
    await tx.execute(update(customer).where(customer.c.id == customer_id).values(**values))


async def insert_history(tx: AsyncConnection, values: Mapping[str, Any]) -> None:
    """Keep how the party was recorded until now."""
    await tx.execute(insert(customer_history).values(**values))


async def history(conn: AsyncConnection, customer_id: UUID) -> Rows:
    """Past versions, newest first."""
    chosen = select(customer_history).where(customer_history.c.customer_id == customer_id)
    return (await conn.execute(chosen.order_by(customer_history.c.version.desc()))).all()


async def histories(conn: AsyncConnection, ids: Sequence[UUID]) -> Rows:
    """Past versions of these parties, oldest first."""
    chosen = select(customer_history).where(customer_history.c.customer_id == any_(_IDS))
    ordered = chosen.order_by(customer_history.c.customer_id, customer_history.c.version)
    return (await conn.execute(ordered, {"ids": list(ids)})).all()


async def recorded_at(conn: AsyncConnection, customer_id: UUID, at: datetime) -> Row[Any] | None:
    """The version that was in the records at that instant, if it has been superseded since."""
    chosen = select(customer_history).where(
        customer_history.c.customer_id == customer_id,
        customer_history.c.recorded_at <= at,
        customer_history.c.superseded_at > at,
    )
    return (await conn.execute(chosen)).one_or_none()


async def holders_of_contact(conn: AsyncConnection, blind: bytes) -> list[UUID]:
    """Whom a contact point leads to: possibly several."""
    chosen = select(contact_point.c.customer_id).where(contact_point.c.blind == blind).distinct().limit(100)
    return sorted((await conn.execute(chosen)).scalars())


async def holder_of_identifier(conn: AsyncConnection, blind: bytes) -> list[UUID]:
    """Whose identifier it is: nobody's or one party's."""
    return list((await conn.execute(select(identifier.c.customer_id).where(identifier.c.blind == blind))).scalars())


def listing(*, kind: str | None, state: str | None, tier: str | None, region: str | None) -> Select[Any]:
    """The list of parties under these filters, without any personal column."""
    chosen = select(
        customer.c.id,
        customer.c.version,
        customer.c.kind,
        customer.c.state,
        customer.c.tier,
        customer.c.region,
        customer.c.created_at,
        customer.c.updated_at,
    ).where(_KEPT)
    wanted = {"kind": kind, "state": state, "tier": tier, "region": region}
    for name, value in wanted.items():
        if value is not None:
            chosen = chosen.where(customer.c[name] == value)
    return chosen


async def forget_customers(tx: AsyncConnection, ids: Sequence[UUID]) -> None:
    """Blank erased parties, and forget through what they could be found and what they were; the rows stay as counts."""
    nothing = {"legal_name": b"", "birth_date": None, "occupation": None, "region": None, "details": None}
    await tx.execute(update(customer).where(customer.c.id.in_(ids)).values(**nothing))
    for table in (contact_point, identifier, customer_history, known_restriction):
        await tx.execute(delete(table).where(table.c.customer_id.in_(ids)))


async def after(conn: AsyncConnection, last: UUID | None, limit: int) -> Rows:
    """A page of parties in id order: for saying all of them again."""
    chosen = select(customer).order_by(customer.c.id).limit(limit)
    return (await conn.execute(chosen if last is None else chosen.where(customer.c.id > last))).all()


async def living_after(conn: AsyncConnection, last: UUID | None, limit: int) -> list[UUID]:
    """A page of the ids of parties that were not erased, in their order."""
    chosen = select(customer.c.id).where(_KEPT).order_by(customer.c.id).limit(limit)
    return list((await conn.execute(chosen if last is None else chosen.where(customer.c.id > last))).scalars())


def birthdays_said(day: date) -> Select[Any]:
    """The pass over everybody, where it is done for that day."""
    return select(birthday_pass).where(birthday_pass.c.done, birthday_pass.c.day >= day)


async def hold_birthdays(tx: AsyncConnection, day: date) -> Row[Any] | None:
    """The pass over everybody, held until the end of the transaction; None where another worker is at it.

    One that is not there yet begins with that day.
    """
    held = select(birthday_pass).with_for_update(skip_locked=True)
    row = (await tx.execute(held)).one_or_none()
    if row is not None:
        return row
    begun = insert(birthday_pass).values(id=1, day=day, done=False)
    await tx.execute(begun.on_conflict_do_nothing())
    return (await tx.execute(held)).one_or_none()


async def keep_birthdays(
    tx: AsyncConnection, *, day: date, since: date | None, reached: UUID | None, done: bool
) -> None:
    """How far the pass over everybody has come."""
    await tx.execute(update(birthday_pass).values(day=day, since=since, reached=reached, done=done))


async def born(conn: AsyncConnection, last: UUID | None, limit: int) -> Rows:
    """A page of the people whose birth date is known, still sealed, in id order: `id`, `birth_date`, `updated_at`."""
    here = customer.c
    chosen: Select[Any] = select(here.id, here.birth_date, here.updated_at).where(
        here.kind == "individual", here.birth_date.is_not(None)
    )
    chosen = chosen.order_by(here.id).limit(limit)
    rows: Rows = (await conn.execute(chosen if last is None else chosen.where(here.id > last))).all()
    return rows


async def number_anew(tx: AsyncConnection, ids: Sequence[UUID]) -> None:
    """Give these held parties their next version; what is recorded of them, when and by whom, stays."""
    await tx.execute(update(customer).where(customer.c.id.in_(ids)).values(version=customer.c.version + 1))


async def learn_restrictions(tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep what risk said of restrictions; an older version never overwrites a newer one."""
    for row in sorted(rows, key=lambda row: (row["restriction_id"], row["version"])):
        said = insert(known_restriction).values(**row)
        newer = said.on_conflict_do_update(
            index_elements=["restriction_id"],
            set_={"version": said.excluded.version, "in_force": said.excluded.in_force},
            where=known_restriction.c.version < said.excluded.version,
        )
        await tx.execute(newer)


# Who counts as another party is told by it, so that one person recorded twice shares nothing with themself once linked.
def _party(of: Any, links: Any) -> tuple[Any, Any]:
    return func.coalesce(links.c.leader, of.c.customer_id), (links.c.member == of.c.customer_id) & links.c.linked


def _shared_among() -> Any:
    other, mine, theirs = contact_point.alias("other"), storage.LINKS.alias("mine"), storage.LINKS.alias("theirs")
    (party, joined), (elsewhere, bound) = _party(contact_point, mine), _party(other, theirs)
    # One look through the index for each: as a join, a table whose statistics are old is read whole for every page.
    leads_elsewhere = (
        select(other.c.customer_id)
        .select_from(other.outerjoin(theirs, bound).outerjoin(mine, joined))
        .where(other.c.blind == contact_point.c.blind, party != elsewhere)
        .limit(1)
        .correlate(contact_point)
        .scalar_subquery()
    )
    return select(contact_point.c.id).where(contact_point.c.id == any_(_IDS), leads_elsewhere.is_not(None))


_SHARED_AMONG = _shared_among()


async def shared_among(conn: AsyncConnection, ids: Sequence[UUID]) -> set[UUID]:
    """Which of these contact points lead to another party too."""
    return set((await conn.execute(_SHARED_AMONG, {"ids": list(ids)})).scalars())


async def shared_contacts(conn: AsyncConnection) -> Rows:
    """By kind of contact point: how many values there are, how many lead to several parties, and to how many in all."""
    party, joined = _party(contact_point, storage.LINKS)
    of_value = (
        select(contact_point.c.kind, func.count(party.distinct()).label("people"))
        .select_from(contact_point.outerjoin(storage.LINKS, joined))
        .group_by(contact_point.c.kind, contact_point.c.blind)
        .subquery()
    )
    several = of_value.c.people > 1
    told = select(
        of_value.c.kind,
        func.count().label("values"),
        func.count().filter(several).label("shared_values"),
        func.coalesce(func.sum(of_value.c.people).filter(several), 0).label("customers_sharing"),
    )
    return (await conn.execute(told.group_by(of_value.c.kind).order_by(of_value.c.kind))).all()
