"""Inputs and outputs of a party; routes and imports build the same ones."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from customer.parties.domain import ContactKind, Kind, State, Tier, normal_contact, normal_identifier
from shared import clock
from shared.schemas import Body, View

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
ExternalRef = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Region = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$"),
    Field(description="ISO 3166-1 country or ISO 3166-2 subdivision"),
]


class ContactPointIn(Body):
    """Where a party can be reached; a value may be shared by several parties (a family's phone)."""

    kind: ContactKind
    value: Annotated[str, StringConstraints(min_length=1, max_length=320)]

    @model_validator(mode="after")
    def _normal(self) -> Self:
        object.__setattr__(self, "value", normal_contact(self.kind, self.value))
        return self


class IdentifierIn(Body):
    """A number somebody issued; (type, issuer, value) belongs to one party."""

    type: Word
    issuer: Word
    value: Annotated[str, StringConstraints(min_length=1, max_length=80)]

    @model_validator(mode="after")
    def _normal(self) -> Self:
        object.__setattr__(self, "value", normal_identifier(self.value))
        return self


def _past(day: date | None) -> None:
    if day is not None and not date(1850, 1, 1) <= day <= clock.now().date():
        raise ValueError("birth_date must lie in the past, after 1850")


class RegisterCustomer(Body):
    """A new party. For an organisation `birth_date` is its day of incorporation."""

    kind: Kind
    legal_name: Name
    birth_date: date | None = None
    contact_points: Annotated[list[ContactPointIn], Field(max_length=20)] = []
    identifiers: Annotated[list[IdentifierIn], Field(max_length=20)] = []
    occupation: Word | None = None
    region: Region | None = None
    tier_hint: Tier | None = None
    external_ref: ExternalRef | None = None

    @model_validator(mode="after")
    def _plausible(self) -> Self:
        _past(self.birth_date)
        if len({(one.type, one.issuer, one.value) for one in self.identifiers}) < len(self.identifiers):
            raise ValueError("an identifier is given twice")
        return self


class ChangeCustomer(Body):
    """An RFC 7396 merge patch: what is absent stays, what is null is removed (a name or a state cannot be)."""

    legal_name: Name | None = None
    birth_date: date | None = None
    occupation: Word | None = None
    region: Region | None = None
    tier: Tier | None = None
    state: State | None = None

    @model_validator(mode="after")
    def _plausible(self) -> Self:
        _past(self.birth_date)
        for name in ("legal_name", "tier", "state"):
            if name in self.model_fields_set and getattr(self, name) is None:
                raise ValueError(f"{name} cannot be removed")
        return self


class ContactPoint(View):
    """A contact point as it is kept."""

    id: UUID
    kind: ContactKind
    value: str


class Identifier(View):
    """An identifier as it is kept."""

    id: UUID
    type: str
    issuer: str
    value: str


class Customer(View):
    """A party as recorded. `restricted` says that a restriction of the risk service is in force (staff and clients)."""

    id: UUID
    version: int
    kind: Kind
    state: State
    tier: Tier
    legal_name: str
    birth_date: date | None
    occupation: str | None
    region: str | None
    age_band: str | None
    contact_points: list[ContactPoint]
    identifiers: list[Identifier]
    restricted: bool | None
    created_at: datetime
    updated_at: datetime
    leader_id: Annotated[UUID | None, Field(description="the party this record counts as, if it is linked")] = None


class CustomerSummary(View):
    """A line of a list: nothing in it names a person."""

    id: UUID
    version: int
    kind: Kind
    state: State
    tier: Tier
    region: str | None
    created_at: datetime
    updated_at: datetime


class PastVersion(View):
    """How a party was recorded from `recorded_at` until `superseded_at` (null: still), and who changed it then."""

    version: int
    recorded_at: datetime
    superseded_at: datetime | None
    recorded_by: str
    customer: Customer


class LookUp(Body):
    """Exactly one of the two: through what the party is looked for."""

    contact_point: ContactPointIn | None = None
    identifier: IdentifierIn | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.contact_point is None) == (self.identifier is None):
            raise ValueError("give either a contact point or an identifier")
        return self


class Found(View):
    """The parties a look-up found; a shared contact point may find several."""

    customer_ids: list[UUID]
