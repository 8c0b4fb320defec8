"""What a feature is: its name, type, unit and meaning in two languages, how it is read, and when it may change by itself."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Literal, Protocol

from customer.interactions.domain.facts import has_currency
from customer.interactions.domain.history import DAY, NOW, History, Predicate

Value = int | Fraction | str | bool | None


@dataclass(frozen=True, slots=True)
class FeatureSpec:
    """The outside of a feature. `int` and `fraction` are exact; `unit` is what one of it is (`minor` of `currency`)."""

    name: str
    type: Literal["int", "fraction", "string", "bool"]
    unit: str
    description: Mapping[Literal["en", "zh-Hans"], str]


@dataclass(frozen=True, slots=True)
class FeatureValue:
    """What a feature is at an instant, and until when that holds if nothing else happens (None: for ever).

    The value is constant in [at, valid_until); at `valid_until` it may be another.
    """

    value: Value
    valid_until: datetime | None


@dataclass(frozen=True, slots=True)
class Feature:
    """The inside of a feature: `read` looks only at facts that `wanted` chooses, and at `at` only through `spans`.

    A fact that lies one of the spans back changes its part; `clock` tells the next change that is of no fact's making.
    With `money` the facts are those in the customer's currency, which a fact still ahead may change.
    """

    spec: FeatureSpec
    wanted: Predicate
    read: Callable[[History], Value]
    spans: tuple[timedelta, ...] = (NOW,)
    clock: Callable[[History], datetime | None] | None = None
    money: bool = False

    def at(self, history: History) -> FeatureValue:
        """The value at the history's instant, with the end of its validity."""
        edges = [history.select(self.wanted, money=self.money).next_edge(history.at, self.spans)]
        if self.money:
            edges.append(history.select(has_currency).next_edge(history.at, (NOW,)))
        if self.clock is not None:
            edges.append(self.clock(history))
        return FeatureValue(self.read(history), min((edge for edge in edges if edge is not None), default=None))


class Family(Protocol):
    """One feature for every number of days."""

    def __call__(self, *, days: int) -> Feature:
        """The feature over the last `days` days."""


def spans_of(*days: int) -> tuple[timedelta, ...]:
    """The borders of windows, in days back; zero, the instant itself, is always one."""
    return (NOW, *(one * DAY for one in days))


def counted(name: str, unit: str, en: str, zh: str) -> FeatureSpec:
    """A whole number."""
    return FeatureSpec(name, "int", unit, {"en": en, "zh-Hans": zh})


def measured(name: str, unit: str, en: str, zh: str) -> FeatureSpec:
    """An exact fraction."""
    return FeatureSpec(name, "fraction", unit, {"en": en, "zh-Hans": zh})


def named(name: str, unit: str, en: str, zh: str) -> FeatureSpec:
    """A word."""
    return FeatureSpec(name, "string", unit, {"en": en, "zh-Hans": zh})


def told(name: str, en: str, zh: str) -> FeatureSpec:
    """Yes or no."""
    return FeatureSpec(name, "bool", "", {"en": en, "zh-Hans": zh})


def share(part: int, whole: int) -> Fraction | None:
    """A part of a whole; of nothing there is no part."""
    return Fraction(part, whole) if whole else None


def most(weights: Mapping[str, int]) -> str | None:
    """The heaviest word; of equally heavy ones the first by its letters."""
    return min(weights, key=lambda word: (-weights[word], word), default=None)
