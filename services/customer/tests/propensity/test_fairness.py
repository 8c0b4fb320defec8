"""Fairness counted by hand, and what drains an account, told from nothing that lies ahead."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from customer.propensity.domain.draining import AHEAD_DAYS, Posting, drains, features, fitted, known_at, silent
from customer.propensity.domain.fairness import age_group, fairness
from customer.propensity.domain.measures import auc
from customer.propensity.training.accounts import postings_of

START = 727_000


def test_rates_and_differences_are_those_a_hand_counts() -> None:
    groups = ["a"] * 100 + ["b"] * 100
    labels = np.array(([1] * 40 + [0] * 60) * 2)
    # Of a 30 of its 40 positives and 10 others are selected, of b 10 and 10.
    scores = np.concatenate(
        [np.repeat([0.9, 0.1, 0.9, 0.1], [30, 10, 10, 50]), np.repeat([0.9, 0.1, 0.9, 0.1], [10, 30, 10, 50])]
    )
    found = fairness("letter", groups, labels, scores, 0.3)
    assert found is not None
    first, second = found.groups
    assert (first.selected.value, second.selected.value) == (0.4, 0.2)
    assert (first.found.value, second.found.value) == (0.75, 0.25)
    assert found.parity.value == pytest.approx(0.2)
    assert found.opportunity.value == pytest.approx(0.5)
    assert found.opportunity_between == ("a", "b")
    assert 0 < found.parity.low < 0.2 < found.parity.high


def test_a_group_of_a_few_is_left_out_and_one_group_alone_compares_with_nobody() -> None:
    labels, scores = np.array([0, 1] * 50), np.linspace(0, 1, 100)
    assert fairness("letter", ["a"] * 99 + ["b"], labels, scores, 0.1) is None


def test_ages_fall_into_bands() -> None:
    assert [age_group(age) for age in (18, 29.5, 30, 39, 59, 60, 95, float('nan'))] == [
        "under 30", "under 30", "30 to 39", "30 to 39", "50 to 59", "60 and over", "60 and over",
        "unknown",
    ]  # fmt: skip


def account(balances: list[float], every: int = 5) -> list[Posting]:
    """Postings every few days that lead from balance to balance."""
    before = [balances[0], *balances]
    return [
        Posting(START + every * at, balance - before[at], balance, by_bank=False, cash=True)
        for at, balance in enumerate(balances)
    ]


def test_an_account_drains_when_its_second_month_holds_less_than_half() -> None:
    at = START + 100
    assert not drains(account([1_000.0] * 40), at)
    assert drains(account([1_000.0] * 22 + [100.0] * 18), at)
    assert not drains(account([1_000.0] * 22 + [100.0] * 4 + [1_000.0] * 14), at), "it came back in time"


def test_silence_counts_what_the_customer_does_and_not_the_bank() -> None:
    quiet = [*account([500.0] * 20), Posting(START + 130, 1.0, 501.0, by_bank=True, cash=False)]
    assert silent(quiet, START + 100)
    assert not silent(quiet, START + 90)
    assert known_at(quiet, START + 95)
    assert not known_at(quiet, START + 80)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(-500, 5_000), min_size=20, max_size=40), st.integers(0, 200))
def test_nothing_of_the_day_itself_or_later_is_a_feature(balances: list[float], shift: int) -> None:
    at = START + 92
    past = account(balances)
    changed = [one if one.day < at else replace(one, amount=one.amount + shift, balance=-9.0) for one in past]
    np.testing.assert_array_equal(features(past, at), features(changed, at))


def test_a_logistic_model_finds_the_weights_that_were_put_in() -> None:
    generator = np.random.default_rng(2)
    rows = generator.normal(size=(20_000, 2)) * [3, 0.1] + [5, 7]
    odds = (rows[:, 0] - 5) / 3 - 2 * (rows[:, 1] - 7) / 0.1 - 1
    labels = (generator.random(20_000) < 1 / (1 + np.exp(-odds))).astype(np.int64)
    found = fitted(rows, labels)
    np.testing.assert_allclose(found.weights, [-1, 1, -2], atol=0.08)
    assert auc(labels, found.margins(rows)) > 0.85


def test_rows_become_postings_with_their_sign_and_in_order() -> None:
    plain = {"account_id": "1", "type": "withdrawal", "operation": "withdrawal_in_cash", "k_symbol": ""}
    rows = [
        plain | {"date": "1993-02-01", "amount": "30.50", "balance": "70"},
        plain
        | {"date": "1993-01-01", "amount": "1", "balance": "100.5", "type": "credit", "k_symbol": "interest_credited"},
    ]
    first, second = postings_of(rows)["1"]
    assert (first.amount, first.by_bank) == (1, True)
    assert (second.amount, second.by_bank, second.cash) == (-30.5, False, True)
    assert AHEAD_DAYS == 60
