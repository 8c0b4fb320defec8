"""How likely an offer is taken: a Beta prior and the answers counted since, by channel and tier; a model only tilts it.

Conjugate updating of a binomial rate (Gelman et al., Bayesian Data Analysis, 2.4). A tier of which little is known leans
on the others of its channel, and a channel of which nothing is known on the stated prior, so that a cold start is the
prior exactly.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from customer.offers.domain.services import Prior

# Log odds a model may move an answer by, either way: one that is sure of itself still meets the counts half-way.
_MOST_TILT = 2.0


@dataclass(frozen=True, slots=True)
class Counts:
    """Offers that were shown, and how many of them were taken."""

    shown: int = 0
    accepted: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.shown + other.shown, self.accepted + other.accepted)


@dataclass(frozen=True, slots=True)
class Leaning:
    """What a model says of one customer, and how far it is believed.

    `base` is the rate the model was made on; `slope` is what one unit of its log odds was worth in the time after the one
    it was trained on (1: all of it, 0: nothing). A model that sorts well at random and badly forward in time has a slope
    near nothing, whatever its area under the curve.
    """

    chance: float
    base: float
    slope: float


@dataclass(frozen=True, slots=True)
class Propensity:
    """The mean of the posterior, the answers it stands on, and by how many log odds a model moved it."""

    mean: float
    counts: Counts
    tilt: float = 0.0


def posterior(prior: Prior, by_tier: Mapping[str, Counts], tier: str, between: float) -> tuple[float, Counts]:
    """The posterior mean for a tier on a channel, and the tier's own counts.

    `between` is what the channel's other tiers are worth at most, in answers of the tier's own.
    """
    others = sum((counts for name, counts in by_tier.items() if name != tier), Counts())
    own = by_tier.get(tier, Counts())
    known = prior.strength + others.shown
    leant = (prior.mean * prior.strength + others.accepted) / known
    weight = min(known, max(between, prior.strength))
    return (leant * weight + own.accepted) / (weight + own.shown), own


def logit(chance: float) -> float:
    """The log odds of a chance; what is certain is taken for nearly so."""
    held = min(1 - 1e-6, max(1e-6, chance))
    return math.log(held / (1 - held))


def propensity(
    prior: Prior, by_tier: Mapping[str, Counts], tier: str, between: float, leaning: Leaning | None
) -> Propensity:
    """How likely this customer takes it: what was learned of their like, moved by what a model says of them."""
    mean, own = posterior(prior, by_tier, tier, between)
    if leaning is None:
        return Propensity(mean, own)
    tilt = leaning.slope * (logit(leaning.chance) - logit(leaning.base))
    tilt = min(_MOST_TILT, max(-_MOST_TILT, tilt))
    return Propensity(1 / (1 + math.exp(-(logit(mean) + tilt))), own, tilt)
