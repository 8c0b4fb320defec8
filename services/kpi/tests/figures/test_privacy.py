"""Figures are of nobody: what kpi keeps of a person is an id that is taken out, and of what others say too much nothing."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text

from shared import clock
from shared.telemetry import configure
from shared.testing.clear import stored, unsealed
from shared.testing.service import Service

WHEN = datetime(2026, 3, 10, 4, tzinfo=UTC)
SECRETS = ("欧阳娜娜", "+8613712345670", "oyang.nana@example.com", "11010519491231002X")
ASKED = "cxbank.customer.erasure_requested.v1"


@pytest.fixture
async def staff(service: Service) -> httpx.AsyncClient:
    return await service.client("kpi.figures:read", actor="staff", sub="anna")


async def say(service: Service, type_: str, subject: UUID, version: int = 1, **data: Any) -> None:
    body = json.dumps({"occurred_at": WHEN} | data, default=str).encode()
    key = str(subject)
    await service.hear(f"cxbank.{type_}.v1", body, key=key, subject=key, sequence=version, id_=clock.new_id())


async def erase(service: Service, who: UUID, request: UUID, *, said: UUID | None = None) -> None:
    asked = json.dumps({"request_id": request, "customer_id": who, "occurred_at": WHEN}, default=str).encode()
    await service.hear(ASKED, asked, key=str(who), subject=str(request), id_=said or clock.new_id())


async def everything_of(service: Service, who: UUID, version: int = 1) -> None:
    """Whatever kpi can hear of a customer, each told by somebody who says more than they should."""
    more = {"customer_id": who, "name": SECRETS[0], "phone": SECRETS[1], "text": f"{SECRETS[2]} {SECRETS[3]}"}
    place = uuid4()
    await say(service, "customer.registered", who, version, state="active", **more)
    await say(service, "feedback.received", one := uuid4(), version, feedback_id=one, source="app", rating=1, **more)
    ticket = {"place_id": place, "opened_at": WHEN, "state": "waiting"} | more
    await say(service, "channel-router.ticket_opened", one := uuid4(), version, ticket_id=one, **ticket)
    await say(service, "risk.screened", one := uuid4(), version, screening_id=one, outcome="allow", **more)
    await say(service, "risk.restriction_set", one := uuid4(), version, restriction_id=one, **more)
    message = {"purpose": "service", "channel": "sms", "campaign_id": None, "template": "hello"} | more
    await say(service, "customer.message_sent", one := uuid4(), version, message_id=one, **message)


async def named(service: Service, who: UUID) -> int:
    """Facts that still tell of a customer."""
    async with service.world.db.read() as conn:
        found = text("SELECT count(*) FROM fact WHERE customer_id = :who OR id = :who")
        return int((await conn.execute(found, {"who": who})).scalar_one())


async def total(caller: httpx.AsyncClient) -> dict[str, int]:
    """What is counted, over all days."""
    metrics = ("customers_registered", "feedback_received", "tickets_opened", "screenings", "messages_sent")
    query = {"from": "2026-01-01", "to": "2027-01-01"}
    pages = {one: (await caller.get("/v1/figures", params=query | {"metric": one})).json() for one in metrics}
    return {one: sum(item["numerator"] for item in page["items"]) for one, page in pages.items()}


async def test_an_erased_customer_is_taken_out_of_every_fact_and_the_counts_stay(
    service: Service, staff: httpx.AsyncClient
) -> None:
    who, other = uuid4(), uuid4()
    await everything_of(service, who)
    await everything_of(service, other)
    before = await total(staff)
    assert (await named(service, who), await named(service, other)) == (7, 7)
    await erase(service, who, uuid4())
    assert (await named(service, who), await named(service, other)) == (0, 7)
    assert await total(staff) == before == dict.fromkeys(before, 2)


async def test_what_comes_late_brings_nobody_back(service: Service, staff: httpx.AsyncClient) -> None:
    who = uuid4()
    await everything_of(service, who)
    await erase(service, who, uuid4())
    await everything_of(service, who, version=7)
    await say(service, "customer.snapshot", who, 9, customer_id=who, state="active")
    assert await named(service, who) == 0
    # What they did still counts; who they are does not a second time.
    assert await total(staff) == {
        "customers_registered": 1,
        "feedback_received": 2,
        "tickets_opened": 2,
        "screenings": 2,
        "messages_sent": 2,
    }
    async with service.world.db.read() as conn:
        assert (await conn.execute(text("SELECT count(*) FROM parked"))).scalar_one() == 0


async def test_an_erasure_that_comes_before_the_customer_holds(service: Service, staff: httpx.AsyncClient) -> None:
    who = uuid4()
    await erase(service, who, uuid4())
    await everything_of(service, who)
    assert await named(service, who) == 0
    assert (await total(staff))["customers_registered"] == 0


async def test_an_erasure_heard_twice_is_done_once_and_confirmed(service: Service) -> None:
    who, request, said = uuid4(), uuid4(), clock.new_id()
    for _ in range(2):
        await erase(service, who, request, said=said)
    told = [one for one in await service.relay() if b"erasure_confirmed" in dict(one.headers)["ce_type"]]
    assert [json.loads(one.value)["request_id"] for one in told] == [str(request)]


async def test_whoever_says_too_much_is_not_repeated_in_any_row_message_or_log(
    service: Service, staff: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    configure("debug")
    try:
        await everything_of(service, uuid4())
        # A figure asked for by a name: refused without it.
        query = {"metric": SECRETS[0], "unit": SECRETS[1], "from": SECRETS[2], "to": SECRETS[3]}
        refused = await staff.get("/v1/figures", params=query)
    finally:
        # The capture ends before the service does, which would say so into a closed file.
        configure("error")
    assert refused.status_code == 422
    assert unsealed(refused.content, SECRETS) == []
    assert unsealed(capsys.readouterr().out.encode(), SECRETS) == []
    kept = await stored(service)
    assert b"feedback_received" in kept
    assert unsealed(kept, SECRETS) == []
