"""An order to keep and an erasure at the same moment: one of them is first, and the other is told."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import httpx
import pytest

from customer.privacy import repository
from customer.privacy.usecases import duties, erasing, forgetting
from shared.testing.service import Service

Do = Callable[..., Awaitable[Any]]
# Longer than a hold takes, shorter than anybody waits for a lock.
MOMENT = 0.7


async def erase(staff: httpx.AsyncClient, ask: Do, who: str, road: str) -> httpx.Response:
    if road == "direct":
        return await staff.post(f"/v1/customers/{who}/erasures", json={})
    if road == "asked":
        return await ask(who, "erasure")  # type: ignore[no-any-return]
    waits = (await ask(who, "erasure", identity_method=None, regime="eu-data-protection")).json()
    return await staff.post(f"/v1/privacy-requests/{waits['id']}/identity-checks", json={"method": "passport"})


@pytest.mark.parametrize("road", ["direct", "asked", "checked"])
async def test_a_hold_that_comes_while_an_erasure_looks_for_holds_is_not_told_that_it_stands(
    staff: httpx.AsyncClient, register: Do, ask: Do, hold: Do, road: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = await register()
    looked, held = asyncio.Event(), asyncio.Event()
    real = duties.refused

    async def slowly(*given: Any) -> Any:
        found = await real(*given)
        looked.set()
        with suppress(TimeoutError):
            await asyncio.wait_for(held.wait(), MOMENT)
        return found

    for module in (erasing, forgetting):
        monkeypatch.setattr(module, "refused", slowly)
    erasing_now = asyncio.create_task(erase(staff, ask, who, road))
    await looked.wait()
    answer = await hold(who)
    held.set()
    erased = await erasing_now
    assert erased.status_code in {200, 201}, erased.text
    # 409 where the machine is so slow that the hold does not wait for the end.
    assert answer.status_code in {409, 410}, answer.text
    assert (await staff.get(f"/v1/customers/{who}")).status_code == 410


@pytest.mark.parametrize("road", ["direct", "asked", "checked"])
async def test_an_erasure_that_comes_while_a_hold_is_written_finds_it(
    staff: httpx.AsyncClient, register: Do, ask: Do, hold: Do, road: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = await register()
    written, real = asyncio.Event(), repository.insert_hold

    async def slowly(*given: Any) -> None:
        await real(*given)
        written.set()
        await asyncio.sleep(MOMENT / 2)

    monkeypatch.setattr(repository, "insert_hold", slowly)
    holding = asyncio.gather(hold(who))
    await written.wait()
    answer = await erase(staff, ask, who, road)
    assert [one.status_code for one in await holding] == [201]
    assert (await staff.get(f"/v1/customers/{who}")).status_code == 200
    told = answer.json()
    assert told.get("state") == "refused" or told["type"] == "/problems/must-be-kept", told


async def test_two_who_ask_at_once_do_not_wait_for_each_other(service: Service, register: Do, ask: Do) -> None:
    who = await register(active=True)
    answers = await asyncio.gather(*(ask(who, "erasure", external_ref=f"r-{number}") for number in range(2)))
    assert {one.status_code for one in answers} == {201}
    assert len({one.json()["erasure_id"] for one in answers}) == 2
