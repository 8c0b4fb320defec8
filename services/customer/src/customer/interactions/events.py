"""What is said of interactions: that a product was opened, never which; it is read by whoever may."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from shared.events.envelope import Event


class ProductOpened(Event):
    """An account of some product was opened at `occurred_at`; said when it was recorded, which may be much later."""

    type: ClassVar[str] = "cxbank.customer.product_opened.v1"
    interaction_id: UUID
    customer_id: UUID
    occurred_at: datetime
