"""Reading whose memberships: as they are, as they were recorded then, and why; who read whom is recorded."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.consents import usecases as consents
from customer.consents.domain import Verdict
from customer.consents.schemas import UseGrounds
from customer.disclosure import usecases as disclosure
from customer.disclosure.domain import Opening, Sensitive
from customer.due import usecases as due
from customer.due.usecases import Due
from customer.parties.problems import CustomerErased, CustomerUnknown
from customer.parties.usecases import subject_of
from customer.segments import repository
from customer.segments.domain.memberships import Cause
from customer.segments.domain.rules import Book
from customer.segments.schemas import Explained, Membership, Memberships
from customer.segments.usecases.library import DEFAULT_USE, shelf, vocabulary
from customer.segments.usecases.sources import Source, sources
from shared import audit, clock
from shared.access import Caller
from shared.problems import FieldError, Malformed, Problem
from shared.subjects import reached
from shared.world import World

# What staff see masked until it is opened for them, they do not read in an explanation either.
_SEALED: Final = {
    "age": Sensitive.BIRTH_DATE,
    "occupation": Sensitive.OCCUPATION,
    "declared_income_band": Sensitive.DECLARED_INCOME_BAND,
    "declared_asset_band": Sensitive.DECLARED_ASSET_BAND,
}


@dataclass(frozen=True, slots=True)
class Look:
    """One caller's question about a customer's segments."""

    customer_id: UUID
    caller: Caller
    explain: bool
    as_of: datetime | None


async def show_memberships(world: World, tx: AsyncConnection, looks: Sequence[Look]) -> list[Memberships | Problem]:
    """Memberships for many callers at once: what was recorded at `as_of`, or now; with reasons where asked for.

    A word of consent counts as soon as it is recorded: who withdrew is in no segment that rests on it, told anew or not yet.
    Reasons are given for every segment in force at that instant, member or not, by what is known now of that instant.
    A customer is given none, nor a segment whose rule reads what is kept from them, nor the instant of the next change:
    a window over such a thing would end at it.
    """
    ids = sorted({look.customer_id for look in looks})
    now = clock.now()
    on_shelf = await shelf(tx)
    known = await sources(world, tx, ids, on_shelf)
    erased = await world.vault.erased(tx, [subject_of(one) for one in ids if one not in known])
    standing = await due.of(tx, ids)
    rows: dict[UUID, list[Row[Any]]] = {}
    for row in [*await repository.members_of(tx, ids), *await repository.stays_of(tx, ids)]:
        rows.setdefault(row.customer_id, []).append(row)
    named = {row.id: row for row in await repository.every(tx)}
    mine = await reached(tx, storage.LINKS, [(look.caller, look.customer_id) for look in looks])
    explained = [(look.customer_id, look.caller.sub) for look in looks if look.explain and look.caller.actor == "staff"]
    openings = await disclosure.openings(tx, explained)
    answers: list[Memberships | Problem] = []
    seen: list[audit.Entry] = []
    for look, reaches in zip(looks, mine, strict=True):
        one = look.customer_id
        if not reaches:
            answers.append(CustomerUnknown())
        elif one not in known:
            answers.append(CustomerErased() if subject_of(one) in erased else CustomerUnknown())
        elif look.as_of is not None and look.as_of > now:
            answers.append(
                Malformed(errors=[FieldError("/query/as_of", "future", "nothing is recorded of the future")])
            )
        else:
            at = look.as_of or now
            own = look.caller.actor == "customer"
            opening = openings.get((one, look.caller.sub), Opening())
            book = on_shelf.library.at(at)[0]
            source = known[one] if look.as_of is None else known[one].recorded(at)
            items = _items(rows.get(one, []), named, book, source, at)
            if look.explain and not own:
                items = _explained(items, book, source, named, at, _shut(look.caller, opening))
            if own:
                items = [item for item in items if item.segment in on_shelf.told]
            told = standing.get(one)
            until = _told(told, at)
            answers.append(
                Memberships(
                    customer_id=one,
                    as_of=at,
                    told_until=until if not own or until == at else None,
                    next_check_at=told.next_check_at if told is not None and look.as_of is None and not own else None,
                    items=items,
                )
            )
            detail: dict[str, str | int | bool | None] = {"explained": look.explain}
            if opening.purposes:
                detail["purpose"] = ",".join(sorted(set(opening.purposes)))
            entry = audit.Entry("customer.segments", subject_of(one), "customer", one, look.caller, detail)
            seen.append(entry)
    await audit.seen(tx, storage.AUDIT, world.keyring, seen)
    return answers


def _told(told: Due | None, at: datetime) -> datetime | None:
    """Up to when the answer is told: all of `at`, unless something before it waits to be judged."""
    if told is None:
        return None
    return at if told.next_check_at is None or told.next_check_at > at else told.next_check_at


def recorded(row: Any, at: datetime) -> bool:
    """Whether the records said at that instant that the customer was a member then."""
    told = row._mapping
    void, left, left_recorded = told.get("void_at"), told.get("left_at"), told.get("left_recorded_at")
    if row.recorded_at > at or (void is not None and void <= at) or row.entered_at > at:
        return False
    return not (left is not None and left_recorded is not None and left_recorded <= at and left <= at)


def grounds_at(book: Book, key: str, source: Source, at: datetime) -> UseGrounds | None:
    """On what a segment's use rests for a customer at that instant; None for a segment of which no rule is in force."""
    gate = book.gates.get(key)
    return None if gate is None else consents.shown_grounds(source.grounds(gate, at))


def _items(
    rows: Sequence[Row[Any]], named: dict[UUID, Row[Any]], book: Book, source: Source, at: datetime
) -> list[Membership]:
    """What the customer is in, without what is denied by now."""
    found = [row for row in rows if recorded(row, at)]
    rests = {row.segment_id: grounds_at(book, named[row.segment_id].key, source, at) for row in found}
    found = [row for row in found if (told := rests[row.segment_id]) is None or told.decision is Verdict.ALLOW]
    return [
        Membership(
            segment_id=row.segment_id,
            segment=named[row.segment_id].key,
            names=named[row.segment_id].names,
            member=True,
            since=row.entered_at,
            by=Cause(row.entered_by),
            version=row.version,
            explanation=None,
            grounds=rests[row.segment_id],
        )
        for row in sorted(found, key=lambda row: (row.entered_at, row.segment_id), reverse=True)
    ]


def _shut(caller: Caller, opening: Opening) -> frozenset[str]:
    """The words whose values this caller does not see of this customer."""
    return frozenset(word for word, field in _SEALED.items() if caller.actor == "staff" and field not in opening.read)


def _explained(
    items: Sequence[Membership],
    book: Book,
    source: Source,
    named: dict[UUID, Row[Any]],
    at: datetime,
    shut: frozenset[str],
) -> list[Membership]:
    readings = source.read(book.reads, at)
    units = {name: spec.unit for name, spec in vocabulary().specs.items()}
    told = {item.segment: item for item in items}
    for identity, row in named.items():
        if row.key in book.rules and row.key not in told:
            told[row.key] = Membership(
                segment_id=identity,
                segment=row.key,
                names=row.names,
                member=False,
                since=None,
                by=None,
                version=None,
                explanation=None,
                grounds=grounds_at(book, row.key, source, at),
            )
    reasons = {key: Explained.of(book.explain(key, readings), units, shut) for key in told if key in book.rules}
    return [item.model_copy(update={"explanation": reasons.get(item.segment)}) for item in told.values()]


async def gather(
    _: World, conn: AsyncConnection, customers: Sequence[UUID]
) -> AsyncIterator[tuple[str, Mapping[str, Any]]]:
    """Which segments people under these ids are in and were in, of those customers may be told: for their own export.

    Each with what it is told for and on what that rested when it began (GDPR Art. 15(1)(a)).
    """
    told = (await shelf(conn)).told
    named = {row.id: row for row in await repository.every(conn) if row.key in told}
    here, gone = await repository.members_of(conn, customers), await repository.stays_of(conn, customers, void=False)
    for row in [*here, *gone]:
        if row.segment_id in named:
            segment = named[row.segment_id]
            yield (
                "segment",
                {
                    "customer_id": row.customer_id,
                    "segment": segment.key,
                    "names": segment.names,
                    "since": row.entered_at,
                    "until": row._mapping.get("left_at"),
                    "use": segment.use or DEFAULT_USE,
                    "receipt_id": row.receipt_id,
                    "legal_basis": row.legal_basis,
                },
            )


async def active_keys(conn: AsyncConnection) -> list[str]:
    """The keys of the segments in force, the oldest first."""
    rows = [row for row in await repository.every(conn) if row.state == "active"]
    return [row.key for row in sorted(rows, key=lambda row: (row.created_at, row.id))]


async def standing_of(conn: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, frozenset[str]]:
    """The keys of the segments these customers are in now, for what is counted and not told of anybody."""
    keys = {row.id: row.key for row in await repository.every(conn)}
    found: dict[UUID, set[str]] = {}
    for row in await repository.members_of(conn, ids) if ids else ():
        found.setdefault(row.customer_id, set()).add(keys[row.segment_id])
    return {one: frozenset(told) for one, told in found.items()}
