"""What the feedback service says of an expression: never its words."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from shared.events.envelope import Event


class ExpressionEvent(Event):
    """What is said of an expression whenever something is said."""

    feedback_id: UUID
    source: str
    rating: int | None
    kind: str | None
    language: str | None
    customer_id: UUID | None
    subject_kind: str | None
    subject_id: str | None
    occurred_at: datetime


class FeedbackReceived(ExpressionEvent):
    """A customer told us something."""

    type: ClassVar[str] = "cxbank.feedback.received.v1"


class FeedbackSnapshot(ExpressionEvent):
    """The same, said again for a newcomer."""

    type: ClassVar[str] = "cxbank.feedback.snapshot.v1"
