"""When a restriction is set, how long it holds, and how it ends."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from risk.screening.domain.rules import Decision, Outcome, Ruleset

# Event time may lie this far ahead of ours: clocks of partners are never quite right.
AHEAD: Final = timedelta(minutes=2)


class RestrictionState(StrEnum):
    """In force, taken back by a person, or over by its time."""

    ACTIVE = "active"
    LIFTED = "lifted"
    EXPIRED = "expired"


def too_far_ahead(occurred_at: datetime, now: datetime) -> bool:
    """Whether the given event time cannot be true yet."""
    return occurred_at > now + AHEAD


def restricted_until(ruleset: Ruleset, decision: Decision, occurred_at: datetime, now: datetime) -> datetime | None:
    """Until when a declined customer is restricted; None where not declined, or where it would be over already.

    It counts from the event: what is imported from years ago restricts nobody today.
    """
    if decision.outcome is not Outcome.DECLINE:
        return None
    until = occurred_at + ruleset.restricts.lasts
    return until if until > now else None
