"""Where a campaign stands, and the only ways it may go: by hand, or by its own times."""

from enum import StrEnum
from typing import Final


class State(StrEnum):
    """How far a campaign is."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"


# A campaign begins to run, and ends, by its times as well.
_BY_HAND: Final[dict[State, frozenset[State]]] = {
    State.DRAFT: frozenset({State.SCHEDULED, State.FINISHED}),
    State.SCHEDULED: frozenset({State.DRAFT, State.FINISHED}),
    State.RUNNING: frozenset({State.PAUSED, State.FINISHED}),
    State.PAUSED: frozenset({State.RUNNING, State.FINISHED}),
    State.FINISHED: frozenset(),
}


def may_go(present: State, wanted: State) -> bool:
    """Whether somebody may take a campaign there; staying is always allowed."""
    return wanted == present or wanted in _BY_HAND[present]
