"""Inputs and outputs of interactions; routes, imports and the bank's own systems build the same ones."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Annotated, Any, Final, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, Field, StrictBool, StrictInt, StringConstraints, model_validator

from customer.consents.schemas import UseGrounds
from customer.interactions.domain.facts import Channel, Kind, Product
from shared import clock
from shared.money import decimal_text, minor_units
from shared.schemas import Body, View

AHEAD: Final = timedelta(minutes=2)
# Attributes that would hold a person's own words or how to reach them: those have fields, services and seals of their own.
_REFUSED: Final = frozenset(
    {
        "name",
        "phone",
        "email",
        "address",
        "text",
        "comment",
        "message",
        "note",
        "subject_text",
        "birth_date",
        "id_number",
    }
)
Ref = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_.-]{0,59}$")]
AttributeName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
_Whole = Annotated[StrictInt, Field(ge=-(2**53), le=2**53)]
AttributeValue = Annotated[str, StringConstraints(pattern=r"^[^\n\r]{1,120}$")] | StrictBool | _Whole


def _happened(at: datetime) -> datetime:
    if at > clock.now() + AHEAD:
        raise ValueError("it lies more than two minutes ahead")
    if at.year < 1900:
        raise ValueError("it lies before 1900")
    # One instant has one form, so that a repeat in another zone is the same content.
    return at.astimezone(UTC)


Instant = Annotated[AwareDatetime, AfterValidator(_happened)]
_DECIMAL: Final = r"(0|[1-9][0-9]{0,17})(\.[0-9]{1,4})?$"


class Money(Body):
    """Decimal text and ISO 4217 currency, with no more digits than the currency has."""

    amount: Annotated[str, StringConstraints(pattern="^" + _DECIMAL)]
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]

    @model_validator(mode="after")
    def _is_money(self) -> Self:
        _ = self.minor
        return self

    @property
    def minor(self) -> int:
        """As a count of minor units."""
        return minor_units(self.amount, self.currency)


class SignedMoney(Money):
    """Money that may be owed: a balance below zero has a minus."""

    amount: Annotated[str, StringConstraints(pattern="^-?" + _DECIMAL)]

    @property
    def minor(self) -> int:
        """As a count of minor units, negative where it is owed."""
        size = minor_units(self.amount.removeprefix("-"), self.currency)
        return -size if self.amount.startswith("-") else size


class RecordInteraction(Body):
    """One thing that happened between a customer and the bank. `event_id` is its own, whichever door it comes by.

    `direction` says which way `amount` went (without it: out); `balance` is what was on `account` afterwards, in the same
    currency; `initiated_by: bank` is what the customer did not do (interest, fees); `date_only` says that the hour is not
    known; `sequence` orders things of one instant; `source` is where the customer heard of it; `step` is where a ticket,
    an appointment or a journey is. What else is said in `attributes` is kept, sealed, and no feature reads it.
    """

    event_id: Ref
    customer_id: UUID
    kind: Kind
    occurred_at: Instant
    channel: Channel | None = None
    amount: Money | None = None
    direction: Literal["credit", "debit"] | None = None
    balance: SignedMoney | None = None
    account: Ref | None = None
    category: Code | None = None
    product: Product | None = None
    change: Code | None = None
    initiated_by: Literal["bank", "customer"] | None = None
    source: Code | None = None
    step: Code | None = None
    sequence: Annotated[int, Field(ge=-(2**53), le=2**53)] | None = None
    date_only: bool | None = None
    # Made anew for each: an empty map as the default would be copied deeply for every row of a file.
    attributes: Annotated[dict[AttributeName, AttributeValue], Field(max_length=30)] = Field(
        default_factory=dict, json_schema_extra={"default": {}}
    )

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if self.amount is not None and self.balance is not None and self.amount.currency != self.balance.currency:
            raise ValueError("amount and balance are of one account, in one currency")
        if self.kind is Kind.ACCOUNT_CHANGED and self.product is not None and self.change is None:
            raise ValueError("a product was opened, closed or otherwise changed: say which")
        if self.attributes:
            _fit(self.attributes)
        return self

    @property
    def words(self) -> dict[str, str | int | bool]:
        """What is said beside kind, channel, time and money, in one map."""
        known = self.__dict__
        said = {name: known[name] for name in SAID if known[name] is not None}
        return {**self.attributes, **said}


def _fit(attributes: Mapping[str, object]) -> None:
    if not _REFUSED.isdisjoint(attributes):
        raise ValueError("an attribute of that name would hold a person's own words or contact")
    if not WORDS.isdisjoint(attributes):
        raise ValueError("an attribute has the name of a field")


# The fields that a fact carries as attributes.
SAID: Final = (
    "direction",
    "account",
    "category",
    "product",
    "change",
    "initiated_by",
    "source",
    "step",
    "sequence",
    "date_only",
)
WORDS: Final = frozenset((*SAID, "balance_minor"))


def cells(row: dict[str, str]) -> dict[str, Any]:
    """A CSV row as a body: `amount`, `balance` share the column `currency`; `attributes.x` is the text attribute x."""
    body: dict[str, Any] = {}
    for name, value in row.items():
        if name.startswith("attributes."):
            body.setdefault("attributes", {})[name.removeprefix("attributes.")] = value
        elif name in {"amount", "balance"}:
            body[name] = {"amount": value, "currency": row.get("currency", "")}
        elif name != "currency":
            body[name] = value
    return body


class MoneyView(View):
    """Decimal text and currency."""

    amount: str
    currency: str


class Interaction(View):
    """An interaction as it is kept, under the id of the customer it arrived with."""

    id: UUID
    version: int
    event_id: str
    customer_id: UUID
    kind: Kind
    channel: Channel | None
    occurred_at: datetime
    recorded_at: datetime
    amount: MoneyView | None
    balance: MoneyView | None
    attributes: dict[str, str | bool | int]


class Feature(View):
    """A feature as of an instant: exact where it is whole, a rounded decimal where it is a fraction.

    `valid_until` is the first instant at which it may be another without anything happening; null: never.
    """

    value: int | float | str | bool | None
    unit: str
    valid_until: datetime | None


class Section(View):
    """One part of a profile: what it says, and how fresh it is."""

    as_of: datetime
    items: list[dict[str, Any]]


class Facts(View):
    """What the features are made of: how many, from when to when, and when the last was recorded."""

    count: int
    first_at: datetime | None
    last_at: datetime | None
    last_recorded_at: datetime | None


class Profile(View):
    """A customer at one instant: party facts, features, and what the other capabilities know (`sections`).

    It is read for a `use`; `grounds` say by category of data on what that rests, the receipt of a consent or a legal basis.
    Features of a category that is denied are not in it, nor the facts where that is what the customer did.
    """

    customer_id: UUID
    members: list[UUID]
    as_of: datetime
    facts: Facts
    features: dict[str, Feature]
    features_valid_until: datetime | None
    sections: dict[str, Section]
    use: str
    grounds: dict[str, UseGrounds]


class FeatureShape(View):
    """What a feature is."""

    name: str
    type: Literal["int", "fraction", "string", "bool"]
    unit: str
    description: dict[str, str]


def shown(value: int | Fraction | str | bool | None) -> int | float | str | bool | None:
    """An exact value as JSON has it: the only place where a fraction becomes a float."""
    return float(value) if isinstance(value, Fraction) else value


def decimal(minor: int, currency: str) -> MoneyView:
    """Minor units as callers see them."""
    return MoneyView.model_construct(amount=decimal_text(minor, currency), currency=currency)
