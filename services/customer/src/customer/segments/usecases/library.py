"""The rules that are or were in force, compiled once for a process: what every judging of segments stands on."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from customer.interactions.domain.features import FEATURES, CutPoints
from customer.segments import repository
from customer.segments.domain.memberships import Definition, Library
from customer.segments.domain.vocabulary import Vocabulary
from shared.expressions.language import Expression
from shared.expressions.refusals import Refused
from shared.telemetry import log

RFM: Final = "rfm"
MEASURES: Final = ("recency", "frequency", "monetary")


@dataclass(frozen=True, slots=True)
class Shelf:
    """The library with the ids and keys of its segments, and the frozen cut points its features are read by."""

    library: Library
    ids: Mapping[str, UUID]
    cuts: tuple[CutPoints, ...]

    @property
    def keys(self) -> dict[UUID, str]:
        """The key of each segment by its id."""
        return {identity: key for key, identity in self.ids.items()}


@cache
def vocabulary() -> Vocabulary:
    """The words of a rule: the record, and every feature of the interactions."""
    return Vocabulary(FEATURES)


@lru_cache(maxsize=4_096)
def compiled(text: str) -> Expression:
    """A rule that is kept, or about to be; raises Refused with pointers to `/rule`."""
    return vocabulary().language.compile(text, pointer="/rule")


_Rule = tuple[str, UUID, int, str, datetime, datetime | None]


@lru_cache(maxsize=4)
def _shelf(rows: tuple[_Rule, ...], cuts: tuple[CutPoints, ...]) -> Shelf:
    definitions = []
    for key, _, version, rule, since, until in rows:
        try:
            definitions.append(Definition(key, version, compiled(rule), since, until))
        except Refused:
            # It was sound when it was saved: a feature it reads is gone. Nobody is in it until it is changed.
            log.error("segment_rule_unsound", segment=key, version=version)
    library = Library(vocabulary(), definitions, [one.valid_from for one in cuts])
    return Shelf(library, {key: identity for key, identity, *_ in rows}, cuts)


async def shelf(conn: AsyncConnection) -> Shelf:
    """The library as it is in the database now."""
    rows = await repository.rules(conn)
    return _shelf(tuple(_plain(rows)), await cut_points(conn))


async def cut_points(conn: AsyncConnection) -> tuple[CutPoints, ...]:
    """Every version of the fifths of RFM, in the order in which they come into force."""
    found = await repository.cuts(conn, RFM)
    return tuple(CutPoints(row.valid_from, *(_four(row.payload[name]) for name in MEASURES)) for row in found)


def _four(bounds: Sequence[int]) -> tuple[int, int, int, int]:
    first, second, third, fourth = bounds
    return first, second, third, fourth


def _plain(rows: Iterable[Row[Any]]) -> Iterable[_Rule]:
    for row in rows:
        yield row.key, row.segment_id, row.version, row.rule, row.valid_from, row.valid_until
