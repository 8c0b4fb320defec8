"""Generated: what feedback says on its topic."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from cxbank_client.answers import Said


class AuditAnchored(Said):
    """AuditAnchored"""

    event_type: ClassVar[str] = "cxbank.feedback.audit_anchored.v1"

    seq: int
    head: str


class ErasureConfirmed(Said):
    """ErasureConfirmed"""

    event_type: ClassVar[str] = "cxbank.feedback.erasure_confirmed.v1"

    request_id: UUID
    customer_id: UUID
    kept: bool | None = None
    removed: dict[str, int] | None = None
    left: dict[str, int] | None = None
    occurred_at: datetime


class ExportReady(Said):
    """ExportReady"""

    event_type: ClassVar[str] = "cxbank.feedback.export_ready.v1"

    request_id: UUID
    customer_id: UUID
    occurred_at: datetime


class FeedbackReceived(Said):
    """A customer told us something."""

    event_type: ClassVar[str] = "cxbank.feedback.received.v1"

    feedback_id: UUID
    source: str
    rating: int | None
    kind: str | None
    language: str | None
    customer_id: UUID | None
    subject_kind: str | None
    subject_id: str | None
    occurred_at: datetime


class FeedbackSnapshot(Said):
    """The same, said again for a newcomer."""

    event_type: ClassVar[str] = "cxbank.feedback.snapshot.v1"

    feedback_id: UUID
    source: str
    rating: int | None
    kind: str | None
    language: str | None
    customer_id: UUID | None
    subject_kind: str | None
    subject_id: str | None
    occurred_at: datetime


EVENTS: dict[str, type[Said]] = {
    "cxbank.feedback.audit_anchored.v1": AuditAnchored,
    "cxbank.feedback.erasure_confirmed.v1": ErasureConfirmed,
    "cxbank.feedback.export_ready.v1": ExportReady,
    "cxbank.feedback.received.v1": FeedbackReceived,
    "cxbank.feedback.snapshot.v1": FeedbackSnapshot,
}
