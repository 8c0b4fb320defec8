"""Segments judged together at one instant: who is in, until when that holds by itself, and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from customer.segments.domain.gates import gate_of
from customer.segments.domain.readings import Reading, earliest
from customer.segments.domain.vocabulary import IN_SEGMENT, Vocabulary, nested
from shared.expressions.explaining import Condition, explain
from shared.expressions.language import Expression, Reference, RuleSet


class Circular(ValueError):
    """A segment would ask about itself, through the segments in `path`."""

    def __init__(self, path: tuple[str, ...]) -> None:
        super().__init__(" → ".join(path))
        self.path = path


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the segments come to: members, those that cannot be told for want of a value, and the next possible change.

    `denied` are those whose condition holds and whose use is not allowed of this customer.
    """

    members: frozenset[str]
    unknown: frozenset[str]
    next_check_at: datetime | None
    denied: frozenset[str] = frozenset()


def layers(asks: Mapping[str, frozenset[str]]) -> list[list[str]]:
    """The segments in an order in which each comes after those it asks about; raises Circular.

    A segment that is asked about and not there is in no layer: whoever asks is answered "unknown".
    """
    depth: dict[str, int] = {}

    def of(key: str, path: tuple[str, ...]) -> int:
        if key in path:
            raise Circular((*path[path.index(key) :], key))
        if key not in depth:
            depth[key] = 1 + max((of(one, (*path, key)) for one in sorted(asks[key]) if one in asks), default=-1)
        return depth[key]

    for key in sorted(asks):
        of(key, ())
    found: list[list[str]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for key in sorted(depth):
        found[depth[key]].append(key)
    return found


def reached(key: str, asks: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """A segment and those it asks about, by whatever road, as far as they are there."""
    wanted: set[str] = set()
    queue = [key]
    while queue:
        one = queue.pop()
        if one in asks and one not in wanted:
            wanted.add(one)
            queue += asks[one]
    return frozenset(wanted)


class Book:
    """Segments that are in force together, made ready once: judged for any number of customers.

    `uses` say for what a segment is told: it has only members of whom that use, with the data its rule reads by whatever
    road, is allowed. The name under which that is read is its gate; a condition without a use has none.
    """

    def __init__(
        self, vocabulary: Vocabulary, rules: Mapping[str, Expression], uses: Mapping[str, str] | None = None
    ) -> None:
        self._vocabulary = vocabulary
        self.rules = dict(rules)
        self.uses = {key: use for key, use in (uses or {}).items() if key in rules}
        asks = {key: nested(rule) for key, rule in rules.items()}
        self._layers = [RuleSet(vocabulary.language, {key: rules[key] for key in layer}) for layer in layers(asks)]
        words = {key: vocabulary.asked(rule) for key, rule in rules.items()}
        self.gates = {
            key: gate_of(use, vocabulary.categories(word for one in reached(key, asks) for word in words[one]))
            for key, use in self.uses.items()
        }
        self.reads: frozenset[str] = frozenset(self.gates.values()).union(*words.values())
        self._labels = [
            (one.label, name)
            for one in {one for rule in rules.values() for one in rule.references}
            if (name := vocabulary.read_as(one)) is not None and one.name != "known"
        ]
        self._labels += [(name, name) for name in frozenset().union(*words.values())]

    def only(self, key: str) -> "Book":
        """A book of one segment and of those it asks about, by whatever road."""
        wanted = reached(key, {one: nested(rule) for one, rule in self.rules.items()})
        return Book(self._vocabulary, {one: self.rules[one] for one in wanted}, self.uses)

    def judge(self, readings: Mapping[str, Reading]) -> Verdict:
        """Who is in by these readings, and when the first of the readings in use ends.

        A rule that is unknown makes no member, and `in_segment` of a segment that is unknown is unknown itself. A segment
        whose use is not allowed has not this customer, whatever its rule comes to, and `in_segment` of it is false.
        """
        values = self._values(readings)
        members: set[str] = set()
        unknown: set[str] = set()
        denied: set[str] = set()
        for layer in self._layers:
            for key, outcome in layer.judge(values).items():
                allowed = self._allowed(key, readings)
                values[Reference(IN_SEGMENT, (key,)).label] = outcome.truth if allowed else False
                if allowed and outcome.truth is None:
                    unknown.add(key)
                elif outcome.truth:
                    (members if allowed else denied).add(key)
        ends = earliest(*(readings[name].valid_until for name in self.reads))
        return Verdict(frozenset(members), frozenset(unknown), ends, frozenset(denied))

    def explain(self, key: str, readings: Mapping[str, Reading]) -> Condition:
        """Why a segment has this customer or has not: every condition with what it came to and on which values."""
        values = self._values(readings)
        for layer in self._layers:
            if key in layer.expressions:
                return explain(self.rules[key], layer.facts(values))
            for one, outcome in layer.judge(values).items():
                values[Reference(IN_SEGMENT, (one,)).label] = outcome.truth if self._allowed(one, readings) else False
        raise KeyError(key)

    def _allowed(self, key: str, readings: Mapping[str, Reading]) -> bool:
        return key not in self.gates or readings[self.gates[key]].value is True

    def _values(self, readings: Mapping[str, Reading]) -> dict[str, Any]:
        return {label: readings[name].value for label, name in self._labels}
