"""Generated: what kpi says on its topic."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from cxbank_client.answers import Said


class AuditAnchored(Said):
    """AuditAnchored"""

    event_type: ClassVar[str] = "cxbank.kpi.audit_anchored.v1"

    seq: int
    head: str


class ErasureConfirmed(Said):
    """ErasureConfirmed"""

    event_type: ClassVar[str] = "cxbank.kpi.erasure_confirmed.v1"

    request_id: UUID
    customer_id: UUID
    kept: bool | None = None
    removed: dict[str, int] | None = None
    left: dict[str, int] | None = None
    occurred_at: datetime


class ExportReady(Said):
    """ExportReady"""

    event_type: ClassVar[str] = "cxbank.kpi.export_ready.v1"

    request_id: UUID
    customer_id: UUID
    occurred_at: datetime


EVENTS: dict[str, type[Said]] = {
    "cxbank.kpi.audit_anchored.v1": AuditAnchored,
    "cxbank.kpi.erasure_confirmed.v1": ErasureConfirmed,
    "cxbank.kpi.export_ready.v1": ExportReady,
}
