"""What customers do lets them in and out: by event, by time alone, late, linked, and as one walk over everything tells."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import orjson
from sqlalchemy import text

from customer.interactions.domain.facts import Kind
from customer.interactions.schemas import RecordInteraction
from customer.interactions.usecases import INTERACTION, record_interactions
from customer.segments.domain.memberships import stays, walk
from customer.segments.usecases.library import shelf
from customer.segments.usecases.sources import sources
from shared import clock
from shared.access import Caller
from shared.idempotency import wish_for
from shared.testing.service import Service

Told = Callable[..., Awaitable[int]]
Define = Callable[..., Awaitable[httpx.Response]]
Did = Callable[..., Awaitable[None]]
DAY = timedelta(days=1)
CORE = Caller(sub="core", actor="client", scopes=frozenset())


async def of(staff: httpx.AsyncClient, who: UUID, **query: Any) -> list[str]:
    answer = await staff.get(f"/v1/customers/{who}/segments", params=query)
    assert answer.status_code == 200, answer.text
    return sorted(one["segment"] for one in answer.json()["items"])


async def members(service: Service) -> int:
    """How many memberships there are, whatever the time."""
    async with service.world.db.read() as conn:
        return int((await conn.execute(text("SELECT count(*) FROM segment_member"))).scalar_one())


async def said(service: Service) -> list[tuple[str, str, str]]:
    """What was said of memberships: entered or left, which segment, by what."""
    found = []
    for record in await service.relay():
        kind = dict(record.headers)["ce_type"].decode()
        if ".segment_" in kind:
            data = orjson.loads(record.value)
            found.append((kind.split(".")[2], data["segment"], data["by"]))
    return found


async def test_somebody_enters_by_event_and_leaves_on_time_without_one(
    service: Service, staff: httpx.AsyncClient, who: UUID, define: Define, did: Did, told: Told
) -> None:
    await define("busy", "count_login(3) >= 2")
    await told()
    at = clock.now()
    await did(who, "login", at)
    await did(who, "login", at - DAY)
    await told()
    assert await of(staff, who) == ["busy"]
    # One of the two ages out two days from now. Nobody does anything; somebody looks a little later.
    await told(at + 2 * DAY - timedelta(milliseconds=1))
    assert await members(service) == 1
    await told(at + 2 * DAY + timedelta(hours=5))
    assert await members(service) == 0
    assert await said(service) == [("segment_entered", "busy", "event"), ("segment_left", "busy", "time")]
    async with service.world.db.read() as conn:
        (left,) = (await conn.execute(text("SELECT left_at FROM segment_stay"))).scalars()
    assert left == at + 2 * DAY


async def test_the_worker_lets_somebody_out_within_two_seconds_of_the_instant(
    service: Service, staff: httpx.AsyncClient, who: UUID, define: Define, did: Did
) -> None:
    await define("busy", "count_login(1) >= 1")
    await did(who, "login", clock.now() - DAY + timedelta(seconds=2))
    stopping = asyncio.Event()
    part = asyncio.ensure_future(service.work.parts["segments"](stopping))
    seen = []
    for _ in range(8):
        await asyncio.sleep(0.5)
        seen.append(await of(staff, who))
    stopping.set()
    await part
    assert seen[0] == ["busy"]
    assert seen[-1] == []


async def test_a_late_event_corrects_the_past_and_what_was_recorded_then_is_kept(
    service: Service, staff: httpx.AsyncClient, who: UUID, define: Define, did: Did, told: Told
) -> None:
    await define("quiet", "count_login(3) == 0")
    await told()
    before = clock.now()
    assert await of(staff, who) == ["quiet"]
    await did(who, "login", before - DAY)
    await told()
    assert await of(staff, who) == []
    assert await of(staff, who, as_of=before.isoformat()) == ["quiet"]
    async with service.world.db.read() as conn:
        rows = (await conn.execute(text("SELECT left_at, void_at FROM segment_stay"))).all()
    assert [(row.left_at, row.void_at is not None) for row in rows] == [(None, True)]
    assert await said(service) == [("segment_entered", "quiet", "rule"), ("segment_left", "quiet", "event")]


async def test_what_the_database_tells_is_what_one_walk_over_everything_tells(
    service: Service, register: Callable[..., Awaitable[UUID]], define: Define, told: Told
) -> None:
    chance = random.Random(7)  # noqa: S311  # reproducible, not secret
    await define("busy", "count_login(2) >= 2 || count_visit(3) == 1")
    await define("other", "!in_segment('busy') && days_since_login >= 1")
    start = clock.now()
    whom = [await register() for _ in range(3)]
    looks = sorted(start + timedelta(hours=chance.randint(1, 100)) for _ in range(6))
    for look in looks:
        for who in whom:
            happened = start + timedelta(hours=chance.randint(0, 100))
            with clock.frozen(look):  # some come late, none before it happened
                body = RecordInteraction(
                    event_id=str(clock.new_id()),
                    customer_id=who,
                    kind=chance.choice([Kind.LOGIN, Kind.VISIT]),
                    occurred_at=min(look, happened),
                )
                wish = wish_for(service.world.keyring, INTERACTION, body, CORE)
                async with service.world.db.begin() as tx:
                    await record_interactions(service.world, tx, [wish])
        await told(look)
    end = looks[-1]
    async with service.world.db.begin() as tx:
        on_shelf = await shelf(tx)
        known = await sources(service.world, tx, whom, on_shelf)
        kept = [*(await tx.execute(text("SELECT *, NULL::timestamptz AS left_at FROM segment_member")))]
        kept += await tx.execute(text("SELECT * FROM segment_stay WHERE void_at IS NULL"))
    keys = on_shelf.keys
    for who in whom:
        source = known[who]
        since = source.people[0].since
        once, _ = stays([], walk(on_shelf.library, source.read, source.happened, since, end), since)
        mine = {(keys[row.segment_id], row.entered_at, row.left_at) for row in kept if row.customer_id == who}
        assert mine == {(one.key, one.entered_at, one.left_at) for one in once}
    assert len(kept) > len(whom)


async def test_a_customer_nobody_registered_is_due_and_then_forgotten(
    service: Service, define: Define, did: Did, told: Told
) -> None:
    await define("busy", "count_login(3) >= 1")
    await did(uuid4(), "login", clock.now())
    assert await told() == 1
    assert await told() == 0
    assert await said(service) == []


async def test_linked_ids_share_what_they_did_and_an_unlink_leaves_no_trace(
    staff: httpx.AsyncClient,
    register: Callable[..., Awaitable[UUID]],
    define: Define,
    did: Did,
    told: Told,
    link: Callable[..., Awaitable[None]],
) -> None:
    one, other = await register(), await register()
    await define("busy", "count_login(3) >= 1")
    await did(other, "login", clock.now())
    await told()
    assert (await of(staff, one), await of(staff, other)) == ([], ["busy"])
    for version, linked, found in ((1, True, ["busy"]), (2, False, [])):
        await link(one, other, version, linked=linked)
        await told()
        assert (await of(staff, one), await of(staff, other)) == (found, ["busy"])
