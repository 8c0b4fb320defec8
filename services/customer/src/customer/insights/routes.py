"""HTTP of insight: market signals, tables of people, the quality of what is recorded. No SQL, no rules."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response

from customer.insights import repository, usecases
from customer.insights.access import CanObserve, CanReadSignals, CanSee
from customer.insights.domain.habits import Measure
from customer.insights.schemas import (
    By,
    ChannelMix,
    CrossTable,
    DataQuality,
    Dimension,
    Forecasts,
    HabitTable,
    MarketSignal,
    ObserveMarket,
    Topic,
)
from customer.insights.tables import market_signal
from shared import clock
from shared.db import Read
from shared.etags import created
from shared.grouping import Grouped, grouped
from shared.idempotency import Answer, IdempotencyKey, Wish, wish_for
from shared.pagination import Cursor, Limit, Page, as_it_is, keyset
from shared.problems import Malformed
from shared.routing import Router

signals = Router(prefix="/v1/market-signals", tags=["market-signals"])
router = Router(prefix="/v1/insights", tags=["insights"])


def routers() -> list[Router]:
    """What this capability answers."""
    return [signals, router]


Observe = Annotated[Grouped[Wish[ObserveMarket], Answer[MarketSignal]], grouped(usecases.observe_market)]


@signals.post("", status_code=201, response_model=MarketSignal)
async def observe_market(
    request: Request, body: ObserveMarket, observe: Observe, caller: CanObserve, key: IdempotencyKey = None
) -> Response:
    """Record what was seen of the market on a day; a repeat by `external_ref` answers 200 with what is recorded.

    Errors: 409 the `external_ref` is known with other content; 422 no key of any kind, a day to come, a value without unit.
    """
    answer = await observe(wish_for(request.app.state.keyring, usecases.SIGNAL, body, caller, key))
    return created(answer, location=f"/v1/market-signals/{answer.view.id}", version=1)


@signals.get("")
async def list_signals(
    caller: CanReadSignals,
    db: Read,
    cursor: Cursor,
    limit: Limit = 50,
    topic: Topic | None = None,
    competitor: Annotated[str | None, Query(max_length=80)] = None,
    region: Annotated[str | None, Query(max_length=6)] = None,
    observed_from: Annotated[date | None, Query(alias="from")] = None,
    observed_to: Annotated[date | None, Query(alias="to")] = None,
) -> Page[MarketSignal]:
    """Market signals, the newest recorded first; `from` and `to` are days of observation, half-open."""
    chosen = repository.signals_listed(
        topic=topic, competitor=competitor, region=region, since=observed_from, until=observed_to
    )
    columns = (market_signal.c.recorded_at, market_signal.c.id)
    return await keyset(db, chosen, columns, cursor, limit, as_it_is(MarketSignal))


@signals.get("/{signal_id}")
async def show_signal(signal_id: UUID, caller: CanReadSignals, db: Read) -> MarketSignal:
    """One market signal."""
    return await usecases.show_signal(db, signal_id)


@router.get("/tables")
async def show_table(request: Request, caller: CanSee, db: Read, rows: Dimension, columns: Dimension) -> CrossTable:
    """How many customers there are by two words of theirs, counts of a few hidden.

    Errors: 409 the table cannot be shown without telling of a few; 422 the same word twice.
    """
    if rows is columns:
        raise Malformed("rows and columns must differ")
    return await usecases.cross_table(db, rows, columns, request.app.state.world.settings, clock.now())


@router.get("/habits")
async def show_habits(request: Request, caller: CanSee, db: Read, measure: Measure, by: By) -> HabitTable:
    """How many customers did what, by a word of theirs or by segment: mix and shift of channels, demand, saving, churn, needs.

    Counted four times a day over everybody, or a random sample of `CXBANK_INSIGHT_SAMPLE`; of nobody what they do is kept.
    Small counts are hidden. Errors: 409 the table cannot be shown without telling of a few.
    """
    return await usecases.show_habits(db, measure, by, request.app.state.world.settings.zone)


@router.get("/data-quality")
async def show_data_quality(caller: CanSee, db: Read) -> DataQuality:
    """How complete, valid, fresh and unique what is recorded of customers is, by field and source; nobody is told of.

    Every record is opened and judged once a day, and only counts are kept: those of a few people are hidden.
    """
    return await usecases.data_quality(db, clock.now())


@router.get("/forecasts")
async def show_forecasts(caller: CanSee, db: Read) -> Forecasts:
    """Contacts of the next fourteen days, in all and by channel, each with how such forecasts would have done."""
    return await usecases.show_forecasts(db) or Forecasts(made_at=None, zone=None, forecasts=[])


@router.get("/forecasts/channel-mix")
async def show_channel_mix(caller: CanSee, db: Read) -> ChannelMix:
    """Shares of the channels in this month and the next two, with how such forecasts did beside "as a year ago"."""
    return await usecases.show_mix(db) or ChannelMix(made_at=None, zone=None)
