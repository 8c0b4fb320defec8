"""Signatures of deliveries as the Standard Webhooks specification has them: HMAC-SHA-256 over id, instant and body."""

import base64
import hmac
import os
from collections.abc import Sequence
from datetime import datetime
from typing import Final

PREFIX: Final = "whsec_"


def new_secret() -> str:
    """A fresh secret: 32 random bytes in the form subscribers' libraries take."""
    return PREFIX + base64.b64encode(os.urandom(32)).decode()


def _signature(secret: str, event_id: str, second: int, body: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = f"{event_id}.{second}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()


def signed_headers(secrets: Sequence[str], event_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The three headers of a delivery, signed by each secret that is in force, so that one can be changed in peace."""
    second = int(at.timestamp())
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(second),
        "webhook-signature": " ".join(_signature(secret, event_id, second, body) for secret in secrets),
    }
