"""A forest taken over into arrays scores as the one that was grown, and a broken one is never used."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from customer.propensity.domain.forests import BrokenForest, Forest, forest_of, joined
from customer.propensity.domain.measures import Floats
from customer.propensity.domain.questions import Boosting
from customer.propensity.training.boosting import calibrated, grown

HOW = Boosting(rate=0.2, trees=12, leaves=7, smallest_leaf=5, shrinkage=1.0, features_per_split=1.0, bag=1)


def walked(forest: Forest, row: Floats) -> float:
    """One row down every tree, step by step."""
    total = 0.0
    for root in forest.roots:
        at = int(root)
        while forest.left[at] != at:
            seen = row[forest.feature[at]]
            left = forest.missing_left[at] if math.isnan(seen) else seen <= forest.threshold[at]
            at = int(forest.left[at] if left else forest.right[at])
        total += float(forest.value[at])
    return total


def some(seed: int) -> tuple[Floats, np.ndarray[tuple[int], np.dtype[np.int64]]]:
    generator = np.random.default_rng(seed)
    rows = generator.normal(size=(400, 4))
    rows[generator.random(rows.shape) < 0.15] = np.nan
    chance = 1 / (1 + np.exp(-np.nan_to_num(rows[:, 0], nan=1.5) + np.nan_to_num(rows[:, 1] ** 2)))
    return rows, (generator.random(400) < chance).astype(np.int64)


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 1_000))
def test_arrays_score_as_the_library_that_grew_them(seed: int) -> None:
    from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415  # heavy: for this test only
    from threadpoolctl import threadpool_limits  # noqa: PLC0415  # the same

    rows, labels = some(seed)
    ours = grown(rows, labels, HOW, seed)
    boosting = HistGradientBoostingClassifier(
        learning_rate=0.2, max_iter=12, max_leaf_nodes=7, min_samples_leaf=5, l2_regularization=1.0,
        max_features=1.0, early_stopping=False, random_state=seed,
    )  # fmt: skip
    with threadpool_limits(1, user_api="openmp"):
        theirs = boosting.fit(rows, labels)
        fresh = some(seed + 1)[0]
        expected = theirs.decision_function(fresh)
    np.testing.assert_allclose(ours.margins(fresh), expected, atol=1e-12)
    np.testing.assert_allclose(ours.forest.score(fresh[:5]), [walked(ours.forest, row) for row in fresh[:5]])


def test_a_column_in_which_nothing_is_known_is_no_obstacle() -> None:
    rows, labels = some(4)
    hollow = np.column_stack([rows, np.full(len(rows), np.nan)])
    assert HOW.trees == len(grown(hollow, labels, HOW, 0).forest.check(5).roots)


def test_a_bag_is_the_mean_of_its_forests() -> None:
    rows, labels = some(3)
    alone = [grown(rows, labels, HOW, seed).forest for seed in (1, 2, 3)]
    together = joined(alone, 1 / 3).score(rows)
    np.testing.assert_allclose(together, np.mean([one.score(rows) for one in alone], axis=0))


@pytest.mark.parametrize(
    ("name", "index", "value"),
    [
        ("left", 0, 0),
        ("left", 0, 10_000),
        ("feature", 0, 99),
        ("feature", 0, -1),
        ("roots", 1, -5),
        ("value", 2, np.inf),
    ],
)
def test_arrays_that_would_walk_in_circles_or_out_of_bounds_are_refused(name: str, index: int, value: float) -> None:
    kept = {key: array.copy() for key, array in grown(*some(5), HOW, 0).forest.arrays().items()}
    kept[name][index] = value
    with pytest.raises(BrokenForest):
        forest_of(kept, features=4)


def test_calibration_finds_the_slope_and_shift_that_were_put_in() -> None:
    generator = np.random.default_rng(7)
    margins = generator.normal(size=60_000)
    labels = (generator.random(60_000) < 1 / (1 + np.exp(-(0.5 * margins - 1)))).astype(np.int64)
    found = calibrated(margins, labels)
    assert found.slope == pytest.approx(0.5, abs=0.03)
    assert found.intercept == pytest.approx(-1, abs=0.03)


def test_calibration_of_margins_that_separate_wholly_stays_finite() -> None:
    found = calibrated(np.array([-2.0, -1.0, 1.0, 2.0]), np.array([0, 0, 1, 1]))
    assert math.isfinite(found.slope)
    assert found.slope > 1
