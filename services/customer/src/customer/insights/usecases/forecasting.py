"""Forecasts of contacts by day: remade by timer from what is recorded, kept, and shown with how they would have done."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy.ext.asyncio import AsyncConnection

from customer.insights import repository
from customer.insights.domain.arrivals import HOURS, Arrivals, Manner
from customer.insights.domain.backtests import Band, banded, judged, seasonal_scale
from customer.insights.domain.days import Ahead, DayKind, Floats, days_from, kind_of
from customer.insights.schemas import BacktestView, Forecast, ForecastDay, Forecasts
from customer.insights.usecases.reports import foretold_last
from customer.interactions import usecases as interactions
from shared.world import World

NAME: Final = "forecasts"
DAYS_AHEAD: Final = 14
PAST_DAYS: Final = 400
_WARM_UP_DAYS: Final = 60
_TESTED_DAYS: Final = 28
_WINDOW_DAYS: Final = 60
_SEASON: Final = 7
_FEWEST_A_DAY: Final = 5.0
ALL: Final = "all"
_SPECIAL: Final = frozenset({DayKind.CLOSED, DayKind.EVE, DayKind.BETWEEN})


def holidays_of(country: str, years: Iterable[int]) -> Ahead:
    """What is known ahead of the days of a country: public holidays close, school holidays lie between, others are minor."""
    import holidays  # noqa: PLC0415  # 60 MB of calendars: for who forecasts only

    known: dict[date, DayKind] = {}
    if country not in holidays.list_supported_countries():
        return known  # a union of countries has no holidays of its own
    chosen = list(years)
    offered = holidays.country_holidays(country).supported_categories
    for category, kind in (
        ("optional", DayKind.MINOR),
        ("school", DayKind.BETWEEN),
        ("public", DayKind.CLOSED),
    ):
        if category in offered:
            known |= dict.fromkeys(holidays.country_holidays(country, years=chosen, categories=(category,)), kind)
    return known


async def remake_forecasts(world: World, tx: AsyncConnection, country: str, at: datetime) -> None:
    """Forecast the contacts of the days to come, in all and by channel, and keep that in place of what was kept."""
    settings = world.settings
    zone = ZoneInfo(settings.zone)
    today = at.astimezone(zone).date()
    first = today - timedelta(days=PAST_DAYS)
    midnight = [datetime(day.year, day.month, day.day, tzinfo=zone) for day in (first, today)]
    told = await interactions.contacts_by_hour(tx, midnight[0], midnight[1], settings.zone)
    ahead = holidays_of(country, range(first.year, today.year + 2))
    # Some seconds of arithmetic: apart, so that the worker's other parts go on.
    made = await asyncio.to_thread(_forecasts, told, today, ahead)
    kept = Forecasts(made_at=at, zone=settings.zone, forecasts=made)
    await repository.keep_report(tx, NAME, at, kept.model_dump(mode="json"))


async def show_forecasts(conn: AsyncConnection) -> Forecasts | None:
    """The forecasts that were made last, None before there are any."""
    return await foretold_last(conn, NAME, Forecasts)


def _forecasts(told: Iterable[tuple[date, int, str, int]], today: date, ahead: Ahead) -> list[Forecast]:
    by_channel: dict[str, dict[date, Floats]] = defaultdict(lambda: defaultdict(lambda: np.zeros(HOURS)))
    for day, hour, channel, number in told:
        for name in (ALL, channel):
            by_channel[name][day][hour] += number
    made = []
    for channel, counts in sorted(by_channel.items()):
        first = min(counts)
        days = days_from(first, (today - first).days)
        known = np.array([counts[day] if day in counts else np.zeros(HOURS) for day in days])
        made.append(_forecast(channel, days, known, today, ahead))
    return made


def _forecast(channel: str, days: list[date], hourly: Floats, today: date, ahead: Ahead) -> Forecast:
    enough = len(days) >= _WARM_UP_DAYS + DAYS_AHEAD + 2 * _TESTED_DAYS
    if not enough or hourly[-_TESTED_DAYS:].sum() < _FEWEST_A_DAY * _TESTED_DAYS:
        return Forecast(channel=channel, level=0.8, days=[], backtest=None, reason="too little is recorded of it")
    past = Arrivals(days, hourly, ahead, Manner(weekend=frozenset({5, 6})))
    start, end = _WARM_UP_DAYS + DAYS_AHEAD, len(days)
    points, first_test = [], None
    for step in range(1, DAYS_AHEAD + 1):
        day = today + timedelta(days=step - 1)
        # A forecast of this day is judged by, and as wide as, forecasts made as many days before theirs.
        told = np.array(
            [*(past.day_ahead(days[at], at - step + 1) for at in range(start, end)), past.day_ahead(day, end)]
        )
        kinds = [(int(kind_of(one, ahead) in _SPECIAL), -1) for one in [*days[start:], day]]
        came = np.append(past.daily[start:], 0.0)
        band = banded(came, told, kinds, len(came) - 1, _WINDOW_DAYS)
        points.append(ForecastDay(date=day, value=told[-1], low=band.low[0], high=band.high[0]))
        if first_test is None:
            first_test = _judged(past, told[:-1], kinds[:-1], start)
    return Forecast(channel=channel, level=0.8, days=points, backtest=first_test, reason=None)


def _judged(past: Arrivals, told: Floats, kinds: list[tuple[int, int]], start: int) -> BacktestView:
    came, end = past.daily[start:], len(past.days)
    naive = past.daily[start - _SEASON : end - _SEASON]
    first = len(came) - _TESTED_DAYS
    ours: Band = banded(came, told, kinds, first, _WINDOW_DAYS)
    theirs: Band = banded(came, naive, kinds, first, _WINDOW_DAYS)
    scale = max(1e-9, seasonal_scale(past.daily[: start + first], _SEASON))
    found = judged(came[first:], ours, theirs, scale)
    return BacktestView(
        days=found.points,
        mase=round(found.mase, 4),
        naive_mase=round(found.naive_mase, 4),
        coverage=round(found.coverage, 4),
        width=round(found.width, 2),
        naive_width=round(found.naive_width, 2),
    )
