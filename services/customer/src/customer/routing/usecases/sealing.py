"""A card, and a note for one, in and out of their seals."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

import orjson
from pydantic import TypeAdapter

from customer.routing.domain import Alert, Card, Rating
from shared.crypto import DataKey

FIELD: Final = "routing_card"
_CARD: Final = TypeAdapter(Card)


@dataclass(frozen=True, slots=True)
class Note:
    """What the bank noted of one record."""

    rating: Rating | None = None
    alerts: tuple[Alert, ...] = ()


_NOTE: Final = TypeAdapter(Note)
NOTE_FIELD: Final = "routing_note"


def sealed_note(note: Note, customer_id: UUID, key: DataKey) -> bytes:
    """A note under the customer's key."""
    return key.seal_bytes(orjson.dumps(note), row=customer_id, field=NOTE_FIELD)


def unsealed_note(content: bytes, customer_id: UUID, key: DataKey) -> Note:
    """The note again."""
    return _NOTE.validate_json(key.open_bytes(content, row=customer_id, field=NOTE_FIELD))


def sealed(card: Card, customer_id: UUID, key: DataKey) -> bytes:
    """A card under the customer's key."""
    text = orjson.dumps(card, default=str)  # the driver has a UUID of its own
    return key.seal_bytes(text, row=customer_id, field=FIELD)


def unsealed(content: bytes, customer_id: UUID, key: DataKey) -> Card:
    """The card again; raises SealBroken for another customer's. A field that was not known then has its default."""
    return _CARD.validate_json(key.open_bytes(content, row=customer_id, field=FIELD))
