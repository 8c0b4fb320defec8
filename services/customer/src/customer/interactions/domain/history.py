"""One customer's facts in event time, once each, in an order that does not depend on how they came."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import groupby
from typing import Final

from customer.interactions.domain.facts import Fact, has_currency, same_instant_order

DAY: Final = timedelta(days=1)
NOW: Final = timedelta(0)

Predicate = Callable[[Fact], bool]


class Series:
    """Facts in order, and where on the line of time each stands."""

    def __init__(self, facts: Sequence[Fact]) -> None:
        self.facts = facts
        self._times = [fact.occurred_at for fact in facts]

    def between(self, after: datetime, until: datetime) -> Sequence[Fact]:
        """Those in (after, until]."""
        return self.facts[bisect_right(self._times, after) : bisect_right(self._times, until)]

    def until(self, at: datetime) -> Sequence[Fact]:
        """Those up to and with that instant."""
        return self.facts[: bisect_right(self._times, at)]

    def last(self, at: datetime) -> Fact | None:
        """The latest of those up to that instant."""
        count = bisect_right(self._times, at)
        return self.facts[count - 1] if count else None

    def next_edge(self, at: datetime, spans: Iterable[timedelta]) -> datetime | None:
        """The first instant after `at` that lies one of the spans after one of the facts.

        What depends on `at` only by which facts lie within (at - span, at] is the same until then.
        """
        earliest: datetime | None = None
        for span in spans:
            index = bisect_right(self._times, at - span)
            if index < len(self._times):
                edge = self._times[index] + span
                if earliest is None or edge < earliest:
                    earliest = edge
        return earliest


class History:
    """What the features of one customer at one instant are made of; each selection of facts is made once.

    Amounts of different currencies are never added: those of money features are in `currency`, the one most of the
    customer's transactions and balances up to `at` are in (of equally many the first by its letters).
    """

    def __init__(self, facts: Iterable[Fact], at: datetime, zone: tzinfo = UTC) -> None:
        self.at = at.astimezone(UTC)
        self.zone = zone
        self.everything = Series(_in_order(facts))
        self._chosen: dict[tuple[Predicate, bool], Series] = {}
        counted = Counter(
            fact.currency for fact in self.everything.until(self.at) if has_currency(fact) and fact.currency is not None
        )
        self.currency = min(counted, key=lambda code: (-counted[code], code), default=None)

    def select(self, wanted: Predicate, *, money: bool = False) -> Series:
        """The facts that are wanted; with `money` only those in the customer's currency."""
        known = self._chosen.get((wanted, money))
        if known is None:
            code = self.currency
            known = Series(
                [fact for fact in self.everything.facts if wanted(fact) and (not money or fact.currency == code)]
            )
            self._chosen[wanted, money] = known
        return known

    def window(self, wanted: Predicate, days: int, *, ending: int = 0, money: bool = False) -> Sequence[Fact]:
        """The wanted facts of `days` days that end `ending` days before `at`: in (at - ending - days, at - ending]."""
        until = self.at - ending * DAY
        return self.select(wanted, money=money).between(until - days * DAY, until)


def _in_order(facts: Iterable[Fact]) -> list[Fact]:
    once: dict[object, Fact] = {}
    for fact in facts:
        known = once.setdefault(fact.id, fact)
        if fact.ingest < known.ingest:
            once[fact.id] = fact
    ordered: list[Fact] = []
    for _, group in groupby(sorted(once.values(), key=_time), key=_time):
        ordered += _of_one_instant(group)
    return ordered


def _time(fact: Fact) -> datetime:
    return fact.occurred_at


def _of_one_instant(group: Iterator[Fact]) -> list[Fact]:
    alike = list(group)
    return sorted(alike, key=same_instant_order) if len(alike) > 1 else alike
