"""What is heard becomes figures, whatever its order; and what is forgotten leaves counts behind."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text

from shared import clock
from shared.testing.service import Service

LATE = datetime(2026, 3, 10, 20, tzinfo=UTC)


@pytest.fixture
async def staff(service: Service) -> httpx.AsyncClient:
    return await service.client("kpi.figures:read", actor="staff", sub="anna")


async def say(service: Service, type_: str, subject: UUID, version: int = 1, /, **data: Any) -> None:
    body = json.dumps(data, default=lambda value: value.isoformat() if isinstance(value, datetime) else str(value))
    key, identity = str(subject), clock.new_id()
    await service.hear(f"cxbank.{type_}.v1", body.encode(), key=key, subject=key, sequence=version, id_=identity)


async def days(caller: httpx.AsyncClient, metric: str, unit: object = "bank") -> list[tuple[str, float | None]]:
    params = {"metric": metric, "unit": str(unit), "from": "2026-01-01", "to": "2027-01-01"}
    answer = await caller.get("/v1/figures", params=params)
    assert answer.status_code == 200, answer.text
    return [(one["period"], one["value"]) for one in answer.json()["items"]]


async def rows(service: Service, sql: str) -> Sequence[Any]:
    async with service.world.db.read() as conn:
        return (await conn.execute(text(sql))).all()


async def test_a_ticket_moves_to_its_place_s_day_when_the_zone_is_heard(
    service: Service, staff: httpx.AsyncClient
) -> None:
    one, place = uuid4(), uuid4()
    told: dict[str, Any] = {"ticket_id": one, "place_id": place, "opened_at": LATE, "occurred_at": LATE}
    await say(service, "channel-router.ticket_opened", one, state="waiting", **told)
    assert await days(staff, "tickets_opened", place) == [("2026-03-11", 1)]
    await say(service, "channel-router.place_changed", place, 1, place_id=place, zone="Europe/London", kind="branch")
    assert await days(staff, "tickets_opened", place) == [("2026-03-10", 1)]
    assert await days(staff, "tickets_opened") == [("2026-03-11", 1)]
    await say(service, "channel-router.snapshot", place, 3, place_id=place, zone="Asia/Tokyo")
    await say(service, "channel-router.place_changed", place, 2, place_id=place, zone="Europe/Lisbon")
    assert await days(staff, "tickets_opened", place) == [("2026-03-11", 1)]


async def test_an_older_event_never_overwrites_a_newer_state(service: Service, staff: httpx.AsyncClient) -> None:
    one, place = uuid4(), uuid4()
    called = LATE + timedelta(seconds=9)
    told: dict[str, Any] = {"ticket_id": one, "place_id": place, "opened_at": LATE, "occurred_at": called}
    served: dict[str, Any] = {"called_at": called, "served_at": called + timedelta(seconds=50), "state": "served"}
    await say(service, "channel-router.ticket_served", one, 3, **told, **served)
    await say(service, "channel-router.ticket_called", one, 2, **told, called_at=called, state="called")
    await say(service, "channel-router.ticket_opened", one, 1, **told, state="waiting")
    assert await days(staff, "tickets_opened") == [("2026-03-11", 1)]
    assert await days(staff, "tickets_served") == [("2026-03-11", 1)]
    assert await days(staff, "service_time_mean") == [("2026-03-11", 50)]


async def test_a_registration_heard_late_moves_the_customer_to_its_day(
    service: Service, staff: httpx.AsyncClient
) -> None:
    who = uuid4()
    told: dict[str, Any] = {"customer_id": who, "state": "active", "tier": "mass"}
    await say(service, "customer.changed", who, 2, **told, occurred_at=LATE + timedelta(days=9))
    assert await days(staff, "customers_registered") == [("2026-03-20", 1)]
    await say(service, "customer.registered", who, 1, **told, occurred_at=LATE)
    assert await days(staff, "customers_registered") == [("2026-03-11", 1)]


async def test_feedback_counts_for_its_door_too(service: Service, staff: httpx.AsyncClient) -> None:
    for number, (source, kind, rating) in enumerate(
        (("app", "complaint", 1), ("app", None, 4), ("web", "praise", None))
    ):
        one = uuid4()
        told: dict[str, Any] = {"feedback_id": one, "source": source, "kind": kind, "rating": rating, "language": "en"}
        await say(service, "feedback.received", one, **told, occurred_at=LATE + timedelta(seconds=number))
    assert await days(staff, "feedback_received") == [("2026-03-11", 3)]
    assert await days(staff, "complaint_share") == [("2026-03-11", 1 / 3)]
    assert await days(staff, "complaint_share", "source:app") == [("2026-03-11", 0.5)]
    assert await days(staff, "average_rating") == [("2026-03-11", 2.5)]
    assert await days(staff, "average_rating", "source:web") == []


async def test_screenings_and_their_declines(service: Service, staff: httpx.AsyncClient) -> None:
    for outcome in ("allow", "allow", "review", "decline"):
        one = uuid4()
        told: dict[str, Any] = {
            "screening_id": one,
            "customer_id": uuid4(),
            "kind": "transaction",
            "outcome": outcome,
            "score": 7,
        }
        await say(service, "risk.screened", one, **told, occurred_at=LATE)
    assert await days(staff, "screenings") == [("2026-03-11", 4)]
    assert await days(staff, "screening_decline_rate") == [("2026-03-11", 0.25)]


async def test_erasure_takes_the_customer_out_of_every_fact_and_leaves_the_counts(
    service: Service, staff: httpx.AsyncClient
) -> None:
    who, one, request = uuid4(), uuid4(), uuid4()
    told: dict[str, Any] = {
        "ticket_id": one,
        "place_id": uuid4(),
        "customer_id": who,
        "opened_at": LATE,
        "occurred_at": LATE,
    }
    await say(service, "customer.registered", who, customer_id=who, state="active", occurred_at=LATE)
    await say(service, "channel-router.ticket_opened", one, state="waiting", **told)
    asked: dict[str, Any] = {"request_id": request, "customer_id": who, "occurred_at": LATE}
    await say(service, "customer.erasure_requested", request, **asked)
    # Late words of whom was erased: what they did still counts, they themselves do not come back.
    await say(service, "channel-router.ticket_abandoned", one, 2, state="abandoned", **told)
    await say(service, "customer.changed", who, 2, customer_id=who, state="active", occurred_at=LATE)
    assert await days(staff, "customers_registered") == [("2026-03-11", 1)]
    assert await days(staff, "tickets_abandoned") == [("2026-03-11", 1)]
    assert await rows(service, f"SELECT 1 FROM fact WHERE customer_id IS NOT NULL OR id = '{who}'") == []
    said = [record for record in await service.relay() if b"erasure_confirmed" in dict(record.headers)["ce_type"]]
    assert [UUID(json.loads(record.value)["request_id"]) for record in said] == [request]


async def test_a_zone_that_does_not_exist_is_parked_and_counts_nothing(
    service: Service, staff: httpx.AsyncClient
) -> None:
    place = uuid4()
    await say(service, "channel-router.place_changed", place, place_id=place, zone="Moon/Far_Side")
    assert len(await rows(service, "SELECT 1 FROM parked")) == 1
    assert await rows(service, "SELECT 1 FROM known_place") == []


async def test_an_offer_counts_once_on_the_day_it_was_shown_and_by_what_it_came_to(
    service: Service, staff: httpx.AsyncClient
) -> None:
    decision, later = uuid4(), LATE + timedelta(days=2)
    told: dict[str, Any] = {"offer_id": decision, "customer_id": uuid4(), "unasked": False, "holdout": False}
    for key, outcome, version, at in (
        ("help", "accepted", 4, later),
        ("help", "shown", 1, LATE),
        ("help", "declined", 3, later),
        ("more", "shown", 1, LATE),
    ):
        kind = "offer_shown" if outcome == "shown" else "offer_answered"
        more: dict[str, Any] = {"service": key, "outcome": outcome, "channel": "app", "occurred_at": at}
        await say(service, f"customer.{kind}", decision, version, **told | more)
    unasked: dict[str, Any] = {"service": "help", "outcome": "accepted", "channel": "app", "occurred_at": LATE}
    await say(service, "customer.offer_answered", uuid4(), 4, **told | unasked | {"offer_id": uuid4(), "unasked": True})
    assert await days(staff, "offers_shown") == [("2026-03-11", 2)]
    assert await days(staff, "offer_acceptance_rate") == [("2026-03-11", 0.5)]
