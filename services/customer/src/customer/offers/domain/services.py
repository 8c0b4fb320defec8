"""An entry of the catalogue: what it is, whom it is for, what it takes to be suitable, and how often it may come back."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from customer.interactions.domain.facts import Product


class ServiceKind(StrEnum):
    """What kind of help it is; only some of it is for sale."""

    SERVICE = "service"
    ADVICE = "advice"
    EDUCATION = "education"
    REMEDY = "remedy"
    PRODUCT = "product"


class Channel(StrEnum):
    """Where it is offered. The first five are places the customer comes to; through the others we would go to them."""

    APP = "app"
    WEB = "web"
    BRANCH = "branch"
    PHONE = "phone"
    VIDEO = "video"
    EMAIL = "email"
    SMS = "sms"
    PUSH = "push"
    WECHAT = "wechat"


class Outcome(StrEnum):
    """What became of an offer."""

    SHOWN = "shown"
    IGNORED = "ignored"
    DECLINED = "declined"
    ACCEPTED = "accepted"

    @property
    def rank(self) -> int:
        """Of two words about one offer the higher stands, in whatever order they come: so nothing depends on delivery."""
        return _RANK[self]


_RANK: Mapping[Outcome, int] = {outcome: place for place, outcome in enumerate(Outcome)}


@dataclass(frozen=True, slots=True)
class Prior:
    """How likely an offer is taken before anybody was asked: a mean, worth so many answers."""

    mean: float
    strength: float


@dataclass(frozen=True, slots=True)
class Needs:
    """What makes an entry suitable. `risk` is its risk level from 1 to 5, to be within what the customer can bear.

    `income` is a year's income in minor units of `currency` that the customer's declared band must not fall below;
    `default_chance` the most that the chance of failing to pay may be. One of the two must be known, and what is known
    must hold.
    """

    risk: int | None = None
    income: int | None = None
    currency: str | None = None
    default_chance: float | None = None

    @property
    def affordability(self) -> bool:
        """Whether it asks if the customer can afford it."""
        return self.income is not None or self.default_chance is not None


@dataclass(frozen=True, slots=True)
class Service:
    """One entry in one version. `value` counts minor units of one acceptance; no channels: it is offered on every one.

    `eligible` and `applicable` are conditions in CEL over the words of segments: who may have it at all, and for whom it
    makes sense now. `purposes` are those of the consent ledger: each must allow it. `product` is what whoever takes it holds
    from then on.
    """

    key: str
    version: int
    kind: ServiceKind
    sells: bool
    purposes: tuple[str, ...]
    channels: frozenset[Channel]
    eligible: str
    applicable: str
    needs: Needs
    value: int
    urgency: int
    rests_days: int
    prior: Prior
    model: str | None = None
    product: Product | None = None
