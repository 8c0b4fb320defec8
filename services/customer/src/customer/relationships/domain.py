"""How parties belong together, and which ways of it make no sense: owning oneself in a circle, a household of households."""

from collections.abc import Collection, Iterable
from enum import StrEnum
from typing import Final
from uuid import UUID

Edge = tuple[UUID, UUID]


class RelationshipKind(StrEnum):
    """What the one party is to the other.

    `household`: the one lives in the household of the other, its head; `owner`: the one owns (part of) the other, an
    organisation; `guardian`: the one acts for the other, who may not; `authorised_person`: the one may act for the other.
    """

    HOUSEHOLD = "household"
    OWNER = "owner"
    GUARDIAN = "guardian"
    AUTHORISED_PERSON = "authorised_person"


# Two spouses may well act for each other; nobody owns or guards themself through others, and no head lives with a member.
ACYCLIC: Final = frozenset({RelationshipKind.HOUSEHOLD, RelationshipKind.OWNER, RelationshipKind.GUARDIAN})
# (kind of the one, kind of the other) a relationship may join; `individual` and `organisation` as parties have them.
JOINS: Final[dict[RelationshipKind, frozenset[tuple[str, str]]]] = {
    RelationshipKind.HOUSEHOLD: frozenset({("individual", "individual")}),
    RelationshipKind.GUARDIAN: frozenset({("individual", "individual")}),
    RelationshipKind.OWNER: frozenset({("individual", "organisation"), ("organisation", "organisation")}),
    RelationshipKind.AUTHORISED_PERSON: frozenset({("individual", "individual"), ("individual", "organisation")}),
}
WHOLE: Final = 10_000


def closes_circle(edges: Iterable[Edge], new: Edge) -> bool:
    """Whether one could walk from the new edge's end back to its beginning; an edge to oneself is a circle too."""
    onward: dict[UUID, set[UUID]] = {}
    for one, other in edges:
        onward.setdefault(one, set()).add(other)
    start, end = new
    seen: set[UUID] = set()
    ahead = [end]
    while ahead:
        here = ahead.pop()
        if here == start:
            return True
        if here not in seen:
            seen.add(here)
            ahead += onward.get(here, ())
    return False


def nested(edges: Collection[Edge], new: Edge) -> bool:
    """Whether a household would lie within another: its head lives elsewhere, or a head moves in with somebody."""
    member, head = new
    return any(one == head for one, _ in edges) or any(other == member for _, other in edges)


def overowned(shares: Iterable[int | None], new: int | None) -> bool:
    """Whether more than the whole would be owned; shares are hundredths of a percent, an unknown one counts as none."""
    return sum(share or 0 for share in (*shares, new)) > WHOLE
