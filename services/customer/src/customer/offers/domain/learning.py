"""How likely an offer is taken: a Beta prior and the answers counted since, by channel and tier; a model only tilts it.

Conjugate updating of a binomial rate (Gelman et al., Bayesian Data Analysis, 2.4). A tier of which little is known leans
on the others of its channel, and a channel of which nothing is known on the stated prior, so that a cold start is the
prior exactly. Offers are ordered by a draw from the posterior (Thompson 1933): an order by its mean never asks again about an
entry that was unlucky at first. The lot is a hash of person, entry and day, so that one state has one order all day.
"""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from random import Random
from uuid import UUID

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
    """How likely it is taken: the posterior's mean and what was drawn of it, both as far as a model moved them.

    `counts` are the tier's own answers, `tilt` the log odds the model moved it by. Without a draw the mean is used.
    """

    mean: float
    counts: Counts
    tilt: float = 0.0
    drawn: float | None = None

    @property
    def used(self) -> float:
        """What the order goes by."""
        return self.mean if self.drawn is None else self.drawn


@dataclass(frozen=True, slots=True)
class Posterior:
    """A Beta distribution by its mean and the answers it is worth; `own` are the tier's own counts."""

    mean: float
    strength: float
    own: Counts


def lot(experiment_id: UUID, person: UUID, service: str, day: date) -> int:
    """The lot of a person for an entry on a day: the same whenever it is drawn."""
    told = experiment_id.bytes + person.bytes + service.encode() + day.isoformat().encode()
    return int.from_bytes(hashlib.sha256(told).digest())


def posterior(prior: Prior, by_tier: Mapping[str, Counts], tier: str, between: float) -> Posterior:
    """What is believed of a tier on a channel.

    `between` is what the channel's other tiers are worth at most, in answers of the tier's own.
    """
    others = sum((counts for name, counts in by_tier.items() if name != tier), Counts())
    own = by_tier.get(tier, Counts())
    known = prior.strength + others.shown
    leant = (prior.mean * prior.strength + others.accepted) / known
    weight = min(known, max(between, prior.strength))
    strength = weight + own.shown
    return Posterior((leant * weight + own.accepted) / strength, strength, own)


def logit(chance: float) -> float:
    """The log odds of a chance; what is certain is taken for nearly so."""
    held = min(1 - 1e-6, max(1e-6, chance))
    return math.log(held / (1 - held))


def propensity(
    prior: Prior,
    by_tier: Mapping[str, Counts],
    tier: str,
    between: float,
    leaning: Leaning | None,
    ticket: int | None = None,
) -> Propensity:
    """How likely this customer takes it: what was learned of their like, moved by what a model says of them.

    With a `ticket` (see `lot`) a value is drawn from the posterior by it.
    """
    found = posterior(prior, by_tier, tier, between)
    drawn = None
    if ticket is not None:
        hits = found.mean * found.strength
        # No secret hangs on it, and the same ticket must draw the same.
        drawn = Random(ticket).betavariate(hits, found.strength - hits)  # noqa: S311
    if leaning is None:
        return Propensity(found.mean, found.own, 0.0, drawn)
    tilt = leaning.slope * (logit(leaning.chance) - logit(leaning.base))
    tilt = min(_MOST_TILT, max(-_MOST_TILT, tilt))
    moved = None if drawn is None else _moved(drawn, tilt)
    return Propensity(_moved(found.mean, tilt), found.own, tilt, moved)


def _moved(chance: float, tilt: float) -> float:
    return 1 / (1 + math.exp(-(logit(chance) + tilt)))
