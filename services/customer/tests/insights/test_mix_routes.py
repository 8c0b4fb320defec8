"""The mix of channels ahead over HTTP: whole months of what was recorded, shares that add up, an error beside last year's."""

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import numpy as np
import orjson
import pytest

from customer.insights.domain.mix import mix_ahead
from customer.insights.timers import Remaking
from customer.insights.usecases.mixing import foretold, months_later
from customer.interactions.usecases import contacts_by_month
from shared import clock
from shared.testing.service import Service

PRESENT = date(2026, 3, 1)
CHANNELS = ("app", "branch", "phone")


def drifting(months: int, seed: int = 1) -> list[tuple[date, str, int]]:
    """So many months up to the present one, in which the app takes over from the branch."""
    chance = np.random.default_rng(seed)
    told = []
    for back in range(months, 0, -1):
        app = 0.5 + 0.4 * (1 - back / months)
        drawn = chance.multinomial(2_000, [app, 0.9 - app, 0.1])
        told += [
            (months_later(PRESENT, -back), name, int(number)) for name, number in zip(CHANNELS, drawn, strict=True)
        ]
    return told


def test_months_are_counted_over_the_end_of_a_year() -> None:
    assert [str(months_later(PRESENT, by)) for by in (-15, -3, -2, 0, 9, 10)] == [
        "2024-12-01", "2025-12-01", "2026-01-01", "2026-03-01", "2026-12-01", "2027-01-01",
    ]  # fmt: skip


def test_a_drifting_mix_is_foretold_better_than_as_a_year_ago_and_adds_up() -> None:
    told = foretold(drifting(48), PRESENT)
    assert [one.month for one in told.months] == ["2026-03", "2026-04", "2026-05"]
    for month in told.months:
        assert sum(share.value for share in month.shares) == pytest.approx(1)
        assert all(0 <= share.low <= share.value <= share.high <= 1 for share in month.shares)
    assert told.backtest is not None
    assert (told.past_months, told.backtest.months, told.reason) == (48, 24, None)
    assert told.backtest.mase < 0.5 * told.backtest.naive_mase
    counts = np.array([number for _, _, number in drifting(48)], dtype=float).reshape(48, 3)
    assert [share.value for share in told.months[0].shares] == pytest.approx(mix_ahead(counts).band.value[0])


@pytest.mark.parametrize(
    ("change", "past"),
    [
        (lambda told: told[-23 * 3 :], 23),
        (lambda told: [one for one in told if one[0] != months_later(PRESENT, -5)], 4),
        (lambda told: [one for one in told if one[1] == "app"], 48),
        (lambda told: told[:0], 0),
    ],
    ids=["short", "broken", "one channel", "nothing"],
)
def test_what_would_be_a_guess_is_not_told(change: Callable[[Any], Any], past: int) -> None:
    told = foretold(change(drifting(48)), PRESENT)
    assert (told.months, told.backtest, told.past_months) == ([], None, past)
    assert told.reason


def test_a_mix_that_never_moved_is_told_as_it_was() -> None:
    still = [(months_later(PRESENT, -back), name, 10) for back in range(1, 31) for name in CHANNELS]
    told = foretold(still, PRESENT)
    assert [share.value for share in told.months[0].shares] == pytest.approx([1 / 3] * 3)
    assert told.backtest is not None
    assert told.backtest.mase == 0


async def test_it_is_shown_once_a_timer_made_it_from_whole_months_of_the_zone(service: Service) -> None:
    scopes = ("customer.insights:read", "customer.interactions:write")
    staff = await service.client(*scopes, actor="staff", sub="anna")
    path = "/v1/insights/forecasts/channel-mix"
    assert (await staff.get(path)).json()["made_at"] is None
    zone = ZoneInfo("Asia/Shanghai")
    present = clock.now().astimezone(zone).date().replace(day=1)
    lines = [
        {"event_id": f"{back} {channel} {place}", "customer_id": str(uuid4()), "kind": "login", "channel": channel,
         # One second of the month where the bank is: in UTC the month before it.
         "occurred_at": f"{months_later(present, -back)}T00:00:01+08:00"}
        for back in range(26)
        for channel, often in (("app", 2), ("branch", 1))
        for place in range(often)
    ]  # fmt: skip
    body = b"\n".join(map(orjson.dumps, lines))
    job = await staff.post("/v1/interactions/imports", content=body, headers={"content-type": "application/x-ndjson"})
    assert job.status_code == 202, job.text
    await service.run_jobs()
    assert "channel-mix" in await Remaking(service.world, "CN").once()
    told = (await staff.get(path)).json()
    assert (told["past_months"], told["zone"], told["reason"]) == (25, "Asia/Shanghai", None), "this month is not over"
    assert [one["month"] for one in told["months"]] == [f"{months_later(present, step):%Y-%m}" for step in range(3)]
    assert [(one["channel"], one["value"]) for one in told["months"][0]["shares"]] == [
        ("app", pytest.approx(2 / 3)),
        ("branch", pytest.approx(1 / 3)),
    ]
    customer = await service.client("customer.insights:read", actor="customer", customer_id=str(uuid4()))
    assert (await customer.get(path)).status_code == 403
    async with service.world.db.read() as conn:
        counted = await contacts_by_month(conn, clock.now(), clock.now(), "Asia/Shanghai")
    assert counted == []
