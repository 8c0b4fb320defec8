"""How exact the answers are on rows the model did not see: repeated stratified folds, and forward in time."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from customer.propensity.domain import intervals, measures
from customer.propensity.domain.intervals import Estimate
from customer.propensity.domain.measures import Floats, Labels
from customer.propensity.domain.questions import Boosting
from customer.propensity.domain.scorers import Calibration
from customer.propensity.training.boosting import calibrated, grown

FOLDS = 5
FORWARD_CUTS = (0.4, 0.6, 0.8)


@dataclass(frozen=True, slots=True)
class Forward:
    """Trained on the first `share` of the rows in time, tested on the following fifth."""

    share: float
    area: Estimate
    rate_before: float
    rate_after: float


@dataclass(frozen=True, slots=True)
class Validation:
    """Figures of rows not seen; `area` and `precision` over all folds, `pooled` over the first repeat's rows."""

    area: Estimate
    precision: Estimate
    pooled: Estimate
    calibration_error: float
    brier: float
    calibration: Calibration
    probabilities: Floats


def cross_validated(matrix: Floats, labels: Labels, how: Boosting, *, repeats: int = 2, seed: int = 0) -> Validation:
    """Repeated stratified folds; each fold's probabilities are calibrated on the other folds of the same repeat."""
    from scipy.stats import t  # noqa: PLC0415  # heavy: for who trains only
    from sklearn.model_selection import StratifiedKFold  # noqa: PLC0415  # the same

    areas, precisions = [], []
    margins = np.empty((repeats, len(labels)))
    fold_of = np.empty((repeats, len(labels)), dtype=int)
    for repeat in range(repeats):
        folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed + repeat)
        for number, (train, test) in enumerate(folds.split(matrix, labels)):
            grown_on = grown(matrix[train], labels[train], how, seed + 100 * repeat + number)
            margins[repeat, test] = grown_on.margins(matrix[test])
            fold_of[repeat, test] = number
            areas.append(measures.auc(labels[test], margins[repeat, test]))
            precisions.append(measures.precision_at_top(labels[test], margins[repeat, test]))
    first = np.empty(len(labels))
    for number in range(FOLDS):
        others, own = fold_of[0] != number, fold_of[0] == number
        first[own] = calibrated(margins[0, others], labels[others]).probabilities(margins[0, own])
    part = len(labels) // FOLDS
    quantile = float(t.ppf(0.975, FOLDS * repeats - 1))
    return Validation(
        area=intervals.corrected(areas, len(labels) - part, part, quantile),
        precision=intervals.corrected(precisions, len(labels) - part, part, quantile),
        pooled=intervals.delong(labels, margins[0]),
        calibration_error=measures.expected_calibration_error(labels, first),
        brier=measures.brier(labels, first),
        calibration=calibrated(margins.ravel(), np.tile(labels, repeats)),
        probabilities=first,
    )


def forward(matrix: Floats, labels: Labels, how: Boosting, cuts: Sequence[float] = FORWARD_CUTS) -> list[Forward]:
    """What the future would have shown: rows in order of time, trained on what lies before each cut."""
    told = []
    for share in cuts:
        cut, end = int(len(labels) * share), int(len(labels) * min(1.0, share + 0.2))
        scores = grown(matrix[:cut], labels[:cut], how, 0).margins(matrix[cut:end])
        told.append(
            Forward(
                share,
                intervals.delong(labels[cut:end], scores),
                float(labels[:cut].mean()),
                float(labels[cut:end].mean()),
            )
        )
    return told
