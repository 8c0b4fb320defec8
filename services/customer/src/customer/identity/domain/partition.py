"""Who counts as whom: link sets as the fold of links, splits and partings, and what changes from one to the next."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

# Member → leader. Only members of sets of two and more are in it, a leader among its own members; who is not, is alone.
Partition = Mapping[UUID, UUID]


@dataclass(frozen=True, slots=True)
class Link:
    """All of these, with everybody who counts with one of them, count as `leader` from then on."""

    members: frozenset[UUID]
    leader: UUID
    at: datetime


@dataclass(frozen=True, slots=True)
class Split:
    """`leaving` part from their set and count as `leader`, one of them; who stays counts as `remaining_leader`."""

    leaving: frozenset[UUID]
    leader: UUID
    remaining_leader: UUID
    at: datetime


@dataclass(frozen=True, slots=True)
class Dissolve:
    """Everybody in the set of this member stands alone again."""

    member: UUID
    at: datetime


LinkEvent = Link | Split | Dissolve


class Said(NamedTuple):
    """What is to be told of one member: for whom it counts now, or no longer counts."""

    member: UUID
    leader: UUID
    linked: bool


def together(partition: Partition, member: UUID) -> frozenset[UUID]:
    """Everybody who counts with that one, itself among them."""
    leader = partition.get(member)
    return frozenset({member} | ({one for one, whose in partition.items() if whose == leader} if leader else set()))


def closure(partition: Partition, members: Iterable[UUID]) -> frozenset[UUID]:
    """Everybody who counts with one of these."""
    return frozenset().union(*(together(partition, one) for one in members))


def apply(partition: Partition, event: LinkEvent) -> dict[UUID, UUID]:
    """The partition after one event; a set that is left with one member is a set no more."""
    after = dict(partition)
    match event:
        case Link(members, leader):
            _set(after, closure(partition, members), leader)
        case Split(leaving, leader, remaining_leader):
            staying = closure(partition, leaving) - leaving
            _set(after, leaving, leader)
            _set(after, staying, remaining_leader)
        case Dissolve(member):
            for one in together(partition, member):
                after.pop(one, None)
    return after


def _set(partition: dict[UUID, UUID], members: Iterable[UUID], leader: UUID) -> None:
    everybody = set(members)
    for one in everybody:
        if len(everybody) > 1:
            partition[one] = leader
        else:
            partition.pop(one, None)


def fold(events: Iterable[LinkEvent]) -> dict[UUID, UUID]:
    """The partition after all events, in their order."""
    partition: dict[UUID, UUID] = {}
    for event in events:
        partition = apply(partition, event)
    return partition


def told(before: Partition, after: Partition) -> list[Said]:
    """What is said once per member of every set that was touched, in the order of the members.

    A member whose leader stayed the same is told of too: the set it counts in has a new version.
    """
    changed = {one for one in before.keys() | after.keys() if before.get(one) != after.get(one)}
    touched = closure(before, changed) | closure(after, changed)
    return [
        Said(one, after[one], linked=True) if one in after else Said(one, before[one], linked=False)
        for one in sorted(touched)
        if one in before or one in after
    ]


def together_since(
    events: Iterable[LinkEvent], one_part: frozenset[UUID], other_part: frozenset[UUID]
) -> datetime | None:
    """Since when somebody of the one part has counted with somebody of the other, without a break until now."""
    partition: dict[UUID, UUID] = {}
    since: dict[tuple[UUID, UUID], datetime] = {}
    pairs = [(a, b) for a in one_part for b in other_part if a != b]
    for event in events:
        partition = apply(partition, event)
        for a, b in pairs:
            if a in partition and partition.get(a) == partition.get(b):
                since.setdefault((a, b), event.at)
            else:
                since.pop((a, b), None)
    return min(since.values(), default=None)
