"""How the people of a campaign are counted: each person once, as they were drawn, whatever became of their message."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from customer.outreach.domain.messages import State

# What a person stands at who gets nothing because the draw said so, and one whose turn has not come.
HELD_OUT: Final = "held-out"
WAITING: Final = "waiting"
_REACHED: Final = {
    State.SENT: ("sent",),
    State.DELIVERED: ("sent", "delivered"),
    State.READ: ("sent", "delivered", "read"),
}


@dataclass(frozen=True, slots=True)
class Standing:
    """Where somebody drawn into a group stands: the state of their message or one of the words above, and why."""

    arm: str
    state: str
    reason: str | None
    converted: bool


@dataclass(slots=True)
class Count:
    """One group. `sent` has whatever a gateway took, delivered and read ones included; `assigned` has everybody."""

    assigned: int = 0
    waiting: int = 0
    sent: int = 0
    delivered: int = 0
    read: int = 0
    failed: int = 0
    suppressed: Counter[str] = field(default_factory=Counter)
    converted: int = 0

    def add(self, one: Standing, many: int = 1) -> None:
        """Count this standing as often as that."""
        self.assigned += many
        self.converted += many * one.converted
        for name in _REACHED.get(State(one.state), ()) if one.state in set(State) else ():
            setattr(self, name, getattr(self, name) + many)
        if one.state == State.FAILED:
            self.failed += many
        elif one.state == State.SUPPRESSED:
            self.suppressed[one.reason or "unknown"] += many
        elif one.state in {WAITING, State.ACCEPTED, State.SENDING}:
            self.waiting += many

    def plus(self, other: "Count") -> "Count":
        """Both together."""
        return Count(
            self.assigned + other.assigned,
            self.waiting + other.waiting,
            self.sent + other.sent,
            self.delivered + other.delivered,
            self.read + other.read,
            self.failed + other.failed,
            self.suppressed + other.suppressed,
            self.converted + other.converted,
        )


def counted_ids(people: Iterable[tuple[UUID, UUID]]) -> set[UUID]:
    """Of (id, leader) pairs the ids that count: of each person the lowest, so that who was linked later counts once."""
    lowest: dict[UUID, UUID] = {}
    for one, leader in people:
        lowest[leader] = min(one, lowest.get(leader, one))
    return set(lowest.values())
