"""A card in and out of its seal."""

from typing import Final
from uuid import UUID

import orjson
from pydantic import TypeAdapter

from customer.routing.domain import Card
from shared.crypto import DataKey

FIELD: Final = "routing_card"
_CARD: Final = TypeAdapter(Card)


def sealed(card: Card, customer_id: UUID, key: DataKey) -> bytes:
    """A card under the customer's key."""
    text = orjson.dumps(card, default=str)  # the driver has a UUID of its own
    return key.seal_bytes(text, row=customer_id, field=FIELD)


def unsealed(content: bytes, customer_id: UUID, key: DataKey) -> Card:
    """The card again; raises SealBroken for another customer's. A field that was not known then has its default."""
    return _CARD.validate_json(key.open_bytes(content, row=customer_id, field=FIELD))
