"""The card as it is read: what is delicate on it is null for callers without the scope for it."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator

from customer.offers.schemas.offering import Vulnerability
from customer.parties.domain import Tier
from customer.parties.domain.details import AccessibilityNeed
from customer.routing.domain import NOTED, Alert, BarReason, Extent, Rating
from shared.schemas import Body, View


class NoteRoutingProfile(Body):
    """An RFC 7396 merge patch of what the bank notes itself: what is absent stays, what is null is removed."""

    rating: Rating | None = None
    alerts: Annotated[list[Alert], Field(max_length=len(NOTED), description=", ".join(NOTED))] | None = None

    @model_validator(mode="after")
    def _noted(self) -> Self:
        if not set(self.alerts or ()) <= set(NOTED):
            raise ValueError(f"the alerts that are noted are {', '.join(NOTED)}; the others follow from elsewhere")
        return self


class BarredChannel(View):
    """A channel that is not open: `use` at all, or `approach` of our own accord; why is delicate."""

    channel: str
    extent: Extent
    reason: BarReason | None


class LevelMark(View):
    """Of which record risk has said that its level changed, and the version it said."""

    customer_id: UUID
    version: int


class RiskLevel(View):
    """The level as far as it is known here: risk keeps it, and says by event only that it changed."""

    level: Annotated[str | None, Field(description="null while risk has no route it could be fetched by")]
    marks: list[LevelMark]


class RoutingProfile(View):
    """The thin card of a party, the same for every record that counts as it.

    `withheld` names the fields that are null because of who asks. A customer sees their own words and matters only, under
    a version that counts what they can see.
    """

    customer_id: UUID
    version: int
    leader_id: UUID | None
    tier: Tier
    rating: Annotated[Rating | None, Field(description="null while the bank has noted none, and for customers")]
    languages: Annotated[list[str], Field(description="BCP 47, the preferred one first")]
    preferred_channels: Annotated[list[str], Field(description="kinds of preferred contact points, the leader's first")]
    barred_channels: list[BarredChannel]
    open_case: bool
    open_complaint: Annotated[bool, Field(description="a case that is, or may be, a complaint: do not sell")]
    open_journey: bool
    accessibility_needs: list[AccessibilityNeed] | None
    vulnerabilities: Annotated[
        list[Vulnerability] | None, Field(description="by the latest suitability assessment of each of its records")
    ]
    alerts: list[Alert] | None
    restrictions: Annotated[list[UUID] | None, Field(description="in force at risk, which tells their reasons")]
    risk_level: RiskLevel | None
    withheld: list[str]
