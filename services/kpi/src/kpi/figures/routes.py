"""HTTP of figures: figures of a metric and a unit by period, and what the metrics mean."""

from datetime import date
from functools import partial
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Query, Request

from kpi.figures import repository, usecases
from kpi.figures.access import CanReadFigures, CanReadMetrics
from kpi.figures.domain.facts import BANK
from kpi.figures.domain.metrics import METRICS, Grain, MetricKey, MetricType
from kpi.figures.problems import GrainNotOffered, PeriodBackwards
from kpi.figures.schemas import Figure, MetricView, Unit
from shared import clock
from shared.db import Read
from shared.pagination import Cursor, Limit, Page, keyset
from shared.problems import FieldError
from shared.routing import Router

router = Router(prefix="/v1", tags=["figures"])

_UNITS = (
    "`bank`, the id of a place, `source:<door of feedback>`, or of messages `channel:<channel>`, `purpose:<purpose of"
    " consent>` or `campaign:<id>`"
)
Wanted = Annotated[Unit, Query(description=_UNITS)]
Since = Annotated[date, Query(alias="from", description="first day, in the unit's zone")]
Until = Annotated[date, Query(alias="to", description="the day after the last")]


@router.get("/figures", response_model=Page[Figure])
async def list_figures(
    request: Request,
    caller: CanReadFigures,
    db: Read,
    cursor: Cursor,
    metric: MetricKey,
    since: Since,
    until: Until,
    unit: Wanted = "bank",
    grain: Grain = Grain.DAY,
    limit: Limit = 50,
) -> Page[Figure]:
    """Figures of one metric and unit as they are now known, newest period first; late events restate them.

    A period in which there is nothing is not in the list; a week or month that is cut by `from` or `to` holds the days
    between them only. A stock is told from its first movement until today. A unit not heard of has no figures.
    Errors: 422 metric, unit or grain unknown, `to` not after `from`, hours of a stock.
    """
    if until <= since:
        raise PeriodBackwards(errors=[FieldError("/query/to", "period", "must lie after `from`")])
    wanted = METRICS[metric]
    if grain is Grain.HOUR and wanted.type is MetricType.STOCK:
        raise GrainNotOffered(errors=[FieldError("/query/grain", "grain", "a stock is kept by day")])
    zone: str = request.app.state.world.settings.zone
    if unit != BANK and ":" not in unit:
        zone = await repository.zone_of(db, UUID(unit)) or zone
    today = clock.now().astimezone(ZoneInfo(zone)).date()
    chosen = repository.figures(wanted, unit, since, until, grain, today)
    periods = (chosen.selected_columns["period"], chosen.selected_columns["id"])
    shape = partial(usecases.figure_of, wanted, grain=grain, zone=zone)
    return await keyset(db, chosen, periods, cursor, limit, shape)


@router.get("/metrics", response_model=Page[MetricView])
async def list_metrics(caller: CanReadMetrics) -> Page[MetricView]:
    """Every metric: its name in three languages, its definition, its unit of measure, and which way is better."""
    return Page(items=usecases.metrics(), next_cursor=None)
