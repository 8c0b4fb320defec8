"""What a party's record is made of: contact points, identifiers, addresses, and who says so; inputs and outputs."""

from datetime import date, datetime, timedelta
from typing import Annotated, Final, Self, TypeVar
from uuid import UUID
from zoneinfo import available_timezones

from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from customer.parties.domain import ContactKind, normal_contact, normal_identifier
from customer.parties.domain.details import AddressKind, band_codes
from customer.parties.domain.names import NameOrder
from customer.parties.domain.survivorship import Source
from shared import clock
from shared.schemas import Body, View

# How many parts of a kind a record may have: whoever changes one reads them all.
MOST_POINTS: Final = 20
MOST_IDENTIFIERS: Final = 20
MOST_ADDRESSES: Final = 10
# Event time may run ahead of ours by what clocks differ.
CLOCKS_APART: Final = timedelta(minutes=2)

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
ExternalRef = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Region = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$"),
    Field(description="ISO 3166-1 country or ISO 3166-2 subdivision"),
]


Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$"), Field(description="ISO 3166-1 alpha-2")]
Language = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$"),
    Field(description="BCP 47: `zh-Hans` is not `zh-Hant`"),
]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$")]
Industry = Annotated[
    str,
    StringConstraints(pattern=r"^[A-U]([0-9]{2,4})?$"),
    Field(description="section, division or class of ISIC Rev. 4"),
]
Education = Annotated[int, Field(ge=0, le=8, description="level of ISCED 2011")]
HourOfDay = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]


def _one_of(of: str) -> AfterValidator:
    def known(code: str) -> str:
        if code not in band_codes(of):
            raise ValueError(f"no band of {of} has this code")
        return code

    return AfterValidator(known)


IncomeBand = Annotated[str, _one_of("income"), Field(description="code of a band of a year's income")]
AssetBand = Annotated[str, _one_of("assets"), Field(description="code of a band of assets held anywhere")]


def _past(day: date) -> date:
    # What is today where the bank is, only the verb knows: here passes what has begun anywhere.
    if not date(1850, 1, 1) <= day <= clock.latest_day():
        raise ValueError("it must lie in the past, after 1850")
    return day


def _seen(at: datetime) -> datetime:
    if at > clock.now() + CLOCKS_APART:
        raise ValueError("it lies in the future")
    return at


# Checked at the field, so that whoever sent it is told which one it was.
PastDay = Annotated[date, AfterValidator(_past)]


T = TypeVar("T", bound=Body)


def kept(body: T, *names: str) -> T:
    for name in names:
        if name in body.model_fields_set and getattr(body, name) is None:
            raise ValueError(f"{name} cannot be removed")
    return body


class ProvenanceIn(Body):
    """Who says so, since when, and how surely (0 to 1). Who names a source is heard; whether it wins is by the rules."""

    source: Source
    observed_at: Annotated[AwareDatetime, AfterValidator(_seen)] | None = None
    confidence: Annotated[float, Field(gt=0, le=1)] = 1.0


class Provenance(View):
    """Where a field's value comes from."""

    source: Source
    at: datetime
    confidence: float


class PersonName(Body):
    """A name in its parts; a single name is all in `given`. Latin forms (Pinyin) stand beside characters."""

    family: Name | None = None
    given: Name
    order: NameOrder
    family_latin: Name | None = None
    given_latin: Name | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.family is None) != (self.order is NameOrder.SINGLE):
            raise ValueError("a single name has no family name, every other has one")
        return self


class QuietHours(Body):
    """When not to be reached, every day; from 22:00 until 07:00 passes midnight."""

    start: HourOfDay
    end: HourOfDay
    zone: Annotated[str, StringConstraints(max_length=64)]

    @model_validator(mode="after")
    def _real(self) -> Self:
        if self.zone not in available_timezones():
            raise ValueError("not an IANA time zone")
        if self.start == self.end:
            raise ValueError("begins and ends at once")
        return self


class ContactPointIn(Body):
    """Where a party can be reached; a value may be shared by several parties (a family's phone)."""

    kind: ContactKind
    value: Annotated[str, StringConstraints(min_length=1, max_length=320)]
    country: Annotated[Country | None, Field(description="whose national form a phone is given in")] = None

    @model_validator(mode="after")
    def _normal(self) -> Self:
        object.__setattr__(self, "value", normal_contact(self.kind, self.value, self.country))
        return self


class NewContactPoint(ContactPointIn):
    """A contact point and how to use it; `verified` says that somebody has proven to be reached there."""

    verified: bool = False
    preferred: bool = False
    quiet_hours: QuietHours | None = None
    provenance: ProvenanceIn | None = None


def each_once(points: list[NewContactPoint]) -> list[NewContactPoint]:
    """The contact points of one party: each value of a kind once, and of each kind one preferred at most.

    One number written in two ways is the same: they are compared as they are kept.
    """
    seen: set[tuple[ContactKind, str]] = set()
    preferred: set[ContactKind] = set()
    for place, one in enumerate(points):
        told = {"place": place, "kind": one.kind.value}
        if (one.kind, one.value) in seen:
            raise PydanticCustomError("given_twice", "the {kind} at {place} is given twice", told)
        if one.preferred and one.kind in preferred:
            raise PydanticCustomError("preferred_twice", "the {kind} at {place} is a second that is preferred", told)
        seen.add((one.kind, one.value))
        if one.preferred:
            preferred.add(one.kind)
    return points


class ChangeContactPoint(Body):
    """A merge patch. A new value is not verified, whatever the old one was."""

    value: Annotated[str, StringConstraints(min_length=1, max_length=320)] | None = None
    country: Country | None = None
    verified: bool | None = None
    preferred: bool | None = None
    quiet_hours: QuietHours | None = None
    provenance: ProvenanceIn | None = None

    @model_validator(mode="after")
    def _kept(self) -> Self:
        return kept(self, "value", "verified", "preferred")


class NewAddress(Body):
    """Where a party lives, works or is registered; lines are as the post writes them."""

    kind: AddressKind
    lines: Annotated[list[Name], Field(min_length=1, max_length=5)]
    locality: Name | None = None
    region: Region | None = None
    postal_code: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9 -]{2,12}$")] | None = None
    country: Country
    provenance: ProvenanceIn | None = None


def addresses_once(addresses: list[NewAddress]) -> list[NewAddress]:
    """The addresses of one party: none reads as another does."""
    for place, one in enumerate(addresses):
        told = one.model_dump(exclude={"provenance"})
        if any(told == other.model_dump(exclude={"provenance"}) for other in addresses[:place]):
            raise PydanticCustomError("given_twice", "the address at {place} is given twice", {"place": place})
    return addresses


class ChangeAddress(Body):
    """A merge patch of an address."""

    kind: AddressKind | None = None
    lines: Annotated[list[Name], Field(min_length=1, max_length=5)] | None = None
    locality: Name | None = None
    region: Region | None = None
    postal_code: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9 -]{2,12}$")] | None = None
    country: Country | None = None
    provenance: ProvenanceIn | None = None

    @model_validator(mode="after")
    def _kept(self) -> Self:
        return kept(self, "kind", "lines", "country")


class IdentifierIn(Body):
    """A number somebody issued; (type, issuer, value) belongs to one party."""

    type: Word
    issuer: Word
    value: Annotated[str, StringConstraints(min_length=1, max_length=80)]

    @model_validator(mode="after")
    def _normal(self) -> Self:
        object.__setattr__(self, "value", normal_identifier(self.value))
        return self


class NewIdentifier(IdentifierIn):
    """An identifier with the days between which it holds."""

    issued_on: PastDay | None = None
    expires_on: date | None = None
    provenance: ProvenanceIn | None = None

    @model_validator(mode="after")
    def _plausible(self) -> Self:
        if self.issued_on and self.expires_on and self.expires_on <= self.issued_on:
            raise ValueError("expires_on lies before issued_on")
        return self


class ChangeIdentifier(Body):
    """A merge patch of its days; another number is another identifier."""

    issued_on: PastDay | None = None
    expires_on: date | None = None
    provenance: ProvenanceIn | None = None


class ContactPoint(View):
    """A contact point as it is kept."""

    id: UUID
    kind: ContactKind
    value: str
    version: int = 1
    verified_at: datetime | None = None
    preferred: bool = False
    quiet_hours: QuietHours | None = None
    provenance: Provenance | None = None


class Identifier(View):
    """An identifier as it is kept."""

    id: UUID
    type: str
    issuer: str
    value: str
    version: int = 1
    issued_on: date | None = None
    expires_on: date | None = None
    provenance: Provenance | None = None


class Address(View):
    """An address as it is kept."""

    id: UUID
    version: int
    kind: AddressKind
    lines: list[str]
    locality: str | None
    region: str | None
    postal_code: str | None
    country: str
    provenance: Provenance | None
