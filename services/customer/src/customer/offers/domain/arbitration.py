"""The order of what may be offered: propensity × context × value × urgency, each to a power that is dated data."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from customer.offers.domain.learning import Propensity
from customer.offers.domain.services import Channel, Service, ServiceKind


@dataclass(frozen=True, slots=True)
class Lever:
    """A weight that holds where all that it names is so; what it does not name does not matter."""

    weight: float
    kind: ServiceKind | None = None
    channel: Channel | None = None
    complaint_open: bool | None = None
    vulnerable: bool | None = None

    def holds(self, service: Service, channel: Channel, moment: "Moment") -> bool:
        """Whether it is to be counted."""
        return (
            self.kind in {None, service.kind}
            and self.channel in {None, channel}
            and self.complaint_open in {None, moment.complaint_open}
            and self.vulnerable in {None, moment.vulnerable}
        )


@dataclass(frozen=True, slots=True)
class Moment:
    """What of the customer's situation weighs: not whether something may be offered, but what is called for."""

    complaint_open: bool = False
    vulnerable: bool = False


@dataclass(frozen=True, slots=True)
class Weights:
    """The arbitration in force from a date. The exponents say what counts; `unit` is the value that counts as one, and
    `explores` whether the order goes by a draw from what is believed of an entry instead of its mean.
    """

    version: str
    effective_from: datetime
    propensity: float
    context: float
    value: float
    urgency: float
    unit: int
    between: float
    explores: bool
    levers: tuple[Lever, ...]


@dataclass(frozen=True, slots=True)
class Score:
    """A score with the four factors it is the product of, each already to its power."""

    total: float
    propensity: float
    context: float
    value: float
    urgency: float


def score(service: Service, channel: Channel, moment: Moment, likely: Propensity, weights: Weights) -> Score:
    """What an entry is worth to be offered first."""
    context = 1.0
    for lever in weights.levers:
        if lever.holds(service, channel, moment):
            context *= lever.weight
    factors = (
        likely.used**weights.propensity,
        context**weights.context,
        (service.value / weights.unit) ** weights.value,
        float(service.urgency) ** weights.urgency,
    )
    return Score(factors[0] * factors[1] * factors[2] * factors[3], *factors)


def ranked(scores: Mapping[str, Score], services: Collection[Service]) -> list[str]:
    """The keys, best first; of equals the more urgent, then by key, so that one state has one order."""
    urgent = {one.key: one.urgency for one in services}
    return sorted(scores, key=lambda key: (-scores[key].total, -urgent[key], key))


def in_force(versions: Sequence[Weights], at: datetime) -> Weights:
    """The weights of that instant; raises LookupError before the first."""
    begun = [one for one in versions if one.effective_from <= at]
    if not begun:
        raise LookupError("no weights are in force at that instant")
    return max(begun, key=lambda one: one.effective_from)
