"""Rules over features: half-open bands give points, points give the outcome; pure, exact, and never silent on error."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import Protocol

from risk.screening.domain.windows import Feature, Number

Seen = Mapping[str, Number | None]


class Outcome(StrEnum):
    """What is to be done with the event, from the mildest to the hardest."""

    ALLOW = "allow"
    STEP_UP = "step_up"
    REVIEW = "review"
    DECLINE = "decline"


_HARDNESS = {outcome: number for number, outcome in enumerate(Outcome)}


class RuleState(StrEnum):
    """What became of a rule: `not_applicable` where what it measures is not there, `error` where it could not run."""

    FIRED = "fired"
    CLEAR = "clear"
    NOT_APPLICABLE = "not_applicable"
    ERROR = "error"


class Measure(Protocol):
    """The one number of a rule, made of features."""

    @property
    def names(self) -> tuple[str, ...]:
        """The features it reads."""

    def of(self, seen: Seen) -> Number | None:
        """Its value; None where it does not apply."""


@dataclass(frozen=True, slots=True)
class Value:
    """A feature as it is."""

    name: str

    @property
    def names(self) -> tuple[str, ...]:
        """The feature."""
        return (self.name,)

    def of(self, seen: Seen) -> Number | None:
        """Its value."""
        return seen[self.name]


@dataclass(frozen=True, slots=True)
class Ratio:
    """One feature over another, as an exact fraction; not applicable over nothing."""

    over: str
    under: str

    @property
    def names(self) -> tuple[str, ...]:
        """Both features."""
        return (self.over, self.under)

    def of(self, seen: Seen) -> Number | None:
        """Their quotient."""
        over, under = seen[self.over], seen[self.under]
        return None if over is None or not under else Fraction(over) / Fraction(under)


@dataclass(frozen=True, slots=True)
class Deviation:
    """The square of how many standard deviations a value lies above the mean, negative below it.

    Squared, because a root is no fraction: four deviations are 16.
    """

    value: str
    mean: str
    variance: str

    @property
    def names(self) -> tuple[str, ...]:
        """The three features."""
        return (self.value, self.mean, self.variance)

    def of(self, seen: Seen) -> Number | None:
        """The signed square."""
        value, mean, variance = (seen[name] for name in self.names)
        if value is None or mean is None or not variance:
            return None
        distance = Fraction(value) - Fraction(mean)
        return distance * abs(distance) / Fraction(variance)


@dataclass(frozen=True, slots=True)
class Band:
    """Points for low <= value < high; without `high` there is no end."""

    low: Number
    high: Number | None
    points: int

    def holds(self, value: Number) -> bool:
        """Whether the value lies in it."""
        return self.low <= value and (self.high is None or value < self.high)


@dataclass(frozen=True, slots=True)
class Given:
    """What must hold for the rule to be asked at all: low <= feature < high."""

    name: str
    low: Number
    high: Number | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One pattern: a measure, the bands it gives points in, and what must be given first."""

    name: str
    measure: Measure
    bands: tuple[Band, ...]
    given: tuple[Given, ...] = ()


@dataclass(frozen=True, slots=True)
class Restricts:
    """What a declined customer may not use, and for how long after the event."""

    channels: tuple[str, ...]
    services: tuple[str, ...]
    lasts: timedelta


@dataclass(frozen=True, slots=True)
class Ruleset:
    """Everything that decides, under one number, from one instant on. `outcomes` are scores from which each begins."""

    version: int
    since: datetime
    features: tuple[Feature, ...]
    rules: tuple[Rule, ...]
    outcomes: tuple[tuple[int, Outcome], ...]
    restricts: Restricts


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one rule, with the values it saw."""

    rule: str
    state: RuleState
    points: int = 0
    values: Mapping[str, Number | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer to one event."""

    outcome: Outcome
    score: int
    results: tuple[Result, ...]


def evaluate(ruleset: Ruleset, seen: Seen) -> Decision:
    """Ask every rule of the set over the same features; a rule that cannot run makes it a review at least."""
    results = tuple(_ask(rule, seen) for rule in ruleset.rules)
    score = sum(result.points for result in results)
    outcome = outcome_for(ruleset.outcomes, score)
    if any(result.state is RuleState.ERROR for result in results):
        outcome = max(outcome, Outcome.REVIEW, key=_HARDNESS.__getitem__)
    return Decision(outcome, score, results)


def outcome_for(outcomes: Sequence[tuple[int, Outcome]], score: int) -> Outcome:
    """The outcome whose half-open band the score lies in."""
    return max((low, _HARDNESS[outcome], outcome) for low, outcome in outcomes if low <= score)[2]


def _ask(rule: Rule, seen: Seen) -> Result:
    names = dict.fromkeys((*rule.measure.names, *(given.name for given in rule.given)))
    values = {name: seen.get(name) for name in names}
    try:
        for given in rule.given:
            known = seen[given.name]
            if known is None:
                return Result(rule.name, RuleState.NOT_APPLICABLE)
            if not Band(given.low, given.high, 0).holds(known):
                return Result(rule.name, RuleState.CLEAR)
        measured = rule.measure.of(seen)
        if measured is None:
            return Result(rule.name, RuleState.NOT_APPLICABLE)
        points = sum(band.points for band in rule.bands if band.holds(measured))
    except Exception:  # noqa: BLE001  # whatever a rule raises must end with a person's look, not with a pass
        return Result(rule.name, RuleState.ERROR, values=values)
    if points == 0:
        return Result(rule.name, RuleState.CLEAR)
    return Result(rule.name, RuleState.FIRED, points, values | {"measured": measured})
