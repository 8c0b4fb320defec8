"""A thing as it is known after whatever was heard of it, and the units and the day it counts in."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

BANK: Final = "bank"


class Kind(StrEnum):
    """What a fact tells of."""

    TICKET = "ticket"
    FEEDBACK = "feedback"
    SCREENING = "screening"
    CUSTOMER = "customer"
    RESTRICTION = "restriction"
    OFFER = "offer"
    MESSAGE = "message"
    # A message through one of the channels it went through: what comes back from one may go on through the next.
    SENDING = "sending"


@dataclass(frozen=True, slots=True)
class Fact:
    """A thing as it is now known; `zone` (of its place) and `bank_zone` are those it is counted in.

    A customer whose party is counted by another record does not count; everything else always does.
    """

    kind: Kind
    id: UUID
    version: int
    begun_at: datetime
    occurred_at: datetime
    state: str | None = None
    customer_id: UUID | None = None
    place_id: UUID | None = None
    source: str | None = None
    rating: int | None = None
    waited: int | None = None
    served: int | None = None
    ended_at: datetime | None = None
    zone: str | None = None
    bank_zone: str = "UTC"
    counts: bool = True
    # Of a message: whether a gateway ever took it, and what is counted of it besides the bank.
    sent: bool = False
    channel: str | None = None
    purpose: str | None = None
    campaign_id: UUID | None = None


def merged(one: Fact, other: Fact) -> Fact:
    """What is known after both, whichever was heard first: the higher version's state, the earlier beginning.

    The earliest moment is kept apart because a later version of a customer or a restriction does not say when the
    first one was; so it does not matter whether the first is heard late. That a message was sent stays true of one
    whose last word is that it failed.
    """
    newer = other if other.version > one.version else one
    return replace(
        newer,
        begun_at=min(one.begun_at, other.begun_at),
        counts=one.counts and other.counts,
        sent=one.sent or other.sent,
    )


def first_of_party(facts: Iterable[Fact]) -> list[Fact]:
    """The facts of one party's records, of which the earliest counts: a person is a customer once, since the first."""
    ordered = sorted(facts, key=lambda one: (one.begun_at, one.id))
    return [replace(one, counts=place == 0) for place, one in enumerate(ordered)]


def whole_seconds(begin: datetime, end: datetime) -> int:
    """Seconds from `begin` to `end`, a begun one counting as whole: so "within n seconds" is exact for every n."""
    elapsed = end - begin
    whole = elapsed.days * 86_400 + elapsed.seconds + (1 if elapsed.microseconds else 0)
    return max(0, whole)


def units_of(fact: Fact) -> Iterator[tuple[str, str]]:
    """The units a fact counts for, each with the zone of its days; a place not heard of yet has the bank's.

    A sending counts for its channel only: the message it is part of counts for everything else, once.
    """
    if fact.kind is Kind.SENDING:
        yield f"channel:{fact.channel}", fact.bank_zone
        return
    yield BANK, fact.bank_zone
    if fact.place_id is not None:
        yield str(fact.place_id), fact.zone or fact.bank_zone
    if fact.source is not None:
        yield f"source:{fact.source}", fact.bank_zone
    if fact.purpose is not None:
        yield f"purpose:{fact.purpose}", fact.bank_zone
    if fact.campaign_id is not None:
        yield f"campaign:{fact.campaign_id}", fact.bank_zone


def spot(at: datetime, zone: str) -> tuple[date, datetime]:
    """The day of an instant in a zone, and the instant its hour there began (in UTC: an hour may come twice)."""
    local = at.astimezone(ZoneInfo(zone))
    return local.date(), local.replace(minute=0, second=0, microsecond=0).astimezone(UTC)
