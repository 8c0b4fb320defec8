"""What can be done with relationships: say how two parties belong together, end it, forget it with one of them."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.parties import usecases as parties
from customer.relationships import repository
from customer.relationships.domain import ACYCLIC, JOINS, RelationshipKind, closes_circle, nested, overowned
from customer.relationships.problems import (
    CyclicRelationship,
    HouseholdWithinHousehold,
    KindsDoNotFit,
    OverOwned,
    RelationshipKnown,
    RelationshipUnknown,
)
from customer.relationships.schemas import Relate, Relationship
from shared import audit, clock
from shared.access import Caller
from shared.etags import check_version
from shared.idempotency import Answer, Passage, Wish
from shared.problems import FieldError, Problem
from shared.subjects import resolve
from shared.world import World

RESOURCE: Final = "relationship"


def view_of(row: Row[Any]) -> Relationship:
    """A row as callers see it."""
    told = dict(row._mapping)
    share = told.pop("share")
    return Relationship(share_percent=None if share is None else f"{share // 100}.{share % 100:02d}", **told)


def _share(text: str | None) -> int | None:
    if text is None:
        return None
    whole, _, part = text.partition(".")
    return int(whole) * 100 + int(part.ljust(2, "0") or 0)


async def relate(world: World, tx: AsyncConnection, customer_id: UUID, wish: Wish[Relate]) -> Answer[Relationship]:
    """Record a relationship; each request once by its gate. Raises what makes no sense of it, and nothing is changed."""

    async def do(fresh: Sequence[Wish[Relate]]) -> Sequence[Relationship | Problem]:
        return [await _relate(world, tx, customer_id, one) for one in fresh]

    async def again(ids: Sequence[UUID]) -> Mapping[UUID, Relationship]:
        return {row.id: view_of(row) for row in await repository.by_ids(tx, ids)}

    subject = parties.subject_of(customer_id)
    passage = Passage(storage.GATE, world.vault, Relationship, do=do, again=again, subject=lambda *_: subject)
    (answer,) = await passage.run(tx, [wish])
    if isinstance(answer, Problem):
        raise answer
    return answer


async def _relate(world: World, tx: AsyncConnection, customer_id: UUID, wish: Wish[Relate]) -> Relationship:
    body = wish.body
    # Keys, then the kind's lock, then rows: an erasure takes the keys first too.
    ends = sorted({customer_id, body.other_id})
    await world.vault.for_write(tx, [parties.subject_of(one) for one in ends])
    await repository.lock(tx, body.kind)
    known = await parties.held(world, tx, ends)
    if (known[customer_id].kind, known[body.other_id].kind) not in JOINS[body.kind]:
        raise KindsDoNotFit(errors=[FieldError("/kind", "kinds", "these two cannot stand in this relationship")])
    await _makes_sense(tx, customer_id, body)
    at = clock.now()
    values = {
        "id": wish.id,
        "version": 1,
        "kind": body.kind,
        "customer_id": customer_id,
        "other_id": body.other_id,
        "share": _share(body.share_percent),
        "since": body.since,
        "recorded_at": at,
        "recorded_by": wish.caller.sub,
        "ended_at": None,
    }
    await repository.insert_relationship(tx, values)
    await _record(world, tx, "relationship.record", wish.id, ends, wish.caller)
    (row,) = await repository.by_ids(tx, [wish.id])
    return view_of(row)


async def _makes_sense(tx: AsyncConnection, customer_id: UUID, body: Relate) -> None:
    """Ends count as the parties they are linked into: nobody owns themself by another record of theirs."""
    leaders = await resolve(tx, storage.LINKS, [customer_id, body.other_id])
    new = (leaders[customer_id], leaders[body.other_id])
    beside = await repository.touching(tx, body.kind, [customer_id, body.other_id])
    if any((row.customer_id, row.other_id) == (customer_id, body.other_id) for row in beside):
        raise RelationshipKnown()
    if new[0] == new[1]:
        raise CyclicRelationship("Both ends are one party.")
    if body.kind in ACYCLIC and closes_circle(await repository.reached(tx, body.kind, new[1]), new):
        raise CyclicRelationship("One would come back to oneself through others.")
    edges = [(row.customer_id, row.other_id) for row in beside]
    if body.kind is RelationshipKind.HOUSEHOLD:
        if nested(edges, (customer_id, body.other_id)):
            raise HouseholdWithinHousehold("A head lives in no other household, and a member heads none.")
        if any(one == customer_id for one, _ in edges):
            raise HouseholdWithinHousehold("One lives in one household at a time.")
    if body.kind is RelationshipKind.OWNER:
        shares = [row.share for row in beside if row.other_id == body.other_id]
        if overowned(shares, _share(body.share_percent)):
            raise OverOwned("The shares would add up to more than 100 percent.")


async def end_relationship(
    world: World, tx: AsyncConnection, customer_id: UUID, relationship_id: UUID, match: int, caller: Caller
) -> None:
    """It holds no longer, on the version the caller saw; `as_of` still tells that it did."""
    row = await repository.locked(tx, relationship_id)
    if row is None or customer_id not in {row.customer_id, row.other_id}:
        raise RelationshipUnknown()
    check_version(match, row.version)
    await repository.end(tx, relationship_id, row.version + 1, clock.now())
    await _record(world, tx, "relationship.end", relationship_id, [row.customer_id, row.other_id], caller)


async def seen(world: World, tx: AsyncConnection, customer_id: UUID, caller: Caller) -> None:
    """Keep who looked at whom somebody belongs with."""
    absent = await parties.absences(world, tx, [customer_id])
    if absent:
        raise absent[customer_id]
    entry = audit.Entry("relationship.list", parties.subject_of(customer_id), RESOURCE, None, caller)
    await audit.seen(tx, storage.AUDIT, world.keyring, [entry])


async def gather(
    _: World, conn: AsyncConnection, customers: Sequence[UUID]
) -> AsyncIterator[tuple[str, Mapping[str, Any]]]:
    """As what somebody under these ids belongs with others, at which end: for their own export.

    Not with whom, nor who wrote it down: that is of the other, and of an employee (GDPR Art. 15(4)).
    """
    own = set(customers)
    for row in await repository.of_parties(conn, customers):
        told = view_of(row).model_dump(mode="json", exclude={"customer_id", "other_id", "recorded_by", "version"})
        yield RESOURCE, told | {"end": "customer" if row.customer_id in own else "other"}


async def forget(tx: AsyncConnection, ids: Sequence[UUID]) -> None:
    """What erasure removes here: with whom the erased belonged."""
    await repository.forget(tx, ids)


async def _record(
    world: World, tx: AsyncConnection, action: str, relationship_id: UUID, ends: Sequence[UUID], caller: Caller
) -> None:
    entries = [audit.Entry(action, parties.subject_of(one), RESOURCE, relationship_id, caller) for one in ends]
    await audit.record(tx, storage.AUDIT, world.keyring, entries)
