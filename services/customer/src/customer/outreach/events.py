"""What is said of a message: which template for which purpose went through what, never its text or its address."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from shared.events.envelope import Event


class MessageEvent(Event):
    """What is said of a message whenever something is said."""

    message_id: UUID
    customer_id: UUID
    template: str
    purpose: str
    category: str
    channel: str | None
    campaign_id: UUID | None
    variant: str | None
    reason: str | None
    detail: str | None
    asked_in: UUID | None
    version: int
    occurred_at: datetime


class MessageSent(MessageEvent):
    """A gateway has taken it."""

    type: ClassVar[str] = "cxbank.customer.message_sent.v1"


class MessageDelivered(MessageEvent):
    """It has arrived, as far as the gateway can tell."""

    type: ClassVar[str] = "cxbank.customer.message_delivered.v1"


class MessageRead(MessageEvent):
    """It was opened."""

    type: ClassVar[str] = "cxbank.customer.message_read.v1"


class MessageFailed(MessageEvent):
    """It did not arrive and will not."""

    type: ClassVar[str] = "cxbank.customer.message_failed.v1"


class MessageSuppressed(MessageEvent):
    """It must not be sent."""

    type: ClassVar[str] = "cxbank.customer.message_suppressed.v1"
