"""What became of an offer, and what that adds to the counts: the same whatever the order in which words of it come."""

from dataclasses import dataclass
from datetime import datetime

from customer.offers.domain.services import Outcome


@dataclass(frozen=True, slots=True)
class Stands:
    """An offer as it stands. `unasked`: it was taken without having been offered, so that nothing is learned from it."""

    outcome: Outcome | None = None
    shown_at: datetime | None = None
    answered_at: datetime | None = None
    unasked: bool = False


@dataclass(frozen=True, slots=True)
class Added:
    """What a word adds to the counts of its place, and whether it is to be said that it was shown, and answered."""

    shown: int = 0
    accepted: int = 0
    declined: int = 0
    ignored: int = 0
    says_shown: bool = False
    says_answered: bool = False


def heard(before: Stands, outcome: Outcome, at: datetime) -> tuple[Stands, Added]:
    """The offer after one more word of it.

    The higher word stands; of two equal ones the earlier instant. An answer to what nobody said was shown shows that it was.
    """
    risen = before.outcome is None or outcome.rank > before.outcome.rank
    same = outcome is before.outcome
    stands = outcome if risen or before.outcome is None else before.outcome
    shown_at, answered_at = before.shown_at, before.answered_at
    if not before.unasked:
        shown_at = at if shown_at is None else min(shown_at, at)
    if outcome is not Outcome.SHOWN and risen:
        answered_at = at
    elif same and answered_at is not None:
        answered_at = min(answered_at, at)
    after = Stands(stands, shown_at, answered_at, before.unasked)
    answered = risen and outcome is not Outcome.SHOWN
    says_shown = before.outcome is None and not before.unasked
    if before.unasked:
        return after, Added(says_answered=answered)
    return after, Added(
        shown=int(says_shown),
        says_shown=says_shown,
        says_answered=answered,
        **{name: _is(after, name) - _is(before, name) for name in ("accepted", "declined", "ignored")},
    )


def _is(stands: Stands, name: str) -> int:
    return int(stands.outcome is not None and stands.outcome.value == name)
