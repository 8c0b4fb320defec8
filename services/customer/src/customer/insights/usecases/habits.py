"""What customers do, counted: a sample is read page by page, tables are made, hidden where they must be, and kept; nobody is."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.consents import usecases as consents
from customer.due import usecases as due
from customer.insights import repository
from customer.insights.domain.habits import WINDOWS, Bands, Measure, habits_of, in_force, shipped
from customer.insights.domain.suppression import Withheld
from customer.insights.domain.tables import Person, Table, apart, by_dimension, by_segment
from customer.insights.problems import TooFewPeople
from customer.insights.schemas import By, Dimension, HabitTable, Line
from customer.insights.usecases.observing import signals_before
from customer.interactions import usecases as interactions
from customer.segments import usecases as segments
from customer.settings import Settings
from shared.subjects import circles
from shared.world import World

NAME: Final = "habits"
PAGE: Final = 100


async def remake_habits(world: World, tx: AsyncConnection, at: datetime) -> None:
    """Count what a sample of the customers does (everybody where there are not more), and keep the tables that may be shown.

    The transaction is held while it is read, never idle for longer than a page takes; who counts as another party is
    counted with it. What is known of one person is gone when this returns.
    """
    settings = world.settings
    assert isinstance(settings, Settings)  # noqa: S101  # this service is started with its own settings
    drawn, population = await due.drawn(tx, settings.insight_sample)
    bands = in_force(shipped(), at.astimezone(ZoneInfo(settings.zone)).date())
    people: list[Person] = []
    for first in range(0, len(drawn), PAGE):
        page = drawn[first : first + PAGE]
        # Totals rest on an interest that anybody may object to: who did is in none of them.
        rests = await consents.profiling_grounds(tx, page, consents.STATISTICS, at=at)
        people += await _people(world, tx, [one for one in page if rests[one].value], at, bands)
    keys = await segments.active_keys(tx)
    made = await asyncio.to_thread(_tables, people, keys, settings.fewest_people)
    about = {
        "made_at": at.isoformat(),
        "customers": population,
        "judged": len(people),
        "exact": population <= settings.insight_sample,
        "fewest": settings.fewest_people,
        "grounds": (await consents.basis_of_statistics(tx)).model_dump(mode="json"),
    }
    await repository.keep_report(tx, NAME, at, about | made)


async def _people(world: World, tx: AsyncConnection, ids: Sequence[UUID], at: datetime, bands: Bands) -> list[Person]:
    words = {row.customer_id: row._mapping for row in await repository.people(tx, ids)}
    same = await circles(tx, storage.LINKS, ids)
    leaders = [one for one in ids if same[one][0] == one and one in words]
    facts = await interactions.facts_of_ids(world, tx, sorted({who for one in leaders for who in same[one]}))
    standing = await segments.standing_of(tx, leaders)
    zone = ZoneInfo(world.settings.zone)
    found = []
    for one in leaders:
        did = [fact for who in same[one] for fact in facts[who]]
        found.append(
            Person(
                {name: words[one][name] or "unknown" for name in Dimension},
                standing.get(one, frozenset()),
                habits_of(did, at, bands, zone),
            )
        )
        await asyncio.sleep(0)  # the worker's other parts want their turn
    return found


def _tables(people: Sequence[Person], keys: Sequence[str], fewest: int) -> dict[str, Any]:
    shown = apart(people, keys, Dimension, fewest)
    # Plain texts for keys: JSON is written by orjson, which takes no other.
    tables: dict[str, dict[str, Any]] = {}
    for measure in Measure:
        told: dict[str, Table | None] = {}
        for by in By:
            try:
                told[by.value] = (
                    by_segment(people, shown, measure, fewest)
                    if by is By.SEGMENT
                    else by_dimension(people, by, measure, fewest)
                )
            except Withheld:
                told[by.value] = None
        tables[measure.value] = {by: None if table is None else _kept(table) for by, table in told.items()}
    return {"tables": tables, "alike": sorted(set(keys) - set(shown))}


def _kept(table: Table) -> dict[str, Any]:
    return {
        "names": table.names,
        "lines": table.lines,
        "totals": table.totals,
        "total": table.total,
        "withheld": table.withheld,
    }


async def show_habits(conn: AsyncConnection, measure: Measure, by: By, zone: str) -> HabitTable:
    """The table made last, with the market signals of the days it looks back on; raises TooFewPeople where it is withheld.

    Before any was made it is empty, and `made_at` null.
    """
    kept = await repository.report(conn, NAME)
    if kept is None:
        return HabitTable(measure=measure, by=by, window_days=WINDOWS[measure])
    table = kept["tables"].get(measure, {}).get(by)
    if table is None:
        raise TooFewPeople("It is withheld: it would tell of a few.")
    made_at = datetime.fromisoformat(kept["made_at"])
    return HabitTable(
        measure=measure,
        by=by,
        window_days=WINDOWS[measure],
        names=table["names"],
        lines=[Line(group=group, counts=counts, total=total) for group, counts, total in table["lines"]],
        totals=table["totals"],
        total=table["total"],
        withheld=sorted([*table["withheld"], *(kept["alike"] if by is By.SEGMENT else [])]),
        customers=kept["customers"],
        exact=kept["exact"],
        fewest=kept["fewest"],
        made_at=made_at,
        grounds=kept.get("grounds"),
        signals=await signals_before(conn, zone, made_at, timedelta(days=WINDOWS[measure])),
    )
