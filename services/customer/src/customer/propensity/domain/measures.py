"""How good a score is: area under the ROC curve, precision at the top, calibration; each a function of labels and scores.

Labels are 0 or 1, scores are floats of the same length; more is more likely.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]


class OneClass(ValueError):
    """Labels of one class only: nothing can be told apart."""


def _midranks(values: Floats) -> Floats:
    """Ranks from 1, equal values sharing the middle of theirs."""
    _, group, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    middle: Floats = (2 * last - counts + 1) / 2
    return middle[group]


def _split(labels: Labels, scores: Floats) -> tuple[Floats, Floats]:
    positives, negatives = scores[labels == 1], scores[labels == 0]
    if not len(positives) or not len(negatives):
        raise OneClass("both classes are needed")
    return positives, negatives


def auc(labels: Labels, scores: Floats) -> float:
    """Chance that a positive scores above a negative, ties counted half (Mann and Whitney 1947)."""
    positives, negatives = _split(labels, scores)
    ranks = _midranks(np.concatenate([positives, negatives]))
    m, n = len(positives), len(negatives)
    return float((ranks[:m].sum() - m * (m + 1) / 2) / (m * n))


def placements(labels: Labels, scores: Floats) -> tuple[Floats, Floats]:
    """Of each positive the share of negatives below it, of each negative the share of positives above it.

    DeLong's structural components (DeLong, DeLong and Clarke-Pearson 1988) by the midranks of Sun and Xu (2014).
    """
    positives, negatives = _split(labels, scores)
    m, n = len(positives), len(negatives)
    ranks = _midranks(np.concatenate([positives, negatives]))
    of_positives = (ranks[:m] - _midranks(positives)) / n
    of_negatives = 1 - (ranks[m:] - _midranks(negatives)) / m
    return of_positives, of_negatives


def precision_at_top(labels: Labels, scores: Floats, share: float = 0.1) -> float:
    """Share of positives among the best-scored `share` of all; of equal scores at the edge the average is taken."""
    size = max(1, int(len(scores) * share))
    edge = np.partition(scores, len(scores) - size)[len(scores) - size]
    above, level = scores > edge, scores == edge
    missing = size - int(above.sum())
    return float((labels[above].sum() + missing * labels[level].mean()) / size)


@dataclass(frozen=True, slots=True)
class Bin:
    """One step of a reliability diagram."""

    size: int
    predicted: float
    observed: float


def reliability(labels: Labels, probabilities: Floats, bins: int = 10) -> list[Bin]:
    """What was promised and what came, in `bins` groups of equal size from the least likely to the most."""
    order = np.argsort(probabilities, kind="stable")
    return [
        Bin(len(part), float(probabilities[part].mean()), float(labels[part].mean()))
        for part in np.array_split(order, bins)
        if len(part)
    ]


def expected_calibration_error(labels: Labels, probabilities: Floats, bins: int = 10) -> float:
    """Mean distance between promised and observed rates over groups of equal size (Naeini et al. 2015)."""
    steps = reliability(labels, probabilities, bins)
    return sum(step.size * abs(step.predicted - step.observed) for step in steps) / len(labels)


def brier(labels: Labels, probabilities: Floats) -> float:
    """Mean squared distance of a probability from what came (Brier 1950)."""
    return float(np.mean((probabilities - labels) ** 2))
