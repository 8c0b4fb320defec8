"""What is added to which figure, and taken from it again, when a fact changes: exact in integers."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Final

from kpi.figures.domain.facts import Fact, Kind, spot, units_of
from kpi.figures.domain.metrics import SUMMED, MetricKey

# Quantiles of one duration share one histogram.
WAITING_TIME: Final = "waiting_time"

_EVER: Final = datetime.min.replace(tzinfo=UTC)

Spot = tuple[str, str, date, datetime]


@dataclass(slots=True)
class Sum:
    """What is to be added to one bucket; `fresh_at` is the newest event behind it."""

    numerator: int = 0
    denominator: int = 0
    n: int = 0
    fresh_at: datetime = _EVER

    def add(self, numerator: int, denominator: int, n: int, fresh_at: datetime) -> None:
        """Add, or with negative numbers take away."""
        self.numerator += numerator
        self.denominator += denominator
        self.n += n
        self.fresh_at = max(self.fresh_at, fresh_at)

    def is_zero(self) -> bool:
        """Whether everything cancelled out."""
        return not (self.numerator or self.denominator or self.n)


@dataclass(slots=True)
class Tally:
    """Additions by (metric, unit, day, hour), and counts by (duration, unit, day, hour, whole seconds)."""

    figures: dict[Spot, Sum] = field(default_factory=dict)
    durations: dict[tuple[str, str, date, datetime, int], Sum] = field(default_factory=dict)

    def restate(self, before: Fact | None, after: Fact) -> None:
        """Take away what `before` added, and add what `after` adds; what is the same cancels out."""
        if before is not None:
            self._count(before, -1)
        self._count(after, 1)

    def _count(self, fact: Fact, sign: int) -> None:
        if not fact.counts:
            return
        fresh = fact.occurred_at
        for unit, zone in units_of(fact):
            day, hour = spot(fact.begun_at, zone)
            for metric in SUMMED[fact.kind]:
                added = metric.measure(fact)
                if added is not None:
                    bucket = self.figures.setdefault((metric.key, unit, day, hour), Sum())
                    bucket.add(sign * added[0], sign * added[1], sign, fresh)
            if fact.waited is not None:
                self.durations.setdefault((WAITING_TIME, unit, day, hour, fact.waited), Sum()).add(0, 0, sign, fresh)
            for at, step in _movements(fact):
                where = (MetricKey.RESTRICTIONS_ACTIVE, unit, *spot(at, zone))
                self.figures.setdefault(where, Sum()).add(sign * step, 0, sign, fresh)


def _movements(fact: Fact) -> Iterator[tuple[datetime, int]]:
    """When a stock rises and falls by this fact."""
    if fact.kind is Kind.RESTRICTION:
        yield fact.begun_at, 1
        if fact.ended_at is not None:
            # An end before the beginning (a backdated `until`) must not make the stock negative on the days between.
            yield max(fact.begun_at, fact.ended_at), -1
