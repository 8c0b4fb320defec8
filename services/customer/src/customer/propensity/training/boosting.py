"""Growing a forest with scikit-learn's gradient boosting, and taking it over into plain arrays."""

from typing import Any, Final

import numpy as np

from customer.propensity.domain.forests import Forest, joined
from customer.propensity.domain.measures import Floats, Labels
from customer.propensity.domain.questions import Boosting
from customer.propensity.domain.scorers import Calibration, Scorer

_FEW: Final = 5_000


def grown(matrix: Floats, labels: Labels, how: Boosting, seed: int) -> Scorer:
    """A scorer, not yet calibrated, grown on these rows."""
    from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415  # 176 MB: for who trains only
    from threadpoolctl import threadpool_limits  # noqa: PLC0415  # comes with scikit-learn

    # A column in which nothing is known says nothing; the library would stumble over it.
    matrix = np.where(np.isnan(matrix).all(axis=0), 0.0, matrix)
    forests, offsets = [], []
    for number in range(how.bag):
        boosting = HistGradientBoostingClassifier(
            learning_rate=how.rate,
            max_iter=how.trees,
            max_leaf_nodes=how.leaves,
            min_samples_leaf=how.smallest_leaf,
            l2_regularization=how.shrinkage,
            max_features=how.features_per_split,
            early_stopping=False,
            random_state=seed * how.bag + number,
        )
        # Threads that wait for one another cost more than they bring while there is little to do.
        with threadpool_limits(1 if len(matrix) < _FEW else None, user_api="openmp"):
            fitted = boosting.fit(matrix, labels)
        forests.append(_taken_over(fitted))
        offsets.append(float(fitted._baseline_prediction.ravel()[0]))
    return Scorer(joined(forests, 1 / how.bag), float(np.mean(offsets)))


def _taken_over(fitted: Any) -> Forest:
    """The trees of a fitted boosting. Its nodes are no public interface: a test holds their scores against its own."""
    trees = [predictor.nodes for stage in fitted._predictors for predictor in stage]
    starts = np.cumsum([0, *(len(tree) for tree in trees)])[:-1].astype(np.int32)
    nodes = np.concatenate(trees)
    if nodes["is_categorical"].any():
        raise ValueError("categorical splits are not taken over")
    leaf = nodes["is_leaf"].astype(bool)
    here = np.arange(len(nodes), dtype=np.int32)
    shift = np.repeat(starts, [len(tree) for tree in trees])
    return Forest(
        feature=np.where(leaf, 0, nodes["feature_idx"]).astype(np.int32),
        threshold=np.where(leaf, 0.0, nodes["num_threshold"]).astype(np.float64),
        left=np.where(leaf, here, nodes["left"].astype(np.int32) + shift).astype(np.int32),
        right=np.where(leaf, here, nodes["right"].astype(np.int32) + shift).astype(np.int32),
        missing_left=nodes["missing_go_to_left"].astype(bool),
        value=np.where(leaf, nodes["value"], 0.0).astype(np.float64),
        roots=starts,
    )


def calibrated(margins: Floats, labels: Labels) -> Calibration:
    """Platt's two numbers by Newton's method on the log loss of margins from rows that were not trained on."""
    slope, intercept = 1.0, 0.0
    design = np.column_stack([margins, np.ones_like(margins)])
    for _ in range(50):
        chance = Calibration(slope, intercept).probabilities(margins)
        gradient = design.T @ (chance - labels)
        # A breath of ridge keeps the step finite where the margins tell the classes apart wholly.
        curve = (design * (chance * (1 - chance))[:, None]).T @ design + 1e-9 * np.eye(2)
        step = np.linalg.solve(curve, gradient)
        slope, intercept = slope - float(step[0]), intercept - float(step[1])
        if float(np.abs(step).max()) < 1e-10:
            break
    return Calibration(slope, intercept)
