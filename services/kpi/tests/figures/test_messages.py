"""What became of messages to customers: each once, on the day it was sent, and by the channels it went through."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text

from kpi.figures.usecases import gather
from shared import clock
from shared.testing.service import Service

NOON = datetime(2026, 3, 10, 4, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
async def staff(service: Service) -> httpx.AsyncClient:
    return await service.client("kpi.figures:read", actor="staff", sub="anna")


async def say(service: Service, word: str, one: UUID, version: int, at: datetime, **data: Any) -> None:
    told: dict[str, Any] = {"message_id": one, "customer_id": uuid4(), "purpose": "service", "channel": "sms"}
    told |= {
        "campaign_id": None,
        "template": "hello",
        "reason": None,
        "version": version,
        "occurred_at": at.isoformat(),
    }
    body = json.dumps(told | data, default=str).encode()
    type_, key = f"cxbank.customer.message_{word}.v1", str(one)
    await service.hear(type_, body, key=key, subject=key, sequence=version, id_=clock.new_id())


async def days(caller: httpx.AsyncClient, metric: str, unit: str = "bank") -> list[tuple[str, int, int, int]]:
    params = {"metric": metric, "unit": unit, "from": "2026-01-01", "to": "2027-01-01"}
    answer = await caller.get("/v1/figures", params=params)
    assert answer.status_code == 200, answer.text
    return [(one["period"], one["numerator"], one["denominator"], one["n"]) for one in answer.json()["items"]]


async def rows(service: Service, sql: str) -> Sequence[Any]:
    async with service.world.db.read() as conn:
        return (await conn.execute(text(sql))).all()


async def test_what_became_of_messages_counts_on_the_day_they_were_sent(
    service: Service, staff: httpx.AsyncClient
) -> None:
    lives = [["sent"], ["sent", "delivered"], ["sent", "delivered", "read"], ["sent", "failed"], ["failed"]]
    for life in [*lives, ["suppressed"], ["suppressed"], ["suppressed"]]:
        one = uuid4()
        for number, word in enumerate(life):
            await say(service, word, one, number + 2, NOON + number * DAY, channel="sms" if "sent" in life else None)
    shown = {
        "messages_sent": (4, 1, 4),
        "messages_delivered": (2, 1, 2),
        "messages_read": (1, 1, 1),
        "messages_failed": (2, 1, 2),
        "messages_suppressed": (3, 1, 3),
        "message_delivery_rate": (2, 4, 4),
        "message_read_rate": (1, 2, 2),
        "message_suppression_rate": (3, 8, 8),
    }
    assert {metric: await days(staff, metric) for metric in shown} == {
        metric: [("2026-03-10", *parts)] for metric, parts in shown.items()
    }


async def test_a_sending_heard_after_its_end_moves_the_message_to_its_day(
    service: Service, staff: httpx.AsyncClient
) -> None:
    one = uuid4()
    await say(service, "read", one, 5, NOON + 9 * DAY)
    assert await days(staff, "messages_sent") == await days(staff, "messages_read") == [("2026-03-19", 1, 1, 1)]
    for _ in range(2):
        await say(service, "sent", one, 3, NOON)
        await say(service, "delivered", one, 4, NOON + DAY)
        await say(service, "read", one, 5, NOON + 9 * DAY)
    for unit in ("bank", "channel:sms", "purpose:service"):
        assert await days(staff, "messages_sent", unit) == [("2026-03-10", 1, 1, 1)]
        assert await days(staff, "messages_delivered", unit) == [("2026-03-10", 1, 1, 1)]
        assert await days(staff, "message_read_rate", unit) == [("2026-03-10", 1, 1, 1)]
    assert await rows(service, "SELECT 1 FROM parked") == []


async def test_that_a_failed_message_had_been_sent_is_known_whatever_is_heard_first(
    service: Service, staff: httpx.AsyncClient
) -> None:
    one, never = uuid4(), uuid4()
    await say(service, "failed", one, 4, NOON + DAY)
    await say(service, "failed", never, 2, NOON, channel=None)
    assert await days(staff, "message_delivery_rate") == []
    await say(service, "sent", one, 3, NOON)
    assert await days(staff, "message_delivery_rate") == [("2026-03-10", 0, 1, 1)]
    assert await days(staff, "messages_failed") == [("2026-03-10", 2, 1, 2)]
    assert await days(staff, "messages_failed", "channel:sms") == [("2026-03-10", 1, 1, 1)]


async def test_what_comes_back_and_goes_on_is_one_message_and_a_loss_of_its_first_channel(
    service: Service, staff: httpx.AsyncClient
) -> None:
    one = uuid4()
    await say(service, "delivered", one, 7, NOON + 2 * DAY)
    await say(service, "sent", one, 3, NOON, channel="push")
    await say(service, "sent", one, 6, NOON + DAY)
    assert await days(staff, "messages_sent") == [("2026-03-10", 1, 1, 1)]
    assert await days(staff, "message_delivery_rate") == [("2026-03-10", 1, 1, 1)]
    assert await days(staff, "message_delivery_rate", "channel:push") == [("2026-03-10", 0, 1, 1)]
    assert await days(staff, "message_delivery_rate", "channel:sms") == [("2026-03-11", 1, 1, 1)]


async def test_what_came_back_and_must_not_go_again_is_sent_and_suppressed_and_no_channel_s_suppression(
    service: Service, staff: httpx.AsyncClient
) -> None:
    one = uuid4()
    await say(service, "sent", one, 3, NOON, channel="push")
    await say(service, "suppressed", one, 5, NOON + DAY, channel="push", reason="no-consent")
    assert await days(staff, "messages_suppressed") == await days(staff, "messages_sent") == [("2026-03-10", 1, 1, 1)]
    assert await days(staff, "message_suppression_rate", "purpose:service") == [("2026-03-10", 1, 1, 1)]
    assert await days(staff, "message_delivery_rate", "channel:push") == [("2026-03-10", 0, 1, 1)]
    for metric in ("messages_suppressed", "message_suppression_rate"):
        assert await days(staff, metric, "channel:push") == []


async def test_messages_count_for_their_purpose_and_their_campaign(service: Service, staff: httpx.AsyncClient) -> None:
    spring = uuid4()
    for number, (purpose, campaign) in enumerate((("news_2", spring), ("news_2", None), ("service", None))):
        told = {"purpose": purpose, "campaign_id": campaign, "channel": "email"}
        await say(service, "sent", uuid4(), 3, NOON + timedelta(hours=number), **told)
    units = ("bank", "channel:email", "purpose:news_2", f"campaign:{spring}")
    assert [(await days(staff, "messages_sent", unit))[0][1] for unit in units] == [3, 3, 2, 1]
    params = {"metric": "messages_sent", "unit": f"campaign:{spring}", "from": "2026-03-10", "to": "2026-03-11"}
    (hour,) = (await staff.get("/v1/figures", params=params | {"grain": "hour"})).json()["items"]
    assert (hour["period"], hour["value"]) == ("2026-03-10T12:00:00+08:00", 1)
    for wrong in ("campaign:spring", "purpose:No", "channel:", "template:hello", f"place:{spring}"):
        assert (await staff.get("/v1/figures", params=params | {"unit": wrong})).status_code == 422


async def test_an_erased_customer_leaves_the_counts_of_messages_and_no_trace_in_them(
    service: Service, staff: httpx.AsyncClient
) -> None:
    who, one, request = uuid4(), uuid4(), uuid4()
    await say(service, "sent", one, 3, NOON, customer_id=who)
    async with service.world.db.read() as conn:
        handed = [part async for _, part in gather(service.world, conn, [who])]
    assert sorted((part["kind"], part["channel"], part["purpose"]) for part in handed) == [
        ("message", None, "service"),
        ("sending", "sms", None),
    ]
    asked = {"request_id": str(request), "customer_id": str(who), "occurred_at": NOON.isoformat()}
    erasure = "cxbank.customer.erasure_requested.v1"
    await service.hear(erasure, json.dumps(asked).encode(), key=str(who), subject=str(request), id_=clock.new_id())
    assert await rows(service, "SELECT 1 FROM fact WHERE customer_id IS NOT NULL") == []
    await say(service, "delivered", one, 4, NOON + DAY, customer_id=who)
    await say(service, "suppressed", uuid4(), 2, NOON + DAY, customer_id=who, channel=None, reason="erased")
    assert await rows(service, "SELECT 1 FROM fact WHERE customer_id IS NOT NULL") == []
    assert await days(staff, "message_delivery_rate") == [("2026-03-10", 1, 1, 1)]
    assert await days(staff, "messages_suppressed") == [("2026-03-11", 1, 1, 1)]


@pytest.mark.parametrize("wrong", [{"purpose": "欧阳娜娜"}, {"purpose": "Anna"}, {"channel": "+8613712345670"}])
async def test_a_purpose_or_channel_that_is_no_code_names_no_unit(service: Service, wrong: dict[str, str]) -> None:
    await say(service, "sent", uuid4(), 3, NOON, **wrong)
    assert len(await rows(service, "SELECT 1 FROM parked")) == 1
    assert await rows(service, "SELECT 1 FROM fact") == await rows(service, "SELECT 1 FROM figure_day") == []
