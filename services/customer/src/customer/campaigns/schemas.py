"""Inputs and outputs of campaigns and of their results."""

from typing import Annotated, Any, Final, Self
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints, field_validator, model_validator

from customer.campaigns.domain.standing import State
from customer.interactions.domain.facts import HIDDEN_FROM_CUSTOMERS, Kind, Product
from customer.interactions.domain.facts import Channel as Door
from customer.outreach.domain.campaigns import HOLDOUT
from customer.outreach.domain.messages import Channel
from customer.outreach.schemas import Code, ExternalRef, Filling, Hours, Key, Place
from shared.schemas import Body, View

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
Arm = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
# What may be changed of a campaign that is no draft any more.
ALWAYS: Final = frozenset({"name", "per_minute", "state"})


class Variant(Body):
    """One way to say it: a template, and its weight among the variants."""

    name: Arm
    template: Key
    weight: Annotated[int, Field(ge=1, le=1_000)] = 1


class Conversion(Body):
    """What a campaign is for: that somebody does something of this kind, through this channel if one is named.

    What the bank does (interest, fees) counts for nobody, and of several steps only the first: a booking, not its keeping.
    With `product`, of kind `account_changed`, only that they open one.
    It counts by its own time from the launch on, for `within_days` days of 24 hours, the same for everybody: who is held out
    has no moment of being written to. However late it is told of, and however often, it counts once.
    """

    kind: Kind
    channel: Door | None = None
    product: Product | None = None
    within_days: Annotated[int, Field(ge=1, le=365)]

    @field_validator("kind")
    @classmethod
    def _the_customer_s(cls, kind: Kind) -> Kind:
        if kind in HIDDEN_FROM_CUSTOMERS:
            raise ValueError("what is kept from customers is nothing that they do")
        return kind

    @model_validator(mode="after")
    def _opened(self) -> Self:
        if self.product is not None and self.kind is not Kind.ACCOUNT_CHANGED:
            raise ValueError("products are opened by account_changed")
        return self


def _distinct(variants: list[Variant] | None) -> list[Variant] | None:
    names = [one.name for one in variants or ()]
    if len(set(names)) < len(names) or HOLDOUT in names:
        raise ValueError(f"every variant has a name of its own, and none is called {HOLDOUT}")
    return variants


Variants = Annotated[list[Variant], Field(min_length=1, max_length=8)]
Share = Annotated[int, Field(ge=0, le=90, description="percent of the members who are held out and get nothing")]
Pace = Annotated[int, Field(ge=1, le=100_000, description="messages in any 60 seconds at most")]
Data = Annotated[dict[Place, Filling], Field(max_length=30)]
Channels = Annotated[list[Channel], Field(min_length=1)]


class DefineCampaign(Body):
    """A campaign as a draft: who is written to is fixed at the launch, and by a draw that is the same however it is asked."""

    name: Name
    segment_id: UUID = Field(description="whose members at the instant of the launch are the audience")
    purpose: Code = Field(description="purpose of consent; each message needs an allow of its own")
    variants: Variants
    holdout_percent: Share = 10
    data: Data = Field({}, description="what the places of the texts are filled with, the same for everybody")
    channels: Channels | None = Field(None, description="only through these; none given: any")
    starts_at: AwareDatetime | None = Field(None, description="none given: when it is scheduled")
    ends_at: AwareDatetime = Field(description="what is not sent by then is not sent any more")
    hours: Hours | None = Field(None, description="sent only between these")
    per_minute: Pace = 600
    conversion: Conversion
    external_ref: ExternalRef | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        _distinct(self.variants)
        if self.starts_at and self.ends_at <= self.starts_at:
            raise ValueError("it ends before it starts")
        return self


class ChangeCampaign(Body):
    """An RFC 7396 merge patch. Once it is no draft, only its name, its pace and its state may change."""

    state: State | None = None
    name: Name | None = None
    segment_id: UUID | None = None
    purpose: Code | None = None
    variants: Variants | None = None
    holdout_percent: Share | None = None
    data: Data | None = None
    channels: Channels | None = None
    starts_at: AwareDatetime | None = None
    ends_at: AwareDatetime | None = None
    hours: Hours | None = None
    per_minute: Pace | None = None
    conversion: Conversion | None = None

    @model_validator(mode="after")
    def _kept(self) -> Self:
        for name in self.model_fields_set - {"channels", "starts_at", "hours"}:
            if getattr(self, name) is None:
                raise ValueError(f"{name} cannot be removed")
        _distinct(self.variants)
        return self


class PlannedVariant(View):
    """A variant; `template_version` is fixed when the campaign is scheduled, and null before."""

    name: str
    template: str
    weight: int
    template_version: int | None


class PlannedConversion(View):
    """What a campaign is for."""

    kind: str
    channel: str | None
    product: str | None
    within_days: int


class Campaign(View):
    """A campaign as it is. `enrolled` says that all its people were drawn."""

    id: UUID
    version: int
    state: State
    name: str
    segment_id: UUID
    purpose: str
    variants: list[PlannedVariant]
    holdout_percent: int
    data: dict[str, Any]
    channels: list[str] | None
    starts_at: AwareDatetime | None
    ends_at: AwareDatetime
    hours: dict[str, str] | None
    per_minute: int
    conversion: PlannedConversion
    launched_at: AwareDatetime | None
    enrolled: bool
    created_at: AwareDatetime
    created_by: str
    updated_at: AwareDatetime


class Group(View):
    """A group as it was drawn. Rates are of everybody assigned, suppressed and failed ones too (intention to treat).

    `rate_low` to `rate_high` is the 95 % Wilson interval, `lift` the rate less that of the holdout with Newcombe's 95 %
    interval (method 10); null where a group is empty.
    """

    name: str
    assigned: int
    waiting: int
    sent: int = Field(description="taken by a gateway, delivered and read ones included")
    delivered: int
    read: int
    failed: int
    suppressed: dict[str, int] = Field(description="by reason")
    converted: int
    rate: float | None
    rate_low: float | None
    rate_high: float | None
    lift: float | None
    lift_low: float | None
    lift_high: float | None


class Results(View):
    """How a campaign went, counted now. Conversions count by their own time in [`counts_from`, `counts_until`)."""

    campaign_id: UUID
    state: State
    as_of: AwareDatetime
    counts_from: AwareDatetime | None
    counts_until: AwareDatetime | None
    enrolled: bool = Field(description="everybody is drawn; before, the groups still grow")
    variants: list[Group]
    addressed: Group = Field(description="all variants together")
    holdout: Group
