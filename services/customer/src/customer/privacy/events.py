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
    occurred_at: datetime


class ErasureCompleted(Event):
    """All five services have confirmed."""

    type: ClassVar[str] = "cxbank.customer.erasure_completed.v1"
    request_id: UUID
    customer_id: UUID
    occurred_at: datetime
