"""A customer in the shape the trained models ask for; None where a model cannot be asked about them.

The models were made from published data: what a client is asked about there is answered from the record and from features
here, and what we do not know is `unknown`. Amounts are only comparable in the currency a model was made in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Final

from customer.interactions.domain.facts import Fact, Kind, Product
from customer.parties.domain.details import OccupationGroup
from customer.propensity.domain.products import MONTHS, NOT_CALLED
from customer.propensity.domain.rows import Row
from shared.money import decimal_text

# Major groups of ISCO-08 as the twelve words of the file; those that have no such word there are not known.
_JOBS: Final[Mapping[OccupationGroup, str]] = {
    OccupationGroup.MANAGERS: "management",
    OccupationGroup.TECHNICIANS: "technician",
    OccupationGroup.CLERICAL: "admin.",
    OccupationGroup.SERVICE_AND_SALES: "services",
    OccupationGroup.AGRICULTURE: "blue-collar",
    OccupationGroup.CRAFT: "blue-collar",
    OccupationGroup.OPERATORS: "blue-collar",
    OccupationGroup.ELEMENTARY: "blue-collar",
    OccupationGroup.STUDENT: "student",
    OccupationGroup.RETIRED: "retired",
    OccupationGroup.UNEMPLOYED: "unemployed",
}
STATEMENT: Final = "statement"
_MONTHS_BACK: Final = 6
_PAY: Final = ("PAY_0", "PAY_2", "PAY_3", "PAY_4", "PAY_5", "PAY_6")


@dataclass(frozen=True, slots=True)
class Client:
    """What the product model asks of a customer: age in years, what they hold, and what was offered to them before."""

    age: int
    occupation: OccupationGroup | None
    education: int | None
    balance: int
    currency: str
    mortgage: bool
    loan: bool
    phone: bool


@dataclass(frozen=True, slots=True)
class Offers:
    """How often the product was shown to them, how often before the last answer, when that was, and whether it was taken."""

    shown: int = 0
    answered: int = 0
    last_at: datetime | None = None
    last_taken: bool | None = None


def _education(level: int | None) -> str:
    """ISCED 2011 as the three levels of the file: 0–1, 2–4 and 5–8."""
    if level is None:
        return "unknown"
    return "primary" if level <= 1 else "secondary" if level <= 4 else "tertiary"


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def product_row(client: Client, offers: Offers, at: datetime, zone: tzinfo) -> Row:
    """A client on a day, as a line of the file of calls; an offer shown is taken for a call."""
    day = at.astimezone(zone).date()
    since = NOT_CALLED
    if offers.last_at is not None:
        since = max(0, (day - offers.last_at.astimezone(zone).date()).days)
    outcome = "unknown" if offers.last_taken is None else "success" if offers.last_taken else "failure"
    return {
        "age": str(client.age),
        "job": "unknown" if client.occupation is None else _JOBS.get(client.occupation, "unknown"),
        "marital": "unknown",
        "education": _education(client.education),
        "default": "unknown",
        "balance": decimal_text(client.balance, client.currency),
        "housing": _yes(client.mortgage),
        "loan": _yes(client.loan),
        "contact": "cellular" if client.phone else "unknown",
        "day": str(day.day),
        "month": MONTHS[day.month - 1],
        "campaign": str(offers.shown - offers.answered + 1),
        "pdays": str(since),
        "previous": str(offers.answered),
        "poutcome": outcome,
    }


def default_row(facts: Sequence[Fact], at: datetime, currency: str) -> Row | None:
    """The last six statements of one credit card as a line of the file of card holders; None without six of them.

    A statement is an account change of a credit card with `change` = `statement`, in the currency, that says `limit_minor`,
    `bill_minor`, `paid_minor` and `months_late` (-2 no use, -1 paid in full, 0 revolving).
    """
    wanted = ("limit_minor", "bill_minor", "paid_minor", "months_late")
    cards: dict[str, list[Fact]] = {}
    for fact in facts:
        told = fact.attributes
        if fact.kind != Kind.ACCOUNT_CHANGED or told.get("product") != Product.CREDIT_CARD or fact.occurred_at > at:
            continue
        whole = all(isinstance(told.get(name), int) for name in wanted)
        if told.get("change") == STATEMENT and fact.currency == currency and whole:
            cards.setdefault(str(told.get("account", "")), []).append(fact)
    rows = [_card(card, currency) for _, card in sorted(cards.items())]
    return next((row for row in rows if row is not None), None)


def _card(statements: Sequence[Fact], currency: str) -> Row | None:
    latest = sorted(statements, key=lambda fact: fact.occurred_at, reverse=True)[:_MONTHS_BACK]
    if len(latest) < _MONTHS_BACK or int(latest[0].attributes["limit_minor"]) <= 0:
        return None

    def money(fact: Fact, name: str) -> str:
        return decimal_text(int(fact.attributes[name]), currency)

    row = {"LIMIT_BAL": money(latest[0], "limit_minor")}
    for place, fact in enumerate(latest):
        row[_PAY[place]] = str(fact.attributes["months_late"])
        row[f"BILL_AMT{place + 1}"] = money(fact, "bill_minor")
        row[f"PAY_AMT{place + 1}"] = money(fact, "paid_minor")
    return row
