"""A code an employee asked for reaches the customer at most once through a channel that is proven to be theirs, then expires."""

import asyncio
import json
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from customer.outreach.timers import Courier
from shared import clock
from shared.testing.service import Service

NOON = datetime.now(UTC).replace(hour=4, minute=0, second=0, microsecond=0)
NIGHT = NOON.replace(hour=16)
ASK = {"purpose": "servicing", "fields": ["legal_name"], "send_code": True}


class Killed(BaseException):
    """The nearest thing to kill -9 in one process: nothing that cares for errors catches it."""


@pytest.fixture
def ask(staff: Any) -> Any:
    """Ask to see somebody's name by a code."""
    count = iter(range(100))

    async def post(who: str) -> dict[str, Any]:
        head = {"Idempotency-Key": f"ask-{next(count)}"}
        made = await staff.post(f"/v1/customers/{who}/access-grants", json=ASK, headers=head)
        assert made.status_code == 201, made.text
        return dict(made.json())

    return post


def codes_in(gateway: Any) -> list[str]:
    """The codes a gateway took, one for each arrival."""
    return [re.findall(r"\b[0-9]{6}\b", json.loads(body)["body"])[0] for _, body in gateway.got]


async def test_a_code_is_sent_at_once_even_at_night_and_opens_what_was_asked_for(
    staff: Any, register: Any, ask: Any, courier: Courier, gateway: Any
) -> None:
    with clock.frozen(NIGHT):
        who = await register(points=("phone",))
        grant = await ask(who)
        assert await courier.once() == 1
        assert await courier.once() == 0
        (code,) = codes_in(gateway)
        path = f"/v1/customers/{who}/access-grants/{grant['id']}/confirmations"
        answer = await staff.post(path, json={"code": code})
        assert (answer.status_code, answer.json()["state"]) == (200, "active")
        (told,) = (await staff.get("/v1/messages", params={"customer_id": who})).json()["items"]
    assert (told["template"], told["category"], told["state"]) == ("access_code", "code", "sent")


async def test_a_code_goes_to_a_verified_point_or_to_nobody(
    staff: Any, register: Any, ask: Any, courier: Courier, mailbox: Any, gateway: Any
) -> None:
    gateway.statuses = [400]  # no device of theirs
    loose, sure = {"kind": "phone", "verified": False, "preferred": True}, {"kind": "email"}
    with clock.frozen(NOON):
        await ask(await register(points=(loose, sure)))
        while await courier.once():
            continue
    assert [json.loads(body)["channel"] for _, body in gateway.got] == ["push"]
    assert [letter["To"] for letter in mailbox.letters] == ["a@example.com"]


async def test_twenty_couriers_send_every_code_once(register: Any, ask: Any, courier: Courier, gateway: Any) -> None:
    with clock.frozen(NOON):
        who = [await register(str(one), points=("phone",)) for one in range(5)]
        for one in who:
            await ask(one)
        await asyncio.gather(*(courier.once() for _ in range(20)))
        while await courier.once():
            continue
    assert Counter(Counter(json.loads(body)["message_id"] for _, body in gateway.got).values()) == {1: 5}
    assert {json.loads(body)["to"] for _, body in gateway.got} == set(who)


@pytest.mark.parametrize("where", ["before the hand-over", "after the hand-over"])
async def test_a_courier_killed_on_the_way_loses_a_code_and_never_doubles_it(
    staff: Any, register: Any, ask: Any, courier: Courier, gateway: Any, monkeypatch: Any, where: str
) -> None:
    async def die(*_: object) -> None:
        raise Killed

    with clock.frozen(NOON) as held:
        who = await register(points=("phone",))
        await ask(who)
        with monkeypatch.context() as broken:
            if where == "before the hand-over":
                broken.setattr(type(courier._gateways["sms"]), "deliver", die)  # type: ignore[index]  # a StrEnum
            else:
                broken.setattr("customer.outreach.usecases.record", die)
            with pytest.raises(Killed):
                await courier.once()
        for _ in range(12):
            held.move(timedelta(minutes=1))
            await courier.once()
        (told,) = (await staff.get("/v1/messages", params={"customer_id": who})).json()["items"]
    assert (told["state"], told["reason"]) == ("failed", "unknown-outcome")
    assert len(gateway.got) == (where == "after the hand-over")


async def test_a_code_that_the_far_end_could_not_deliver_is_not_sent_through_another_channel(
    staff: Any, reporter: Any, register: Any, ask: Any, courier: Courier, gateway: Any, mailbox: Any
) -> None:
    with clock.frozen(NOON):
        who = await register()
        await ask(who)
        await courier.once()
        (told,) = (await staff.get("/v1/messages", params={"customer_id": who})).json()["items"]
        receipt = {"channel": told["channel"], "state": "failed", "occurred_at": NOON.isoformat()}
        answer = await reporter.post(f"/v1/messages/{told['id']}/receipts", json=receipt)
        assert (answer.status_code, answer.json()["state"]) == (200, "failed")
        assert await courier.once() == 0
    assert (len(gateway.got), mailbox.letters) == (1, [])


async def test_a_code_that_nobody_fetched_in_time_is_not_sent(
    register: Any, ask: Any, courier: Courier, gateway: Any
) -> None:
    with clock.frozen(NOON) as held:
        await ask(await register(points=("phone",)))
        held.move(timedelta(minutes=11))
        assert await courier.once() == 0
    assert gateway.got == []


async def test_nothing_of_a_code_stays_once_it_was_sent(
    register: Any, ask: Any, courier: Courier, gateway: Any, service: Service
) -> None:
    with clock.frozen(NOON):
        await ask(await register(points=("phone",)))
        await courier.once()
    async with service.world.db.read() as conn:
        kept = (await conn.execute(text("SELECT data FROM message"))).scalar_one()
        waiting = (await conn.execute(text("SELECT count(*) FROM access_code"))).scalar_one()
    assert (kept, waiting, len(gateway.got)) == (b"", 0, 1)


async def test_a_text_of_the_bank_s_own_is_used_and_one_that_cannot_hold_a_code_sends_nothing(
    staff: Any, register: Any, ask: Any, courier: Courier, gateway: Any
) -> None:
    own = {
        "key": "access_code",
        "category": "code",
        "purposes": ["servicing"],
        "texts": {one: {"body": "BANK {{ code }} {{ minutes }}"} for one in ("zh-Hans", "zh-Hant", "en")},
        "external_ref": "own",
    }
    lacking = own | {"texts": {one: {"body": "BANK"} for one in ("zh-Hans", "zh-Hant", "en")}, "external_ref": "two"}
    with clock.frozen(NOON):
        who = await register(points=("phone",))
        assert (await staff.post("/v1/message-templates", json=own)).status_code == 201
        await ask(who)
        assert await courier.once() == 1
        assert re.fullmatch(r"BANK [0-9]{6} 10", json.loads(gateway.got[0][1])["body"])
        assert (await staff.post("/v1/message-templates", json=lacking)).json()["version"] == 2
        await ask(who)
        assert await courier.once() == 0
