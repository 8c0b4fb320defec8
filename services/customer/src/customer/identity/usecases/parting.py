"""Parting: some or all leave a set again; what was decided meanwhile stands, and is listed for a person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.identity import repository
from customer.identity.domain.evidence import PartReason, SetState
from customer.identity.domain.partition import Dissolve, Link, LinkEvent, Split, together_since
from customer.identity.problems import LinkNotActive, NotASplit
from customer.identity.schemas import IdentityLink, IdentitySplit, SplitIdentity
from customer.identity.usecases.reviewing import list_decisions
from customer.identity.usecases.standing import held, judge_candidates, one, record, write
from customer.parties import usecases as parties
from shared import clock
from shared.access import Caller
from shared.etags import check_version
from shared.idempotency import Answer, Passage, Wish
from shared.problems import FieldError, Forbidden, Problem
from shared.world import World

_BY_ERASURE = "erasure"


@dataclass(frozen=True, slots=True)
class _Parting:
    """One parting on its way into the tables."""

    id: UUID
    present: IdentityLink
    event: Split | Dissolve
    leaving: frozenset[UUID]
    version: int
    reason: PartReason
    by: str

    @property
    def kind(self) -> str:
        """How the event is kept."""
        return "split" if isinstance(self.event, Split) else "dissolve"


async def split_identity(
    world: World, tx: AsyncConnection, link_id: UUID, wish: Wish[SplitIdentity], match: int
) -> Answer[IdentitySplit]:
    """Let some leave a set, on the version the caller saw; each request once by its gate."""

    async def do(fresh: Sequence[Wish[SplitIdentity]]) -> Sequence[IdentitySplit | Problem]:
        return [await _split(world, tx, link_id, one, match) for one in fresh]

    async def again(ids: Sequence[UUID]) -> Mapping[UUID, IdentitySplit]:
        return {row.id: _split_view(row) for row in await repository.splits(tx, ids)}

    subject = parties.subject_of(wish.body.members[0])
    passage = Passage(storage.GATE, world.vault, IdentitySplit, do=do, again=again, subject=lambda *_: subject)
    (answer,) = await passage.run(tx, [wish])
    if isinstance(answer, Problem):
        raise answer
    return answer


async def _split(
    world: World, tx: AsyncConnection, link_id: UUID, wish: Wish[SplitIdentity], match: int
) -> IdentitySplit:
    body, caller = wish.body, wish.caller
    leaving = frozenset(body.members)
    present, version, partition, known = await _held(world, tx, link_id, match, caller)
    staying = frozenset(present.members) - leaving
    if not leaving <= frozenset(present.members) or not staying:
        raise NotASplit(errors=[FieldError("/members", "not-a-part", "name members of the set, and not all of them")])
    if body.remaining_leader is not None and body.remaining_leader not in staying:
        raise NotASplit(errors=[FieldError("/remaining_leader", "not-a-part", "names one of those who stay")])
    event = Split(
        leaving,
        body.leader or _leads(leaving, present.leader),
        body.remaining_leader or _leads(staying, present.leader),
        clock.now(),
    )
    parting = _Parting(wish.id, present, event, leaving, version + 1, body.reason, caller.sub)
    await _part(tx, parting, partition)
    await parties.relinked(world, tx, known, caller)
    await record(world, tx, "identity.split", link_id, present.members, caller)
    (row,) = await repository.splits(tx, [wish.id])
    return _split_view(row)


async def dissolve_link(
    world: World, tx: AsyncConnection, link_id: UUID, reason: PartReason, match: int, caller: Caller
) -> IdentityLink:
    """Let everybody in the set stand alone again, on the version the caller saw."""
    present, version, partition, known = await _held(world, tx, link_id, match, caller)
    event = Dissolve(present.members[0], clock.now())
    everybody = frozenset(present.members)
    await _part(tx, _Parting(clock.new_id(), present, event, everybody, version + 1, reason, caller.sub), partition)
    await parties.relinked(world, tx, known, caller)
    await record(world, tx, "identity.dissolve", link_id, present.members, caller)
    return await one(tx, link_id)


async def forget(tx: AsyncConnection, ids: Sequence[UUID]) -> None:
    """What erasure does here: the erased leave their sets, and what was decided about them is not kept.

    It waits for nobody's key: their own is destroyed already, the others' are not needed.
    """
    await repository.lock(tx)
    for member in sorted(ids):
        rows = await repository.standing(tx, [member])
        partition = {row.member: row.leader for row in rows if row.linked}
        if member in partition:
            (found,) = await repository.active_sets(tx, [partition[member]])
            present = await one(tx, found.id)
            staying = frozenset(present.members) - {member}
            event = Split(frozenset({member}), member, _leads(staying, present.leader), clock.now())
            version = max(row.version for row in rows) + 1
            leaving = frozenset({member})
            parting = _Parting(clock.new_id(), present, event, leaving, version, PartReason.ERASURE, _BY_ERASURE)
            await _part(tx, parting, partition)
    await repository.forget(tx, ids)


def _leads(members: frozenset[UUID], leader: UUID | None) -> UUID:
    """Who leads a part that names nobody: the leader it had, else its oldest record (ids are in order of time)."""
    return leader if leader is not None and leader in members else min(members)


async def _held(
    world: World, tx: AsyncConnection, link_id: UUID, match: int, caller: Caller
) -> tuple[IdentityLink, int, Mapping[UUID, UUID], list[Any]]:
    if caller.actor != "staff":
        raise Forbidden("A person of the bank decides who is who.")
    seen = await one(tx, link_id)
    if seen.state is not SetState.ACTIVE:
        check_version(match, seen.version)
        raise LinkNotActive()
    standing = await held(world, tx, seen.members)
    present = await one(tx, link_id)  # as it is now that nobody else can change it
    check_version(match, present.version)
    return present, standing.version, standing.partition, [standing.parties[member] for member in present.members]


async def _part(tx: AsyncConnection, parting: _Parting, before: Mapping[UUID, UUID]) -> None:
    """Write what a parting makes of a set: the rest of it, the set of those who left, what is said, what to review."""
    event, present = parting.event, parting.present
    members = frozenset(present.members)
    staying = members - parting.leaving if isinstance(event, Split) else frozenset()
    since = together_since(
        [_event_of(row) for row in await repository.events_of(tx, present.members)],
        members if isinstance(event, Dissolve) else parting.leaving,
        members if isinstance(event, Dissolve) else staying,
    )
    after = await write(tx, before, event, version=parting.version, at=event.at)
    await judge_candidates(tx, present.members, after, present.id, parting.by, event.at)
    split_off = await _new_set(tx, parting) if len(parting.leaving) > 1 and isinstance(event, Split) else None
    active = any(member in after for member in staying)
    await repository.change_set(
        tx,
        present.id,
        {
            "version": parting.version,
            "state": SetState.ACTIVE if active else SetState.DISSOLVED,
            "leader": event.remaining_leader if isinstance(event, Split) and active else None,
            "updated_at": event.at,
            "updated_by": parting.by,
        },
    )
    reviews = await list_decisions(tx, present.id, present.members, since, event.at)
    await repository.insert_event(
        tx,
        {
            "id": parting.id,
            "set_id": present.id,
            "kind": parting.kind,
            "version": parting.version,
            "members": present.members,
            "leaving": sorted(parting.leaving),
            "leader": event.leader if isinstance(event, Split) else None,
            "remaining_leader": event.remaining_leader if isinstance(event, Split) else None,
            "split_off_id": split_off,
            "reason": parting.reason,
            "together_since": since,
            "reviews": reviews,
            "at": event.at,
            "by": parting.by,
        },
    )


async def _new_set(tx: AsyncConnection, parting: _Parting) -> UUID:
    assert isinstance(parting.event, Split)  # noqa: S101  # who dissolves a set makes none
    values = {
        "id": clock.new_id(),
        "version": parting.version,
        "state": SetState.ACTIVE,
        "leader": parting.event.leader,
        "reason": parting.present.reason,
        # They still rest on what the set rested on.
        "evidence": [one.model_dump(mode="json") for one in parting.present.evidence],
        "created_at": parting.event.at,
        "updated_at": parting.event.at,
        "updated_by": parting.by,
    }
    await repository.insert_set(tx, values)
    return UUID(str(values["id"]))


def _event_of(row: Row[Any]) -> LinkEvent:
    """What happened, as the fold takes it."""
    if row.kind == "link":
        return Link(frozenset(row.members), row.leader, row.at)
    if row.kind == "split":
        return Split(frozenset(row.leaving), row.leader, row.remaining_leader, row.at)
    return Dissolve(row.members[0], row.at)


def _split_view(row: Row[Any]) -> IdentitySplit:
    return IdentitySplit(
        id=row.id,
        identity_link_id=row.set_id,
        version=row.version,
        members=row.leaving,
        leader=row.leader,
        remaining_leader=row.remaining_leader,
        split_off_id=row.split_off_id,
        reason=row.reason,
        together_since=row.together_since,
        reviews=row.reviews,
        created_at=row.at,
        created_by=row.by,
    )
