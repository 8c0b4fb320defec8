"""How offers are weighed, as it is written down: dated data with its source."""

from uuid import UUID

from pydantic import AwareDatetime, Field

from customer.interactions.schemas import Money
from customer.offers.domain.arbitration import Lever, Weights
from customer.offers.domain.experiments import Experiment
from customer.offers.domain.services import Channel, ServiceKind
from customer.outreach.domain.messages import Category
from customer.outreach.domain.policy import Cap
from shared.schemas import Body


class _WeightsIn(Body):
    propensity: float = Field(ge=0)
    context: float = Field(ge=0)
    value: float = Field(ge=0)
    urgency: float = Field(ge=0)
    unit: Money
    between: float = Field(ge=0, description="what other tiers of a channel are worth at most, in answers")
    explores: bool


class _LeverIn(Body):
    weight: float = Field(gt=0)
    kind: ServiceKind | None = None
    channel: Channel | None = None
    complaint_open: bool | None = None
    vulnerable: bool | None = None


class _CapIn(Body):
    most: int = Field(ge=1)
    days: int = Field(ge=1)


class _ExperimentIn(Body):
    id: UUID
    holdout_percent: int = Field(ge=0, le=50)
    days: int = Field(ge=1, le=365)


class _ModelIn(Body):
    currency: str
    slope: float = Field(ge=0)
    base: float | None = Field(None, gt=0, lt=1)
    measured: str


class Arbitration(Body):
    """How offers are weighed from a date on: dated data with its source, never constants in code."""

    version: str
    effective_from: AwareDatetime
    source: str
    weights: _WeightsIn
    levers: list[_LeverIn]
    shown_cap: _CapIn
    experiment: _ExperimentIn
    tolerance_days: int = Field(ge=1)
    tolerance_source: str
    four_fifths: float = Field(gt=0, le=1)
    four_fifths_source: str
    models: dict[str, _ModelIn]

    def rules(self) -> Weights:
        """The weights it states."""
        told = self.weights
        return Weights(
            version=self.version,
            effective_from=self.effective_from,
            propensity=told.propensity,
            context=told.context,
            value=told.value,
            urgency=told.urgency,
            unit=told.unit.minor,
            between=told.between,
            explores=told.explores,
            levers=tuple(
                Lever(one.weight, one.kind, one.channel, one.complaint_open, one.vulnerable) for one in self.levers
            ),
        )

    def cap(self) -> Cap:
        """How many sales offers are shown at most where the customer comes to us."""
        return Cap(frozenset({Category.SALES}), self.shown_cap.most, self.shown_cap.days)

    def trial(self) -> Experiment:
        """The universal control group."""
        return Experiment(
            self.experiment.id, self.effective_from, self.experiment.holdout_percent, self.experiment.days
        )
