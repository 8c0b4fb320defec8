"""Generated: what risk says on its topic."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from cxbank_client.answers import Said


class AuditAnchored(Said):
    """AuditAnchored"""

    event_type: ClassVar[str] = "cxbank.risk.audit_anchored.v1"

    seq: int
    head: str


class ErasureConfirmed(Said):
    """ErasureConfirmed"""

    event_type: ClassVar[str] = "cxbank.risk.erasure_confirmed.v1"

    request_id: UUID
    customer_id: UUID
    kept: bool | None = None
    removed: dict[str, int] | None = None
    left: dict[str, int] | None = None
    occurred_at: datetime


class ExportReady(Said):
    """ExportReady"""

    event_type: ClassVar[str] = "cxbank.risk.export_ready.v1"

    request_id: UUID
    customer_id: UUID
    occurred_at: datetime


class RestrictionLifted(Said):
    """A restriction has ended: lifted by a person, or expired."""

    event_type: ClassVar[str] = "cxbank.risk.restriction_lifted.v1"

    restriction_id: UUID
    customer_id: UUID
    channels: list[str]
    services: list[str]
    state: str
    until: datetime
    version: int
    occurred_at: datetime


class RestrictionSet(Said):
    """A customer may not use these channels and services for now."""

    event_type: ClassVar[str] = "cxbank.risk.restriction_set.v1"

    restriction_id: UUID
    customer_id: UUID
    channels: list[str]
    services: list[str]
    state: str
    until: datetime
    version: int
    occurred_at: datetime


class Screened(Said):
    """An event of a customer was decided; `rules` are the names of those that fired."""

    event_type: ClassVar[str] = "cxbank.risk.screened.v1"

    screening_id: UUID
    customer_id: UUID
    kind: str
    outcome: str
    score: int
    rules: list[str]
    latency_seconds: float
    version: int
    occurred_at: datetime


class RestrictionSnapshot(Said):
    """A restriction as it is now, said again for a newcomer; guarded by its version."""

    event_type: ClassVar[str] = "cxbank.risk.snapshot.v1"

    restriction_id: UUID
    customer_id: UUID
    channels: list[str]
    services: list[str]
    state: str
    until: datetime
    version: int
    occurred_at: datetime


EVENTS: dict[str, type[Said]] = {
    "cxbank.risk.audit_anchored.v1": AuditAnchored,
    "cxbank.risk.erasure_confirmed.v1": ErasureConfirmed,
    "cxbank.risk.export_ready.v1": ExportReady,
    "cxbank.risk.restriction_lifted.v1": RestrictionLifted,
    "cxbank.risk.restriction_set.v1": RestrictionSet,
    "cxbank.risk.screened.v1": Screened,
    "cxbank.risk.snapshot.v1": RestrictionSnapshot,
}
