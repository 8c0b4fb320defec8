"""What a customer took without saying so: which opening of a product counts for which offer, and for which comparison.

Everything here follows from when things happened, never from when or in what order they were heard.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from customer.interactions.domain.facts import Fact
from customer.offers.domain.services import Outcome


def is_taking(fact: Fact) -> bool:
    """Whether the customer took what the fact says was opened: what the bank opened for them they did not take."""
    return fact.attributes.get("initiated_by") != "bank"


@dataclass(frozen=True, slots=True)
class Shown:
    """An offer of one entry that was shown, and what it has come to."""

    id: UUID
    at: datetime
    outcome: Outcome
    answered_at: datetime | None = None


def taken_at(openings: Sequence[datetime], qualified_at: datetime | None, days: int) -> datetime | None:
    """When who qualified then took it within so many days: the first opening of that window, if there is one."""
    if qualified_at is None:
        return None
    end = qualified_at + timedelta(days=days)
    return min((one for one in openings if qualified_at <= one < end), default=None)


def accepted_by(openings: Sequence[datetime], shown: Sequence[Shown], days: int) -> list[tuple[UUID, datetime]]:
    """The offers that stood open when it was taken, each with when: to be counted as accepted.

    An opening counts for the offer that was shown last before it, at most so many days before, unless that was answered. It
    counts for none where it has counted already, or where one that was shown in these days was accepted in words: what was
    opened then is what was accepted.
    """
    told: dict[UUID, datetime] = {}
    yeses = [one for one in shown if one.outcome is Outcome.ACCEPTED]
    spent = {one.answered_at for one in yeses}
    said = {one.id for one in yeses if one.answered_at not in openings}
    for opening in sorted(set(openings) - spent):
        lately = [one for one in shown if one.at <= opening < one.at + timedelta(days=days)]
        last = max(lately, key=lambda one: (one.at, one.id), default=None)
        if last is None or last.outcome is not Outcome.SHOWN or any(one.id in said for one in lately):
            continue
        told.setdefault(last.id, opening)
    return list(told.items())
