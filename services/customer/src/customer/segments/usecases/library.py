"""The rules that are or were in force, compiled once for a process: what every judging of segments stands on."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from customer.consents import usecases as consents
from customer.consents.domain import Terms
from customer.interactions import usecases as interactions
from customer.interactions.domain.categories import stems_of
from customer.interactions.domain.features import FEATURES, RANKS, CutPoints, tips_off
from customer.segments import repository
from customer.segments.domain.clusters import FOUND, Clusters
from customer.segments.domain.memberships import Definition, Library
from customer.segments.domain.vocabulary import Vocabulary
from shared.expressions.language import Expression
from shared.expressions.refusals import Refused
from shared.telemetry import log

RFM: Final = "rfm"
CLUSTERS: Final = "clusters"
CATEGORIES: Final = "categories_2026_11.json"
# For what a segment is told where whoever defined it did not say.
DEFAULT_USE: Final = consents.SERVICING
MEASURES: Final = ("recency", "frequency", "monetary")


@dataclass(frozen=True, slots=True)
class Frozen:
    """Every version of the fifths of RFM and of the clusters, in the order in which they come into force."""

    cuts: tuple[CutPoints, ...]
    clusters: tuple[Clusters, ...]


@dataclass(frozen=True, slots=True)
class Shelf:
    """The library with the ids of its segments, and what was frozen: cut points and clusters, by which customers are read.

    `told` are the segments a customer may know they are in. `terms` are what uses rest on, `worded` the purposes of which
    people's words matter to a segment that is or was told: none where all of them rest on a contract or a law.
    """

    library: Library
    ids: Mapping[str, UUID]
    frozen: Frozen
    told: frozenset[str]
    terms: Terms
    worded: frozenset[str]

    @property
    def keys(self) -> dict[UUID, str]:
        """The key of each segment by its id."""
        return {identity: key for key, identity in self.ids.items()}


@cache
def vocabulary() -> Vocabulary:
    """The words of a rule: the record, and every feature of the interactions; each with the category it is read from."""
    text = (files("customer.segments") / "data" / CATEGORIES).read_text(encoding="utf-8")
    return Vocabulary(FEATURES, {**interactions.stems(), **stems_of(json.loads(text))})


@lru_cache(maxsize=4_096)
def compiled(text: str) -> Expression:
    """A rule that is kept, or about to be; raises Refused with pointers to `/rule`."""
    return vocabulary().language.compile(text, pointer="/rule")


_Rule = tuple[str, UUID, int, str, datetime, datetime | None, str | None]


@lru_cache(maxsize=4)
def _shelf(rows: tuple[_Rule, ...], frozen: Frozen, terms: Terms) -> Shelf:
    definitions, unsound = [], set[str]()
    for key, _, version, rule, since, until, use in rows:
        try:
            definitions.append(Definition(key, version, compiled(rule), since, until, use or DEFAULT_USE))
        except Refused:
            # It was sound when it was saved: a feature it reads is gone. Nobody is in it until it is changed.
            log.error("segment_rule_unsound", segment=key, version=version)
            unsound.add(key)
    turns = [one.valid_from for one in frozen.cuts] + [one.valid_from for one in frozen.clusters]
    library = Library(vocabulary(), definitions, [*turns, *terms.turns])
    told = library.without(_hidden) - unsound
    worded = terms.words_of({one.use for one in definitions if one.use is not None})
    return Shelf(library, {key: identity for key, identity, *_ in rows}, frozen, told, terms, worded)


def _hidden(name: str) -> bool:
    """Whether a word is kept from customers, as their profile keeps it: what tips off, ranks, and what was found in data."""
    return tips_off(name) or name in RANKS or name in FOUND


async def shelf(conn: AsyncConnection) -> Shelf:
    """The library as it is in the database now."""
    rows = await repository.rules(conn)
    return _shelf(tuple(_plain(rows)), await frozen(conn), await consents.profiling_terms(conn))


async def frozen(conn: AsyncConnection) -> Frozen:
    """What was frozen."""
    rows = await repository.cuts(conn)
    return Frozen(
        tuple(cuts_of(row) for row in rows if row.kind == RFM),
        tuple(clusters_of(row) for row in rows if row.kind == CLUSTERS),
    )


def cuts_of(row: Row[Any]) -> CutPoints:
    """Fifths as they were kept."""
    return CutPoints(row.valid_from, *(_four(row.payload[name]) for name in MEASURES))


def clusters_of(row: Row[Any]) -> Clusters:
    """A partition as it was kept."""
    told = row.payload
    return Clusters(
        row.valid_from,
        tuple(told["features"]),
        tuple(told["means"]),
        tuple(told["deviations"]),
        tuple(tuple(centre) for centre in told["centres"]),
        tuple(told["shares"]),
        told["silhouette"],
        told.get("reach"),
    )


def _four(bounds: Sequence[int]) -> tuple[int, int, int, int]:
    first, second, third, fourth = bounds
    return first, second, third, fourth


def _plain(rows: Iterable[Row[Any]]) -> Iterable[_Rule]:
    for row in rows:
        yield row.key, row.segment_id, row.version, row.rule, row.valid_from, row.valid_until, row.use
