"""Inputs and outputs of a party; routes and imports build the same ones."""

from datetime import date, datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from customer.parties.domain import Kind, State, Tier
from customer.parties.domain.details import AccessibilityNeed, FirmSize, Gender, LegalForm, OccupationGroup, form_fault
from customer.parties.domain.survivorship import Source
from customer.parties.schemas.parts import (
    MOST_ADDRESSES,
    MOST_IDENTIFIERS,
    MOST_POINTS,
    Address,
    AssetBand,
    Code,
    ContactPoint,
    ContactPointIn,
    Education,
    ExternalRef,
    Identifier,
    IdentifierIn,
    IncomeBand,
    Industry,
    Language,
    Name,
    NewAddress,
    NewContactPoint,
    NewIdentifier,
    PastDay,
    PersonName,
    ProvenanceIn,
    Region,
    Word,
    addresses_once,
    each_once,
    kept,
)
from shared.schemas import Body, View


class _Facts(Body):
    """What may be said of a party besides its legal name, at registration and later."""

    birth_date: PastDay | None = None
    incorporation_date: Annotated[
        PastDay | None, Field(description="of an organisation; the same as its birth_date")
    ] = None
    occupation: Word | None = None
    region: Region | None = None
    preferred_name: Name | None = None
    name: PersonName | None = None
    gender: Gender | None = None
    occupation_group: OccupationGroup | None = None
    industry: Industry | None = None
    education: Education | None = None
    legal_form: Annotated[
        LegalForm | None, Field(description="an individual can be a `sole_trader`, an organisation anything")
    ] = None
    firm_size: Annotated[FirmSize | None, Field(description="of an organisation or a sole trader")] = None
    languages: Annotated[list[Language], Field(max_length=10, description="the preferred one first")] | None = None
    accessibility_needs: Annotated[list[AccessibilityNeed], Field(max_length=10)] | None = None
    home_branch: Code | None = None
    relationship_manager: Code | None = None
    declared_income_band: IncomeBand | None = None
    declared_asset_band: AssetBand | None = None
    provenance: ProvenanceIn | None = None

    @model_validator(mode="after")
    def _days(self) -> Self:
        if self.incorporation_date is not None and self.birth_date not in {None, self.incorporation_date}:
            raise ValueError("birth_date and incorporation_date of an organisation are one day")
        return self


class RegisterCustomer(_Facts):
    """A new party. For an organisation `birth_date` is its day of incorporation."""

    kind: Kind
    legal_name: Name
    contact_points: Annotated[list[NewContactPoint], Field(max_length=MOST_POINTS), AfterValidator(each_once)] = []
    identifiers: Annotated[list[NewIdentifier], Field(max_length=MOST_IDENTIFIERS)] = []
    addresses: Annotated[list[NewAddress], Field(max_length=MOST_ADDRESSES), AfterValidator(addresses_once)] = []
    tier_hint: Tier | None = None
    external_ref: ExternalRef | None = None

    @model_validator(mode="after")
    def _plausible(self) -> Self:
        if self.incorporation_date is not None and self.kind is not Kind.ORGANISATION:
            raise ValueError("only an organisation is incorporated")
        fault = form_fault(self.kind, self.legal_form, self.firm_size)
        if fault is not None:
            raise PydanticCustomError("kind", fault[1])
        if len({(one.type, one.issuer, one.value) for one in self.identifiers}) < len(self.identifiers):
            raise ValueError("an identifier is given twice")
        return self


class ChangeCustomer(_Facts):
    """An RFC 7396 merge patch: what is absent stays, what is null is removed (a name or a state cannot be).

    Without `provenance` it is the bank's own word now, and is refused where a better source holds a field; with it, it is
    a claim that is kept, and wins or not by the rules of survivorship.
    """

    legal_name: Name | None = None
    tier: Tier | None = None
    state: State | None = None

    @model_validator(mode="after")
    def _plausible(self) -> Self:
        return kept(self, "legal_name", "tier", "state")


class Customer(View):
    """A party as recorded. `restricted` says that a restriction of the risk service is in force (staff and clients).

    `masked` names the fields that hold a mask (or null) because nobody opened them for the caller, `withheld` those the
    chosen view leaves out.
    """

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
    incorporation_date: date | None = None
    preferred_name: str | None = None
    name: PersonName | None = None
    gender: Gender | None = None
    occupation_group: OccupationGroup | None = None
    industry: str | None = None
    education: int | None = None
    legal_form: LegalForm | None = None
    firm_size: FirmSize | None = None
    languages: list[str] = []
    accessibility_needs: list[AccessibilityNeed] = []
    home_branch: str | None = None
    relationship_manager: str | None = None
    declared_income_band: str | None = None
    declared_asset_band: str | None = None
    addresses: list[Address] = []
    leader_id: Annotated[UUID | None, Field(description="the party this record counts as, if it is linked")] = None
    masked: list[str] = []
    withheld: list[str] = []


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


class Claimed(View):
    """What one source says of a field; `holds` marks the one that won."""

    source: Source
    at: datetime
    confidence: float
    value: Any
    holds: bool


class FieldProvenance(View):
    """One field of a party: what holds, and everything that was claimed of it."""

    field: str
    claims: list[Claimed]


class RenderedName(View):
    """A name as it is written in a language, and what the person likes to be called, if they said so."""

    language: str
    legal: str
    preferred: str | None


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
