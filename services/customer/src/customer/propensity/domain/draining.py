"""Who is leaving quietly: accounts whose balance drains within two months, told from the three months before.

Silence would be the plain sign, but an account that falls silent for sixty days does not occur in the accounts this was
made on; that the money goes, does.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from customer.propensity.domain.measures import Floats, Labels

PAST_DAYS: Final = 90
AHEAD_DAYS: Final = 60
_LATE_DAYS: Final = 30
_STEP_DAYS: Final = 5
_FEWEST: Final = 6
_HALF: Final = 0.5
FEATURES: Final = ("lowest_of_mean", "now_of_mean", "change", "money_in_of_mean", "cash_out_share", "pace", "idle_days")


@dataclass(frozen=True, slots=True)
class Posting:
    """One posting: `day` by the proleptic Gregorian calendar, `amount` signed, `by_bank` for interest and fees."""

    day: int
    amount: float
    balance: float
    by_bank: bool
    cash: bool


def silent(postings: Sequence[Posting], at: int, days: int = AHEAD_DAYS) -> bool:
    """Whether the customer does nothing of their own within `days` from `at` on."""
    return not any(at <= one.day < at + days and not one.by_bank for one in postings)


def known_at(postings: Sequence[Posting], at: int) -> bool:
    """Whether there is enough of a past at that day: three months and six postings of the customer's own."""
    past = [one for one in postings if at - PAST_DAYS <= one.day < at and not one.by_bank]
    return postings[0].day <= at - PAST_DAYS and len(past) >= _FEWEST


def _balances(postings: Sequence[Posting], first: int, last: int) -> Floats:
    days = [one.day for one in postings]
    return np.array([postings[bisect_right(days, day) - 1].balance for day in range(first, last, _STEP_DAYS)])


def drains(postings: Sequence[Posting], at: int) -> bool:
    """Whether the mean balance of the second month to come is less than half of that of the two months before."""
    before = float(_balances(postings, at - AHEAD_DAYS, at).mean())
    after = float(_balances(postings, at + _LATE_DAYS, at + AHEAD_DAYS + 1).mean())
    return before > 0 and after < _HALF * before


def features(postings: Sequence[Posting], at: int) -> Floats:
    """What is known at the beginning of the day `at`, in the order of FEATURES; nothing of that day or later."""
    days = [one.day for one in postings]
    past = postings[bisect_left(days, at - PAST_DAYS) : bisect_left(days, at)]
    own = [one for one in past if not one.by_bank]
    levels = _balances(postings, at - AHEAD_DAYS, at)
    # The last posting of a later day must not be the balance of now.
    now = postings[bisect_left(days, at) - 1].balance
    mean = max(1.0, float(levels.mean()))
    half = len(levels) // 2
    money_in = sum(one.amount for one in own if one.amount > 0)
    out = -sum(one.amount for one in own if one.amount < 0)
    cash = -sum(one.amount for one in own if one.amount < 0 and one.cash)
    recent = sum(one.day >= at - PAST_DAYS // 3 for one in own)
    return np.array(
        [
            float(levels.min()) / mean,
            now / mean,
            (float(levels[half:].mean()) - float(levels[:half].mean())) / mean,
            np.log1p(money_in / mean),
            cash / max(1.0, out),
            3 * recent / max(1, len(own)),
            float(at - max(one.day for one in own)) / 30,
        ]
    )


@dataclass(frozen=True, slots=True)
class Logistic:
    """A logistic model on standardised features."""

    centre: Floats
    spread: Floats
    weights: Floats

    def margins(self, rows: Floats) -> Floats:
        """Log odds."""
        found: Floats = (rows - self.centre) / self.spread @ self.weights[1:] + self.weights[0]
        return found


def fitted(rows: Floats, labels: Labels, ridge: float = 5.0) -> Logistic:
    """Ridge logistic regression by Newton's method; the level is free."""
    centre, spread = rows.mean(axis=0), np.maximum(rows.std(axis=0), 1e-9)
    design = np.column_stack([np.ones(len(rows)), (rows - centre) / spread])
    held = ridge * np.diag([0.0, *[1.0] * rows.shape[1]])
    weights = np.zeros(design.shape[1])
    for _ in range(30):
        chance = 1 / (1 + np.exp(-design @ weights))
        gradient = design.T @ (chance - labels) + held @ weights
        curve = (design * (chance * (1 - chance))[:, None]).T @ design + held + 1e-9 * np.eye(len(weights))
        weights = weights - np.linalg.solve(curve, gradient)
    return Logistic(centre, spread, weights)
