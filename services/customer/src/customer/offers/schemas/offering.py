"""Assessments, decisions and what became of offers, from outside."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from customer.interactions.schemas import Instant
from customer.offers.domain.experiments import Arm
from customer.offers.domain.gates import Stage
from customer.offers.domain.services import Channel, Outcome, ServiceKind
from customer.offers.schemas.catalogue import RiskLevel, Texts
from customer.segments.schemas import Key
from shared.schemas import Body, View

ExternalRef = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Vulnerability(StrEnum):
    """What makes somebody vulnerable: the four drivers of FCA Finalised Guidance FG21/1, 2.9."""

    HEALTH = "health"
    LIFE_EVENT = "life-event"
    RESILIENCE = "resilience"
    CAPABILITY = "capability"


Finding = Literal["risk_tolerance", "vulnerabilities"]


class AssessSuitability(Body):
    """What somebody who may found of a customer: the risk they can bear, and what makes them vulnerable.

    Of each the latest word by `assessed_at` holds; what is left out is left as it was, and an empty list says that nothing
    makes them vulnerable any more.
    """

    risk_tolerance: RiskLevel | None = None
    vulnerabilities: Annotated[list[Vulnerability] | None, Field(max_length=len(Vulnerability))] = None
    assessed_at: Instant | None = None
    external_ref: ExternalRef | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.risk_tolerance is None and self.vulnerabilities is None:
            raise ValueError("an assessment finds at least one of the two")
        return self


class RecordAssessment(AssessSuitability):
    """An assessment with whose it is: the path's customer is part of what is said."""

    customer_id: UUID


class Assessment(View):
    """An assessment as it was recorded: `found` says of what it spoke. `risk_tolerance` is good until `…_until`."""

    id: UUID
    customer_id: UUID
    risk_tolerance: int | None
    risk_tolerance_until: datetime | None
    vulnerabilities: list[Vulnerability]
    found: list[Finding]
    assessed_at: datetime
    recorded_at: datetime


class Permit(View):
    """What a use rests on: the receipt of a consent, or the name of a legal basis."""

    purpose: str
    receipt_id: UUID | None
    basis: str | None


class ScoreView(View):
    """A score, and the factors it is the product of, each already to the power the weights give it."""

    total: float
    propensity: float
    context: float
    value: float
    urgency: float


class PropensityView(View):
    """How likely it is taken: the posterior's mean, what was drawn of it (null: the order goes by the mean), the answers it
    stands on, by how many log odds a model moved it.
    """

    mean: float
    drawn: float | None
    shown: int
    accepted: int
    tilt: float


class Because(View):
    """A reason, by its code and in the languages of the suite."""

    code: str
    texts: Texts


class OfferedService(View):
    """An entry that is offered. `reasons` and everything after it are the bank's own and null for customers."""

    service: str
    version: int
    kind: ServiceKind
    names: Texts
    descriptions: Texts | None
    reasons: list[Because] | None
    permits: list[Permit] | None
    score: ScoreView | None
    propensity: PropensityView | None


class RefusedService(View):
    """An entry that is not offered now: at which stage, why, and until when, where that ends by itself."""

    service: str
    version: int
    kind: ServiceKind
    stage: Stage
    reason: Because
    until: datetime | None
    purpose: Annotated[str | None, Field(description="the purpose that no consent allows")]


class NextBest(View):
    """The next best services of a customer on a channel, best first, and every other entry with why it is not offered.

    `id` names the decision when it is said what became of it. `refused`, `arm` and the versions are null for customers.
    """

    id: UUID
    customer_id: UUID
    channel: Channel
    decided_at: datetime
    items: list[OfferedService]
    refused: list[RefusedService] | None
    arm: Arm | None
    experiment_id: UUID | None
    weights: str | None
    policy: str | None


class SayOutcome(Body):
    """What became of an offer. Without `decision_id` the service was taken without having been offered (staff, clients).

    Of two words about one offer the higher stands: shown, ignored, declined, accepted.
    """

    decision_id: UUID | None = None
    service: Key
    outcome: Outcome
    channel: Annotated[Channel | None, Field(description="where it was taken, when it was not offered")] = None
    occurred_at: Instant | None = None
    external_ref: ExternalRef | None = None

    @model_validator(mode="after")
    def _told_whole(self) -> Self:
        if self.decision_id is None and (self.outcome is not Outcome.ACCEPTED or self.channel is None):
            raise ValueError("what was not offered can only have been accepted, through a channel")
        if self.decision_id is not None and self.channel is not None:
            raise ValueError("the channel is that of the decision")
        return self


class RecordOutcome(SayOutcome):
    """A word with whose it is: the path's customer is part of what is said."""

    customer_id: UUID


class OfferOutcome(View):
    """A word of what became of an offer, as it was said; `stands` is what the offer has come to by all words so far.

    `decision_id` is null for what was taken without having been offered.
    """

    id: UUID
    customer_id: UUID
    decision_id: UUID | None
    service: str
    channel: Channel
    outcome: Outcome
    occurred_at: datetime
    recorded_at: datetime
    stands: Outcome
