"""What is said of a ticket; every one carries all times known by then, so that a listener needs no memory."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from shared.events.envelope import Event


class TicketEvent(Event):
    """What is said of a ticket whenever something is said."""

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


class TicketOpened(TicketEvent):
    """Somebody asked for a service."""

    type: ClassVar[str] = "cxbank.channel-router.ticket_opened.v1"


class TicketCalled(TicketEvent):
    """Service began."""

    type: ClassVar[str] = "cxbank.channel-router.ticket_called.v1"


class TicketServed(TicketEvent):
    """Service ended."""

    type: ClassVar[str] = "cxbank.channel-router.ticket_served.v1"


class TicketAbandoned(TicketEvent):
    """Whoever waited left."""

    type: ClassVar[str] = "cxbank.channel-router.ticket_abandoned.v1"


class TicketNoShow(TicketEvent):
    """Whoever was called did not come."""

    type: ClassVar[str] = "cxbank.channel-router.ticket_no_show.v1"


class TicketRequeued(TicketEvent):
    """A called ticket waits again."""

    type: ClassVar[str] = "cxbank.channel-router.ticket_requeued.v1"
