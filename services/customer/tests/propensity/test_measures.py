"""Measures and their intervals against values worked out by hand and against slow twins."""

from itertools import combinations, product
from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer.propensity.domain import intervals, measures


@st.composite
def scored(draw: st.DrawFn) -> tuple[measures.Labels, measures.Floats]:
    """Labels of both classes with scores that often tie."""
    labels = [0, 1, *draw(st.lists(st.integers(0, 1), max_size=16))]
    scores = draw(st.lists(st.integers(0, 6), min_size=len(labels), max_size=len(labels)))
    return np.array(labels), np.array(scores, dtype=float)


def wins(positive: float, negative: float) -> float:
    return 1.0 if positive > negative else 0.5 if positive == negative else 0.0


@given(scored())
def test_the_area_is_the_share_of_pairs_in_order(case: tuple[measures.Labels, measures.Floats]) -> None:
    labels, scores = case
    pairs = [wins(p, n) for p, n in product(scores[labels == 1], scores[labels == 0])]
    assert measures.auc(labels, scores) == pytest.approx(sum(pairs) / len(pairs))


@given(scored())
def test_delong_equals_its_definition_over_all_pairs(case: tuple[measures.Labels, measures.Floats]) -> None:
    labels, scores = case
    table = np.array([[wins(p, n) for n in scores[labels == 0]] for p in scores[labels == 1]])
    spread = sum(
        part.var(ddof=1) / len(part) if len(part) > 1 else 0.0 for part in (table.mean(axis=1), table.mean(axis=0))
    )
    found = intervals.delong(labels, scores)
    reach = 1.959963984540054 * sqrt(spread)
    assert found.value == pytest.approx(table.mean())
    assert found.low == pytest.approx(max(0.0, table.mean() - reach))
    assert found.high == pytest.approx(min(1.0, table.mean() + reach))


def test_delong_of_six_scores_is_what_a_hand_works_out() -> None:
    labels, scores = np.array([1, 1, 1, 0, 0, 0]), np.array([0.8, 0.6, 0.4, 0.7, 0.3, 0.2])
    found = intervals.delong(labels, scores, level=0.5)
    # Placements 1, 2/3, 2/3 and 1/3, 1, 1: variances 1/27 and 4/27, so that of the area is 5/81.
    assert found.value == pytest.approx(7 / 9)
    assert found.value - found.low == pytest.approx(0.6744897501960817 * sqrt(5) / 9)


def test_overlapping_folds_widen_the_interval_as_nadeau_and_bengio_say() -> None:
    found = intervals.corrected([0.1, 0.2, 0.3], train=90, test=10, quantile=4.302652729911275)
    # s² = 0.01; 0.01 (1/3 + 1/9) = 1/225, whose root is 1/15.
    assert found.value == pytest.approx(0.2)
    assert found.high - found.value == pytest.approx(4.302652729911275 / 15)


def test_wilson_and_newcombe_give_the_published_example() -> None:
    """Newcombe 1998, table II: 56/70 against 48/80 is 0.2 with 0.0524 to 0.3339."""
    first, second = intervals.wilson(48, 80), intervals.wilson(56, 70)
    found = intervals.newcombe(first, second)
    assert found.value == pytest.approx(0.2)
    assert (round(found.low, 4), round(found.high, 4)) == (0.0524, 0.3339)


@given(scored())
def test_precision_at_the_top_is_the_mean_over_all_orders_of_equal_scores(
    case: tuple[measures.Labels, measures.Floats],
) -> None:
    labels, scores = case
    size = max(1, len(scores) // 4)
    edge = np.sort(scores)[len(scores) - size]
    above, level = labels[scores > edge], labels[scores == edge]
    # Every choice of those at the edge, written out.
    rates = [(above.sum() + sum(chosen)) / size for chosen in combinations(level, size - len(above))]
    assert measures.precision_at_top(labels, scores, size / len(scores) + 1e-9) == pytest.approx(np.mean(rates))


def test_a_score_that_promises_what_comes_has_no_calibration_error() -> None:
    generator = np.random.default_rng(1)
    promised = generator.random(40_000)
    labels = (generator.random(40_000) < promised).astype(int)
    assert measures.expected_calibration_error(labels, promised) < 0.012
    assert measures.expected_calibration_error(labels, promised**2) > 0.1


def test_labels_of_one_class_are_refused() -> None:
    with pytest.raises(measures.OneClass):
        measures.auc(np.array([1, 1]), np.array([0.1, 0.2]))
