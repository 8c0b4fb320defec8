"""Dormancy and churn from the accounts, forward in time: trained on 1993, tested on the first of January 1994."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Final

import numpy as np

from customer.propensity.domain.draining import (
    AHEAD_DAYS,
    Logistic,
    Posting,
    drains,
    features,
    fitted,
    known_at,
    silent,
)
from customer.propensity.domain.intervals import delong, wilson
from customer.propensity.domain.measures import Floats, Labels, precision_at_top
from customer.propensity.domain.resting import grounds_of
from customer.propensity.domain.rows import Row, UnfitFile, fingerprint, need_columns
from customer.propensity.training import reporting
from customer.propensity.usecases import Draining
from customer.propensity.usecases.draining import NAME
from shared import clock

FILE: Final = "accounts/transactions.csv.gz"
_COLUMNS: Final = ("account_id", "date", "type", "operation", "amount", "balance", "k_symbol")
_BY_BANK: Final = {"interest_credited", "payment_for_statement", "sanction_interest"}
# The last label of training ends on the last of December: nothing of the test's past is a label, nothing of its future is seen.
_TRAINED: Final = tuple(date(1993, month, 1) for month in (6, 7, 8, 9, 10, 11))
_TESTED: Final = date(1994, 1, 1)


def fits(rows: Sequence[Row]) -> bool:
    """Whether these rows are postings of accounts."""
    return bool(rows) and set(_COLUMNS) <= set(rows[0])


def postings_of(rows: Sequence[Row]) -> dict[str, list[Posting]]:
    """By account, in order of time."""
    need_columns(rows, _COLUMNS)
    found: dict[str, list[Posting]] = defaultdict(list)
    for number, row in enumerate(rows, 1):
        try:
            sign = 1 if row["type"] == "credit" else -1
            found[row["account_id"]].append(
                Posting(
                    day=date.fromisoformat(row["date"]).toordinal(),
                    amount=sign * float(row["amount"]),
                    balance=float(row["balance"]),
                    by_bank=row["k_symbol"] in _BY_BANK,
                    cash="cash" in row["operation"],
                )
            )
        except ValueError:
            raise UnfitFile(f"row {number}: date, amount or balance cannot be read") from None
    for postings in found.values():
        postings.sort(key=lambda one: one.day)
    return found


def _snapshot(accounts: Mapping[str, list[Posting]], at: int) -> tuple[Floats, Labels]:
    known = [postings for postings in accounts.values() if known_at(postings, at)]
    return (
        np.array([features(postings, at) for postings in known]),
        np.array([int(drains(postings, at)) for postings in known]),
    )


def fingerprint_of(rows: Sequence[Row]) -> str:
    """SHA-256 of what the model reads of these rows, in whatever order they stand."""
    return fingerprint(rows, _COLUMNS)


def trained(rows: Sequence[Row], data: str, say: Callable[[str], None]) -> tuple[Draining, bool]:
    """Fit on the past of the test day, score on the test day, say how it did; and whether it beat chance."""
    accounts = postings_of(rows)
    parts = [_snapshot(accounts, day.toordinal()) for day in _TRAINED]
    matrix, labels = np.vstack([part[0] for part in parts]), np.concatenate([part[1] for part in parts])
    if not 0 < labels.sum() < len(labels):
        raise UnfitFile("no account of the months to learn from drains, or every one does")
    logistic = fitted(matrix, labels)
    say(f"{NAME:<18} {int(labels.sum())} of {len(labels)} snapshots of 1993 drain in training")
    scores, held = _judged(accounts, _TESTED.toordinal(), logistic, say)
    told = {"file": data, "rows": len(rows), "sha256": fingerprint_of(rows), "grounds": grounds_of(rows)}
    return Draining(logistic, clock.now(), told, scores), held


def scored(rows: Sequence[Row], kept: Draining, say: Callable[[str], None]) -> bool:
    """Score another file by the kept model, on the last first of a month whose two months to come the file has."""
    accounts = postings_of(rows)
    last = date.fromordinal(max(one[-1].day for one in accounts.values()) - AHEAD_DAYS)
    at = last.replace(day=1)
    say(f"{NAME:<18} judged on {at}, the last first of a month with two months after it")
    if fingerprint_of(rows) == kept.data["sha256"]:
        say(f"{NAME:<18} these are the very rows it was made from: the figures say nothing of others")
    return _judged(accounts, at.toordinal(), kept.logistic, say)[1]


def _judged(
    accounts: Mapping[str, list[Posting]], at: int, logistic: Logistic, say: Callable[[str], None]
) -> tuple[dict[str, list[float]], bool]:
    """Say how many fall silent and how well draining is foretold; no better than chance is not held."""
    known = [postings for postings in accounts.values() if known_at(postings, at)]
    if not known:
        raise UnfitFile("no account has three months and six postings of its own before the day it is judged on")
    quiet = sum(silent(postings, at) for postings in known)
    say(f"{NAME:<18} {quiet} of {len(known)} accounts do nothing of their own for {AHEAD_DAYS} days (dormancy)")
    matrix, came = _snapshot(accounts, at)
    if not 0 < came.sum() < len(came):
        raise UnfitFile("no account drains after the day it is judged on, or every one does")
    scores = logistic.margins(matrix)
    area, precision = delong(came, scores), precision_at_top(came, scores)
    top = max(1, int(len(came) * 0.1))
    say(f"{NAME:<18} {int(came.sum())} of {len(came)} drain within {AHEAD_DAYS} days")
    say(reporting.line(NAME, "AUC, forward in time", area))
    say(reporting.line(NAME, "AUC of the lowest balance alone", delong(came, -matrix[:, 0])))
    say(reporting.line(NAME, "precision in the top tenth", wilson(precision * top, top)))
    return {"auc": [area.value, area.low, area.high]}, area.low > 0.5
