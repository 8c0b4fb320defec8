"""The mix of channels in the months to come: remade by timer from whole months, kept, and shown with how it would have done."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy.ext.asyncio import AsyncConnection

from customer.insights import repository
from customer.insights.domain.mix import SEASON_MONTHS, SETTLED_MONTHS, MixAhead, mix_ahead
from customer.insights.schemas import ChannelMix, MixBacktest, MonthAhead, ShareAhead
from customer.insights.usecases.reports import foretold_last
from customer.interactions import usecases as interactions
from shared.world import World

NAME: Final = "channel-mix"
MONTHS_AHEAD: Final = 3
PAST_MONTHS: Final = 60
# Fewer months to be judged on than these, and the figures would say nothing.
_FEWEST_TESTED: Final = 6
_MOST_TESTED: Final = 24


async def remake_mix(world: World, tx: AsyncConnection, at: datetime) -> None:
    """Foretell the mix of the months to come, this one the first, and keep that in place of what was kept."""
    zone = ZoneInfo(world.settings.zone)
    present = at.astimezone(zone).date().replace(day=1)
    since, until = (
        datetime(one.year, one.month, 1, tzinfo=zone) for one in (months_later(present, -PAST_MONTHS), present)
    )
    told = await interactions.contacts_by_month(tx, since, until, world.settings.zone)
    # Half a second of arithmetic: apart, so that the worker's other parts go on.
    made = await asyncio.to_thread(foretold, told, present)
    kept = made.model_copy(update={"made_at": at, "zone": world.settings.zone})
    await repository.keep_report(tx, NAME, at, kept.model_dump(mode="json"))


async def show_mix(conn: AsyncConnection) -> ChannelMix | None:
    """The mix that was foretold last, None before there is one."""
    return await foretold_last(conn, NAME, ChannelMix)


def months_later(month: date, count: int) -> date:
    """The first day of the month so many months later."""
    years, place = divmod(month.month - 1 + count, 12)
    return date(month.year + years, place + 1, 1)


def foretold(told: Iterable[tuple[date, str, int]], present: date) -> ChannelMix:
    """The mix from `present` on, from the whole months before it back to the first without any contact."""
    by_month: dict[date, Counter[str]] = defaultdict(Counter)
    for month, channel, number in told:
        by_month[month][channel] += number
    past: list[Counter[str]] = []
    while months_later(present, -1 - len(past)) in by_month:
        past.insert(0, by_month[months_later(present, -1 - len(past))])
    channels = sorted({channel for counts in past for channel in counts})
    tested = min(_MOST_TESTED, len(past) - SEASON_MONTHS - SETTLED_MONTHS)
    if tested < _FEWEST_TESTED or len(channels) < 2:
        reason = "too few channels or unbroken months are recorded"
        return ChannelMix(made_at=None, zone=None, past_months=len(past), reason=reason)
    counts = np.array([[month[channel] for channel in channels] for month in past], dtype=float)
    made = mix_ahead(counts, horizon=MONTHS_AHEAD, test_months=tested)
    return ChannelMix(
        made_at=None,
        zone=None,
        level=made.band.level,
        past_months=len(past),
        months=[_month(made, step, channels, months_later(present, step)) for step in range(MONTHS_AHEAD)],
        backtest=_backtest(made),
    )


def _month(made: MixAhead, step: int, channels: list[str], month: date) -> MonthAhead:
    bounds = zip(channels, made.band.value[step], made.band.low[step], made.band.high[step], strict=True)
    return MonthAhead(
        month=f"{month:%Y-%m}",
        shares=[
            ShareAhead(channel=channel, value=float(value), low=float(low), high=float(high))
            for channel, value, low, high in bounds
        ],
    )


def _backtest(made: MixAhead) -> MixBacktest:
    found = made.backtest
    return MixBacktest(
        months=found.points,
        mase=round(found.mase, 4),
        naive_mase=round(found.naive_mase, 4),
        coverage=round(found.coverage, 4),
        width=round(found.width, 4),
        naive_width=round(found.naive_width, 4),
    )
