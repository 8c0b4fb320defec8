"""Inputs and outputs of screenings and restrictions; routes, imports and the bank's own systems build the same ones."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    Field,
    StrictBool,
    StrictInt,
    StringConstraints,
    field_validator,
    model_validator,
)

from risk.screening.domain.restrictions import RestrictionState, too_far_ahead
from risk.screening.domain.rules import Outcome, RuleState
from risk.screening.domain.windows import HASHED, Kind
from shared import clock
from shared.money import minor_units
from shared.schemas import Body, View

Ref = Annotated[str, StringConstraints(min_length=1, max_length=200)]
AttributeName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
_Whole = Annotated[StrictInt, Field(ge=-(2**53), le=2**53)]
AttributeValue = Annotated[str, StringConstraints(min_length=1, max_length=500)] | StrictBool | _Whole
# One instant has one form, so that a repeat in another zone is the same content.
Instant = Annotated[AwareDatetime, AfterValidator(lambda at: at.astimezone(UTC))]


class Amount(Body):
    """Money as decimal text and ISO 4217 currency, with no more digits than the currency has."""

    amount: Annotated[str, StringConstraints(pattern=r"^(0|[1-9][0-9]{0,17})(\.[0-9]{1,4})?$")]
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]

    @model_validator(mode="after")
    def _is_money(self) -> Self:
        minor_units(self.amount, self.currency)
        return self


class ScreenEvent(Body):
    """One event to be decided. The attributes `account`, `device`, `payee`, `place` are what windows look at."""

    event_id: Ref
    kind: Kind
    customer_id: UUID
    occurred_at: Instant
    amount: Amount | None = None
    attributes: Annotated[dict[AttributeName, AttributeValue], Field(max_length=50)] = {}
    external_ref: Ref | None = None

    @field_validator("attributes")
    @classmethod
    def _pivots_are_text(cls, given: dict[str, Any]) -> dict[str, Any]:
        if any(not isinstance(given.get(pivot, ""), str) for pivot in HASHED):
            raise ValueError("account, device, payee and place are texts")
        return given

    @model_validator(mode="after")
    def _has_happened(self) -> Self:
        if too_far_ahead(self.occurred_at, clock.now()):
            raise ValueError("occurred_at lies more than two minutes ahead")
        return self


class RuleSeen(View):
    """A rule that fired, or could not run (`error`), with the values it saw: whole numbers, or decimals as text."""

    rule: str
    state: RuleState
    points: int
    values: dict[str, int | str | None]


class RestrictionShort(View):
    """A restriction in force when the event was decided."""

    id: UUID
    channels: list[str]
    until: datetime


class Screening(View):
    """A decision with what it rests on; `ruleset` is the number of the rules that decided."""

    id: UUID
    version: int
    event_id: str
    kind: Kind
    customer_id: UUID
    occurred_at: datetime
    outcome: Outcome
    score: int
    ruleset: int
    rules: list[RuleSeen]
    restrictions: list[RestrictionShort]
    created_at: datetime


class ScreeningLine(View):
    """A line of a list: what was decided, without what it rests on."""

    id: UUID
    version: int
    kind: Kind
    customer_id: UUID
    occurred_at: datetime
    outcome: Outcome
    score: int
    ruleset: int
    created_at: datetime


class SealedAmount(View):
    """Money as it is kept."""

    minor: int
    currency: str


class Detail(View):
    """What is kept of a decision under the customer's key. `features` are exact: whole numbers, or `p/q`."""

    event_id: str
    external_ref: str | None
    amount: SealedAmount | None
    attributes: dict[str, str | bool | int]
    rules: list[RuleSeen]
    restrictions: list[RestrictionShort]
    features: dict[str, int | str | None]


class LiftRestriction(Body):
    """The one step a person can let a restriction take."""

    state: Literal["lifted"]


class Restriction(View):
    """A restriction as it is now; its reason is the screening it names."""

    id: UUID
    version: int
    customer_id: UUID
    screening_id: UUID
    channels: list[str]
    services: list[str]
    state: RestrictionState
    until: datetime
    created_at: datetime
    updated_at: datetime
