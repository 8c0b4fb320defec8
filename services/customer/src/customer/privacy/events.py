"""What is said of an erasure; the other services act on the first and answer with their own confirmation."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from shared.events.envelope import Event


class ErasureRequested(Event):
    """Forget this customer: destroy the key, drop what finds them, keep a tombstone, confirm."""

    type: ClassVar[str] = "cxbank.customer.erasure_requested.v1"
    request_id: UUID
    customer_id: UUID
    # Services that a duty or an order makes keep what they have: they answer, and erase nothing.
    kept: list[str] = []
    occurred_at: datetime


class ErasureCompleted(Event):
    """All five services have confirmed."""

    type: ClassVar[str] = "cxbank.customer.erasure_completed.v1"
    request_id: UUID
    customer_id: UUID
    occurred_at: datetime


class PrivacyClockEvent(Event):
    """What is said of the clock by which a request must be answered; its reading is fetched."""

    request_id: UUID
    customer_id: UUID
    kind: str
    regime: str
    clock: str
    due_at: datetime
    occurred_at: datetime


class PrivacyClockWarned(PrivacyClockEvent):
    """A request is not answered yet, and the end of its period comes near."""

    type: ClassVar[str] = "cxbank.customer.privacy_clock_warned.v1"


class PrivacyClockBreached(PrivacyClockEvent):
    """The period has ended, and the request is not answered."""

    type: ClassVar[str] = "cxbank.customer.privacy_clock_breached.v1"


class ExportRequested(Event):
    """A customer asked for what is held of them; each service says when it can hand it over."""

    type: ClassVar[str] = "cxbank.customer.export_requested.v1"
    request_id: UUID
    customer_id: UUID
    customer_ids: list[UUID]
    expires_at: datetime
    occurred_at: datetime
