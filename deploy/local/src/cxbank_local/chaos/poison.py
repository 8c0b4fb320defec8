"""A message nobody can read, followed by two good ones of its key, put on a topic as a broken sender would."""

import json
from uuid import UUID

from shared import clock
from shared.events.bus import Bus, Message
from shared.events.envelope import CONTENT_TYPE
from shared.worker import topic_of

CHANGED = "cxbank.customer.changed.v1"


def _headers(customer_id: UUID, sequence: int) -> list[tuple[str, bytes]]:
    told = {
        "ce_specversion": "1.0",
        "ce_id": str(clock.new_id()),
        "ce_source": "/cxbank/customer",
        "ce_type": CHANGED,
        "ce_time": clock.now().isoformat(),
        "ce_subject": str(customer_id),
        "ce_sequence": str(sequence),
        "content-type": CONTENT_TYPE,
    }
    return [(name, value.encode()) for name, value in told.items()]


def _good(customer_id: UUID, version: int, tier: str) -> bytes:
    return json.dumps(
        {
            "customer_id": str(customer_id),
            "kind": "individual",
            "state": "active",
            "tier": tier,
            "age_band": None,
            "region": None,
            "version": version,
            "occurred_at": clock.now().isoformat(),
        }
    ).encode()


async def send_poison(bus: Bus, customer_id: UUID, epoch: int) -> None:
    """Poison, then version 2 (affluent), then version 3 (private), all of one key."""
    bodies = [
        b'{"customer_id": "no id", "tier": 7}',
        _good(customer_id, 2, "affluent"),
        _good(customer_id, 3, "private"),
    ]
    for sequence, body in enumerate(bodies, start=1):
        headers = [*_headers(customer_id, sequence), ("ce_epoch", str(epoch).encode())]
        await bus.send([Message(topic_of("customer"), str(customer_id).encode(), body, headers)])
