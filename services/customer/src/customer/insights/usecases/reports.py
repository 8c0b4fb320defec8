"""Whose turn a report is: one worker at a time makes it, and only when the one that is kept is old; and how it is shown."""

from datetime import datetime
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from customer.consents import usecases as consents
from customer.insights import repository
from customer.insights.schemas import ChannelMix, Forecasts
from customer.insights.usecases.observing import SIGNAL_DAYS, signals_before

Foretold = TypeVar("Foretold", ChannelMix, Forecasts)


async def take_report(tx: AsyncConnection, name: str, made_before: datetime) -> bool:
    """Hold a report until the end of the transaction, if it was made before that instant or never, and nobody is at it."""
    if not await repository.hold_report(tx, name):
        return False
    last = await repository.made_at(tx, name)
    return last is None or last <= made_before


async def foretold_last(conn: AsyncConnection, name: str, shape: type[Foretold]) -> Foretold | None:
    """What was foretold last under that name, with the market signals of the days before; None before there is any."""
    kept = await repository.report(conn, name)
    if kept is None:
        return None
    told = shape.model_validate(kept)
    assert told.made_at is not None and told.zone is not None  # noqa: S101, PT018  # it was made
    signals = await signals_before(conn, told.zone, told.made_at, SIGNAL_DAYS)
    return told.model_copy(update={"signals": signals, "grounds": await consents.basis_of_statistics(conn)})
