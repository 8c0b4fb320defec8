"""What the customer service says of consent: purpose, channel, decision and receipt; nothing anybody wrote."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from shared.events.envelope import Event


class ConsentRecorded(Event):
    """A word of a customer is in the ledger; one event a channel, null where it speaks of every channel or of none.

    `stands` is false for a word that came late: a later one was known already, and that one still decides. A listener
    folds by (`customer_id`, `purpose`, `channel`) and `occurred_at`, the denial winning a tie; a denial with a null
    channel is about every channel of which nothing was said later.
    """

    type: ClassVar[str] = "cxbank.customer.consent_recorded.v1"

    customer_id: UUID
    purpose: str
    purpose_version: int
    channel: str | None
    decision: str
    stands: bool
    receipt_id: UUID
    occurred_at: datetime
