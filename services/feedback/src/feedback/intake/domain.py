"""What an expression is: its source, its subject, and what kind it is before anyone has read it."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final


class Source(StrEnum):
    """The door an expression came through."""

    APP = "app"
    WEB = "web"
    WECHAT = "wechat"
    SOCIAL = "social"
    APP_STORE = "app_store"
    PHONE = "phone"
    EMAIL = "email"
    LETTER = "letter"
    BRANCH_DESK = "branch_desk"
    SUGGESTION_BOX = "suggestion_box"
    ATM = "atm"
    KIOSK = "kiosk"
    FORUM = "forum"
    INTERVIEW = "interview"
    SURVEY = "survey"
    REGULATOR = "regulator"


class SubjectKind(StrEnum):
    """What an expression is about."""

    PRODUCT = "product"
    BRANCH = "branch"
    STAFF = "staff"
    CHANNEL = "channel"
    JOURNEY_STEP = "journey_step"


class Kind(StrEnum):
    """What a customer wants with it."""

    COMPLAINT = "complaint"
    SUGGESTION = "suggestion"
    PRAISE = "praise"
    QUESTION = "question"
    REQUEST = "request"
    INCIDENT = "incident"


# Event time may lie this far ahead of ours: clocks of tablets and partners are never quite right.
AHEAD: Final = timedelta(minutes=2)
# No expression is older; the first days of the calendar would not even survive a change of offset.
EARLIEST: Final = datetime(1900, 1, 1, tzinfo=UTC)


def kind_for(source: Source, rating: int | None) -> Kind | None:
    """The kind that is certain from the door alone: what a regulator forwards is a complaint, five stars are praise.

    Everything else stays open until the text is understood.
    """
    if source is Source.REGULATOR:
        return Kind.COMPLAINT
    if rating == 5:
        return Kind.PRAISE
    return None


def too_far_ahead(captured_at: datetime, now: datetime) -> bool:
    """Whether the given event time cannot be true yet."""
    return captured_at > now + AHEAD


def too_far_back(captured_at: datetime) -> bool:
    """Whether the given event time cannot have been true."""
    return captured_at < EARLIEST
