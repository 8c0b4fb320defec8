"""A birthday is said: once, by one worker of several, as of its midnight, and nothing that is recorded changes by it."""

import asyncio
from collections import Counter
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx
import orjson
import pytest

from customer.parties import repository
from customer.parties.domain import age_band
from customer.parties.usecases import aging, say_birthdays
from shared import clock
from shared.testing.service import Service

ZONE = ZoneInfo("Asia/Shanghai")
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def midnight() -> datetime:
    """The next midnight of the bank but one; none of the two days after it is a 29 February, on which few are born."""
    day = clock.now().astimezone(ZONE).date() + DAY * 2
    while any((one.month, one.day) == (2, 29) for one in (day, day + DAY, day + DAY * 2)):
        day += DAY
    return datetime.combine(day, time(), ZONE)


def born(day: date, years: int) -> str:
    return day.replace(year=day.year - years).isoformat()


@pytest.fixture
async def staff(service: Service) -> httpx.AsyncClient:
    scopes = ("customer.customers:write", "customer.customers:read", "customer.insights:read")
    more = ("customer.identity-links:write", "customer.erasures:write")
    return await service.client(*scopes, *more, actor="staff", sub="anna", lifetime=9 * 86_400)


async def register(staff: httpx.AsyncClient, birth: str | None) -> str:
    body = {"kind": "individual", "legal_name": "张伟", "birth_date": birth, "external_ref": str(uuid4())}
    made = await staff.post("/v1/customers", json=body)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def turns(*services: Service) -> None:
    """Let the workers go on until everything of the day is said, all at once."""

    async def until_done(one: Service) -> None:
        today = clock.day_in("Asia/Shanghai", clock.now())
        while not await one.world.db.any(repository.birthdays_said(today)):
            await say_birthdays(one.world)

    await asyncio.gather(*(until_done(one) for one in services))


async def said(service: Service) -> dict[str, list[tuple[int, str]]]:
    """Of each person the versions and bands that were said, in order."""
    told: dict[str, list[tuple[int, str]]] = {}
    for record in await service.relay():
        if dict(record.headers)["ce_type"] in {b"cxbank.customer.registered.v1", b"cxbank.customer.changed.v1"}:
            data = orjson.loads(record.value)
            told.setdefault(data["customer_id"], []).append((data["version"], data["age_band"]))
    return told


async def test_who_turns_25_at_midnight_is_said_to_be_25_to_34_as_of_midnight(
    service: Service, staff: httpx.AsyncClient
) -> None:
    dawn = midnight()
    with clock.frozen(dawn - HOUR) as held:
        who = await register(staff, born(dawn.date(), 25))
        await turns(service)
        before = (await staff.get(f"/v1/customers/{who}")).json()
        assert await said(service) == {who: [(1, "18-24")]}
        held.move(HOUR * 3)
        await turns(service)
        assert await said(service) == {who: [(1, "18-24"), (2, "25-34")]}
        event = orjson.loads((await service.relay())[-1].value)
        assert datetime.fromisoformat(event["occurred_at"]) == dawn
        after = (await staff.get(f"/v1/customers/{who}")).json()
        assert after == before | {"version": 2, "age_band": "25-34"}, "who changed it last, and when, stays"
        (only,) = (await staff.get(f"/v1/customers/{who}/history")).json()
        assert (only["version"], only["recorded_by"]) == (2, "anna")


async def test_the_tables_count_a_person_under_the_band_of_their_birthday(
    service: Service, staff: httpx.AsyncClient
) -> None:
    dawn = midnight()
    with clock.frozen(dawn - HOUR) as held:
        people = [await register(staff, born(dawn.date(), 35)) for _ in range(10)]
        others = [await register(staff, "1950-01-01") for _ in range(10)]
        assert len(people) == len(others)
        held.move(HOUR * 2)
        await turns(service)
        heard: dict[int, list[Any]] = {}
        for record in await service.relay():
            heard.setdefault(record.partition, []).append(record)
        for records in heard.values():
            await service.consumer().hear(records, await service.bus.cluster_id())
        table = (await staff.get("/v1/insights/tables", params={"rows": "age_band", "columns": "kind"})).json()
    assert {line["group"]: line["total"] for line in table["lines"]} == {"35-44": 10, "65+": 10}


async def test_two_workers_say_each_birthday_once_and_page_by_page(
    service: Service, twin: Service, staff: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aging, "PAGE", 5)
    monkeypatch.setattr(aging, "MOST", 2)
    dawn = midnight()
    with clock.frozen(dawn - HOUR) as held:
        turning = {await register(staff, born(dawn.date(), years)) for years in (18, 25, 35, 45, 55, 65) * 3}
        for birth in ("1950-01-01", None, born(dawn.date() + DAY, 25), born(dawn.date(), 30)):
            await register(staff, birth)
        await turns(service, twin)
        held.move(HOUR * 2)
        await turns(service, twin)
        told = await said(service)
    assert {who for who, versions in told.items() if len(versions) == 2} == turning
    assert max(len(versions) for versions in told.values()) == 2


async def test_who_was_changed_or_linked_that_morning_is_not_told_of_twice_nor_passed_over(
    service: Service, staff: httpx.AsyncClient
) -> None:
    dawn = midnight()
    with clock.frozen(dawn - HOUR) as held:
        changed, one, other, gone = [await register(staff, born(dawn.date(), 45)) for _ in range(4)]
        await turns(service)
        held.move(HOUR * 2)
        head = {"If-Match": '"1"'}
        assert (
            await staff.patch(f"/v1/customers/{changed}", json={"tier": "private"}, headers=head)
        ).status_code == 200
        proof = [{"kind": "identity_document", "reference": "scan/2026/79"}]
        pair = {"members": [one, other], "leader": one, "reason": "same_person", "evidence": proof}
        linked = await staff.post("/v1/identity-links", json=pair | {"external_ref": "pair"})
        assert linked.status_code == 201, linked.text
        erased = await staff.post(f"/v1/customers/{gone}/erasures", json={"external_ref": "gone"})
        assert erased.status_code < 300, erased.text
        await turns(service)
        told = await said(service)
    assert {who: told[who][1:] for who in (changed, one, other)} == {
        who: [(2, "45-54")] for who in (changed, one, other)
    }
    assert told[gone] == [(1, "35-44")]


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_happens_meanwhile_each_band_is_said_once_and_in_the_end_all_are_right(
    service: Service, staff: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(aging, "PAGE", 3)
    monkeypatch.setattr(aging, "MOST", 1)
    chance, dawn = Random(seed), midnight()  # noqa: S311  # a test's dice
    births: dict[str, str] = {}
    changes: Counter[str] = Counter()
    with clock.frozen(dawn - DAY / 2) as held:
        for _ in range(24):
            if chance.random() < 0.3:
                birth = born(dawn.date() + DAY * chance.randrange(3), chance.choice((18, 25, 35)))
                births[await register(staff, birth)] = birth
            if births and chance.random() < 0.2:
                who = chance.choice(sorted(births))
                path = f"/v1/customers/{who}"
                match = {"If-Match": (await staff.get(path)).headers["etag"]}
                changed = await staff.patch(path, json={"occupation": str(chance.random())}, headers=match)
                changes[who] += changed.status_code == 200
            await say_birthdays(service.world)
            held.move(DAY / 8)
        await turns(service)
        told, today = await said(service), held.at.astimezone(ZONE).date()
    for who, birth in births.items():
        versions, bands = zip(*told[who], strict=True)
        assert versions == tuple(range(1, len(versions) + 1))
        assert len(versions) - 1 - changes[who] <= 1, "beside what was changed, one birthday at the most"
        assert bands[-1] == age_band(date.fromisoformat(birth), on=today)
