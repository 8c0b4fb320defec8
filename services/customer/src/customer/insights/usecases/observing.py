"""Market signals: recorded as they were seen, once, and read; never changed."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.insights import repository
from customer.insights.problems import SignalUnknown
from customer.insights.schemas import MarketSignal, ObserveMarket
from shared import audit
from shared.crypto import Subject
from shared.idempotency import Answer, Passage, Wish
from shared.problems import Problem
from shared.world import World

SIGNAL: Final = "market_signal"
# Beside a table or a forecast: more are found by `GET /v1/market-signals`.
MOST_SIGNALS: Final = 100
SIGNAL_DAYS: Final = timedelta(days=90)


async def observe_market(
    world: World, tx: AsyncConnection, wishes: Sequence[Wish[ObserveMarket]]
) -> list[Answer[MarketSignal] | Problem]:
    """Record market signals, each once by its gate."""

    async def do(fresh: Sequence[Wish[ObserveMarket]]) -> Sequence[MarketSignal | Problem]:
        made = [
            MarketSignal(
                id=wish.id,
                **wish.body.model_dump(exclude={"external_ref"}),
                recorded_at=wish.at,
                recorded_by=wish.caller.sub,
            )
            for wish in fresh
        ]
        await repository.insert_signals(tx, [view.model_dump() for view in made])
        entries = [
            audit.Entry("market_signal.observe", None, SIGNAL, view.id, wish.caller)
            for wish, view in zip(fresh, made, strict=True)
        ]
        await audit.record(tx, storage.AUDIT, world.keyring, entries)
        return made

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


async def signals_within(conn: AsyncConnection, since: date, until: date) -> list[MarketSignal]:
    """What was seen of the market in [since, until), the latest day first; at most `MOST_SIGNALS`."""
    return [_view(row) for row in await repository.signals_within(conn, since, until, MOST_SIGNALS)]


def _view(row: Row[Any]) -> MarketSignal:
    return MarketSignal.model_validate(dict(row._mapping))
