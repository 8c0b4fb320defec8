"""Where risk bars a channel nothing goes through it, to nobody who counts as the person: the next one, or it waits, or ends."""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from customer.outreach.domain.messages import Channel
from customer.outreach.timers import Courier
from customer.outreach.usecases import gather, take
from customer.routing.usecases import channels_barred
from shared import clock
from shared.events.bus import Partition
from shared.testing.service import Service

# Of tomorrow: a segment holds from when it was defined.
NOON = datetime.now(UTC).replace(hour=4, minute=0, second=0, microsecond=0) + timedelta(days=1)
MINUTE = timedelta(minutes=1)
Restrict = Callable[..., Awaitable[Callable[[], Awaitable[None]]]]


@pytest.fixture
def restrict(service: Service) -> Restrict:
    """Have risk bar channels for a record; what it gives back lifts that."""

    async def hear(kind: str, key: str, who: str, channels: tuple[str, ...], version: int) -> None:
        data = json.dumps({"restriction_id": key, "customer_id": who, "channels": channels, "version": version})
        type_ = f"cxbank.risk.{kind}.v1"
        await service.hear(type_, data.encode(), key=who, subject=key, sequence=version, id_=clock.new_id())

    async def make(who: str, *channels: str) -> Callable[[], Awaitable[None]]:
        key = str(clock.new_id())
        await hear("restriction_set", key, who, channels, 1)

        async def lift() -> None:
            await hear("restriction_lifted", key, who, channels, 2)

        return lift

    return make


@pytest.fixture
def catch_up(service: Service) -> Callable[[], Awaitable[None]]:
    """Have the service say and hear its own events until there are none."""
    heard: Counter[Partition] = Counter()

    async def listen() -> None:
        await service.relay()
        for place, log in sorted(service.bus.logs.items()):
            if place[0] == "cxbank.customer.events" and len(log) > heard[place]:
                begin, heard[place] = heard[place], len(log)
                await service.consumer().hear(log[begin:], await service.bus.cluster_id())

    return listen


async def link(staff: httpx.AsyncClient, *members: str) -> dict[str, Any]:
    proof = [{"kind": "identity_document", "reference": "scan/1"}]
    body = {"members": members, "leader": members[0], "reason": "same_person", "evidence": proof, "external_ref": "l"}
    made = await staff.post("/v1/identity-links", json=body)
    assert made.status_code == 201, made.text
    told: dict[str, Any] = made.json()
    return told


async def state(client: httpx.AsyncClient, told: dict[str, Any]) -> tuple[str, str | None, str | None]:
    shown = (await client.get(f"/v1/messages/{told['id']}")).json()
    return shown["state"], shown["channel"], shown["reason"]


async def deliver(courier: Courier) -> None:
    while await courier.once():
        continue


WAITS = ("accepted", None, "channel-barred")
ENDED = ("suppressed", None, "channel-barred")


async def test_the_next_channel_is_taken_for_everybody_who_counts_as_the_person(
    staff: Any, register: Any, submit: Any, restrict: Restrict, courier: Courier, gateway: Any, mailbox: Any
) -> None:
    with clock.frozen(NOON):
        who, fellow, other = [await register(ref) for ref in ("who", "fellow", "other")]
        await link(staff, who, fellow)
        await restrict(fellow, "app")
        told = [await submit(one, urgency="urgent") for one in (who, fellow, other)]
        await deliver(courier)
        assert [(await state(staff, one))[:2] for one in told] == [
            ("sent", "email"),
            ("sent", "email"),
            ("sent", "push"),
        ]
    assert [json.loads(body)["to"] for _, body in gateway.got] == [other]
    assert sorted(letter["To"] for letter in mailbox.letters) == ["fellow@example.com", "who@example.com"]


async def test_a_code_never_goes_to_a_number_that_risk_bars(
    staff: Any, register: Any, submit: Any, restrict: Restrict, courier: Courier, service: Service, gateway: Any
) -> None:
    with clock.frozen(NOON) as held:
        who, until = await register(points=("phone",)), (NOON + 10 * MINUTE).isoformat()
        await restrict(who, "phone")
        code = {"urgency": "urgent", "expires_at": until}
        told = await submit(who, "code", channels=["sms"], **code)
        await deliver(courier)
        assert await state(staff, told) == WAITS
        elsewhere = await submit(who, "code", **code)
        await deliver(courier)
        assert (await state(staff, elsewhere))[:2] == ("sent", "push")
        held.move(10 * MINUTE)
        await deliver(courier)
        assert await state(staff, told) == ENDED
    assert [json.loads(body)["channel"] for _, body in gateway.got] == ["push"]
    async with service.world.db.read() as conn:
        assert (await conn.execute(text("SELECT DISTINCT data FROM message"))).scalars().all() == [b""]
    said = [
        json.loads(one.value) for one in await service.relay() if b"message_suppressed" in dict(one.headers)["ce_type"]
    ]
    assert [(one["message_id"], one["reason"]) for one in said] == [(told["id"], "channel-barred")]


@pytest.mark.parametrize("ends", ["lifted", "unlinked"])
async def test_what_waits_goes_at_once_when_the_bar_ends_and_only_that(
    staff: Any,
    register: Any,
    submit: Any,
    restrict: Restrict,
    courier: Courier,
    catch_up: Any,
    gateway: Any,
    ends: str,
) -> None:
    with clock.frozen(NOON) as held:
        who, fellow = await register("who", points=("phone",)), await register("fellow")
        linked = await link(staff, who, fellow)
        await catch_up()
        lift = await restrict(fellow, "sms", "email")
        told = await submit(who, channels=["sms", "email"])
        later = await submit(who, channels=["sms"], not_before=(NOON + 10 * MINUTE).isoformat())
        await deliver(courier)
        held.move(MINUTE)
        await deliver(courier)
        assert [await state(staff, one) for one in (told, later)] == [WAITS, ("accepted", None, None)]
        if ends == "lifted":
            await lift()
        else:
            path, tag = f"/v1/identity-links/{linked['id']}", {"If-Match": f'"{linked["version"]}"'}
            assert (await staff.delete(path, headers=tag)).status_code == 200
            await catch_up()
        await deliver(courier)
        assert [(await state(staff, one))[:2] for one in (told, later)] == [("sent", "sms"), ("accepted", None)]
    assert len(gateway.got) == 1


async def test_a_bar_that_ends_while_a_courier_decides_leaves_nothing_behind(
    staff: Any, register: Any, submit: Any, restrict: Restrict, courier: Courier, service: Service
) -> None:
    with clock.frozen(NOON):
        who = await register(points=("phone",))
        lift = await restrict(who, "sms")
        told = await submit(who, channels=["sms"])
        async with service.world.db.begin() as tx:
            assert await take(service.world, tx, frozenset({Channel.SMS}), channels_barred) == []
            lifting = asyncio.ensure_future(lift())
            # Long enough for it to come to where it has to wait; were it not to wait, it would be done by now.
            await asyncio.sleep(0.3)
        await lifting
        await deliver(courier)
        assert (await state(staff, told))[:2] == ("sent", "sms")


async def test_a_wish_without_an_end_is_given_up_after_the_patience_of_the_house(
    staff: Any, register: Any, submit: Any, restrict: Restrict, courier: Courier
) -> None:
    with clock.frozen(NOON) as held:
        who = await register(points=("phone",))
        await restrict(who, "sms")
        told = await submit(who, channels=["sms"])
        for _ in range(72):
            await deliver(courier)
            assert await state(staff, told) == WAITS
            held.move(timedelta(hours=1))
        held.move(timedelta(hours=1))
        await deliver(courier)
        assert await state(staff, told) == ENDED


async def test_a_channel_barred_between_two_tries_is_tried_no_more(
    staff: Any, register: Any, submit: Any, restrict: Restrict, courier: Courier, gateway: Any, mailbox: Any
) -> None:
    gateway.statuses = [503]
    with clock.frozen(NOON) as held:
        who = await register()
        told = await submit(who, channels=["sms", "email"])
        mailbox.answers = ["550 no such user"]
        await deliver(courier)
        assert await state(staff, told) == ("accepted", "sms", "gateway-away")
        await restrict(who, "sms")
        held.move(MINUTE)
        await deliver(courier)
        assert (await state(staff, told))[0::2] == ("accepted", "channel-barred")
    assert len(gateway.got) == 1


async def test_a_customer_is_not_told_why_their_message_waits(
    staff: Any, register: Any, submit: Any, restrict: Restrict, courier: Courier, service: Service
) -> None:
    with clock.frozen(NOON):
        who, other = await register(points=("phone",)), await register("other", points=("phone",))
        await restrict(who, "sms")
        barred = await submit(who, channels=["sms"])
        refused = [await submit(one, "sales") for one in (who, other)]
        await deliver(courier)
        assert [(await state(staff, one))[2] for one in (barred, *refused)] == ["channel-barred", *["no-consent"] * 2]
        scopes, month = ("customer.messages:read", "customer.profiles:read"), 30 * 86_400
        own = await service.client(*scopes, actor="customer", sub="w", customer_id=who, lifetime=month)
        assert [(await state(own, one))[2] for one in (barred, refused[0])] == [None, None]
        listed = (await own.get("/v1/messages")).json()["items"]
        profile = (await own.get(f"/v1/customers/{who}/profile", params={"features": "tenure_days"})).json()
        async with service.world.db.read() as conn:
            exported = [record async for _, record in gather(service.world, conn, [UUID(who)])]
    for told in (listed, profile["sections"]["messages"]["items"], exported):
        assert [one["reason"] for one in told] == [None, None]


async def test_a_campaign_counts_whom_it_could_not_reach_for_a_bar(
    staff: Any,
    register: Any,
    plan: Any,
    go: Callable[[], Awaitable[None]],
    restrict: Restrict,
    courier: Courier,
    mailbox: Any,
) -> None:
    with clock.frozen(NOON) as held:
        allows = [await register(str(one), points=("email",), consent=("email",)) for one in range(4)]
        await register("no", points=("email",))
        await restrict(allows[0], "email")
        lift = await restrict(allows[1], "email")
        made = await plan(holdout_percent=0, ends_at=(NOON + timedelta(hours=6)).isoformat())
        held.move(timedelta(seconds=1))
        await go()
        await deliver(courier)
        path = f"/v1/campaigns/{made['id']}/results"
        first = (await staff.get(path)).json()["addressed"]
        assert (first["sent"], first["waiting"], first["suppressed"]) == (2, 2, {"no-consent": 1})
        await lift()
        await deliver(courier)
        held.move(timedelta(hours=6))
        await go()
        await deliver(courier)
        told = (await staff.get(path)).json()["addressed"]
    assert (told["assigned"], told["sent"], told["waiting"], told["failed"]) == (5, 3, 0, 0)
    assert told["suppressed"] == {"no-consent": 1, "channel-barred": 1}
    assert Counter(letter["To"] for letter in mailbox.letters) == {f"{one}@example.com": 1 for one in (1, 2, 3)}
