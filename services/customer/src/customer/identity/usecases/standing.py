"""How members stand: held for a change, written with what is said of each, shown, and said again for a newcomer."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.identity import repository
from customer.identity.domain.evidence import CandidateState, SetState
from customer.identity.domain.partition import LinkEvent, apply, told
from customer.identity.events import IdentityEvent, Linked, LinkSnapshot, Unlinked
from customer.identity.problems import IdentityLinkUnknown
from customer.identity.schemas import Evidence, IdentityLink
from customer.parties import usecases as parties
from customer.parties.schemas import Customer
from shared import audit
from shared.access import Caller
from shared.events import outbox
from shared.events.envelope import Emit
from shared.problems import RequestInFlight
from shared.subjects import learn_links
from shared.world import World

RESOURCE: Final = "identity_link"


@dataclass(frozen=True, slots=True)
class Standing:
    """Members held until the transaction ends: how they stand, and the highest version ever said of one of them."""

    partition: Mapping[UUID, UUID]
    version: int
    parties: Mapping[UUID, Customer]


def _partition(rows: Sequence[Row[Any]]) -> dict[UUID, UUID]:
    return {row.member: row.leader for row in rows if row.linked}


async def held(world: World, tx: AsyncConnection, members: Sequence[UUID]) -> Standing:
    """These and all who count with them, held; raises what the records say of one that cannot be had.

    Keys before the lock, as an erasure takes them: in the other order the two would wait for each other.
    """
    named = set(members) | {row.member for row in await repository.standing(tx, members)}
    await world.vault.for_write(tx, [parties.subject_of(one) for one in named])
    await repository.lock(tx)
    rows = await repository.standing(tx, members)
    everybody_now = set(members) | {row.member for row in rows}
    if not everybody_now <= named:
        raise RequestInFlight("Somebody else was linked with one of these at this moment; try again.")
    versions = [row.version for row in rows]
    return Standing(_partition(rows), max(versions, default=0), await parties.held(world, tx, sorted(everybody_now)))


async def write(
    tx: AsyncConnection, before: Mapping[UUID, UUID], event: LinkEvent, *, version: int, at: datetime
) -> dict[UUID, UUID]:
    """The partition after the event, kept here and said to everybody once per member."""
    after = apply(before, event)
    said = told(before, after)
    rows = [{"member": one.member, "leader": one.leader, "version": version, "linked": one.linked} for one in said]
    await learn_links(tx, storage.LINKS, rows)
    events = [
        _emit(
            (Linked if one.linked else Unlinked)(member=one.member, leader=one.leader, version=version, occurred_at=at)
        )
        for one in said
    ]
    if events:
        await outbox.emit(tx, storage.EVENTS, storage.SOURCE, events)
    return after


def _emit(event: IdentityEvent) -> Emit:
    # Versions of a membership are not versions of the customer: it is a subject of its own.
    return Emit(event, key=event.member, subject=f"identity-link:{event.member}", sequence=event.version)


async def judge_candidates(
    tx: AsyncConnection, members: Sequence[UUID], partition: Mapping[UUID, UUID], link_id: UUID, by: str, at: datetime
) -> None:
    """What a link or its parting says of the candidates among these: confirmed where they are one now, else rejected."""
    for row in await repository.candidates_among(tx, members):
        one = row.one in partition and partition[row.one] == partition.get(row.other)
        if not one and row.state != CandidateState.CONFIRMED:
            continue
        state = CandidateState.CONFIRMED if one else CandidateState.REJECTED
        values = {"state": state, "version": row.version + 1, "updated_at": at, "decided_by": by}
        await repository.change_candidate(tx, row.id, values | {"identity_link_id": link_id})


async def everybody(world: World, size: int = 500) -> AsyncIterator[list[Row[Any]]]:
    """What was last said of every member, page by page."""
    last: UUID | None = None
    while True:
        async with world.db.read() as conn:
            rows = list(await repository.link_page(conn, last, size))
        yield rows
        if len(rows) < size:
            return
        last = rows[-1].member


def said_again(row: Row[Any], at: datetime) -> Emit:
    """A member's standing as a snapshot tells it."""
    return _emit(
        LinkSnapshot(member=row.member, leader=row.leader, version=row.version, occurred_at=at, linked=row.linked)
    )


def view_of(row: Row[Any]) -> IdentityLink:
    """A set as callers see it."""
    active = row.state == SetState.ACTIVE
    return IdentityLink(
        id=row.id,
        version=row.version,
        state=SetState(row.state),
        leader=row.leader if active else None,
        members=sorted(row.members or ()) if active else [],
        reason=row.reason,
        evidence=[Evidence.model_validate(one) for one in row.evidence],
        absorbed_by=row.absorbed_by,
        created_at=row.created_at,
        updated_at=row.updated_at,
        updated_by=row.updated_by,
    )


async def shown(conn: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, IdentityLink]:
    """Sets by id, as they are now."""
    return {row.id: view_of(row) for row in await repository.sets(conn, ids)}


async def one(conn: AsyncConnection, link_id: UUID) -> IdentityLink:
    """One set, or IdentityLinkUnknown."""
    view = (await shown(conn, [link_id])).get(link_id)
    if view is None:
        raise IdentityLinkUnknown()
    return view


async def record(
    world: World, tx: AsyncConnection, action: str, link_id: UUID, members: Sequence[UUID], caller: Caller
) -> None:
    """Keep in every touched member's record who changed whom they count as."""
    entries = [
        audit.Entry(action, parties.subject_of(member), RESOURCE, link_id, caller, {"members": len(members)})
        for member in members
    ]
    await audit.record(tx, storage.AUDIT, world.keyring, entries)
