"""The catalogue from outside: an entry as it is defined, changed and shown."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, Field, StringConstraints, model_validator

from customer.interactions.domain.facts import Product
from customer.interactions.schemas import Money, MoneyView
from customer.offers.domain.services import Channel, Needs, Prior, Service, ServiceKind
from customer.segments.schemas import Key, RuleText, Words
from shared.money import decimal_text
from shared.schemas import Body, View

ModelName = Literal["product"]
State = Literal["active", "archived"]
Texts = dict[str, str]
PurposeCode = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
RiskLevel = Annotated[int, Field(ge=1, le=5, description="1 the most cautious, 5 the boldest (in China R1–R5, C1–C5)")]


class PriorIn(Body):
    """How likely an offer is taken before anybody was asked: a mean, worth so many answers."""

    mean: Annotated[float, Field(gt=0, lt=1)]
    strength: Annotated[float, Field(ge=1, le=1_000)]


class NeedsIn(Body):
    """What makes it suitable: a risk level within what the customer can bear, an income, a bounded chance to default.

    With both of the last two, one must be known and what is known must hold.
    """

    risk: RiskLevel | None = None
    least_income: Annotated[
        Money | None, Field(description="of a year; the customer's declared band must begin there")
    ] = None
    most_default_chance: Annotated[float | None, Field(gt=0, lt=1)] = None


class _Entry(Body):
    kind: ServiceKind
    names: Words
    descriptions: Words | None = None
    sells: bool
    purposes: Annotated[list[PurposeCode], Field(min_length=1, max_length=5)]
    channels: Annotated[list[Channel], Field(max_length=len(Channel), description="empty: on every one")] = []
    eligible: RuleText = "true"
    applicable: RuleText = "true"
    needs: NeedsIn | None = None
    value: Annotated[Money, Field(description="what one acceptance is worth, in the currency of the weights")]
    urgency: Annotated[int, Field(ge=1, le=5)] = 1
    rests_days: Annotated[int, Field(ge=0, le=3_650, description="after an answer it is not offered for so long")] = 30
    prior: PriorIn
    model: Annotated[ModelName | None, Field(description="whose score tilts the propensity")] = None
    product: Annotated[
        Product | None, Field(description="what whoever takes it holds from then on, as account changes name it")
    ] = None

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.kind is ServiceKind.PRODUCT and not self.sells:
            raise ValueError("a product is sold")
        if self.product is not None and self.kind is not ServiceKind.PRODUCT:
            raise ValueError("only a product is held")
        if self.value.minor <= 0:
            raise ValueError("what is worth nothing is not offered")
        return self


class DefineService(_Entry):
    """A new entry of the catalogue; its `key` is its natural key."""

    key: Key
    effective_from: AwareDatetime | None = None


class ChangeService(Body):
    """An RFC 7396 merge patch that makes the next version, in force from `effective_from`, else from now."""

    kind: ServiceKind | None = None
    names: Words | None = None
    descriptions: Words | None = None
    sells: bool | None = None
    purposes: list[PurposeCode] | None = None
    channels: list[Channel] | None = None
    eligible: RuleText | None = None
    applicable: RuleText | None = None
    needs: NeedsIn | None = None
    value: Money | None = None
    urgency: int | None = None
    rests_days: int | None = None
    prior: PriorIn | None = None
    model: ModelName | None = None
    product: Product | None = None
    state: State | None = None
    effective_from: AwareDatetime | None = None

    @model_validator(mode="after")
    def _kept(self) -> Self:
        for name in self.model_fields_set - {"descriptions", "needs", "model", "product", "effective_from"}:
            if getattr(self, name) is None:
                raise ValueError(f"{name} cannot be removed")
        return self


class Entry(_Entry):
    """An entry as it is kept in a version."""

    def service(self, key: str, version: int) -> Service:
        """What the rules see of it."""
        needs = self.needs or NeedsIn()
        income = needs.least_income
        return Service(
            key=key,
            version=version,
            kind=self.kind,
            sells=self.sells,
            purposes=tuple(self.purposes),
            channels=frozenset(self.channels),
            eligible=self.eligible,
            applicable=self.applicable,
            needs=Needs(
                needs.risk,
                None if income is None else income.minor,
                None if income is None else income.currency,
                needs.most_default_chance,
            ),
            value=self.value.minor,
            urgency=self.urgency,
            rests_days=self.rests_days,
            prior=Prior(self.prior.mean, self.prior.strength),
            model=self.model,
            product=self.product,
        )


class NeedsView(View):
    """What makes it suitable."""

    risk: int | None
    least_income: MoneyView | None
    most_default_chance: float | None


class PriorView(View):
    """How likely an offer is taken before anybody was asked."""

    mean: float
    strength: float


class ServiceView(View):
    """An entry of the catalogue in one version, in force from `effective_from` until the next begins."""

    key: str
    version: int
    state: State
    kind: ServiceKind
    names: Texts
    descriptions: Texts | None
    sells: bool
    purposes: list[str]
    channels: list[Channel]
    eligible: str
    applicable: str
    needs: NeedsView
    value: MoneyView
    urgency: int
    rests_days: int
    prior: PriorView
    model: str | None
    product: Product | None
    effective_from: datetime
    recorded_at: datetime


def money_view(minor: int, currency: str) -> MoneyView:
    """Money as it is shown."""
    return MoneyView(amount=decimal_text(minor, currency), currency=currency)


def service_view(key: str, version: int, row: Any, entry: Entry) -> ServiceView:
    """An entry as it is shown; `row` has its state and times."""
    needs = entry.needs or NeedsIn()
    return ServiceView(
        key=key,
        version=version,
        state=row.state,
        names=entry.names.model_dump(by_alias=True),
        descriptions=None if entry.descriptions is None else entry.descriptions.model_dump(by_alias=True),
        needs=NeedsView(
            risk=needs.risk,
            least_income=None
            if needs.least_income is None
            else money_view(needs.least_income.minor, needs.least_income.currency),
            most_default_chance=needs.most_default_chance,
        ),
        value=money_view(entry.value.minor, entry.value.currency),
        prior=PriorView(mean=entry.prior.mean, strength=entry.prior.strength),
        effective_from=row.effective_from,
        recorded_at=row.recorded_at,
        **{
            name: getattr(entry, name)
            for name in (
                *("kind", "sells", "purposes", "channels", "eligible", "applicable"),
                *("urgency", "rests_days", "model", "product"),
            )
        },
    )
