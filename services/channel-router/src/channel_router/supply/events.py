"""What is said of supply."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from shared.events.envelope import Event


class PlaceEvent(Event):
    """What is said of a place whenever something is said."""

    place_id: UUID
    kind: str
    state: str
    zone: str
    version: int
    occurred_at: datetime


class PlaceChanged(PlaceEvent):
    """A place was added, opened, closed, or something of it is different."""

    type: ClassVar[str] = "cxbank.channel-router.place_changed.v1"


class PlaceSnapshot(PlaceEvent):
    """The present state of a place, said again for a newcomer."""

    type: ClassVar[str] = "cxbank.channel-router.snapshot.v1"
