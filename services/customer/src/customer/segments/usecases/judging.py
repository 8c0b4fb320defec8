"""Conditions of other capabilities in the words of segments: checked when they are saved, judged for many at an instant."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from customer.interactions.domain.facts import Fact, Product
from customer.segments import repository
from customer.segments.domain.readings import Value
from customer.segments.domain.rules import Book
from customer.segments.domain.vocabulary import IN_SEGMENT, nested
from customer.segments.usecases.library import compiled, shelf, vocabulary
from customer.segments.usecases.sources import Source, sources
from shared.expressions.language import Reference
from shared.expressions.refusals import Fault, Refused
from shared.telemetry import log
from shared.world import World

# No segment can have such a key, so that a condition is never taken for one.
_ASKED: Final = "?"


@dataclass(frozen=True, slots=True)
class Judged:
    """What the conditions came to for one customer at that instant (None: not known), and what else is known of them."""

    truths: Mapping[str, bool | None]
    source: Source
    at: datetime

    def value(self, name: str) -> Value:
        """A fact of the record or a feature by its name."""
        return self.source.read(frozenset({name}), self.at)[name].value

    def holds(self, products: Iterable[Product]) -> frozenset[Product]:
        """Which of these products the customer holds at that instant: by when accounts changed, not by when it was heard."""
        names = {f"holds_{one}": one for one in products}
        told = self.source.read(frozenset(names), self.at)
        return frozenset(product for name, product in names.items() if told[name].value is True)

    @property
    def facts(self) -> Sequence[Fact]:
        """What the customer did, with everybody who counts as the same person."""
        return self.source.facts


async def check_condition(conn: AsyncConnection, text: str, pointer: str) -> None:
    """Raise Refused, pointing at `pointer`, for a condition that is not sound or asks about a segment that is not there."""
    rule = vocabulary().language.compile(text, pointer=pointer)
    there = {row.key for row in await repository.every(conn) if row.state == "active"}
    faults = [
        Fault(
            vocabulary().language.place_of(rule, Reference(IN_SEGMENT, (asked,))),
            "unknown-segment",
            "no active segment has that key",
        )
        for asked in sorted(nested(rule) - there)
    ]
    if faults:
        raise Refused(pointer, text, faults)


async def judge(
    world: World, conn: AsyncConnection, ids: Sequence[UUID], conditions: Sequence[str], at: datetime
) -> dict[UUID, Judged]:
    """Each condition for each customer at that instant, by its text; erased and unknown customers are not in the answer.

    A condition that was sound when it was saved and is no more (what it reads is gone) is not known.
    """
    on_shelf = await shelf(conn)
    current, *_ = on_shelf.library.at(at)
    book = _book(tuple(sorted(set(conditions))), current)
    told: dict[UUID, Judged] = {}
    worded = on_shelf.terms.words_of(set(book.uses.values()))
    known = await sources(world, conn, ids, on_shelf, worded)
    for one, source in known.items():
        verdict = book.judge(source.read(book.reads, at))
        truths = {
            text: _ASKED + text in verdict.members
            if _ASKED + text in book.rules and _ASKED + text not in verdict.unknown
            else None
            for text in conditions
        }
        told[one] = Judged(truths, source, at)
    return told


@lru_cache(maxsize=16)
def _book(conditions: tuple[str, ...], current: Book) -> Book:
    """The conditions with the segments they ask about, by whatever road: made once while neither changes."""
    rules = {}
    for text in conditions:
        try:
            rules[_ASKED + text] = compiled(text)
        except Refused:
            log.error("condition_unsound")
    queue = [key for rule in rules.values() for key in nested(rule)]
    while queue:
        key = queue.pop()
        if key in current.rules and key not in rules:
            rules[key] = current.rules[key]
            queue += nested(rules[key])
    # The condition is its owner's, who asks for the consent it needs; the segments it asks about keep their own gates.
    return Book(vocabulary(), rules, current.uses)
