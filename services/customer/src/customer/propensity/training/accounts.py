"""Dormancy and churn from the accounts, forward in time: trained on 1993, tested on the first of January 1994."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import date
from typing import Final

import numpy as np

from customer.propensity.domain.draining import Posting, drains, features, fitted, known_at, silent
from customer.propensity.domain.intervals import delong
from customer.propensity.domain.measures import Floats, Labels, precision_at_top
from customer.propensity.domain.rows import Row, UnfitFile, need_columns
from customer.propensity.training import reporting

FILE: Final = "accounts/transactions.csv.gz"
_BY_BANK: Final = {"interest_credited", "payment_for_statement", "sanction_interest"}
# The last label of training ends on the last of December: nothing of the test's past is a label, nothing of its future is seen.
_TRAINED: Final = tuple(date(1993, month, 1) for month in (6, 7, 8, 9, 10, 11))
_TESTED: Final = date(1994, 1, 1)


def postings_of(rows: Sequence[Row]) -> dict[str, list[Posting]]:
    """By account, in order of time."""
    need_columns(rows, ["account_id", "date", "type", "operation", "amount", "balance", "k_symbol"])
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


def _snapshot(accounts: dict[str, list[Posting]], at: int) -> tuple[Floats, Labels]:
    known = [postings for postings in accounts.values() if known_at(postings, at)]
    return (
        np.array([features(postings, at) for postings in known]),
        np.array([int(drains(postings, at)) for postings in known]),
    )


def evaluated(rows: Sequence[Row], say: Callable[[str], None]) -> bool:
    """Say how many fall silent and how well draining is foretold; false where it is foretold no better than by chance."""
    accounts = postings_of(rows)
    at = _TESTED.toordinal()
    known = [postings for postings in accounts.values() if known_at(postings, at)]
    quiet = sum(silent(postings, at) for postings in known)
    say(
        f"draining           {quiet} of {len(known)} accounts do nothing of their own for 60 days: dormancy cannot be learnt here"
    )
    parts = [_snapshot(accounts, day.toordinal()) for day in _TRAINED]
    trained, labels = np.vstack([part[0] for part in parts]), np.concatenate([part[1] for part in parts])
    tested, came = _snapshot(accounts, at)
    scores = fitted(trained, labels).margins(tested)
    area = delong(came, scores)
    drained, ahead = int(labels.sum()), int(came.sum())
    say(
        f"draining           {drained} of {len(labels)} snapshots drain in training, {ahead} of {len(came)} in the test"
    )
    say(reporting.line("draining", "AUC, forward in time", area))
    say(reporting.line("draining", "AUC of the lowest balance alone", delong(came, -tested[:, 0])))
    say(reporting.plain("draining", "precision in the top tenth", precision_at_top(came, scores)))
    return area.low > 0.5
