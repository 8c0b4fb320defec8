"""What the risk service says of screenings and restrictions: codes and ids, never why in words."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from shared.events.envelope import Event


class Screened(Event):
    """An event of a customer was decided; `rules` are the names of those that fired."""

    type: ClassVar[str] = "cxbank.risk.screened.v1"
    screening_id: UUID
    customer_id: UUID
    kind: str
    outcome: str
    score: int
    rules: list[str]
    latency_seconds: float
    version: int
    occurred_at: datetime


class RestrictionEvent(Event):
    """What is said of a restriction whenever something is said."""

    restriction_id: UUID
    customer_id: UUID
    channels: list[str]
    services: list[str]
    state: str
    until: datetime
    version: int
    occurred_at: datetime


class RestrictionSet(RestrictionEvent):
    """A customer may not use these channels and services for now."""

    type: ClassVar[str] = "cxbank.risk.restriction_set.v1"


class RestrictionLifted(RestrictionEvent):
    """A restriction has ended: lifted by a person, or expired."""

    type: ClassVar[str] = "cxbank.risk.restriction_lifted.v1"


class RestrictionSnapshot(RestrictionEvent):
    """A restriction as it is now, said again for a newcomer; guarded by its version."""

    type: ClassVar[str] = "cxbank.risk.snapshot.v1"
