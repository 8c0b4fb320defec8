"""Who is in is told on time: by event, by time alone, by a new rule; late, at once by many, and as it was recorded then."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
import orjson
from sqlalchemy import text

from customer.segments.usecases import settle
from shared import clock
from shared.testing.service import Service

Told = Callable[..., Awaitable[int]]
Define = Callable[..., Awaitable[httpx.Response]]
DAY = timedelta(days=1)
ZONE = ZoneInfo("Asia/Shanghai")


async def of(staff: httpx.AsyncClient, who: UUID, **query: Any) -> list[str]:
    answer = await staff.get(f"/v1/customers/{who}/segments", params=query)
    assert answer.status_code == 200, answer.text
    return sorted(one["segment"] for one in answer.json()["items"])


async def said(service: Service) -> list[tuple[str, str, str]]:
    """What was said of memberships: entered or left, which segment, by what."""
    found = []
    for record in await service.relay():
        kind = dict(record.headers)["ce_type"].decode()
        if ".segment_" in kind:
            data = orjson.loads(record.value)
            found.append((kind.split(".")[2], data["segment"], data["by"]))
    return found


async def test_a_changed_rule_judges_from_its_own_instant_on(
    service: Service, staff: httpx.AsyncClient, who: UUID, define: Define, told: Told
) -> None:
    made = (await define("aged", "age >= 18")).json()
    await told()
    between = clock.now()
    path, match = f"/v1/segments/{made['id']}", {"If-Match": '"1"'}
    changed = await staff.patch(path, json={"rule": "age >= 90"}, headers=match)
    assert (changed.status_code, changed.json()["version"]) == (200, 2)
    await told()
    assert await of(staff, who) == []
    assert await of(staff, who, as_of=between.isoformat()) == ["aged"]
    back = {"rule": "age >= 18", "state": "active"}
    await staff.patch(path, json=back, headers={"If-Match": '"2"'})
    await staff.patch(path, json={"state": "archived"}, headers={"If-Match": '"3"'})
    await told()
    assert await of(staff, who) == []
    assert await said(service) == [("segment_entered", "aged", "rule"), ("segment_left", "aged", "rule")]


async def test_a_change_of_the_record_is_told_from_when_it_was_made(
    staff: httpx.AsyncClient, who: UUID, define: Define, told: Told
) -> None:
    await define("private", "tier == 'private'")
    await told()
    changed = await staff.patch(f"/v1/customers/{who}", json={"tier": "private"}, headers={"If-Match": '"1"'})
    await told()
    (item,) = (await staff.get(f"/v1/customers/{who}/segments")).json()["items"]
    assert (item["since"], item["by"]) == (changed.json()["updated_at"], "event")


async def test_many_workers_at_once_tell_everybody_once(
    service: Service, twin: Service, register: Callable[..., Awaitable[UUID]], define: Define
) -> None:
    await define("grown", "age >= 18")
    for _ in range(12):
        await register(birth_date="1990-01-01")
    await asyncio.gather(*(settle(one.world) for one in (service, twin) for _ in range(3)))
    await settle(service.world)
    assert sorted(await said(service)) == [("segment_entered", "grown", "event")] * 12


async def test_a_birthday_lets_somebody_in_and_another_out_and_nobody_does_anything(
    service: Service, register: Callable[..., Awaitable[UUID]], define: Define, told: Told
) -> None:
    await define("minors", "age < 18")
    await define("grown", "!in_segment('minors') && known('age')")
    morning = datetime.combine((clock.now().astimezone(ZONE) + DAY).date(), time(), ZONE)
    await register(birth_date=morning.date().replace(year=morning.year - 18).isoformat())
    await told()
    await told(morning - timedelta(milliseconds=1))
    assert await said(service) == [("segment_entered", "minors", "event")]
    await told(morning + timedelta(hours=5))
    assert sorted((await said(service))[1:]) == [
        ("segment_entered", "grown", "time"),
        ("segment_left", "minors", "time"),
    ]
    async with service.world.db.read() as conn:
        assert (await conn.execute(text("SELECT left_at FROM segment_stay"))).scalar_one() == morning
        assert (await conn.execute(text("SELECT entered_at FROM segment_member"))).scalar_one() == morning


async def test_the_worker_tells_whoever_is_due_every_second(
    service: Service, staff: httpx.AsyncClient, who: UUID, define: Define
) -> None:
    await define("grown", "age >= 18")
    stopping = asyncio.Event()
    part = asyncio.ensure_future(service.work.parts["segments"](stopping))
    for _ in range(100):
        if await of(staff, who) == ["grown"]:
            break
        await asyncio.sleep(0.05)
    stopping.set()
    await part
    assert await of(staff, who) == ["grown"]
