"""What training and evaluation say, line by line: figures with interval, bar and verdict."""

from collections.abc import Sequence

from customer.propensity.domain.intervals import Estimate
from customer.propensity.domain.questions import Bar, Question
from customer.propensity.training.validating import Forward, Validation

HEAD = (
    f"{'model':<18} {'figure':<34} {'value':>7}  {'95 % interval':<18} {'method':<14} {'must':>6} {'aim':>6}  verdict"
)


def line(model: str, figure: str, estimate: Estimate, bar: Bar | None = None) -> str:
    """One figure."""
    asked = f"{bar.must:>6.3f} {bar.aim:>6.3f}  {bar.verdict(estimate.value)}" if bar else ""
    between = f"{estimate.low:.4f} to {estimate.high:.4f}"
    return f"{model:<18} {figure:<34} {estimate.value:>7.4f}  {between:<18} {estimate.method:<14} {asked}".rstrip()


def plain(model: str, figure: str, value: float) -> str:
    """One figure that has no interval."""
    return f"{model:<18} {figure:<34} {value:>7.4f}"


def validation_lines(question: Question, variant: str, found: Validation, *, judged: bool) -> list[str]:
    """The figures of cross-validation; only the variant that is `judged` is held against its bars."""
    name = f"{question.name}/{variant}"
    area, precision = (question.area, question.precision) if judged else (None, None)
    return [
        line(name, "AUC, mean of folds", found.area, area),
        line(name, "AUC, rows of one repeat pooled", found.pooled),
        line(name, "precision in the top tenth", found.precision, precision),
        plain(name, "expected calibration error", found.calibration_error),
        plain(name, "Brier score", found.brier),
    ]


def forward_lines(question: Question, variant: str, found: Sequence[Forward]) -> list[str]:
    """The figures forward in time; they are told, not judged."""
    name = f"{question.name}/{variant}"
    return [
        line(name, f"AUC of the fifth after {one.share:.0%} in time", one.area)
        + f" positives {one.rate_before:.1%} before, {one.rate_after:.1%} in it"
        for one in found
    ]


def missed(question: Question, area: float, precision: float) -> bool:
    """Whether a "must" is missed, or a figure is too good to be true."""
    verdicts = [question.area.verdict(area)]
    verdicts += [question.precision.verdict(precision)] if question.precision else []
    return any(verdict in {"missed", "suspicious"} for verdict in verdicts)
