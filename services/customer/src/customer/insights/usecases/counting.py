"""Counting people: what is known of each by event, tables of two words, small cells hidden."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from customer.consents import usecases as consents
from customer.insights import repository
from customer.insights.domain.suppression import Withheld
from customer.insights.domain.tables import crossed
from customer.insights.problems import TooFewPeople
from customer.insights.schemas import CrossTable, Dimension, Line
from customer.insights.usecases.observing import SIGNAL_DAYS, signals_before
from customer.parties.usecases import subject_of
from customer.settings import Settings
from shared.world import World


async def learn_people(world: World, tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep what was said of people, the newest version of each, and nothing of those who were erased."""
    newest: dict[UUID, Mapping[str, Any]] = {}
    for row in rows:
        known = newest.get(row["customer_id"])
        if known is None or known["version"] < row["version"]:
            newest[row["customer_id"]] = row
    # The lock on the key row orders this with an erasure: what is heard late brings nobody back.
    keys = await world.vault.for_write(tx, [subject_of(one) for one in newest])
    await repository.learn_people(tx, [row for one, row in newest.items() if keys[subject_of(one)] is not None])


async def forget(tx: AsyncConnection, ids: Sequence[UUID]) -> None:
    """What erasure removes here: the words by which a person was counted."""
    await repository.forget_people(tx, ids)


async def cross_table(
    conn: AsyncConnection, rows: Dimension, columns: Dimension, settings: Settings, at: datetime
) -> CrossTable:
    """Customers by two words of theirs, groups of a few joined, counts of a few hidden; TooFewPeople where that is not enough."""
    told, fewest = await repository.people_by(conn, rows, columns), settings.fewest_people
    try:
        found = crossed({(row, column): number for row, column, number in told}, fewest)
    except Withheld as reason:
        raise TooFewPeople(f"It is withheld: {reason}.") from None
    return CrossTable(
        rows=rows,
        columns=columns,
        names=list(found.names),
        lines=[Line(group=group, counts=list(cells), total=total) for group, cells, total in found.lines],
        totals=list(found.totals),
        total=found.total,
        fewest=fewest,
        as_of=at,
        signals=await signals_before(conn, settings.zone, at, SIGNAL_DAYS),
        grounds=await consents.basis_of_statistics(conn),
    )
