"""What is said of identity: once per member, with its leader and the version of the link set it is told of."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from shared.events.envelope import Event


class IdentityEvent(Event):
    """A member, the leader it counts for (or counted for), and the version, which only grows for each member."""

    member: UUID
    leader: UUID
    version: int
    occurred_at: datetime


class Linked(IdentityEvent):
    """The member counts as the leader from now on."""

    type: ClassVar[str] = "cxbank.customer.linked.v1"


class Unlinked(IdentityEvent):
    """The member stands alone again."""

    type: ClassVar[str] = "cxbank.customer.unlinked.v1"


class LinkSnapshot(IdentityEvent):
    """How the member stands at present, said again for a newcomer."""

    type: ClassVar[str] = "cxbank.customer.link_snapshot.v1"
    linked: bool
