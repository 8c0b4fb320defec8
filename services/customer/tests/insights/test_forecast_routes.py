"""Forecasts over HTTP: made by timer from what customers did, each day with an interval as wide as such forecasts erred."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import numpy as np
import pytest

from customer.insights.timers import Remaking
from customer.insights.usecases import forecasting
from customer.interactions.usecases import contacts_by_hour
from shared import clock
from shared.testing.service import Service


def history(days: int, today: datetime, seed: int = 3) -> list[tuple[date, int, str, int]]:
    """So many days of contacts up to yesterday, busy in the week, by app and a little by branch."""
    generator = np.random.default_rng(seed)
    told: list[tuple[date, int, str, int]] = []
    for back in range(days, 0, -1):
        day = (today - timedelta(days=back)).date()
        busy = 60 * (0.3 if day.weekday() >= 5 else 1.0)
        told += [(day, hour, "app", int(generator.poisson(busy))) for hour in range(8, 18)]
        told += [(day, 10, "branch", 1)] if back % 3 == 0 else []
    return told


def test_each_day_ahead_is_foretold_with_an_interval_and_a_back_test() -> None:
    today = datetime(2026, 3, 2, tzinfo=UTC)
    made = {one.channel: one for one in forecasting._forecasts(history(200, today), today.date(), {})}
    whole = made["all"]
    assert [day.date for day in whole.days] == [today.date() + timedelta(days=step) for step in range(14)]
    monday, saturday = whole.days[0], whole.days[5]
    assert 540 < monday.value < 660
    assert 150 < saturday.value < 220
    assert all(day.low <= day.value <= day.high for day in whole.days)
    assert made["branch"].days == []
    assert made["branch"].reason


def test_over_several_pasts_it_errs_less_than_last_week_and_its_interval_holds() -> None:
    today = datetime(2026, 3, 2, tzinfo=UTC)
    found = [
        one.backtest
        for seed in range(4)
        for one in forecasting._forecasts(history(200, today, seed), today.date(), {})
        if one.channel == "all" and one.backtest is not None
    ]
    assert len(found) == 4
    # What is pure chance errs by a root of two less than "as a week ago", which holds two chances.
    assert np.mean([one.mase for one in found]) < 0.85 * np.mean([one.naive_mase for one in found])
    assert 0.68 <= np.mean([one.coverage for one in found]) <= 0.92
    assert np.mean([one.width for one in found]) < np.mean([one.naive_width for one in found])


def test_a_day_further_ahead_is_foretold_no_more_surely_where_the_level_wanders() -> None:
    generator = np.random.default_rng(8)
    today = datetime(2026, 3, 2, tzinfo=UTC)
    level = 400 * np.exp(np.cumsum(generator.normal(0, 0.08, 300)))
    told = [((today - timedelta(days=300 - at)).date(), 9, "app", int(level[at])) for at in range(300)]
    (whole, _) = forecasting._forecasts(told, today.date(), {})
    widths = [(day.high - day.low) / day.value for day in whole.days]
    # Were all days as wide as the first, these would be equal.
    assert np.mean(widths[-4:]) > 1.05 * np.mean(widths[:2])


def test_too_short_a_past_is_said_and_not_guessed() -> None:
    today = datetime(2026, 3, 2, tzinfo=UTC)
    (app, branch, whole) = sorted(
        forecasting._forecasts(history(60, today), today.date(), {}),
        key=lambda one: one.channel == "all",
    )
    assert [one.days for one in (app, branch, whole)] == [[], [], []]


async def test_forecasts_are_shown_once_a_timer_made_them_and_count_what_was_recorded(service: Service) -> None:
    staff = await service.client("customer.insights:read", "customer.interactions:write", actor="staff")
    assert (await staff.get("/v1/insights/forecasts")).json() == {
        "made_at": None,
        "zone": None,
        "forecasts": [],
        "signals": [],
        "grounds": None,
    }
    who = str(uuid4())
    for days in (1, 2, 500):
        at = (clock.now() - timedelta(days=days)).isoformat()
        word = {"event_id": f"e-{days}", "customer_id": who, "kind": "login", "channel": "app", "occurred_at": at}
        made = await staff.post("/v1/interactions", json=word)
        assert made.status_code == 201, made.text
    assert await Remaking(service.world, "CN").once() == ["forecasts", "channel-mix", "habits"]
    async with service.world.db.begin() as tx:
        since, until = clock.now() - timedelta(days=400), clock.now()
        counted = await contacts_by_hour(tx, since, until, "Asia/Shanghai")
    assert [(channel, number) for _, _, channel, number in counted] == [("app", 1), ("app", 1)]
    found = (await staff.get("/v1/insights/forecasts")).json()
    assert [(one["channel"], one["days"], one["backtest"]) for one in found["forecasts"]] == [
        ("all", [], None),
        ("app", [], None),
    ]
    assert found["zone"] == "Asia/Shanghai"
    assert datetime.fromisoformat(found["made_at"]) <= clock.now()


@pytest.mark.parametrize("country", ["CN", "IL", "PT"])
def test_holidays_are_known_ahead(country: str) -> None:
    known = forecasting.holidays_of(country, [2026])
    assert sum(kind == "closed" for kind in known.values()) >= 7


def test_a_union_of_countries_has_no_holidays_of_its_own() -> None:
    assert forecasting.holidays_of("EU", [2026]) == {}
