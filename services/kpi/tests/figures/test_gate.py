"""Nothing is written over HTTP here: the gate is the inbox. What is heard twice, in two processes, counts once."""

import asyncio
import json
from collections.abc import Sequence
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text

from shared import clock
from shared.events.bus import Message
from shared.events.consumer import Stale
from shared.events.envelope import CONTENT_TYPE, Record
from shared.testing.service import Service
from shared.worker import topic_of

SCOPES = ("kpi.figures:read", "kpi.metrics:read")
WHEN = "2026-03-10T04:00:00Z"


@pytest.fixture
async def staff(service: Service) -> httpx.AsyncClient:
    return await service.client(*SCOPES, actor="staff", sub="anna")


Told = tuple[UUID, UUID, int, int]


async def told(service: Service, *events: Told) -> list[list[Record]]:
    """Expressions (id, id of the event, version, rating) on the topic of feedback: its partitions, each in order."""
    topic = topic_of("feedback")
    messages = []
    for one, said, version, rating in events:
        data = {"feedback_id": str(one), "source": "app", "rating": rating, "occurred_at": WHEN}
        head = {
            "ce_specversion": "1.0",
            "ce_id": str(said),
            "ce_source": "/cxbank/feedback",
            "ce_type": "cxbank.feedback.received.v1",
            "ce_time": WHEN,
            "ce_subject": str(one),
            "ce_sequence": str(version),
            "ce_epoch": "1",
            "content-type": CONTENT_TYPE,
        }
        headers = [(name, value.encode()) for name, value in head.items()]
        messages.append(Message(topic, str(one).encode(), json.dumps(data).encode(), headers))
    await service.bus.send(messages)
    records = service.bus.records(topic)
    return [
        [one for one in records if one.partition == number] for number in sorted({one.partition for one in records})
    ]


async def hear(where: Service, said: Service, partitions: Sequence[Sequence[Record]]) -> int:
    """Let one process hear what was said; how many partitions the other one had already heard."""
    late = 0
    for records in partitions:
        try:
            await where.consumer().hear(records, await said.bus.cluster_id())
        except Stale:
            late += 1
    return late


async def counted(caller: httpx.AsyncClient, metric: str = "feedback_received") -> list[tuple[int, int]]:
    query = {"metric": metric, "from": "2026-01-01", "to": "2027-01-01"}
    items = (await caller.get("/v1/figures", params=query)).json()["items"]
    return [(one["numerator"], one["n"]) for one in items]


async def test_eight_twins_of_an_event_count_once(service: Service, staff: httpx.AsyncClient) -> None:
    partitions = await told(service, *[(uuid4(), clock.new_id(), 1, 4)] * 8)
    assert await hear(service, service, partitions) == 0
    assert await counted(staff) == [(1, 1)]


async def test_eight_twins_of_an_event_heard_by_two_processes_at_once_count_once(
    service: Service, twin: Service, staff: httpx.AsyncClient
) -> None:
    partitions = await told(service, *[(uuid4(), clock.new_id(), 1, 4)] * 8)
    late = await asyncio.gather(*(hear(where, service, partitions) for where in (service, twin)))
    assert sum(late) <= 1
    assert await counted(staff) == [(1, 1)]
    async with service.world.db.read() as conn:
        assert (await conn.execute(text("SELECT count(*) FROM inbox"))).scalar_one() == 1


async def test_one_thing_told_by_eight_events_out_of_order_counts_once_as_its_last(
    service: Service, twin: Service, staff: httpx.AsyncClient
) -> None:
    one = uuid4()
    versions = sorted(range(1, 9), key=lambda version: (version * 5) % 8)
    partitions = await told(service, *((one, clock.new_id(), version, 1 + version % 5) for version in versions))
    await asyncio.gather(*(hear(where, service, partitions) for where in (service, twin)))
    assert await counted(staff) == [(1, 1)]
    assert await counted(staff, "average_rating") == [(4, 1)]


async def test_sixty_things_heard_by_two_processes_at_once_are_sixty(
    service: Service, twin: Service, staff: httpx.AsyncClient
) -> None:
    partitions = await told(service, *((uuid4(), clock.new_id(), 1, 4) for _ in range(60)))
    assert len(partitions) > 3
    others = partitions[::-1]
    await asyncio.gather(hear(service, service, partitions), hear(twin, service, others))
    assert await counted(staff) == [(60, 60)]


async def test_who_may_not_is_told_so(service: Service, staff: httpx.AsyncClient) -> None:
    query = {"metric": "feedback_received", "from": "2026-01-01", "to": "2027-01-01"}
    own = await service.client(*SCOPES, actor="customer", sub="me", customer_id=uuid4())
    narrow = await service.client("kpi.metrics:read", actor="staff", sub="reader")
    foreign = {"Authorization": f"Bearer {service.issuer.token('risk', SCOPES)}"}
    assert (await staff.get("/v1/figures", params=query, headers={"Authorization": ""})).status_code == 401
    assert (await staff.get("/v1/figures", params=query, headers=foreign)).status_code == 401
    assert (await own.get("/v1/figures", params=query)).status_code == 403
    assert (await own.get("/v1/metrics")).status_code == 403
    assert (await narrow.get("/v1/figures", params=query)).status_code == 403
    assert (await narrow.get("/v1/metrics")).status_code == 200
