"""The rule of an erasure: it is complete when every service has confirmed it."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

SERVICES: Final = ("customer", "feedback", "channel-router", "risk", "kpi")


class ErasureState(StrEnum):
    """Where an erasure stands."""

    REQUESTED = "requested"
    COMPLETED = "completed"


def state_of(confirmed: Iterable[str]) -> ErasureState:
    """Completed once all five services have said so; a sixth voice does not count."""
    return ErasureState.COMPLETED if set(SERVICES) <= set(confirmed) else ErasureState.REQUESTED
