"""What a subscriber asks of a delivery before it believes it: signed by us, unchanged, and not a replay."""

import base64
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

# A delivery signed longer ago than this is a replay (Standard Webhooks, "Verifying webhook authenticity").
TOLERANCE_SECONDS: Final = 300


def verified(secret: str, headers: Mapping[str, str], body: bytes, at: datetime | None = None) -> bool:
    """Whether a delivery (lower-case header names, body as received) was signed with `secret` within five minutes of now.

    Drop a `webhook-id` that was taken before: deliveries come at least once.
    """
    now = at or datetime.now(UTC)
    try:
        second = int(headers["webhook-timestamp"])
        signed = f"{headers['webhook-id']}.{second}.".encode() + body
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (KeyError, ValueError):
        return False
    wanted = "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
    given = headers.get("webhook-signature", "").split(" ")
    fresh = abs(now.timestamp() - second) <= TOLERANCE_SECONDS
    return fresh and any(hmac.compare_digest(one.encode(), wanted.encode()) for one in given)
