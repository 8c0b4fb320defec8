"""Who will fail to pay next month: features of six months of bills and payments; never sex, marriage, age or education.

The shape is that of UCI data set 350 (Yeh and Lien 2009). `PAY_*` is how many months a payment was late (-2 no use,
-1 paid in full, 0 revolving); months run from the latest to the oldest.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from customer.propensity.domain.measures import Floats, Labels
from customer.propensity.domain.rows import Row, UnfitFile, flags, need_columns, numbers

TARGET: Final = "default.payment.next.month"
PROTECTED: Final = ("SEX", "MARRIAGE", "AGE", "EDUCATION")
_LATE: Final = ("PAY_0", "PAY_2", "PAY_3", "PAY_4", "PAY_5", "PAY_6")
_BILLS: Final = tuple(f"BILL_AMT{month}" for month in range(1, 7))
_PAID: Final = tuple(f"PAY_AMT{month}" for month in range(1, 7))
COLUMNS: Final = ("LIMIT_BAL", *_LATE, *_BILLS, *_PAID)
FEATURES: Final = (
    "limit",
    *(f"months_late_{month}" for month in range(1, 7)),
    *(f"bill_{month}" for month in range(1, 7)),
    *(f"paid_{month}" for month in range(1, 7)),
    *(f"use_of_limit_{month}" for month in range(1, 7)),
    *(f"share_of_bill_paid_{month}" for month in range(1, 6)),
    "latest_worst", "months_late_in_all", "times_late", "times_two_months_late", "use_of_limit_mean",
    "use_of_limit_change", "use_of_limit_slope", "paid_of_limit", "paid_of_bills", "least_paid", "times_nothing_paid",
    "room_left", "lateness_change",
)  # fmt: skip


def labels(rows: Sequence[Row]) -> Labels:
    """1 for who failed to pay."""
    need_columns(rows, [TARGET])
    return flags(rows, TARGET, "1", "0")


def features(rows: Sequence[Row]) -> Floats:
    """One row each in the order of FEATURES; a share of a bill that asked for nothing is NaN."""
    need_columns(rows, COLUMNS)
    limit = numbers(rows, "LIMIT_BAL")
    if (limit <= 0).any():
        raise UnfitFile(f"row {int(np.argmax(limit <= 0)) + 1}: LIMIT_BAL must be more than nothing")
    late, bills, paid = (np.column_stack([numbers(rows, name) for name in names]) for names in (_LATE, _BILLS, _PAID))
    use = bills / limit[:, None]
    # What was paid in a month settles the bill of the month before it.
    asked = bills[:, 1:]
    share = np.divide(paid[:, :5], asked, out=np.full(asked.shape, np.nan), where=asked > 0)
    behind = np.maximum(late, 0)
    month = np.arange(6) - 2.5
    derived = np.column_stack(
        [
            late.max(axis=1),
            behind.sum(axis=1),
            (late > 0).sum(axis=1),
            (late >= 2).sum(axis=1),
            use.mean(axis=1),
            use[:, 0] - use[:, 5],
            use @ month / (month @ month),
            paid.sum(axis=1) / limit,
            paid.sum(axis=1) / np.maximum(1, np.maximum(bills, 0).sum(axis=1)),
            paid.min(axis=1),
            (paid == 0).sum(axis=1),
            limit - bills[:, 0],
            behind[:, 0] - behind[:, 1],
        ]
    )
    return np.column_stack([limit, late, bills, paid, use, share, derived])
