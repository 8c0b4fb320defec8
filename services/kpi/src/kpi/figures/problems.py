"""What can be wrong with a question about figures.

Malformed 422
├── PeriodBackwards
└── GrainNotOffered
"""

from shared.problems import Malformed


class PeriodBackwards(Malformed):
    """`to` is not after `from`."""

    title = "The period ends before it begins"


class GrainNotOffered(Malformed):
    """The metric is not kept in so fine a grain."""

    title = "The metric has no figures of this grain"
