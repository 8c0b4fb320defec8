"""What is known of one thing a customer did or had done: its kind, its channel, its time, its money, its words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

Word = str | int | bool


class Kind(StrEnum):
    """What kind of thing happened between a customer and the bank."""

    TRANSACTION = "transaction"
    LOGIN = "login"
    VISIT = "visit"
    CALL = "call"
    APP_EVENT = "app_event"
    ACCOUNT_CHANGED = "account_changed"
    FEEDBACK = "feedback"
    TICKET = "ticket"
    APPOINTMENT = "appointment"
    JOURNEY = "journey"
    MESSAGE = "message"
    SCREENING = "screening"


class Channel(StrEnum):
    """Through which door it happened."""

    BRANCH = "branch"
    ATM = "atm"
    PHONE = "phone"
    WEB = "web"
    APP = "app"
    WECHAT = "wechat"
    VIDEO = "video"
    EMAIL = "email"
    POST = "post"
    PARTNER = "partner"


class Category(StrEnum):
    """What money was for: the words of the attribute `category` of a transaction; any other counts as `other`."""

    SALARY = "salary"
    PENSION = "pension"
    INCOME = "income"
    HOUSEHOLD = "household"
    GROCERIES = "groceries"
    DINING = "dining"
    TRANSPORT = "transport"
    TRAVEL = "travel"
    HEALTH = "health"
    EDUCATION = "education"
    ENTERTAINMENT = "entertainment"
    SHOPPING = "shopping"
    INSURANCE = "insurance"
    LOAN = "loan"
    FEES = "fees"
    CASH = "cash"
    TRANSFER = "transfer"
    OTHER = "other"


class Product(StrEnum):
    """What a customer may hold: the words of the attribute `product` of an account change."""

    CURRENT_ACCOUNT = "current_account"
    SAVINGS = "savings"
    CREDIT_CARD = "credit_card"
    LOAN = "loan"
    MORTGAGE = "mortgage"
    INVESTMENT = "investment"
    INSURANCE = "insurance"


DIGITAL: Final = frozenset({Channel.WEB, Channel.APP, Channel.WECHAT, Channel.VIDEO, Channel.EMAIL})
INCOME: Final = frozenset({Category.SALARY, Category.PENSION, Category.INCOME})
# The word of the attribute `change` that says that a product was taken.
OPENED: Final = "opened"
# A customer is never told that they were screened: it would tip them off.
HIDDEN_FROM_CUSTOMERS: Final = frozenset({Kind.SCREENING})
_ACTS: Final = frozenset(
    {
        Kind.TRANSACTION,
        Kind.LOGIN,
        Kind.VISIT,
        Kind.CALL,
        Kind.APP_EVENT,
        Kind.FEEDBACK,
        Kind.TICKET,
        Kind.APPOINTMENT,
        Kind.JOURNEY,
    }
)


@dataclass(frozen=True, slots=True)
class Fact:
    """One interaction as the features see it.

    `amount_minor` counts minor units of `currency` and is never negative: which way it went says the attribute
    `direction`, `credit` for money in, else money out. Attributes the features read, beside `category` and `product`:
    `change` (`opened`, `closed`), `account`, `balance_minor` (in `currency`, may be negative), `initiated_by` (`bank`
    for what the customer did not do), `date_only` (the hour is not known), `source` (where they heard of it), `sequence`
    (the source's own order of things of one instant), `step` (of a ticket, an appointment or a journey).
    """

    id: UUID
    kind: str
    occurred_at: datetime
    ingest: int
    amount_minor: int | None
    currency: str | None
    channel: str | None
    attributes: Mapping[str, Word]


def is_act(fact: Fact) -> bool:
    """Whether the customer did it: a thing the bank booked (interest, fees) or did to them is no act of theirs.

    Of the steps of a ticket, an appointment or a journey only the first is an act.
    """
    return fact.kind in _ACTS and is_own(fact)


def is_own(fact: Fact) -> bool:
    """Whether it began with the customer, of whatever kind it is; of several steps only the first does."""
    if fact.attributes.get("initiated_by") == "bank":
        return False
    return fact.attributes.get("step", "opened") in {"opened", "booked", "started"}


def is_money(fact: Fact) -> bool:
    """Whether money moved."""
    return fact.kind == Kind.TRANSACTION and fact.amount_minor is not None


def is_credit(fact: Fact) -> bool:
    """Whether money came in."""
    return is_money(fact) and fact.attributes.get("direction") == "credit"


def is_debit(fact: Fact) -> bool:
    """Whether money went out."""
    return is_money(fact) and fact.attributes.get("direction") != "credit"


def is_income(fact: Fact) -> bool:
    """Whether it was a salary, a pension or another income."""
    return is_credit(fact) and fact.attributes.get("category") in INCOME


def tells_balance(fact: Fact) -> bool:
    """Whether it says what was on an account afterwards."""
    return isinstance(fact.attributes.get("balance_minor"), int) and fact.currency is not None


def has_currency(fact: Fact) -> bool:
    """Whether it says in which currency the customer keeps or moves money."""
    return is_money(fact) or tells_balance(fact)


def is_product_event(fact: Fact) -> bool:
    """Whether a product was taken or given back."""
    return fact.kind == Kind.ACCOUNT_CHANGED and "product" in fact.attributes and "change" in fact.attributes


def opens_product(fact: Fact) -> bool:
    """Whether a product was taken."""
    return is_product_event(fact) and fact.attributes["change"] == OPENED


def same_instant_order(fact: Fact) -> tuple[int, str]:
    """The order of facts of one instant: the source's own, then their content; never when or how they came.

    Facts equal in both are alike to every feature, so that the order of arrival can make no difference.
    """
    sequence = fact.attributes.get("sequence", 0)
    content = repr(
        (fact.kind, fact.amount_minor, fact.currency, fact.channel, sorted(fact.attributes.items(), key=str))
    )
    return (sequence if isinstance(sequence, int) else 0, content)
