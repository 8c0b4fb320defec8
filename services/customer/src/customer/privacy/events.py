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


class ExportRequested(Event):
    """A customer asked for what is held of them; each service says when it can hand it over."""

    type: ClassVar[str] = "cxbank.customer.export_requested.v1"
    request_id: UUID
    customer_id: UUID
    customer_ids: list[UUID]
    expires_at: datetime
    occurred_at: datetime
