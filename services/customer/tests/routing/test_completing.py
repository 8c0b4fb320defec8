"""Customers who were there before cards were: each is told one card, whoever dies half-way and whoever else walks."""

import asyncio
from datetime import timedelta
from typing import Any

import orjson
import pytest
from sqlalchemy import text

from customer.routing import usecases
from customer.routing.timers import completing
from customer.routing.usecases import completing as module
from shared import clock
from shared.events.envelope import Envelope
from shared.testing.service import Service

MANY = 23


@pytest.fixture
async def old(bank: Any, service: Service, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A bank whose customers were registered, two of them linked and one erased, before there were any cards."""
    monkeypatch.setattr(module, "PAGE", 4)
    monkeypatch.setattr(module, "LOOK", 7)
    ids = [await bank.register(languages=["en"]) for _ in range(MANY)]
    await bank.link(ids[2], ids[20])
    gone = await bank.staff.post(f"/v1/customers/{ids[5]}/erasures", json={"external_ref": "gone"})
    assert gone.status_code < 300, gone.text
    await service.relay()
    assert await count(service, "content IS NOT NULL") == 0
    return [one for one in ids if one != ids[5]]


async def count(service: Service, which: str = "TRUE") -> int:
    async with service.world.db.read() as conn:
        return int((await conn.execute(text(f"SELECT count(*) FROM routing_card WHERE {which}"))).scalar_one())


async def walk(service: Service, on: usecases.Walk | None = None) -> usecases.Walk:
    """One worker's walk to its end; where another is on it, it waits."""
    mine = on or usecases.Walk()
    while mine.ended_at is None:
        if not await usecases.complete_cards(service.world, mine):
            await asyncio.sleep(0.005)
    return mine


async def versions(service: Service) -> dict[str, list[int]]:
    """Of each customer the versions that were said of their card."""
    said: dict[str, list[int]] = {}
    for record in await service.relay():
        envelope = Envelope.of(record)
        if envelope.type == "cxbank.customer.routing_profile_changed.v1":
            data = orjson.loads(envelope.data)
            said.setdefault(data["customer_id"], []).append(data["version"])
    return said


async def test_everybody_who_has_none_is_told_one_and_the_erased_none(service: Service, old: list[str]) -> None:
    await walk(service)
    assert await versions(service) == {one: [1] for one in old}
    await walk(service)
    assert await versions(service) == {one: [1] for one in old}, "a second walk says nothing"


async def test_who_dies_half_way_goes_on_from_the_start_and_says_nothing_twice(
    service: Service, old: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await usecases.complete_cards(service.world, usecases.Walk())
    died = usecases.Walk()
    with monkeypatch.context() as dying:
        dying.setattr(module, "settle", None)  # after the look, before anything is told
        dying.setattr(module, "_told_alone", None)
        with pytest.raises(TypeError):
            await usecases.complete_cards(service.world, died)
    assert died == usecases.Walk()
    assert await count(service, "content IS NOT NULL") in range(1, MANY - 1)
    await walk(service)
    assert await versions(service) == {one: [1] for one in old}


async def test_four_walks_in_two_processes_and_writers_at_the_same_moment_say_each_version_once(
    service: Service, twin: Service, bank: Any, old: list[str]
) -> None:
    async def write() -> None:
        for who in old[::5]:
            await bank.change(who, tier="private")

    await asyncio.gather(*(walk(one) for one in (service, twin, service, twin)), write())
    await bank.catch_up()
    said = await versions(service)
    assert said.keys() == set(old)
    assert all(told == list(range(1, len(told) + 1)) for told in said.values())
    assert {who for who in old if (await bank.card(who))["tier"] == "private"} >= set(old[::5])
    assert all(len(told) == 1 for who, told in said.items() if who not in {*old[::5], old[2], old[19]})


async def test_one_that_cannot_be_told_keeps_nobody_waiting(service: Service, old: list[str]) -> None:
    async with service.world.db.begin() as tx:
        await tx.execute(text("UPDATE customer SET legal_name = '\\x00'::bytea WHERE id = :id"), {"id": old[9]})
    await walk(service)
    assert (await versions(service)).keys() == set(old) - {old[9]}


async def test_a_walk_begins_anew_after_a_day_and_finds_whom_no_event_told(
    service: Service, bank: Any, old: list[str]
) -> None:
    on = await walk(service)
    late = await bank.register()
    assert not await usecases.complete_cards(service.world, on)
    with clock.frozen(clock.now() + timedelta(days=1, seconds=1)):
        while await usecases.complete_cards(service.world, on):
            continue
    assert (await versions(service))[late] == [1]


async def test_the_part_of_the_worker_walks_and_ends_when_it_is_told_to(service: Service, old: list[str]) -> None:
    stopping = asyncio.Event()
    running = asyncio.ensure_future(completing(service.world)(stopping))
    async with asyncio.timeout(10):
        while await count(service, "content IS NOT NULL") < len(old):  # noqa: ASYNC110  # another task tells them
            await asyncio.sleep(0.02)
    stopping.set()
    await running
