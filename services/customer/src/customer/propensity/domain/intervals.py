"""How sure a figure is: DeLong's interval of an area, the corrected interval of repeated folds, Wilson's of a share."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

import numpy as np

from customer.propensity.domain.measures import Floats, Labels, placements


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with the interval that holds it in `level` of all repetitions, and by which method."""

    value: float
    low: float
    high: float
    method: str
    level: float = 0.95

    def __str__(self) -> str:
        return f"{self.value:.4f} [{self.low:.4f}, {self.high:.4f}]"


def delong(labels: Labels, scores: Floats, level: float = 0.95) -> Estimate:
    """Area under the ROC curve of scores given to rows the model did not see, with DeLong's interval, kept within 0 and 1."""
    of_positives, of_negatives = placements(labels, scores)
    area = float(of_positives.mean())
    spread = sum(float(part.var(ddof=1)) / len(part) if len(part) > 1 else 0.0 for part in (of_positives, of_negatives))
    reach = NormalDist().inv_cdf(0.5 + level / 2) * sqrt(spread)
    return Estimate(area, max(0.0, area - reach), min(1.0, area + reach), "DeLong", level)


def corrected(figures: Sequence[float], train: int, test: int, quantile: float, level: float = 0.95) -> Estimate:
    """Mean of a figure over repeated folds; the variance is widened because training parts overlap.

    `s² (1/J + test/train)` with J - 1 degrees of freedom (Nadeau and Bengio 2003); `quantile` is Student's t at
    `0.5 + level / 2` with J - 1 degrees of freedom, handed in because it needs scipy.
    """
    if len(figures) < 2:
        raise ValueError("an interval needs two folds at least")
    values = np.asarray(figures, dtype=float)
    reach = quantile * sqrt(float(values.var(ddof=1)) * (1 / len(values) + test / train))
    mean = float(values.mean())
    return Estimate(mean, mean - reach, mean + reach, "Nadeau-Bengio", level)


def wilson(hits: float, size: int, level: float = 0.95) -> Estimate:
    """A share of `size` independent trials (Wilson 1927)."""
    z = NormalDist().inv_cdf(0.5 + level / 2)
    share = hits / size
    middle = (share + z * z / (2 * size)) / (1 + z * z / size)
    reach = z / (1 + z * z / size) * sqrt(share * (1 - share) / size + z * z / (4 * size * size))
    return Estimate(share, max(0.0, middle - reach), min(1.0, middle + reach), "Wilson", level)


def newcombe(first: Estimate, second: Estimate) -> Estimate:
    """Difference of two shares, second minus first, from their Wilson intervals (Newcombe 1998, method 10)."""
    apart = second.value - first.value
    below = sqrt((second.value - second.low) ** 2 + (first.high - first.value) ** 2)
    above = sqrt((second.high - second.value) ** 2 + (first.value - first.low) ** 2)
    return Estimate(apart, apart - below, apart + above, "Newcombe", first.level)
