"""The accounts of a Czech bank, 1993–94, as interactions with their own times; and the same repeated with a seed."""

import hashlib
import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby, permutations
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from cxbank_local.demo.sources import Row, raw

FOLDER: Final = "accounts"
FILES: Final = tuple(f"{FOLDER}/{name}.csv.gz" for name in ("account", "disp", "card", "loan", "transactions"))
# The crown of the file became the Czech crown in February 1993, one for one.
CURRENCY: Final = "CZK"
OPENING: Final = "current_account"
# Groups of one day and account that are larger are left as they stand: there are too many orders to try.
_MOST_OF_A_DAY: Final = 6

# What the file's codes say, in our words: a code for what it was for first, then one for how it was done.
_CATEGORY: Final[Mapping[str, str]] = {
    "household": "household",
    "insurance": "insurance",
    "loan_payment": "loan",
    "payment_for_statement": "fees",
    "sanction_interest": "fees",
    "old_age_pension": "pension",
}
_BY_OPERATION: Final[Mapping[str, str]] = {
    "withdrawal_in_cash": "cash",
    "credit_card_withdrawal": "cash",
    "remittance_to_other_bank": "transfer",
    "collection_from_other_bank": "income",
}
_CHANNEL: Final[Mapping[str, str]] = {
    "withdrawal_in_cash": "branch",
    "credit_in_cash": "branch",
    "credit_card_withdrawal": "atm",
}
_BY_THE_BANK: Final = frozenset({"interest_credited", "payment_for_statement", "sanction_interest"})


def customer_of(client: str, copy: int = 0) -> UUID:
    """The customer who stands for a client of the file: always the same one."""
    digest = hashlib.sha256(f"accounts:{client}:{copy}".encode()).digest()
    return UUID(bytes=digest[:16], version=4)


def owners(folder: Path) -> dict[str, str]:
    """The client who owns each account."""
    return {row["account_id"]: row["client_id"] for row in raw(folder, FILES[1]) if row["type"] == "OWNER"}


def _noon(day: date) -> str:
    """The file knows days only; at noon UTC it is that day in Prague."""
    return f"{day.isoformat()}T12:00:00Z"


def day_of(text: str) -> date:
    """`930101` and `930101 00:00:00` are the first day of 1993."""
    return date(1900 + int(text[:2]), int(text[2:4]), int(text[4:6]))


def _signed(row: Mapping[str, str]) -> Decimal:
    amount = Decimal(row["amount"])
    return amount if row["type"] == "credit" else -amount


def in_order(rows: Sequence[Mapping[str, str]], before: Decimal | None) -> Sequence[Mapping[str, str]]:
    """The rows of one account and day so that each balance follows from the one before, where there is such an order."""
    if len(rows) > _MOST_OF_A_DAY:
        return rows
    for order in permutations(rows):
        balance = before
        for row in order:
            if balance is not None and balance + _signed(row) != Decimal(row["balance"]):
                break
            balance = Decimal(row["balance"])
        else:
            return order
    return rows


def transactions(folder: Path) -> Iterator[tuple[str, int, Mapping[str, str]]]:
    """Every transaction with its account and its place within the day, account by account, in order of time."""
    rows = sorted(raw(folder, FILES[4]), key=lambda row: (row["account_id"], row["date"]))
    for account, theirs in groupby(rows, key=lambda row: row["account_id"]):
        balance: Decimal | None = None
        for _, day in groupby(theirs, key=lambda row: row["date"]):
            ordered = in_order(list(day), balance)
            balance = Decimal(ordered[-1]["balance"])
            for place, row in enumerate(ordered):
                yield account, place, row


def transaction(row: Mapping[str, str], place: int, customer: UUID, mark: str = "", shift: int = 0) -> Row:
    """One transaction of the file as an interaction; `mark` and `shift` (days) tell a copy from the original."""
    what, how = row["k_symbol"], row["operation"]
    day = date.fromisoformat(row["date"]) + timedelta(days=shift)
    made: dict[str, Any] = {
        "event_id": f"accounts:{row['trans_id']}{mark}",
        "customer_id": str(customer),
        "kind": "transaction",
        "occurred_at": _noon(day),
        "amount": {"amount": row["amount"], "currency": CURRENCY},
        "direction": "credit" if row["type"] == "credit" else "debit",
        "balance": {"amount": row["balance"], "currency": CURRENCY},
        "account": f"account:{row['account_id']}{mark}",
        "sequence": place,
        "date_only": True,
    }
    category = _CATEGORY.get(what) or ("" if what in _BY_THE_BANK else _BY_OPERATION.get(how, ""))
    if category:
        made["category"] = category
    if what in _BY_THE_BANK:
        made["initiated_by"] = "bank"
    elif how in _CHANNEL:
        made["channel"] = _CHANNEL[how]
    return made


def _opened(event: str, customer: UUID, day: date, product: str, account: str) -> Row:
    return {
        "event_id": f"accounts:{event}",
        "customer_id": str(customer),
        "kind": "account_changed",
        "occurred_at": _noon(day),
        "product": product,
        "change": "opened",
        "account": account,
        "date_only": True,
    }


def interactions(folder: Path) -> Iterator[Row]:
    """All of it: accounts, loans and cards as products taken by the account's owner, then every transaction.

    How a loan ended is in the file but not in here: at the time nobody knew.
    """
    who = {account: customer_of(client) for account, client in owners(folder).items()}
    of_disposition = {row["disp_id"]: row["account_id"] for row in raw(folder, FILES[1])}
    for row in raw(folder, FILES[0]):
        number = row["account_id"]
        yield _opened(f"account:{number}", who[number], day_of(row["date"]), OPENING, f"account:{number}")
    for row in raw(folder, FILES[3]):
        number = row["loan_id"]
        yield _opened(f"loan:{number}", who[row["account_id"]], day_of(row["date"]), "loan", f"loan:{number}")
    for row in raw(folder, FILES[2]):
        number, account = row["card_id"], of_disposition[row["disp_id"]]
        yield _opened(f"card:{number}", who[account], day_of(row["issued"]), "credit_card", f"card:{number}")
    for account, place, row in transactions(folder):
        yield transaction(row, place, who[account])


def synthetic(folder: Path, rows: int, seed: int = 1) -> Iterator[Row]:
    """So many transactions in order of time within a copy: the real ones over and over, for other customers and days.

    Each copy is a bank of its own, moved by up to a year with the seed; no copy is real, and nobody should call it so.
    """
    # A seed for shapes of load, not a secret.
    chance = random.Random(seed)  # noqa: S311
    real = sorted(transactions(folder), key=lambda one: (one[2]["date"], one[0], one[1]))
    owner = owners(folder)
    made = copy = 0
    while made < rows:
        copy += 1
        shift = chance.randrange(365)
        for account, place, row in real[: rows - made]:
            yield transaction(row, place, customer_of(owner[account], copy), f":copy{copy}", shift)
        made += len(real)
