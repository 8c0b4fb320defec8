"""What next best services were worth against the control group, and how evenly they reach people; nobody is told of."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from customer.insights.domain.suppression import Withheld, joined, protected
from customer.offers import repository
from customer.offers.domain.experiments import Arm, Side, compared
from customer.offers.domain.fairness import Group, Rate, Rates, rates
from customer.offers.schemas import (
    Dimension,
    FairnessReport,
    FairnessTable,
    GroupShares,
    LiftOf,
    LiftReport,
    Share,
    SideView,
)
from customer.offers.usecases.weighing import arbitration_at, experiment_at
from customer.outreach.domain.campaigns import wilson

_NOBODY = Side(0, 0)


async def show_lift(
    conn: AsyncConnection, since: date | None, until: date | None, *, zone: str, fewest: int, at: datetime
) -> LiftReport:
    """Both arms of every entry, and of any that sells, for those who first qualified on the days of [since, until)."""
    experiment = experiment_at(at)
    here = ZoneInfo(zone)
    start, end = (None if day is None else datetime.combine(day, time(), here) for day in (since, until))
    sides: dict[str, dict[str, Side]] = {}
    moved = 0
    for row in await repository.arms(conn, experiment.id, start, end, experiment.days):
        sides.setdefault(row.service, {})[row.arm] = Side(row.people, row.took)
        moved += row.moved if row.service != repository.ANY_SOLD else 0
    items = []
    for service, arms in sorted(sides.items()):
        told = compared(service, arms.get(Arm.TREATED, _NOBODY), arms.get(Arm.HELD_OUT, _NOBODY), fewest)
        items.append(
            LiftOf(
                service=service,
                treated=_side(told.treated),
                held_out=_side(told.held_out),
                difference=told.lift.difference,
                low=told.lift.low,
                high=told.lift.high,
            )
        )
    return LiftReport(
        experiment_id=experiment.id,
        holdout_percent=experiment.holdout_percent,
        days=experiment.days,
        moved=moved,
        items=items,
        fewest=fewest,
        as_of=at,
    )


def _side(side: Side | None) -> SideView | None:
    if side is None:
        return None
    low, high = wilson(side.took, side.people)
    return SideView(people=side.people, took=side.took, share=side.took / side.people, low=low, high=high)


async def show_fairness(
    conn: AsyncConnection, since: date | None, until: date | None, *, fewest: int, at: datetime
) -> FairnessReport:
    """Of every entry and every word of people: who of those considered was offered it, and who of those took it."""
    rule = arbitration_at(at).four_fifths
    tables: dict[tuple[str, str], list[Row[Any]]] = {}
    for row in await repository.tallies(conn, since, until):
        tables.setdefault((row.service, row.dimension), []).append(row)
    return FairnessReport(
        items=[
            _table(service, Dimension(dimension), rows, fewest, rule)
            for (service, dimension), rows in sorted(tables.items())
        ],
        four_fifths=rule,
        fewest=fewest,
        since=since,
        until=until,
        as_of=at,
    )


def _table(service: str, dimension: Dimension, rows: Sequence[Row[Any]], fewest: int, part: float) -> FairnessTable:
    """Each person considered stands in one cell: not offered, offered and not taken, taken; small cells are hidden.

    Where so few took it that the table could not be shown, it is shown without who took it.
    """
    whole = {
        row.group_name: [int(row.considered - row.offered), int(row.offered - row.accepted), int(row.accepted)]
        for row in rows
    }
    halves = {name: [cells[0], cells[1] + cells[2]] for name, cells in whole.items()}
    for cells in (whole, halves):
        groups = joined(cells, fewest)
        try:
            shown = protected(list(groups.values()), fewest)
        except Withheld:
            continue
        told = {name: _group(line, total) for name, line, total in zip(groups, shown.cells, shown.rows, strict=True)}
        found = rates(told, _group(shown.columns, shown.total), part)
        return FairnessTable(
            service=service,
            dimension=dimension,
            withheld=False,
            groups=[_shares(name, group, found[name]) for name, group in told.items()],
        )
    return FairnessTable(service=service, dimension=dimension, withheld=True, groups=[])


def _group(cells: Sequence[int | None], considered: int) -> Group:
    offered = None if cells[0] is None else considered - cells[0]
    return Group(considered, offered, cells[2] if len(cells) > 2 else None)  # the third says who took it


def _shares(name: str, group: Group, found: Rates) -> GroupShares:
    return GroupShares(
        name=name,
        considered=group.considered,
        offered=group.offered,
        accepted=group.accepted,
        offered_share=_share(found.offered),
        accepted_share=_share(found.accepted),
    )


def _share(rate: Rate | None) -> Share | None:
    return None if rate is None else Share(**asdict(rate))
