"""What a customer holds is not offered to them, while they hold it; nothing is offered where a restriction bars the channel."""

import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import permutations
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from shared import clock
from shared.testing.service import Service

Change = Callable[..., Awaitable[None]]


@pytest.fixture
def change(staff: httpx.AsyncClient) -> Change:
    """Let an account of somebody be opened or closed so many days ago."""

    async def changed(who: str, what: str, days: float, event: str | None = None, **more: Any) -> None:
        body = {
            "event_id": event or str(clock.new_id()),
            "customer_id": who,
            "kind": "account_changed",
            "product": "savings",
            "change": what,
            "account": "a1",
            "occurred_at": (clock.now() - timedelta(days=days)).isoformat(),
        }
        answer = await staff.post("/v1/interactions", json=body | more)
        assert answer.status_code in {200, 201}, answer.text

    return changed


def reasons(told: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {one["service"]: (one["stage"], one["reason"]["code"]) for one in told["refused"]}


HELD = {"saver": ("eligibility", "held-already")}


async def test_who_holds_it_is_refused_and_no_longer_when_it_is_closed(
    define: Any, register: Any, ask: Any, change: Change
) -> None:
    await define("saver", sells=True, product="savings")
    who = await register()
    assert reasons(await ask(who)) == {}
    await change(who, "opened", 3, event="one")
    await change(who, "opened", 2, product="loan", account="a9")
    assert reasons(await ask(who)) == HELD
    await change(who, "opened", 2, account="a2")
    await change(who, "closed", 1)
    assert reasons(await ask(who)) == HELD
    await change(who, "closed", 1, account="a2")
    assert reasons(await ask(who)) == {}


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_what_is_held_follows_from_when_it_happened_not_from_when_it_is_heard_nor_how_often(
    define: Any, register: Any, ask: Any, change: Change, order: tuple[int, ...]
) -> None:
    await define("saver", sells=True, product="savings")
    back, gone = await register(), await register()
    moves: list[Any] = [("opened", 9), ("closed", 6), ("opened", 3)]
    at = clock.now()
    for place in (*order, *order):
        what, days = moves[place]
        when = (at - timedelta(days=days)).isoformat()
        await change(back, what, 0, event=f"back-{place}", occurred_at=when)
        if place < 2:
            await change(gone, what, 0, event=f"gone-{place}", occurred_at=when)
    assert (reasons(await ask(back)), reasons(await ask(gone))) == (HELD, {})


async def test_what_one_record_holds_the_party_holds_while_they_are_linked(
    staff: httpx.AsyncClient, define: Any, register: Any, ask: Any, change: Change, linked: Any
) -> None:
    await define("saver", sells=True, product="savings")
    one, other = await register(), await register()
    await change(other, "opened", 3)
    link = await linked(one, other)
    assert [reasons(await ask(who)) for who in (one, other)] == [HELD, HELD]
    parted = await staff.delete(f"/v1/identity-links/{link['id']}", headers={"If-Match": f'"{link["version"]}"'})
    assert parted.status_code == 200, parted.text
    assert [reasons(await ask(who)) for who in (one, other)] == [{}, HELD]


async def test_only_a_product_is_held_and_an_entry_kept_before_there_were_any_is_still_the_same(
    staff: httpx.AsyncClient, service: Service, define: Any
) -> None:
    assert (await define("help", product="savings")).status_code == 422
    assert (await define("saver", sells=True, product="bicycle")).status_code == 422
    made = await define("saver", sells=True)

    async with service.world.db.begin() as tx:
        await tx.execute(text("UPDATE service_version SET definition = definition - 'product'"))
    assert (made.status_code, (await define("saver", sells=True)).status_code) == (201, 200)
    same = await staff.patch("/v1/services/saver", json={"product": None}, headers={"If-Match": '"1"'})
    assert (same.json()["version"], same.json()["product"]) == (1, None)
    more = await staff.patch("/v1/services/saver", json={"product": "savings"}, headers={"If-Match": '"1"'})
    assert (more.json()["version"], more.json()["product"]) == (2, "savings")


async def test_nothing_is_offered_on_a_channel_that_a_restriction_bars_and_elsewhere_what_does_not_sell(
    staff: httpx.AsyncClient, service: Service, define: Any, register: Any, ask: Any
) -> None:
    await define("help")
    await define("saver", sells=True)
    who, fellow, other = [await register() for _ in range(3)]
    body = {
        "members": [who, fellow],
        "leader": who,
        "reason": "same_person",
        "evidence": [{"kind": "biometric", "reference": "face/1"}],
        "external_ref": str(clock.new_id()),
    }
    link = (await staff.post("/v1/identity-links", json=body)).json()
    key = str(clock.new_id())

    async def hear(kind: str, version: int) -> None:
        data = {"restriction_id": key, "customer_id": fellow, "channels": ["app", "web"], "version": version}
        raw = json.dumps(data).encode()
        await service.hear(f"cxbank.risk.{kind}.v1", raw, key=fellow, subject=key, sequence=version, id_=clock.new_id())

    await hear("restriction_set", 1)
    barred = dict.fromkeys(("help", "saver"), ("contact-policy", "channel-barred"))
    for one in (who, fellow):
        told = await ask(one)
        assert (told["items"], reasons(told)) == ([], barred)
        assert reasons(await ask(one, "branch"))["saver"] != barred["saver"]
    assert [one["service"] for one in (await ask(who, "phone"))["items"]] == ["help"]
    assert len((await ask(other))["items"]) == 2
    await staff.delete(f"/v1/identity-links/{link['id']}", headers={"If-Match": f'"{link["version"]}"'})
    assert [len((await ask(one))["items"]) for one in (who, fellow)] == [2, 0]
    await hear("restriction_lifted", 2)
    assert len((await ask(fellow))["items"]) == 2
