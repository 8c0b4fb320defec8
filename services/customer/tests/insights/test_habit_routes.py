"""Habits over HTTP: counted from what was recorded, as a count by hand has it, small counts hidden, signals beside them."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from customer import storage
from customer.insights.timers import Remaking
from customer.insights.usecases import learn_people
from customer.interactions.consumers import SUITE
from customer.interactions.schemas import RecordInteraction
from customer.interactions.usecases import INTERACTION, record_interactions
from customer.segments.usecases import settle
from shared import clock, subjects
from shared.idempotency import wish_for
from shared.testing.service import Service

SCOPES = (
    "customer.insights:read",
    "customer.customers:write",
    "customer.segments:write",
    "customer.market-signals:write",
    "customer.erasures:write",
)
TIERS = ("mass", "affluent", "private")
MANY = 60


@pytest.fixture
async def staff(service: Service) -> httpx.AsyncClient:
    return await service.client(*SCOPES, actor="staff", sub="anna")


async def registered(staff: httpx.AsyncClient, count: int) -> list[UUID]:
    made = [
        await staff.post("/v1/customers", json={"kind": "individual", "legal_name": "李雷", "external_ref": f"r-{one}"})
        for one in range(count)
    ]
    assert {one.status_code for one in made} == {201}
    return [UUID(one.json()["id"]) for one in made]


async def happened(service: Service, bodies: Sequence[dict[str, Any]]) -> None:
    """Record all of it at once, as a consumer would."""
    parsed = [RecordInteraction.model_validate(body) for body in bodies]
    async with service.world.db.begin() as tx:
        wishes = [wish_for(service.world.keyring, INTERACTION, body, SUITE) for body in parsed]
        await record_interactions(service.world, tx, wishes)


@pytest.fixture
async def town(service: Service, staff: httpx.AsyncClient) -> dict[UUID, tuple[str, str]]:
    """Sixty customers, each of a tier and with a channel of their own; a handful use the telephone."""
    chance = random.Random(5)  # noqa: S311  # reproducible, not secret
    whom = await registered(staff, MANY)
    lives = {
        who: (TIERS[place % 3], "phone" if place in {3, 4, 9} else chance.choice(["app", "branch"]))
        for place, who in enumerate(whom)
    }
    plain = {"version": 9, "kind": "individual", "state": "active", "age_band": None, "region": None}
    async with service.world.db.begin() as tx:
        await learn_people(
            service.world, tx, [plain | {"customer_id": who, "tier": tier} for who, (tier, _) in lives.items()]
        )
    now = clock.now()
    bodies = [
        {
            "event_id": f"{who}-{step}",
            "customer_id": who,
            "kind": "login",
            "channel": channel,
            "occurred_at": now - timedelta(days=5 + step),
        }
        for who, (_, channel) in lives.items()
        for step in range(2)
    ]
    await happened(service, bodies)
    return lives


async def habits(staff: httpx.AsyncClient, measure: str, by: str) -> httpx.Response:
    return await staff.get("/v1/insights/habits", params={"measure": measure, "by": by})


async def test_the_mix_of_channels_is_the_true_one_and_the_few_by_telephone_are_hidden(
    service: Service, staff: httpx.AsyncClient, town: dict[UUID, tuple[str, str]]
) -> None:
    assert (await habits(staff, "channel", "tier")).json()["made_at"] is None
    assert await Remaking(service.world, "CN").once() == ["forecasts", "channel-mix", "habits"]
    found = (await habits(staff, "channel", "tier")).json()
    assert (found["customers"], found["total"], found["exact"], found["fewest"]) == (MANY, MANY, True, 10)
    # Three who telephone are fewer than ten: they are joined with the next smallest channel.
    told = Counter(channel for _, channel in town.values())
    smaller = min(("app", "branch"), key=lambda name: (told[name], name))
    assert set(found["names"]) == {"app", "branch", "other"} - {smaller}
    truth = Counter((tier, "other" if channel in {"phone", smaller} else channel) for tier, channel in town.values())
    for line in found["lines"]:
        for name, count in zip(found["names"], line["counts"], strict=True):
            true = truth[line["group"], name]
            assert count == true or (count is None and (true < 10 or None in line["counts"]))
        assert line["total"] == 20
    assert dict(zip(found["names"], found["totals"], strict=True)) == {
        name: sum(truth[tier, name] for tier in TIERS) for name in found["names"]
    }
    assert await Remaking(service.world, "CN").once() == [], "four times a day, not every half minute"


async def test_a_segment_stands_against_everybody_and_one_that_is_a_tier_but_for_a_few_is_withheld(
    service: Service, staff: httpx.AsyncClient, town: dict[UUID, tuple[str, str]]
) -> None:
    names = {"en": "x", "zh-Hans": "x", "zh-Hant": "x"}
    for key, rule in (("appish", "channel_share_app(90) >= 0.5"), ("everybody", "acts(90) >= 1")):
        made = await staff.post("/v1/segments", json={"key": key, "names": names, "rule": rule})
        assert made.status_code == 201, made.text
    await settle(service.world)
    await Remaking(service.world, "CN").once()
    found = (await habits(staff, "digital", "segment")).json()
    truth = sum(channel == "app" for _, channel in town.values())
    (line,) = found["lines"]
    assert (line["group"], line["total"]) == ("appish", truth)
    assert dict(zip(found["names"], line["counts"], strict=True)) == {"not": 0, "only": truth}
    assert found["withheld"] == ["everybody"]


async def test_signals_of_the_days_a_table_or_forecast_looks_back_on_stand_beside_it(
    service: Service, staff: httpx.AsyncClient, town: dict[UUID, tuple[str, str]]
) -> None:
    for days in (0, 80, 100, 170):
        seen = {"observed_on": str((clock.now() - timedelta(days=days)).date()), "topic": "rate", "source": "prices"}
        made = await staff.post("/v1/market-signals", json=seen | {"external_ref": f"s-{days}"})
        assert made.status_code == 201, made.text
    await Remaking(service.world, "CN").once()
    shown = [
        (await habits(staff, "channel", "tier")).json(),
        (await habits(staff, "channel_shift", "tier")).json(),
        (await staff.get("/v1/insights/forecasts")).json(),
        (await staff.get("/v1/insights/tables", params={"rows": "tier", "columns": "state"})).json(),
    ]
    assert [len(one["signals"]) for one in shown] == [2, 4, 2, 2]
    assert [one["observed_on"] for one in shown[1]["signals"]] == sorted(
        (one["observed_on"] for one in shown[1]["signals"]), reverse=True
    )


async def test_a_table_of_a_few_is_withheld_and_nothing_of_anybody_is_kept(
    service: Service, staff: httpx.AsyncClient, stored: Any
) -> None:
    (who,) = await registered(staff, 1)
    word = {"version": 1, "kind": "individual", "state": "active", "tier": "mass", "age_band": None, "region": None}
    async with service.world.db.begin() as tx:
        await learn_people(service.world, tx, [word | {"customer_id": who}])
    await Remaking(service.world, "CN").once()
    for by in ("tier", "segment"):
        assert (await habits(staff, "saving", by)).status_code == 409
    async with service.world.db.read() as conn:
        kept = (await conn.exec_driver_sql("SELECT body::text FROM insight_report WHERE name = 'habits'")).scalar_one()
    assert str(who) not in kept
    assert (await habits(staff, "salary", "tier")).status_code == 422
    assert (await habits(staff, "saving", "name")).status_code == 422
    customer = await service.client(*SCOPES, actor="customer", customer_id=str(who))
    assert (await habits(customer, "saving", "tier")).status_code == 403


async def test_of_several_workers_at_once_one_makes_each_report(service: Service, twin: Service) -> None:
    workers = [Remaking(one.world, "CN") for one in (service, twin, service, twin)]
    made = [name for names in await asyncio.gather(*(one.once() for one in workers)) for name in names]
    assert sorted(made) == ["channel-mix", "forecasts", "habits"]


async def test_what_fails_once_is_tried_again_and_the_part_stops_when_told(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("customer.insights.timers.LOOK_SECONDS", 0.01)
    part, stopping = Remaking(service.world, "CN"), asyncio.Event()
    tries: list[int] = []

    async def once() -> list[str]:
        tries.append(len(tries))
        if len(tries) == 1:
            raise RuntimeError("a report that cannot be made")
        stopping.set()
        return []

    monkeypatch.setattr(part, "once", once)
    await asyncio.wait_for(part.run(stopping), 20)
    assert tries == [0, 1]


async def test_who_objects_to_profiling_is_in_no_total_and_each_table_names_its_basis(
    service: Service, staff: httpx.AsyncClient, town: dict[UUID, tuple[str, str]]
) -> None:
    saying = await service.client("customer.consents:write", actor="staff")
    for who in sorted(town)[:4]:
        word = {"purpose": "profiling", "decision": "refused", "external_ref": f"no-{who}"}
        assert (await saying.post(f"/v1/customers/{who}/consents", json=word)).status_code == 201
    await Remaking(service.world, "CN").once()
    table = (await habits(staff, "channel", "tier")).json()
    assert (table["total"], table["customers"]) == (MANY - 4, MANY)
    shown = [
        table,
        (await staff.get("/v1/insights/forecasts")).json(),
        (await staff.get("/v1/insights/forecasts/channel-mix")).json(),
        (await staff.get("/v1/insights/tables", params={"rows": "tier", "columns": "state"})).json(),
    ]
    assert [one["grounds"]["use"] for one in shown] == ["statistics"] * 4
    assert {one["grounds"]["legal_basis"]["gdpr"] for one in shown} == {"6(1)(f)"}


async def test_who_counts_as_another_is_counted_once_with_what_both_did(
    service: Service, staff: httpx.AsyncClient, town: dict[UUID, tuple[str, str]]
) -> None:
    one, other = sorted(town)[:2]
    async with service.world.db.begin() as tx:
        rows = [{"member": who, "leader": one, "version": 1, "linked": True} for who in (one, other)]
        await subjects.learn_links(tx, storage.LINKS, rows)
    await Remaking(service.world, "CN").once()
    assert (await habits(staff, "channel", "tier")).json()["total"] == MANY - 1
