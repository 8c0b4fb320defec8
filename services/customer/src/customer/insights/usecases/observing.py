"""Market signals: recorded as they were seen, once, and read; never changed."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.insights import repository
from customer.insights.problems import SignalUnknown
from customer.insights.schemas import MarketSignal, ObserveMarket
from shared import audit, clock
from shared.crypto import Subject
from shared.idempotency import Answer, Passage, Wish
from shared.problems import FieldError, Malformed, Problem
from shared.world import World

SIGNAL: Final = "market_signal"
# Beside a table or a forecast: more are found by `GET /v1/market-signals`.
MOST_SIGNALS: Final = 100
SIGNAL_DAYS: Final = timedelta(days=90)
_TO_COME: Final = FieldError("/observed_on", "future", "has not begun in the zone of the bank")


async def observe_market(
    world: World, tx: AsyncConnection, wishes: Sequence[Wish[ObserveMarket]]
) -> list[Answer[MarketSignal] | Problem]:
    """Record market signals, each once by its gate."""

    async def do(fresh: Sequence[Wish[ObserveMarket]]) -> Sequence[MarketSignal | Problem]:
        zone = world.settings.zone
        early = {wish.id for wish in fresh if wish.body.observed_on > clock.day_in(zone, wish.at)}
        kept = [wish for wish in fresh if wish.id not in early]
        made = [
            MarketSignal(
                id=wish.id,
                **wish.body.model_dump(exclude={"external_ref"}),
                recorded_at=wish.at,
                recorded_by=wish.caller.sub,
            )
            for wish in kept
        ]
        await repository.insert_signals(tx, [view.model_dump() for view in made])
        entries = [
            audit.Entry("market_signal.observe", None, SIGNAL, view.id, wish.caller)
            for wish, view in zip(kept, made, strict=True)
        ]
        await audit.record(tx, storage.AUDIT, world.keyring, entries)
        views = iter(made)
        return [Malformed(errors=[_TO_COME]) if wish.id in early else next(views) for wish in fresh]

    async def again(ids: Sequence[UUID]) -> Mapping[UUID, MarketSignal]:
        return {row.id: _view(row) for row in await repository.signals(tx, ids)}

    passage = Passage(
        storage.GATE, world.vault, MarketSignal, do=do, again=again, subject=lambda wish, _: Subject(SIGNAL, wish.id)
    )
    return await passage.run(tx, wishes)


async def show_signal(conn: AsyncConnection, signal_id: UUID) -> MarketSignal:
    """One market signal; SignalUnknown where there is none."""
    rows = await repository.signals(conn, [signal_id])
    if not rows:
        raise SignalUnknown()
    return _view(rows[0])


async def signals_before(conn: AsyncConnection, zone: str, at: datetime, back: timedelta) -> list[MarketSignal]:
    """What was seen of the market in the time before that instant, its own day in the zone included, latest day first.

    At most `MOST_SIGNALS`.
    """
    since, day = clock.day_in(zone, at - back), clock.day_in(zone, at)
    rows = await repository.signals_within(conn, since, day + timedelta(days=1), MOST_SIGNALS)
    return [_view(row) for row in rows]


def _view(row: Row[Any]) -> MarketSignal:
    return MarketSignal.model_validate(dict(row._mapping))
