"""Rules of privacy requests: their kinds and states, what must be kept and until when, and when an erasure is complete."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

SERVICES: Final = ("customer", "feedback", "channel-router", "risk", "kpi")


class ErasureState(StrEnum):
    """Where an erasure stands."""

    REQUESTED = "requested"
    COMPLETED = "completed"


def state_of(confirmed: Iterable[str]) -> ErasureState:
    """Completed once all five services have said so; a sixth voice does not count."""
    return ErasureState.COMPLETED if set(SERVICES) <= set(confirmed) else ErasureState.REQUESTED


class RequestKind(StrEnum):
    """The rights a person may use (GDPR Art. 15, 20, 16, 18, 21, 17; PIPL Art. 45, 46, 44, 47)."""

    ACCESS = "access"
    PORTABILITY = "portability"
    RECTIFICATION = "rectification"
    RESTRICTION = "restriction"
    OBJECTION = "objection"
    ERASURE = "erasure"


class RequestState(StrEnum):
    """Where a request stands. `identity_check`: it waits until it is sure who asks."""

    IDENTITY_CHECK = "identity_check"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    PARTLY_REFUSED = "partly_refused"
    REFUSED = "refused"


OPEN: Final = frozenset({RequestState.IDENTITY_CHECK, RequestState.IN_PROGRESS})
# Done by the service itself once it is sure who asks; a rectification is a person's work.
BY_ITSELF: Final = frozenset(RequestKind) - {RequestKind.RECTIFICATION}


@dataclass(frozen=True, slots=True)
class Said:
    """What a service says it did: rows by table that name the customer no more (`removed`) or still (`left`).

    What is left is unreadable, for its key is destroyed, unless the service `kept` it by duty.
    """

    service: str
    kept: bool
    removed: Mapping[str, int]
    left: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Duty:
    """A law by which something of a customer is kept: for so many years after the relation ends, by these services."""

    code: str
    years: int
    services: frozenset[str]
    effective_from: date


@dataclass(frozen=True, slots=True)
class Relation:
    """What decides about duties: whether the customer ever had more than an enquiry, and when the relation ended."""

    customer: bool
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Hold:
    """An order to keep everything, such as a pending case; without `until` it stands until it is lifted."""

    code: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Refusal:
    """What is not erased now, by which rule, and when that ends: None while nobody can say."""

    rule: str
    services: tuple[str, ...]
    until: datetime | None


def years_after(at: datetime, years: int) -> datetime:
    """The same date so many years later; 29 February becomes 1 March, so that nothing is let go a day early."""
    try:
        return at.replace(year=at.year + years)
    except ValueError:
        return at.replace(year=at.year + years, month=3, day=1)


def refusals(
    relation: Relation, duties: Collection[Duty], holds: Sequence[Hold], at: datetime, today: date
) -> list[Refusal]:
    """What an erasure must leave at that instant: duties of a relation that runs or ended too lately, and every hold.

    `today` is the date of `at` where the bank is: from a day on a duty is in force.
    """
    told: list[Refusal] = []
    for duty in sorted(duties, key=lambda one: one.code):
        if not relation.customer or duty.effective_from > today:
            continue
        until = None if relation.ended_at is None else years_after(relation.ended_at, duty.years)
        if until is None or until > at:
            told.append(Refusal(duty.code, tuple(sorted(duty.services)), until))
    held = [one for one in holds if one.until is None or one.until > at]
    return told + [Refusal(f"hold:{one.code}", SERVICES, one.until) for one in held]


def kept_by(told: Collection[Refusal]) -> tuple[str, ...]:
    """The services that erase nothing now."""
    return tuple(one for one in SERVICES if any(one in refusal.services for refusal in told))


def try_again_at(told: Collection[Refusal]) -> datetime | None:
    """When the first of the refusals ends, so that less must be kept; None while none of them has an end yet."""
    return min((one.until for one in told if one.until is not None), default=None)
