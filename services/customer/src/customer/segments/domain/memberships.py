"""Membership over time: a walk from change to possible change, so that everyone enters and leaves at the exact instant."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from customer.consents.domain import Grounds
from customer.segments.domain.readings import Reading, earliest
from customer.segments.domain.rules import Book, Verdict
from customer.segments.domain.vocabulary import Vocabulary, nested
from shared.expressions.language import Expression


class Cause(StrEnum):
    """Through what somebody enters or leaves: something happened, time passed, or the rule or its cut points changed."""

    EVENT = "event"
    TIME = "time"
    RULE = "rule"


@dataclass(frozen=True, slots=True)
class Definition:
    """One version of a segment's rule, in force in [valid_from, valid_until); `use` is for what it is told, if anything."""

    key: str
    version: int
    rule: Expression
    valid_from: datetime
    valid_until: datetime | None = None
    use: str | None = None

    def in_force(self, at: datetime) -> bool:
        """Whether it is the rule at that instant."""
        return self.valid_from <= at and (self.valid_until is None or at < self.valid_until)


@dataclass(frozen=True, slots=True)
class Stay:
    """One membership, in [entered_at, left_at): by what it began and ended, and under which version of the rule.

    `receipt_id`, or else `legal_basis`, is what its use rested on when it began.
    """

    key: str
    version: int
    entered_at: datetime
    entered_by: Cause
    left_at: datetime | None = None
    left_by: Cause | None = None
    receipt_id: UUID | None = None
    legal_basis: str | None = None

    def covers(self, at: datetime) -> bool:
        """Whether the customer is a member at that instant."""
        return self.entered_at <= at and (self.left_at is None or at < self.left_at)


@dataclass(frozen=True, slots=True)
class Step:
    """The members at an instant, under these versions of the rules, and through what this instant came.

    `readings` are what was read there; by the `gates` what the use of each segment rests on.
    """

    at: datetime
    verdict: Verdict
    versions: Mapping[str, int]
    cause: Cause
    gates: Mapping[str, str]
    readings: Mapping[str, Reading]

    def begun(self, key: str) -> Stay:
        """The membership that begins at this instant."""
        rests = self.readings[self.gates[key]] if key in self.gates else None
        told = (rests.receipt_id, rests.legal_basis) if isinstance(rests, Grounds) else (None, None)
        return Stay(key, self.versions[key], self.at, self.cause, None, None, *told)


class Library:
    """All versions of all segments: which rules are in force when. Books are made once for each set of versions."""

    def __init__(
        self, vocabulary: Vocabulary, definitions: Iterable[Definition], cuts: Iterable[datetime] = ()
    ) -> None:
        self.vocabulary = vocabulary
        self.definitions = list(definitions)
        self._turns = sorted(
            {one.valid_from for one in self.definitions}
            | {one.valid_until for one in self.definitions if one.valid_until is not None}
        )
        self._cuts = frozenset(cuts)
        self._books: dict[frozenset[tuple[str, int]], Book] = {}

    def at(self, at: datetime) -> tuple[Book, Mapping[str, int], datetime | None]:
        """The rules in force at that instant, their versions, and when the next of them changes."""
        current = [one for one in self.definitions if one.in_force(at)]
        versions = {one.key: one.version for one in current}
        name = frozenset(versions.items())
        book = self._books.get(name)
        if book is None:
            uses = {one.key: one.use for one in current if one.use is not None}
            book = self._books[name] = Book(self.vocabulary, {one.key: one.rule for one in current}, uses)
        return book, versions, next((turn for turn in self._turns if turn > at), None)

    def without(self, hidden: Callable[[str], bool]) -> frozenset[str]:
        """The segments none of whose rules, past or present, reads a hidden name, be it through other segments.

        Past rules count because a stay that began under one goes on; a segment that is gone counts as hidden.
        """
        left = {one.key for one in self.definitions}
        left -= {one.key for one in self.definitions if any(map(hidden, self.vocabulary.asked(one.rule)))}
        while found := {one.key for one in self.definitions if one.key in left and not nested(one.rule) <= left}:
            left -= found
        return frozenset(left)

    def turns_at(self, at: datetime) -> bool:
        """Whether a rule or its cut points change at that very instant."""
        return at in self._turns or at in self._cuts


Read = Callable[[frozenset[str], datetime], Mapping[str, Reading]]


def walk(
    library: Library, read: Read, happened: frozenset[datetime], since: datetime, until: datetime
) -> Iterator[Step]:
    """Judge at `since` and then at every instant at which something in use may change, up to and with `until`.

    `read` tells the readings of names at an instant; `happened` are the instants of the customer's own events. Nothing
    changes between two steps: each reading holds until it says.
    """
    at = since
    while True:
        book, versions, turn = library.at(at)
        readings = read(book.reads, at)
        verdict = book.judge(readings)
        following = earliest(verdict.next_check_at, turn)
        cause = Cause.EVENT if at in happened else Cause.RULE if library.turns_at(at) else Cause.TIME
        yield Step(at, replace(verdict, next_check_at=following), versions, cause, book.gates, readings)
        if following is None or following > until:
            return
        if following <= at:
            raise ValueError("a reading that ends before it begins would never let time pass")
        at = following


def stays(before: Sequence[Stay], steps: Iterable[Step], since: datetime) -> tuple[list[Stay], datetime | None]:
    """The memberships as they are when everything from `since` on is told anew by `steps`; and the next possible change.

    What began before stays as it began; what ended at or after `since` is open again until a step ends it.
    """
    done = [one for one in before if one.left_at is not None and one.left_at < since]
    # One that ended exactly at `since` was a member until then: whether it ends there is for the first step to say.
    held = {
        one.key: replace(one, left_at=None, left_by=None)
        for one in before
        if one.entered_at < since and (one.left_at is None or one.left_at >= since)
    }
    following: datetime | None = None
    for step in steps:
        for key in sorted(held.keys() - step.verdict.members):
            done.append(replace(held.pop(key), left_at=step.at, left_by=step.cause))
        for key in sorted(step.verdict.members - held.keys()):
            held[key] = step.begun(key)
        following = step.verdict.next_check_at
    return sorted([*done, *held.values()], key=lambda one: (one.key, one.entered_at)), following
