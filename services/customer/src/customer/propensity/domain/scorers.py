"""A scorer: a forest whose sum, through two calibrated numbers, is a probability."""

from dataclasses import dataclass

import numpy as np

from customer.propensity.domain.forests import Forest
from customer.propensity.domain.measures import Floats


@dataclass(frozen=True, slots=True)
class Calibration:
    """Margin to log odds: `intercept + slope * margin` (Platt 1999), from margins of rows the forest had not seen."""

    slope: float = 1.0
    intercept: float = 0.0

    def probabilities(self, margins: Floats) -> Floats:
        """Of each margin, between 0 and 1."""
        odds: Floats = 1 / (1 + np.exp(-(self.intercept + self.slope * margins)))
        return odds


@dataclass(frozen=True, slots=True)
class Scorer:
    """A calibrated forest; `offset` is the margin of a row before any tree spoke."""

    forest: Forest
    offset: float
    calibration: Calibration = Calibration()

    def margins(self, matrix: Floats) -> Floats:
        """Log odds as the forest has them, before calibration."""
        return self.offset + self.forest.score(matrix)

    def probabilities(self, matrix: Floats) -> Floats:
        """Calibrated chances, one for each row."""
        return self.calibration.probabilities(self.margins(matrix))
