"""A person with several records is forgotten under all of them, and what keeps one of them keeps all."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from customer.privacy.usecases import erasing
from shared import clock

OTHERS = ("feedback", "channel-router", "risk", "kpi")
PHONE = [{"kind": "phone", "value": "+8613900001111"}]
Do = Callable[..., Awaitable[Any]]


async def three(register: Do, link: Do, *, active: bool = False) -> list[str]:
    """Three records of one person, the last an account where `active`."""
    records = [await register("a"), await register("b", contact_points=PHONE), await register("c", active=active)]
    await link(*records)
    return records


async def statuses(staff: httpx.AsyncClient, records: list[str]) -> set[int]:
    return {(await staff.get(f"/v1/customers/{one}")).status_code for one in records}


async def test_who_asks_under_one_record_is_forgotten_under_all_and_told_so_when_all_have_confirmed(
    staff: httpx.AsyncClient, register: Do, link: Do, ask: Do, answer: Do, said: Do
) -> None:
    records, other = await three(register, link), await register("somebody else")
    told = (await ask(records[1], "erasure")).json()
    assert await statuses(staff, records) == {410}
    assert await statuses(staff, [other]) == {200}
    asked = {one["customer_id"]: one["request_id"] for one in await said("erasure_requested")}
    assert (set(asked), asked[records[1]]) == (set(records), told["erasure_id"])
    path = f"/v1/privacy-requests/{told['id']}"
    removed = {one: {"ticket": 2} if one == "feedback" else {} for one in OTHERS}
    for number, one in enumerate(records):
        assert (await staff.get(path)).json()["state"] == "in_progress", number
        await answer(asked[one], one, "erasure_confirmed", removed=removed, left={name: {} for name in OTHERS})
    assert (await staff.get(path)).json()["state"] == "completed"
    certificate = (await staff.get(f"{path}/certificate")).json()
    lines = {one["service"]: one for one in certificate["services"]}
    assert certificate["customer_ids"] == sorted(records)
    assert (lines["feedback"]["removed"], lines["customer"]["left"]["customer"]) == ({"ticket": 6}, 3)


async def test_a_duty_under_one_record_keeps_the_person_under_all(
    staff: httpx.AsyncClient, register: Do, link: Do, ask: Do, said: Do
) -> None:
    records = await three(register, link, active=True)
    direct = await staff.post(f"/v1/customers/{records[0]}/erasures", json={})
    assert (direct.status_code, direct.json()["type"]) == (409, "/problems/must-be-kept")
    told = (await ask(records[0], "erasure")).json()
    assert [one["rule"] for one in told["refusals"]] == ["aml-records-cn"]
    kept = [(one["customer_id"], one["kept"]) for one in await said("erasure_requested")]
    assert sorted(kept) == [(one, ["customer", "risk"]) for one in sorted(records)]
    assert await statuses(staff, records) == {200}


async def test_an_order_on_one_record_keeps_all_until_they_are_no_longer_one(
    staff: httpx.AsyncClient, register: Do, link: Do, ask: Do, hold: Do, go_on: Do, hear_ourselves: Do
) -> None:
    asked, held = await register("a"), await register("b")
    made = await link(held, asked)
    assert (await hold(held)).status_code == 201
    told = (await ask(asked, "erasure")).json()
    assert (told["state"], await statuses(staff, [asked, held])) == ("refused", {200})
    body = {"members": [asked], "reason": "linked_by_mistake", "external_ref": "s"}
    head = {"If-Match": f'"{made["version"]}"'}
    parted = await staff.post(f"/v1/identity-links/{made['id']}/splits", json=body, headers=head)
    assert parted.status_code in {200, 201}, parted.text
    await hear_ourselves()
    await go_on(clock.now() + timedelta(seconds=1))
    assert [await statuses(staff, [one]) for one in (asked, held)] == [{410}, {200}]


async def test_a_link_made_at_the_same_moment_is_not_overlooked(
    staff: httpx.AsyncClient, register: Do, link: Do, ask: Do, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, other = await register("a"), await register("b")
    real = erasing.lock_persons.__globals__["circles"]
    links: list[dict[str, Any]] = []

    async def linked_meanwhile(*given: Any) -> Any:
        found = await real(*given)
        if not links:
            links.append(await link(other, asked))
        return found

    monkeypatch.setitem(erasing.lock_persons.__globals__, "circles", linked_meanwhile)
    answer = await ask(asked, "erasure")
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/request-in-flight"), answer.text
    assert await statuses(staff, [asked, other]) == {200}
    assert (await ask(asked, "erasure")).status_code == 201
    assert await statuses(staff, [asked, other]) == {410}
