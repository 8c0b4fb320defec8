"""For what a profile is read, and which features that may see: each category of data by what that use of it rests on."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from customer.consents import usecases as consents
from customer.consents.domain import Entry, Grounds, Terms
from customer.interactions.domain.categories import category_of, stems_of

CATEGORIES: Final = "categories_2026_11.json"
# What happened, and when: what the counts of a profile are made of.
DOINGS: Final = "interactions"


@cache
def stems() -> Mapping[str, str]:
    """The category of each feature, by the stem of its name."""
    text = (files("customer.interactions") / "data" / CATEGORIES).read_text(encoding="utf-8")
    return stems_of(json.loads(text))


@dataclass(frozen=True)
class Words:
    """What people said of the uses that are asked for; enough to tell what each rests on at any instant."""

    terms: Terms
    said: Mapping[UUID, Sequence[Entry]]

    def grounds(self, customer_id: UUID, use: str, at: datetime) -> dict[str, Grounds]:
        """By category of data, on what this use of it rests at that instant."""
        said = self.said.get(customer_id, ())
        categories = sorted(set(stems().values()))
        return {one: self.terms.grounds(use, frozenset({one}), said, at) for one in categories}


async def words_about(conn: AsyncConnection, asked: Iterable[tuple[UUID, str]]) -> Words:
    """The words of these people that matter to the uses they are asked about, in one reading for all."""
    pairs = list(asked)
    terms = await consents.profiling_terms(conn)
    resting = {use: terms.words_of([use]) for use in {use for _, use in pairs}}
    ids = sorted({one for one, use in pairs if resting[use]})
    return Words(terms, await consents.profiling_words(conn, ids, frozenset().union(*resting.values())))


def visible(names: Iterable[str], grounds: Mapping[str, Grounds]) -> list[str]:
    """Those features whose category of data may be read."""
    return [name for name in names if grounds[category_of(name, stems())].value]
