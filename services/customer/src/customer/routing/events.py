"""What the customer service says of a card: its version, and of its fields those that are not delicate."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from shared.events.envelope import Event


class RoutingProfileEvent(Event):
    """A card as anybody may keep it; what is delicate on it is fetched by `version`, with the scope for it."""

    customer_id: UUID
    version: int
    tier: str
    languages: list[str]
    preferred_channels: list[str]
    occurred_at: datetime


class RoutingProfileChanged(RoutingProfileEvent):
    """Something on the card is different now; what, it may only tell by its version."""

    type: ClassVar[str] = "cxbank.customer.routing_profile_changed.v1"


class RoutingProfileSnapshot(RoutingProfileEvent):
    """The card as it is, said again for a newcomer; guarded by its version."""

    type: ClassVar[str] = "cxbank.customer.routing_profile_snapshot.v1"
