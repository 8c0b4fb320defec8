"""Who gets which variant of a campaign, who is held out, and what the difference between them is worth."""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

HOLDOUT: Final = "holdout"


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to say it, and its weight among the ways."""

    name: str
    weight: int


def assigned(campaign_id: UUID, customer_id: UUID, holdout_percent: int, variants: Sequence[Variant]) -> str:
    """The variant of a person, or HOLDOUT: by a hash of both ids, the same whenever and in whatever order it is asked."""
    digest = hashlib.sha256(campaign_id.bytes + customer_id.bytes).digest()
    if int.from_bytes(digest[:8], "big") * 100 < holdout_percent << 64:
        return HOLDOUT
    total = sum(one.weight for one in variants)
    place = int.from_bytes(digest[8:16], "big") * total >> 64
    for one in variants:
        if place < one.weight:
            return one.name
        place -= one.weight
    raise ValueError("a campaign has a variant of positive weight")


@dataclass(frozen=True, slots=True)
class Lift:
    """The difference of two conversion rates with its 95 % interval; None where one side is empty."""

    difference: float | None
    low: float | None
    high: float | None


def wilson(converted: int, n: int, z: float = 1.959963984540054) -> tuple[float, float]:
    """The Wilson score interval of a rate (Wilson 1927), 95 % by default."""
    rate = converted / n
    centre = (rate + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n))
    return max(0.0, centre - half), min(1.0, centre + half)


def lift(converted: int, n: int, held_converted: int, held_n: int) -> Lift:
    """Converted among those addressed minus among those held out: Newcombe's hybrid score interval (1998, method 10).

    Everybody assigned counts, suppressed ones too: the groups are comparable only as they were drawn.
    """
    if not n or not held_n:
        return Lift(None, None, None)
    ours, theirs = converted / n, held_converted / held_n
    low1, high1 = wilson(converted, n)
    low2, high2 = wilson(held_converted, held_n)
    difference = ours - theirs
    low = difference - math.sqrt((ours - low1) ** 2 + (high2 - theirs) ** 2)
    high = difference + math.sqrt((high1 - ours) ** 2 + (theirs - low2) ** 2)
    return Lift(difference, low, high)
