"""What the customer service says of openings: only that the glass was broken, never a value and never anybody's words."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from shared.events.envelope import Event


class GlassBroken(Event):
    """Somebody opened a customer's fields without the customer's authorisation; a review is due."""

    type: ClassVar[str] = "cxbank.customer.glass_broken.v1"

    grant_id: UUID
    customer_id: UUID
    reader: str
    reason: str
    fields: list[str]
    occurred_at: datetime
