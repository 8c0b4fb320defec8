"""Figures over HTTP: days of the unit's own zone, periods that add up, and metrics that say what they mean."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from kpi.figures.domain.metrics import METRICS
from shared import clock
from shared.testing.service import Service

ROUTER = "cxbank.channel-router"
SCOPES = ("kpi.figures:read", "kpi.metrics:read")
NOON = datetime(2026, 3, 10, 4, tzinfo=UTC)


@pytest.fixture
async def staff(service: Service) -> httpx.AsyncClient:
    return await service.client(*SCOPES, actor="staff", sub="anna")


async def say(service: Service, type_: str, subject: UUID, version: int = 1, **data: Any) -> None:
    body = json.dumps(data, default=lambda value: value.isoformat() if isinstance(value, datetime) else str(value))
    key, identity = str(subject), clock.new_id()
    await service.hear(type_, body.encode(), key=key, subject=key, sequence=version, id_=identity)


async def ticket(
    service: Service, place: UUID, at: datetime, wait: float | None = None, *, state: str = "served"
) -> UUID:
    called = at + timedelta(seconds=wait) if wait is not None and state != "abandoned" else None
    served = called + timedelta(seconds=60) if called and state == "served" else None
    told: dict[str, Any] = {
        "place_id": place,
        "state": state,
        "opened_at": at,
        "called_at": called,
        "served_at": served,
    }
    one = uuid4()
    await say(service, f"{ROUTER}.ticket_{state}.v1", one, 3, ticket_id=one, occurred_at=at, need="cash", **told)
    return one


async def place_in(service: Service, zone: str, version: int = 1, place: UUID | None = None) -> UUID:
    place = place or uuid4()
    await say(service, f"{ROUTER}.place_changed.v1", place, version, place_id=place, zone=zone)
    return place


async def asked(caller: httpx.AsyncClient, metric: str, unit: object = "bank", **more: Any) -> list[dict[str, Any]]:
    params = {"metric": metric, "unit": str(unit), "from": "2026-01-01", "to": "2027-01-01"} | more
    answer = await caller.get("/v1/figures", params=params)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def test_a_figure_shows_what_it_is_made_of(service: Service, staff: httpx.AsyncClient) -> None:
    place = await place_in(service, "Asia/Shanghai")
    for wait in (5.0, 20.0, 20.4, 61.0):
        await ticket(service, place, NOON, wait)
    await ticket(service, place, NOON, state="abandoned")
    (level,) = await asked(staff, "service_level_20s", place)
    assert level == {
        "period": "2026-03-10",
        "value": 0.4,
        "numerator": 2,
        "denominator": 5,
        "n": 5,
        "freshness": "2026-03-10T04:00:00Z",
    }
    shown = {
        metric: (await asked(staff, metric))[0]["value"] for metric in METRICS if metric.startswith(("t", "w", "ab"))
    }
    assert shown == {
        "tickets_opened": 5.0,
        "tickets_served": 4.0,
        "tickets_abandoned": 1.0,
        "abandonment_rate": 0.2,
        "waiting_time_mean": (5 + 20 + 21 + 61) / 4,
        "waiting_time_p50": 20.0,
        "waiting_time_p90": 61.0,
    }


async def test_a_figure_without_denominator_has_no_value(service: Service, staff: httpx.AsyncClient) -> None:
    one = await ticket(service, await place_in(service, "Asia/Shanghai"), NOON, 5.0)
    assert [item["value"] for item in await asked(staff, "waiting_time_mean")] == [5.0]
    # It was corrected: nobody came when it was called.
    told: dict[str, Any] = {
        "ticket_id": one,
        "place_id": uuid4(),
        "state": "no_show",
        "opened_at": NOON,
        "occurred_at": NOON,
    }
    await say(service, f"{ROUTER}.ticket_no_show.v1", one, 4, **told)
    assert await asked(staff, "waiting_time_mean") == []
    assert await asked(staff, "waiting_time_p90") == []
    assert [item["value"] for item in await asked(staff, "tickets_opened")] == [1.0]


async def test_weeks_and_months_are_sums_of_days(service: Service, staff: httpx.AsyncClient) -> None:
    place = await place_in(service, "Europe/London")
    for day in range(0, 70, 3):
        await ticket(service, place, NOON + timedelta(days=day), 7.0 * day)
    days = await asked(staff, "waiting_time_mean", place, limit=500)
    for grain in ("week", "month", "quarter", "year"):
        periods = await asked(staff, "waiting_time_mean", place, grain=grain)
        for part in ("numerator", "denominator", "n"):
            assert sum(one[part] for one in periods) == sum(one[part] for one in days)
    weeks = await asked(staff, "waiting_time_mean", place, grain="week")
    assert all(datetime.fromisoformat(one["period"]).weekday() == 0 for one in weeks)
    march = await asked(staff, "waiting_time_mean", place, to="2026-04-01")
    (month,) = await asked(staff, "waiting_time_mean", place, grain="month", to="2026-04-01")
    assert month["numerator"] == sum(one["numerator"] for one in march)


async def test_a_day_of_23_or_25_hours_is_one_day(service: Service, staff: httpx.AsyncClient) -> None:
    place = await place_in(service, "Europe/London")
    # 25 October 2026 in London begins at 23:00 UTC the day before and has 25 hours; the one from 01:00 comes twice.
    begin = datetime(2026, 10, 24, 23, tzinfo=UTC)
    for hour in range(-1, 26):
        await ticket(service, place, begin + timedelta(hours=hour, minutes=30), 1.0)
    days = await asked(staff, "tickets_opened", place)
    assert [(one["period"], one["n"]) for one in days] == [("2026-10-26", 1), ("2026-10-25", 25), ("2026-10-24", 1)]
    hours = await asked(staff, "tickets_opened", place, grain="hour", **{"from": "2026-10-25", "to": "2026-10-26"})
    assert len(hours) == 25
    assert [one["period"] for one in hours[-3:]] == [
        "2026-10-25T01:00:00Z",
        "2026-10-25T01:00:00+01:00",
        "2026-10-25T00:00:00+01:00",
    ]
    spring = datetime(2026, 3, 29, tzinfo=UTC)
    for hour in range(23):
        await ticket(service, place, spring + timedelta(hours=hour, minutes=30), 1.0)
    assert [one["n"] for one in await asked(staff, "tickets_opened", place, to="2026-04-01")] == [23]


async def test_the_pages_of_a_list_make_the_list(service: Service, staff: httpx.AsyncClient) -> None:
    place = await place_in(service, "Asia/Shanghai")
    for day in range(7):
        await ticket(service, place, NOON + timedelta(days=day), 3.0 + day)
    for metric, grain in (("tickets_opened", "day"), ("waiting_time_p90", "day"), ("tickets_opened", "hour")):
        whole = await asked(staff, metric, place, grain=grain)
        params: dict[str, str] = {"metric": metric, "unit": str(place), "from": "2026-01-01", "to": "2027-01-01"}
        params |= {"limit": "3", "grain": grain}
        paged, cursor = [], None
        while True:
            answer = (await staff.get("/v1/figures", params=params | ({"cursor": cursor} if cursor else {}))).json()
            paged += answer["items"]
            cursor = answer["next_cursor"]
            if cursor is None:
                break
        assert paged == whole
        assert len(paged) == 7


async def test_a_stock_stands_on_days_on_which_nothing_moves(service: Service, staff: httpx.AsyncClient) -> None:
    one, other, who = uuid4(), uuid4(), uuid4()
    for which, at, until in ((one, NOON, None), (other, NOON + timedelta(days=1), NOON + timedelta(days=4))):
        data: dict[str, Any] = {"restriction_id": which, "customer_id": who, "occurred_at": at, "until": until}
        await say(service, "cxbank.risk.restriction_set.v1", which, **data)
    lifted: dict[str, Any] = {"restriction_id": one, "customer_id": who, "occurred_at": NOON + timedelta(days=5)}
    await say(service, "cxbank.risk.restriction_lifted.v1", one, 2, **lifted)
    with clock.frozen(NOON + timedelta(days=6)):
        staff = await service.client(*SCOPES, actor="staff", sub="later")
        days = await asked(staff, "restrictions_active")
        assert [item["value"] for item in reversed(days)] == [1, 2, 2, 2, 1, 0, 0]
        assert days[0]["period"] == "2026-03-16"
        weeks = await asked(staff, "restrictions_active", grain="week")
        assert [(item["period"], item["value"]) for item in weeks] == [("2026-03-16", 0), ("2026-03-09", 0)]
        cut = await asked(staff, "restrictions_active", grain="month", to="2026-03-13")
        assert [(item["period"], item["value"]) for item in cut] == [("2026-03-01", 2)]
        params = {"metric": "restrictions_active", "from": "2026-01-01", "to": "2027-01-01", "grain": "hour"}
        assert (await staff.get("/v1/figures", params=params)).json()["type"] == "/problems/grain-not-offered"


@pytest.mark.parametrize(
    "wrong",
    [
        {"metric": "magic"},
        {"unit": "branch 7"},
        {"grain": "minute"},
        {"to": "2026-01-01"},
        {"to": None},
        {"cursor": "x"},
    ],
)
async def test_what_is_not_known_is_malformed(staff: httpx.AsyncClient, wrong: dict[str, str | None]) -> None:
    params = {"metric": "screenings", "unit": "bank", "from": "2026-01-01", "to": "2026-02-01", "grain": "day"} | wrong
    answer = await staff.get("/v1/figures", params={name: value for name, value in params.items() if value is not None})
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"]


async def test_a_unit_not_heard_of_has_no_figures(staff: httpx.AsyncClient) -> None:
    assert await asked(staff, "tickets_opened", uuid4()) == []
    assert await asked(staff, "waiting_time_p50", "source:app") == []
    assert await asked(staff, "restrictions_active") == []


async def test_every_metric_is_named_in_three_languages(staff: httpx.AsyncClient) -> None:
    page = (await staff.get("/v1/metrics")).json()
    assert [one["key"] for one in page["items"]] == list(METRICS)
    assert page["next_cursor"] is None
    for one in page["items"]:
        assert set(one["names"]) == {"zh-Hans", "zh-Hant", "en"}
        assert all(one[part] for part in ("definition", "measure_unit", "counted_on", "type", "made_of"))
    for language in ("zh-Hans", "zh-Hant", "en"):
        assert len({one["names"][language] for one in page["items"]}) == len(METRICS)


async def test_only_who_has_the_scope_reads(service: Service) -> None:
    nobody = await service.client("kpi.metrics:read", actor="staff", sub="bo")
    customer = await service.client(*SCOPES, actor="customer", sub="me", customer_id=uuid4())
    params = {"metric": "screenings", "from": "2026-01-01", "to": "2026-02-01"}
    assert (await nobody.get("/v1/figures", params=params)).status_code == 403
    assert (await nobody.get("/v1/metrics")).status_code == 200
    assert (await customer.get("/v1/figures", params=params)).status_code == 403
    assert (await customer.get("/v1/metrics")).status_code == 403
