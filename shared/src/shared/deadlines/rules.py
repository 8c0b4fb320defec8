"""What a clock must do: its period, how it is counted, what starts, ends, pauses and extends it, and since when so."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from pydantic import ConfigDict

# Data is read into these classes: a word that is not known is a mistake in the data, never ignored.
_STRICT = ConfigDict(extra="forbid")


class Unit(StrEnum):
    """What a period is counted in."""

    OPEN_SECONDS = "open_seconds"
    HOURS = "hours"
    CALENDAR_DAYS = "calendar_days"
    BUSINESS_DAYS = "business_days"
    WEEKS = "weeks"
    MONTHS = "months"

    @property
    def by_the_second(self) -> bool:
        """Counted in seconds (the others are counted in dates)."""
        return self in {Unit.OPEN_SECONDS, Unit.HOURS}


class Kind(StrEnum):
    """Whose promise it is: the bank's own, the law's, or that of a standard or regulator's manual that is no law."""

    SERVICE = "service"
    STATUTORY = "statutory"
    PRACTICE = "practice"


class Ends(StrEnum):
    """When on its last day a period counted in dates ends."""

    DAY_END = "day_end"
    CLOSE_OF_BUSINESS = "close_of_business"


class Verified(StrEnum):
    """How sure we are of a legal period: read in the text itself, in a second-hand page, or only known in the field."""

    TEXT = "text"
    SECOND_HAND = "second_hand"
    FIELD_KNOWLEDGE = "field_knowledge"


@dataclass(frozen=True, slots=True)
class Term:
    """So many of a unit: 15 business days, 3,600 open seconds."""

    __pydantic_config__ = _STRICT
    amount: int
    unit: Unit

    def __post_init__(self) -> None:
        if self.amount < 1:
            raise ValueError("a period is at least one of its unit")

    def seconds(self) -> int:
        """Its length when it is counted by the second."""
        return self.amount * 3_600 if self.unit is Unit.HOURS else self.amount


@dataclass(frozen=True, slots=True)
class Counting:
    """The conventions, spelled out: laws differ in each of them.

    `first_day_counts`: whether the date of the start is day one. `first_hour_counts`: whether hours run from the instant, or
    from the next full wall hour (Regulation (EEC, Euratom) No 1182/71, Art. 3(1)). `rolls`: whether a last day that is no
    working day moves to the next one (the same, Art. 3(4)). Months always end on the same date, or on the last of a shorter
    month (the same, Art. 3(2)(c)).
    """

    __pydantic_config__ = _STRICT
    first_day_counts: bool = False
    first_hour_counts: bool = True
    rolls: bool = False
    ends: Ends = Ends.DAY_END


@dataclass(frozen=True, slots=True)
class Extension:
    """How a period may be prolonged: `by` so much more, or `to` so much in all; only while it still runs."""

    __pydantic_config__ = _STRICT
    key: str
    by: Term | None = None
    to: Term | None = None
    needs: str = ""

    def __post_init__(self) -> None:
        if (self.by is None) == (self.to is None):
            raise ValueError("an extension is either by or to a period")


@dataclass(frozen=True, slots=True)
class Source:
    """Where a period is written, since when it is in force, and how sure we are of it."""

    __pydantic_config__ = _STRICT
    text: str
    article: str
    in_force: date
    verified: Verified
    note: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """One clock of a policy.

    Events are names of the caller's choosing (`receipt`, `awareness`, `first_response`). A clock starts at the first of
    `starts_on`, once one of `after` (if any is named) has happened; it is satisfied by the first of `satisfied_on` after
    that, and starts anew at the next start when it `repeats`.
    """

    __pydantic_config__ = _STRICT
    key: str
    kind: Kind
    starts_on: tuple[str, ...]
    satisfied_on: tuple[str, ...]
    term: Term
    counting: Counting = Counting()
    after: tuple[str, ...] = ()
    repeats: bool = False
    pauses_for: frozenset[str] = frozenset()
    warnings: tuple[Term, ...] = ()
    extensions: tuple[Extension, ...] = ()
    source: Source | None = None

    def __post_init__(self) -> None:
        if self.kind is not Kind.SERVICE and self.source is None:
            raise ValueError(f"{self.key}: a clock that is not the bank's own names its source")
        units = [self.term.unit, *(term.unit for one in self.extensions for term in (one.by, one.to) if term)]
        seconds = self.term.unit.by_the_second
        if any(unit.by_the_second is not seconds or (seconds and unit is not self.term.unit) for unit in units):
            raise ValueError(f"{self.key}: dates are not extended by seconds, nor seconds by dates")
        if any(one.by is not None and one.by.unit is not self.term.unit for one in self.extensions):
            raise ValueError(f"{self.key}: what is added is counted like what it is added to")
        by_date = self.counting.rolls or self.term.unit is Unit.BUSINESS_DAYS
        if self.counting.ends is Ends.CLOSE_OF_BUSINESS and (seconds or not by_date):
            raise ValueError(f"{self.key}: only a working day has a close of business")
        if any(one.unit.by_the_second is not seconds or one.unit in {Unit.WEEKS, Unit.MONTHS} for one in self.warnings):
            raise ValueError(f"{self.key}: a warning leads by what the clock counts: seconds, or days")

    def extension(self, key: str) -> Extension | None:
        """The extension of that name, if the rule knows one."""
        return next((one for one in self.extensions if one.key == key), None)


@dataclass(frozen=True, slots=True)
class Edition:
    """The rules of a policy from a date on."""

    __pydantic_config__ = _STRICT
    since: date
    rules: tuple[Rule, ...]

    def __post_init__(self) -> None:
        if len({rule.key for rule in self.rules}) != len(self.rules):
            raise ValueError("two rules of one name")


@dataclass(frozen=True, slots=True)
class Policy:
    """A set of clocks with its history: which rules hold depends on the date of what started the case.

    `revision` grows with every correction of an edition, so that what was computed before is found.
    """

    __pydantic_config__ = _STRICT
    key: str
    title: str
    editions: tuple[Edition, ...]
    jurisdiction: str = ""
    says_nothing: str = ""
    revision: int = 1

    def __post_init__(self) -> None:
        if any(b.since <= a.since for a, b in zip(self.editions, self.editions[1:], strict=False)):
            raise ValueError(f"{self.key}: editions follow one another")

    def edition(self, day: date) -> Edition | None:
        """The rules in force on a date; None before the first edition."""
        held = None
        for one in self.editions:
            if one.since > day:
                break
            held = one
        return held

    def rules(self, day: date) -> Mapping[str, Rule]:
        """The clocks in force on a date, by their keys."""
        held = self.edition(day)
        return {rule.key: rule for rule in held.rules} if held is not None else {}
