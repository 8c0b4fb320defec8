"""A trained model: scorers for one question, and everything that says where it came from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from customer.propensity.domain.measures import Floats
from customer.propensity.domain.questions import Question
from customer.propensity.domain.rows import Row
from customer.propensity.domain.scorers import Scorer


@dataclass(frozen=True, slots=True)
class Model:
    """Scorers by variant; `scores` are those of its training, `data` names the rows it was grown on by number and SHA-256."""

    question: Question
    scorers: Mapping[str, Scorer]
    trained_at: datetime
    data: Mapping[str, Any]
    libraries: Mapping[str, str]
    scores: Mapping[str, Any]

    def answer(self, rows: Sequence[Row]) -> tuple[str, Floats]:
        """Which variant answered, and a probability for each row; raises UnfitFile for rows of another shape."""
        for variant in self.question.variants:
            matrix = variant.build(rows)
            if matrix is not None:
                return variant.name, self.scorers[variant.name].probabilities(matrix)
        raise AssertionError("the last variant takes all rows")
