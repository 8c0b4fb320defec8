"""What a message is: its urgency, its channels, and the only ways its state may go."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID


class Channel(StrEnum):
    """Through what a message can go."""

    EMAIL = "email"
    SMS = "sms"
    PUSH = "push"
    WECHAT = "wechat"


class Urgency(StrEnum):
    """Urgent messages pass quiet hours and caps; nothing passes consent or a bar of risk."""

    ROUTINE = "routine"
    URGENT = "urgent"


class Category(StrEnum):
    """What a template is for: sales rest while a complaint is open; a code is sent at most once and then expires."""

    SERVICE = "service"
    SALES = "sales"
    SURVEY = "survey"
    CODE = "code"


class State(StrEnum):
    """How far a message has come."""

    ACCEPTED = "accepted"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    SUPPRESSED = "suppressed"


class Reason(StrEnum):
    """Why a message waits, was suppressed or failed."""

    NO_CONSENT = "no-consent"
    ERASED = "erased"
    UNKNOWN_CUSTOMER = "unknown-customer"
    NO_CONTACT_POINT = "no-contact-point"
    NO_VERIFIED_POINT = "no-verified-contact-point"
    OPEN_COMPLAINT = "open-complaint"
    CHANNEL_BARRED = "channel-barred"
    QUIET_HOURS = "quiet-hours"
    OVER_THE_CAP = "over-the-cap"
    CHANNEL_CLOSED = "channel-closed"
    CHANNEL_BUSY = "channel-busy"
    REPLY_WINDOW_CLOSED = "reply-window-closed"
    NO_TEXT = "no-text"
    UNKNOWN_TEMPLATE = "unknown-template"
    UNFIT = "unfit"
    REFUSED = "refused"
    GATEWAY_AWAY = "gateway-away"
    EXPIRED = "expired"
    UNKNOWN_OUTCOME = "unknown-outcome"
    HOLDOUT = "holdout"


_FORWARD: Final[dict[State, frozenset[State]]] = {
    State.SENT: frozenset({State.DELIVERED, State.READ, State.FAILED}),
    State.DELIVERED: frozenset({State.READ}),
}
# Only a message that reached nobody yet can be settled so.
OPEN: Final = frozenset({State.ACCEPTED, State.SENDING})


def may_become(present: State, told: State) -> bool:
    """Whether a receipt moves a message on: never back, never out of an end; a repeat is no step."""
    return told in _FORWARD.get(present, frozenset())


class Outcome(StrEnum):
    """What a gateway did with a message: took it, refused it for good, never got it, or may have got it."""

    TAKEN = "taken"
    REFUSED = "refused"
    NOT_REACHED = "not-reached"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Job:
    """One message ready to go: to whom, in which words; held by a lease until its outcome is noted.

    `large` asks for large print, where the channel has print.
    """

    message_id: UUID
    customer_id: UUID
    channel: Channel
    to: str
    language: str
    subject: str | None
    body: str
    expires_at: datetime | None
    version: int
    urgent: bool
    large: bool = False
