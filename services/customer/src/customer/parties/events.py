"""What the customer service says of a party: nothing delicate, no name, no contact point."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from shared.events.envelope import Event


class PartyEvent(Event):
    """What is said of a party whenever something is said."""

    customer_id: UUID
    kind: str
    state: str
    tier: str
    age_band: str | None
    region: str | None
    version: int
    occurred_at: datetime
    language: str | None = None
    home_branch: str | None = None
    occupation_group: str | None = None


class CustomerRegistered(PartyEvent):
    """A party is known from now on."""

    type: ClassVar[str] = "cxbank.customer.registered.v1"


class CustomerChanged(PartyEvent):
    """Something recorded of a party is different now, or its age band is, by a birthday."""

    type: ClassVar[str] = "cxbank.customer.changed.v1"


class CustomerClosed(PartyEvent):
    """The relation ended."""

    type: ClassVar[str] = "cxbank.customer.closed.v1"


class CustomerSnapshot(PartyEvent):
    """The present state, said again for a newcomer; guarded by its version."""

    type: ClassVar[str] = "cxbank.customer.snapshot.v1"
