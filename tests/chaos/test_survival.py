"""Kill, stop, wipe and poison during load: what was acknowledged is kept once, heard once and in order; a fault costs time."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
import pytest

from cxbank_local.administration import Service, opened
from cxbank_local.chaos.poison import send_poison
from cxbank_local.chaos.traffic import Traffic
from cxbank_local.chaos.verdict import effects, lost_or_doubled, out_of_order
from cxbank_local.demo.hops import parked, quiet
from cxbank_local.issuer import DevelopmentIssuer, scopes_of
from cxbank_local.state import ROLES, SERVICES, State
from cxbank_local.suite import Suite
from shared import clock
from shared.events.kafka import KafkaBus
from shared.testing import kafka as apache

SPEAKERS = ("customer", "feedback", "channel-router", "risk")
LISTENERS = ("feedback", "channel-router", "risk", "kpi")
OUTAGE_SECONDS = 30.0
BACK_SECONDS = 60.0
MOST_SECONDS = 600.0
SHIFTS = {"embedded": 700, "apache": 750}

pytestmark = pytest.mark.slow


@pytest.fixture(params=["embedded", "apache"])
def suite(request: pytest.FixtureRequest) -> Iterator[Suite]:
    if request.param == "apache" and apache.available() is not None:
        pytest.skip(f"Apache Kafka cannot run here: {apache.available()}")
    # Where PostgreSQL's own OS user may enter when this is root's machine.
    folder = Path(tempfile.mkdtemp(prefix="cxbank-chaos-", dir="/var/tmp"))
    folder.chmod(0o755)
    made = Suite(State.load(folder, SHIFTS[request.param]), request.param)
    made.start()
    try:
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def services_of(state: State) -> AsyncIterator[dict[str, Service]]:
    async with AsyncExitStack() as stack:
        yield {name: await stack.enter_async_context(opened(state, name)) for name in SERVICES}


async def add_place(state: State) -> str:
    token = DevelopmentIssuer(state).token(
        "channel-router", " ".join(scopes_of("channel-router")), sub="chaos", actor="staff"
    )
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{state.ports.of('channel-router', 'api')}") as http:
        body = {"kind": "branch", "names": {"en": "Chaos"}, "zone": "UTC", "external_ref": "chaos"}
        answer = await http.post("/v1/places", json=body, headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code in {200, 201}, answer.text
        return str(answer.json()["id"])


async def back(suite: Suite) -> None:
    """All ten roles ready again."""
    await asyncio.to_thread(suite.await_ready, BACK_SECONDS)


async def becomes(true: Callable[[], bool], what: str) -> None:
    async with asyncio.timeout(BACK_SECONDS):
        while not true():  # noqa: ASYNC110  # another process, nothing to be woken by
            await asyncio.sleep(0.05)
    assert true(), what


async def kill_each(suite: Suite) -> None:
    for role in ROLES:
        before = suite.pid(role)
        suite.kill(role)
        await becomes(lambda role=role, before=before: suite.pid(role) not in {before, None}, f"{role} runs again")  # type: ignore[misc]  # bound for this turn
        await back(suite)


async def stop_postgres(suite: Suite, seconds: float) -> None:
    assert suite.postgres is not None
    with suite.holding("postgres"):
        await asyncio.to_thread(suite.postgres.stop)
        await asyncio.sleep(seconds)
        await asyncio.to_thread(suite.postgres.start)
    await back(suite)


async def wipe_broker(suite: Suite) -> None:
    broker = suite.broker
    assert broker is not None
    with suite.holding("broker"):
        if isinstance(broker, apache.ApacheKafka):
            await asyncio.to_thread(broker.wipe)
        else:
            await asyncio.to_thread(broker.stop)
        await asyncio.sleep(1)
        await asyncio.to_thread(broker.start)
    await back(suite)


async def test_nothing_is_lost_doubled_or_reordered(suite: Suite) -> None:
    async with asyncio.timeout(MOST_SECONDS):
        await _survive(suite)


async def _survive(suite: Suite) -> None:
    state = suite.state
    traffic = Traffic(state, await add_place(state))
    start = clock.new_id()
    async with asyncio.TaskGroup() as group:
        group.create_task(traffic.run())
        try:
            await asyncio.sleep(2)
            await kill_each(suite)
            await stop_postgres(suite, 0)
            await asyncio.sleep(2)
            await stop_postgres(suite, OUTAGE_SECONDS)
            await asyncio.sleep(2)
            await wipe_broker(suite)
            await asyncio.sleep(2)
        finally:
            traffic.stop()
    seen = traffic.seen
    async with services_of(state) as services:
        await quiet(services, start, within=180)
        assert await parked(services) == 0, "an outage is no reason to park"
        assert await lost_or_doubled(services, seen) == []
        assert await effects(services, seen) == []
        bus = KafkaBus(services["customer"].world.settings)
        try:
            assert await out_of_order(bus, SPEAKERS) == []
            await poison_waits_for_a_person(services, bus)
        finally:
            await bus.stop()
        for service in services.values():
            rows, findings = await service.verify_audit()
            assert not findings, f"{service.name}: {findings[:3]}"
            assert rows or service.name == "kpi"
    broken = {name: count for name, count in seen.answers.items() if not name.isdigit()}
    print(f"answers {dict(seen.answers)}, of them broken connections {broken}")  # noqa: T201  # what `make chaos` says
    assert broken or seen.answers["503"], "no caller noticed anything: nothing was under load"


async def poison_waits_for_a_person(services: dict[str, Service], bus: KafkaBus) -> None:
    """Only the poison and what follows on its key are parked, with the cause; once it is dropped the rest is heard in order."""
    customer = clock.new_id()
    async with services["customer"].world.db.read() as conn:
        state = services["customer"].work.storage.EVENTS.relay_state
        (epoch,) = (await conn.execute(state.select().with_only_columns(state.c.epoch))).scalars()
    await send_poison(bus, customer, epoch)
    for name in LISTENERS:
        service = services[name]
        told = await service.parked()
        for _ in range(150):
            if len(told) >= 3:
                break
            await asyncio.sleep(0.2)
            told = await service.parked()
        assert [one.behind for one in told] == [False, True, True], f"{name}: {told}"
        assert "does not fit" in told[0].cause, told[0].cause
        assert await service.replay(told[0].id) == 0, "what cannot be heard stays parked, and nothing overtakes it"
        await service.drop(told[0].id)
        assert await service.replay() == 2
        assert await service.parked() == []
    for name in ("feedback", "channel-router", "risk"):
        async with services[name].world.db.read() as conn:
            known = services[name].work.storage.metadata.tables["known_customer"]
            row = (await conn.execute(known.select().where(known.c.customer_id == customer))).one()
            assert (row.tier, row.version) == ("private", 3), name
