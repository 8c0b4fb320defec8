"""Which uses of profiling there are, as data; and noting that what they rest on has changed, for whom and from when on."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Final
from uuid import UUID

from pydantic import AwareDatetime, TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.consents.domain import ProfilingUse
from customer.due import usecases as due
from shared.schemas import Body
from shared.subjects import circles

# What is meant where a caller names no use: what the contract asks for.
SERVICING: Final = "servicing"
# Totals in which nobody is told apart.
STATISTICS: Final = "statistics"
USES: Final = "profiling_2026_11.json"


class _Listed(Body):
    """A line of the data."""

    use: str
    purpose: str
    objections: tuple[str, ...]
    segments: bool
    effective_from: AwareDatetime
    why: str
    source: str


@cache
def uses() -> tuple[ProfilingUse, ...]:
    """Every use of profiling, in all its versions, as it comes with the service."""
    text = (files("customer.consents") / "data" / USES).read_text(encoding="utf-8")
    listed = TypeAdapter(list[_Listed]).validate_json(text)
    return tuple(ProfilingUse(one.use, one.purpose, one.objections, one.segments, one.effective_from) for one in listed)


@cache
def purposes_profiled() -> frozenset[str]:
    """The purposes on which a use of profiling depends."""
    return frozenset(code for one in uses() for code in (one.purpose, *one.objections))


async def note_words(tx: AsyncConnection, said: Sequence[tuple[UUID, str, datetime]]) -> None:
    """Words were said by these people, about a purpose, at an instant: what they are profiled for is told anew from then on.

    In the transaction of the word, and for everybody who counts as the same person.
    """
    mine = [(one, at) for one, purpose, at in said if purpose in purposes_profiled()]
    if not mine:
        return
    around = await circles(tx, storage.LINKS, sorted({one for one, _ in mine}))
    since: dict[UUID, datetime] = {}
    for one, at in mine:
        for member in around[one]:
            since[member] = min(at, since.get(member, at))
    await due.note(tx, since)


async def note_purpose(tx: AsyncConnection, code: str, effective_from: datetime) -> None:
    """A purpose has a new version from its day on: everybody is told anew from then, if profiling depends on it."""
    if code in purposes_profiled():
        await due.note_all(tx, effective_from)
