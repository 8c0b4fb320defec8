"""Generated: what channel-router says on its topic."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from cxbank_client.answers import Said


class AuditAnchored(Said):
    """AuditAnchored"""

    event_type: ClassVar[str] = "cxbank.channel-router.audit_anchored.v1"

    seq: int
    head: str


class ErasureConfirmed(Said):
    """ErasureConfirmed"""

    event_type: ClassVar[str] = "cxbank.channel-router.erasure_confirmed.v1"

    request_id: UUID
    customer_id: UUID
    kept: bool | None = None
    removed: dict[str, int] | None = None
    left: dict[str, int] | None = None
    occurred_at: datetime


class ExportReady(Said):
    """ExportReady"""

    event_type: ClassVar[str] = "cxbank.channel-router.export_ready.v1"

    request_id: UUID
    customer_id: UUID
    occurred_at: datetime


class PlaceChanged(Said):
    """A place was added, opened, closed, or something of it is different."""

    event_type: ClassVar[str] = "cxbank.channel-router.place_changed.v1"

    place_id: UUID
    kind: str
    state: str
    zone: str
    version: int
    occurred_at: datetime


class PlaceSnapshot(Said):
    """The present state of a place, said again for a newcomer."""

    event_type: ClassVar[str] = "cxbank.channel-router.snapshot.v1"

    place_id: UUID
    kind: str
    state: str
    zone: str
    version: int
    occurred_at: datetime


class TicketAbandoned(Said):
    """Whoever waited left."""

    event_type: ClassVar[str] = "cxbank.channel-router.ticket_abandoned.v1"

    ticket_id: UUID
    place_id: UUID
    need: str
    channel: str | None
    customer_id: UUID | None
    state: str
    opened_at: datetime
    called_at: datetime | None
    served_at: datetime | None
    abandoned_at: datetime | None
    wait_seconds: float | None
    service_seconds: float | None
    version: int
    occurred_at: datetime


class TicketCalled(Said):
    """Service began."""

    event_type: ClassVar[str] = "cxbank.channel-router.ticket_called.v1"

    ticket_id: UUID
    place_id: UUID
    need: str
    channel: str | None
    customer_id: UUID | None
    state: str
    opened_at: datetime
    called_at: datetime | None
    served_at: datetime | None
    abandoned_at: datetime | None
    wait_seconds: float | None
    service_seconds: float | None
    version: int
    occurred_at: datetime


class TicketNoShow(Said):
    """Whoever was called did not come."""

    event_type: ClassVar[str] = "cxbank.channel-router.ticket_no_show.v1"

    ticket_id: UUID
    place_id: UUID
    need: str
    channel: str | None
    customer_id: UUID | None
    state: str
    opened_at: datetime
    called_at: datetime | None
    served_at: datetime | None
    abandoned_at: datetime | None
    wait_seconds: float | None
    service_seconds: float | None
    version: int
    occurred_at: datetime


class TicketOpened(Said):
    """Somebody asked for a service."""

    event_type: ClassVar[str] = "cxbank.channel-router.ticket_opened.v1"

    ticket_id: UUID
    place_id: UUID
    need: str
    channel: str | None
    customer_id: UUID | None
    state: str
    opened_at: datetime
    called_at: datetime | None
    served_at: datetime | None
    abandoned_at: datetime | None
    wait_seconds: float | None
    service_seconds: float | None
    version: int
    occurred_at: datetime


class TicketRequeued(Said):
    """A called ticket waits again."""

    event_type: ClassVar[str] = "cxbank.channel-router.ticket_requeued.v1"

    ticket_id: UUID
    place_id: UUID
    need: str
    channel: str | None
    customer_id: UUID | None
    state: str
    opened_at: datetime
    called_at: datetime | None
    served_at: datetime | None
    abandoned_at: datetime | None
    wait_seconds: float | None
    service_seconds: float | None
    version: int
    occurred_at: datetime


class TicketServed(Said):
    """Service ended."""

    event_type: ClassVar[str] = "cxbank.channel-router.ticket_served.v1"

    ticket_id: UUID
    place_id: UUID
    need: str
    channel: str | None
    customer_id: UUID | None
    state: str
    opened_at: datetime
    called_at: datetime | None
    served_at: datetime | None
    abandoned_at: datetime | None
    wait_seconds: float | None
    service_seconds: float | None
    version: int
    occurred_at: datetime


EVENTS: dict[str, type[Said]] = {
    "cxbank.channel-router.audit_anchored.v1": AuditAnchored,
    "cxbank.channel-router.erasure_confirmed.v1": ErasureConfirmed,
    "cxbank.channel-router.export_ready.v1": ExportReady,
    "cxbank.channel-router.place_changed.v1": PlaceChanged,
    "cxbank.channel-router.snapshot.v1": PlaceSnapshot,
    "cxbank.channel-router.ticket_abandoned.v1": TicketAbandoned,
    "cxbank.channel-router.ticket_called.v1": TicketCalled,
    "cxbank.channel-router.ticket_no_show.v1": TicketNoShow,
    "cxbank.channel-router.ticket_opened.v1": TicketOpened,
    "cxbank.channel-router.ticket_requeued.v1": TicketRequeued,
    "cxbank.channel-router.ticket_served.v1": TicketServed,
}
