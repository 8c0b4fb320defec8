"""An erasure that could not be whole goes on by itself, as soon as less must be kept, and whatever it was that kept it."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx

from shared import clock
from shared.testing.service import Service

OTHERS = ("feedback", "channel-router", "risk", "kpi")
Do = Callable[..., Awaitable[Any]]


async def shown(staff: httpx.AsyncClient, request: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = (await staff.get(f"/v1/privacy-requests/{request['id']}")).json()
    return told


async def lift(staff: httpx.AsyncClient, hold: httpx.Response) -> None:
    path = f"/v1/legal-holds/{hold.json()['id']}"
    assert (await staff.delete(path, headers={"If-Match": '"1"'})).status_code == 200


async def test_what_an_order_without_an_end_kept_is_forgotten_once_it_is_lifted(
    staff: httpx.AsyncClient, register: Do, ask: Do, hold: Do, go_on: Do, answer: Do
) -> None:
    who = await register()
    held = await hold(who)
    told = (await ask(who, "erasure")).json()
    await go_on(clock.now() + timedelta(days=400))
    assert (await shown(staff, told))["state"] == "refused"
    await lift(staff, held)
    await go_on(clock.now() + timedelta(seconds=1))
    went_on = await shown(staff, told)
    assert (went_on["state"], went_on["answered_at"], went_on["refusals"]) == ("in_progress", None, [])
    await answer(went_on["erasure_id"], who, "erasure_confirmed")
    assert (await shown(staff, told))["state"] == "completed"
    assert (await staff.get(f"/v1/customers/{who}")).status_code == 410


async def test_where_a_duty_outlives_the_order_what_it_is_not_about_is_forgotten(
    staff: httpx.AsyncClient, register: Do, ask: Do, hold: Do, go_on: Do, answer: Do, said: Do
) -> None:
    who = await register(active=True)
    until = clock.now() + timedelta(days=30)
    await hold(who, until=until.isoformat())
    told = (await ask(who, "erasure")).json()
    assert (told["state"], [one["rule"] for one in told["refusals"]]) == ("refused", ["aml-records-cn", "hold"])
    await go_on(until - timedelta(seconds=1))
    assert await said("erasure_requested") == []
    await go_on(until + timedelta(seconds=1))
    (asked,) = await said("erasure_requested")
    assert asked["kept"] == ["customer", "risk"]
    await answer(asked["request_id"], who, "erasure_confirmed", kept={one: one == "risk" for one in OTHERS})
    after = await shown(staff, told)
    assert (after["state"], [one["rule"] for one in after["refusals"]]) == ("partly_refused", ["aml-records-cn"])
    await go_on(until + timedelta(days=30))
    assert len(await said("erasure_requested")) == 1


async def test_a_relation_that_ends_says_until_when_and_is_forgotten_then(
    staff: httpx.AsyncClient, register: Do, ask: Do, close: Do, go_on: Do, answer: Do, hear_ourselves: Do
) -> None:
    who = await register(active=True)
    told = (await ask(who, "erasure")).json()
    await answer(told["erasure_id"], who, "erasure_confirmed", kept={one: one == "risk" for one in OTHERS})
    assert (await shown(staff, told))["refusals"][0]["until"] is None
    await close(who)
    await hear_ourselves()
    await go_on(clock.now() + timedelta(seconds=1))
    known = await shown(staff, told)
    assert (known["state"], known["refusals"][0]["until"] is not None) == ("partly_refused", True)
    await go_on(clock.now() + timedelta(days=3_660))
    assert (await shown(staff, told))["state"] == "in_progress"
    assert (await staff.get(f"/v1/customers/{who}")).status_code == 410


async def test_what_a_person_refused_does_not_go_on_by_itself(
    staff: httpx.AsyncClient, register: Do, ask: Do, hold: Do, go_on: Do
) -> None:
    who = await register()
    told = (await ask(who, "erasure", identity_method=None, regime="eu-data-protection")).json()
    path = f"/v1/privacy-requests/{told['id']}/decisions"
    assert (await staff.post(path, json={"refused_by": "gdpr-12-6"})).json()["state"] == "refused"
    await lift(staff, await hold(who))
    await go_on(clock.now() + timedelta(days=1))
    assert (await shown(staff, told))["state"] == "refused"
    assert (await staff.get(f"/v1/customers/{who}")).status_code == 200


async def test_who_is_being_forgotten_cannot_be_refused_any_more(
    staff: httpx.AsyncClient, register: Do, ask: Do
) -> None:
    told = (await ask(await register(), "erasure")).json()
    path = f"/v1/privacy-requests/{told['id']}/decisions"
    assert (await staff.post(path, json={"refused_by": "gdpr-12-5"})).status_code == 409


async def test_a_clock_that_was_answered_in_time_is_not_breached_when_the_erasure_goes_on(
    service: Service, staff: httpx.AsyncClient, register: Do, ask: Do, hold: Do, go_on: Do, said: Do
) -> None:
    who = await register()
    until = clock.now() + timedelta(days=400)
    await hold(who, until=until.isoformat())
    told = (await ask(who, "erasure", regime="eu-data-protection")).json()
    await go_on(until + timedelta(seconds=1))
    assert (await shown(staff, told))["state"] == "in_progress"
    with clock.frozen(until + timedelta(seconds=2)):
        async with service.world.db.begin() as tx:
            await service.work.acts["privacy_clocks_speak"](tx, {})
    assert [await said(kind) for kind in ("privacy_clock_warned", "privacy_clock_breached")] == [[], []]


async def test_a_request_for_who_was_forgotten_by_another_way_meanwhile_is_answered(
    staff: httpx.AsyncClient, register: Do, ask: Do, hold: Do, go_on: Do, answer: Do
) -> None:
    who = await register()
    held = await hold(who)
    told = (await ask(who, "erasure")).json()
    await lift(staff, held)
    whole = (await staff.post(f"/v1/customers/{who}/erasures", json={})).json()
    await answer(whole["id"], who, "erasure_confirmed")
    await go_on(clock.now() + timedelta(seconds=1))
    assert (await shown(staff, told))["state"] == "completed"
