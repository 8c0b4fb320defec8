"""Campaigns: to everybody who was a member at the launch, once, at their pace and hours; nobody twice, nobody left out."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from customer.campaigns import repository
from customer.campaigns.usecases import gather, step, stepping
from customer.outreach.domain.campaigns import HOLDOUT, Variant, assigned
from customer.outreach.timers import Courier
from customer.segments.usecases import settle
from shared import clock
from shared.clock import Frozen
from shared.testing.service import Service

# Of tomorrow: a segment holds from when it was defined.
NOON = datetime.now(UTC).replace(hour=4, minute=0, second=0, microsecond=0) + timedelta(days=1)
SECOND = timedelta(seconds=1)
PAIR = [Variant("a", 1), Variant("b", 2)]
Go = Callable[[], Awaitable[None]]


async def people(register: Any, number: int, **other: Any) -> dict[str, str]:
    """That many who allow e-mail, by address."""
    return {
        f"{one}@example.com": await register(str(one), points=("email",), consent=("email",), **other)
        for one in range(number)
    }


async def results(staff: httpx.AsyncClient, campaign: dict[str, Any]) -> dict[str, Any]:
    answer = await staff.get(f"/v1/campaigns/{campaign['id']}/results")
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def arm(campaign: dict[str, Any], who: str, holdout: int = 30) -> str:
    return assigned(UUID(campaign["id"]), UUID(who), holdout, PAIR)


async def deliver(courier: Courier) -> None:
    while await courier.once():
        continue


async def launched(held: Frozen, go: Go) -> None:
    """Let a second pass, so that the launch is told of, and do what there is to do."""
    held.move(SECOND)
    await go()


async def test_everybody_but_who_is_held_out_is_written_to_once_in_the_group_drawn(
    staff: Any, register: Any, plan: Any, go: Go, courier: Courier, mailbox: Any
) -> None:
    with clock.frozen(NOON) as held:
        who = await people(register, 20)
        made = await plan(holdout_percent=30)
        await launched(held, go)
        await deliver(courier)
        told = await results(staff, made)
        shown = (await staff.get(f"/v1/campaigns/{made['id']}")).json()
        listed = await staff.get("/v1/messages", params={"campaign_id": made["id"], "limit": 100})
    drawn = {address: arm(made, one) for address, one in who.items()}
    shares = Counter(drawn.values())
    assert Counter(letter["To"] for letter in mailbox.letters) == {a: 1 for a, one in drawn.items() if one != HOLDOUT}
    assert {one["customer_id"]: one["variant"] for one in listed.json()["items"]} == {
        who[address]: one for address, one in drawn.items() if one != HOLDOUT
    }
    assert {one["name"]: (one["assigned"], one["sent"]) for one in told["variants"]} == {
        one: (shares[one], shares[one]) for one in ("a", "b")
    }
    assert (told["holdout"]["assigned"], told["holdout"]["sent"]) == (shares[HOLDOUT], 0)
    assert (shown["state"], shown["enrolled"], shown["launched_at"]) == ("running", True, shown["starts_at"])
    assert [one["template_version"] for one in shown["variants"]] == [1, 1]


async def test_the_audience_are_the_members_at_the_launch_however_late_a_worker_looks(
    staff: Any, register: Any, plan: Any, go: Go, courier: Courier, mailbox: Any, service: Service
) -> None:
    with clock.frozen(NOON) as held:
        stays, leaves = (await people(register, 2)).values()
        comes = await register("late", points=("email",), consent=("email",), tier_hint="private")
        await settle(service.world)
        await plan(holdout_percent=0, starts_at=(NOON + timedelta(hours=1)).isoformat())
        held.move(timedelta(hours=1, seconds=30))
        for one, tier in ((leaves, "private"), (comes, "mass")):
            changed = await staff.patch(f"/v1/customers/{one}", json={"tier": tier}, headers={"If-Match": '"1"'})
            assert changed.status_code == 200, changed.text
        held.move(timedelta(hours=1))
        await go()
        await deliver(courier)
    assert {letter["To"] for letter in mailbox.letters} == {"0@example.com", "1@example.com"}
    assert stays


async def test_nobody_is_drawn_before_everybody_was_told_up_to_the_launch(
    staff: Any, register: Any, plan: Any, go: Go, courier: Courier, mailbox: Any, service: Service
) -> None:
    with clock.frozen(NOON) as held:
        who = await people(register, 2)
        made = await plan(holdout_percent=0)
        held.move(SECOND)
        # The segments do not know of anybody yet: an audience read now would be empty, and final.
        while await step(service.world):
            continue
        shown = (await staff.get(f"/v1/campaigns/{made['id']}")).json()
        assert (shown["state"], shown["enrolled"]) == ("running", False)
        await launched(held, go)
        await deliver(courier)
    assert {letter["To"] for letter in mailbox.letters} == set(who)


@pytest.mark.parametrize("where", ["enrol", "wrote", "change"])
async def test_whoever_dies_in_any_step_leaves_nobody_out_and_writes_to_nobody_twice(
    register: Any, plan: Any, go: Go, courier: Courier, mailbox: Any, service: Service, monkeypatch: Any, where: str
) -> None:
    monkeypatch.setattr(stepping, "DRAWN_AT_ONCE", 4)
    monkeypatch.setattr(stepping, "WRITTEN_AT_ONCE", 3)
    real, calls = getattr(repository, where), iter(range(1_000))

    async def dying(*said: Any) -> Any:
        done = await real(*said)
        if next(calls) % 2 == 0:
            raise ConnectionError
        return done

    with clock.frozen(NOON) as held:
        who = await people(register, 10)
        await plan(holdout_percent=0)
        held.move(SECOND)
        await settle(service.world)
        monkeypatch.setattr(repository, where, dying)
        deaths = 0
        for _ in range(60):
            try:
                if not await step(service.world):
                    break
            except ConnectionError:
                deaths += 1
        await deliver(courier)
    assert deaths > 2
    assert Counter(letter["To"] for letter in mailbox.letters) == dict.fromkeys(who, 1)


async def test_many_workers_in_two_processes_write_to_everybody_once(
    register: Any, plan: Any, go: Go, courier: Courier, mailbox: Any, service: Service, twin: Service, monkeypatch: Any
) -> None:
    monkeypatch.setattr(stepping, "DRAWN_AT_ONCE", 4)
    monkeypatch.setattr(stepping, "WRITTEN_AT_ONCE", 2)

    async def work(one: Service) -> None:
        for _ in range(12):
            await step(one.world)

    with clock.frozen(NOON) as held:
        who = await people(register, 10)
        await plan(holdout_percent=0)
        held.move(SECOND)
        await settle(service.world)
        await asyncio.gather(*(work(one) for one in (service, twin) for _ in range(3)))
        await go()
        await deliver(courier)
    assert Counter(letter["To"] for letter in mailbox.letters) == dict.fromkeys(who, 1)


async def test_no_minute_has_more_messages_than_the_pace(
    staff: Any, register: Any, plan: Any, go: Go, courier: Courier
) -> None:
    sent = []
    with clock.frozen(NOON) as held:
        await people(register, 9)
        made = await plan(holdout_percent=0, per_minute=2)
        for _ in range(30):
            held.move(timedelta(seconds=10))
            await go()
        shown = (await staff.get("/v1/messages", params={"campaign_id": made["id"], "limit": 100})).json()["items"]
        sent = sorted(datetime.fromisoformat(one["created_at"]) for one in shown)
    assert len(sent) == 9
    assert all(later - earlier >= timedelta(minutes=1) for earlier, later in zip(sent, sent[2:], strict=False))


async def test_who_takes_back_after_the_launch_what_their_being_chosen_rests_on_is_not_written_to(
    staff: Any, register: Any, plan: Any, go: Go, courier: Courier, mailbox: Any
) -> None:
    names = dict.fromkeys(("en", "zh-Hans", "zh-Hant"), "all")
    body = {"key": "chosen", "names": names, "rule": "tier == 'mass'", "use": "marketing"}
    chosen = (await staff.post("/v1/segments", json=body)).json()["id"]
    grant = {"decision": "granted", "language": "en", "evidence": {"method": "click"}}
    with clock.frozen(NOON) as held:
        who = await people(register, 4)

        async def say(address: str, word: dict[str, Any]) -> None:
            path = f"/v1/customers/{who[address]}/consents"
            told = {"purpose": "profiling", "external_ref": f"{address}-{word['decision']}"}
            assert (await staff.post(path, json=told | word)).status_code == 201

        agreeing = sorted(who)[:3]  # the fourth never does
        for address in agreeing:
            await say(address, grant)
        made = await plan(holdout_percent=0, per_minute=1, segment_id=chosen)
        await launched(held, go)
        await deliver(courier)
        (first,) = (letter["To"] for letter in mailbox.letters)
        leaver, stayer = sorted({*agreeing} - {first})
        await say(leaver, {"decision": "withdrawn"})
        for _ in range(3):
            held.move(timedelta(minutes=1))
            await go()
            await deliver(courier)
        told = await results(staff, made)
    assert sorted(letter["To"] for letter in mailbox.letters) == sorted([first, stayer])
    assert sum(one["assigned"] for one in told["variants"]) == 3
    assert "use-denied" in str(told)


async def test_a_campaign_with_hours_waits_for_them_and_so_do_messages_that_had_to_wait(
    staff: Any, register: Any, plan: Any, go: Go, courier: Courier, mailbox: Any
) -> None:
    quiet = {"start": "14:00", "end": "18:30", "zone": "Asia/Shanghai"}
    with clock.frozen(NOON) as held:
        await register("plain", points=("email",), consent=("email",))
        await register("quiet", points=({"kind": "email", "quiet_hours": quiet},), consent=("email",))
        await plan(holdout_percent=0, hours={"start": "15:00", "end": "18:00"})
        await launched(held, go)
        assert (await courier.once(), mailbox.letters) == (0, [])
        held.move(timedelta(hours=3))
        await go()
        await deliver(courier)
        assert [letter["To"] for letter in mailbox.letters] == ["plain@example.com"]
        # Half past six is out of the campaign's hours: the other waits in vain, and says so.
        held.move(timedelta(hours=4))
        await deliver(courier)
        assert len(mailbox.letters) == 1


async def test_a_paused_campaign_sends_nothing_and_goes_on_where_it_stood(
    staff: Any, register: Any, plan: Any, go: Go, moved: Any, courier: Courier, mailbox: Any
) -> None:
    with clock.frozen(NOON) as held:
        await people(register, 4)
        made = await plan(holdout_percent=0, per_minute=2)
        await launched(held, go)
        paused = await moved(made["id"], "paused")
        held.move(timedelta(minutes=2))
        await go()
        assert (await courier.once(), (await results(staff, made))["addressed"]["waiting"]) == (0, 4)
        await moved(made["id"], "running")
        await go()
        await deliver(courier)
    assert (paused["state"], len(mailbox.letters)) == ("paused", 4)


@pytest.mark.parametrize("by_hand", [True, False])
async def test_what_waits_when_a_campaign_ends_is_not_sent_and_is_counted_as_failed(
    staff: Any, register: Any, plan: Any, go: Go, moved: Any, courier: Courier, mailbox: Any, by_hand: bool
) -> None:
    with clock.frozen(NOON) as held:
        await people(register, 4)
        made = await plan(holdout_percent=0, per_minute=3, ends_at=(NOON + timedelta(hours=2)).isoformat())
        await launched(held, go)
        await moved(made["id"], "paused")
        if by_hand:
            await moved(made["id"], "finished")
        held.move(timedelta(hours=2))
        await go()
        await courier.once()
        told = await results(staff, made)
    assert (told["state"], mailbox.letters) == ("finished", [])
    assert (told["addressed"]["failed"], told["addressed"]["waiting"], told["addressed"]["assigned"]) == (3, 1, 4)


async def test_linked_ids_are_one_person_before_the_launch_and_after_it(
    staff: Any, register: Any, plan: Any, go: Go, courier: Courier, mailbox: Any
) -> None:
    async def link(*members: str) -> None:
        proof = [{"kind": "identity_document", "reference": "scan/1"}]
        body = {"members": members, "leader": members[0], "reason": "same_person", "evidence": proof}
        made = await staff.post("/v1/identity-links", json=body | {"external_ref": members[0]})
        assert made.status_code == 201, made.text

    with clock.frozen(NOON) as held:
        before, same, first, second, third, fourth = (await people(register, 6)).values()
        await link(before, same)
        made = await plan(holdout_percent=0, per_minute=2)
        await launched(held, go)
        # `before` and `first` have been written to; `second` turns out to be `first`, and `fourth` to be `third`.
        await link(second, first)
        await link(fourth, third)
        held.move(timedelta(minutes=1))
        await go()
        await deliver(courier)
        told = await results(staff, made)
    assert sorted(letter["To"] for letter in mailbox.letters) == ["0@example.com", "2@example.com", "4@example.com"]
    assert (told["addressed"]["assigned"], told["addressed"]["sent"]) == (3, 3)


async def test_of_who_is_erased_only_the_count_stays(
    staff: Any, register: Any, plan: Any, go: Go, courier: Courier, mailbox: Any, service: Service, stored: Any
) -> None:
    with clock.frozen(NOON) as held:
        who = list((await people(register, 6)).values())
        made = await plan(holdout_percent=30, per_minute=3)
        await launched(held, go)
        await deliver(courier)
        login = {"event_id": "x", "customer_id": who[0], "kind": "login", "occurred_at": clock.now().isoformat()}
        assert (await staff.post("/v1/interactions", json=login)).status_code == 201
        before = await results(staff, made)
        for one in who[:3]:
            assert (await staff.post(f"/v1/customers/{one}/erasures", json={})).status_code == 201
        assert await results(staff, made) == before
        assert before["addressed"]["converted"] + before["holdout"]["converted"] == 1
        held.move(timedelta(minutes=1))
        await go()
        await deliver(courier)
    rest = sum(arm(made, one) != HOLDOUT for one in who[3:])
    written = sum(arm(made, one) != HOLDOUT for one in who)
    assert rest <= len(mailbox.letters) <= written
    async with service.world.db.read() as conn:
        left = {row.customer_id for row in await repository.page(conn, UUID(made["id"]), None, 100)}
    assert {str(one) for one in left} == set(who[3:])


async def test_a_campaign_that_fails_by_itself_does_not_hold_up_the_others(
    register: Any, plan: Any, go: Go, courier: Courier, mailbox: Any, monkeypatch: Any
) -> None:
    with clock.frozen(NOON) as held:
        await people(register, 2)
        broken = await plan(holdout_percent=0)

        def fails(campaign_id: UUID, *said: Any) -> str:
            if str(campaign_id) == broken["id"]:
                raise LookupError
            return assigned(campaign_id, *said)

        monkeypatch.setattr(stepping, "assigned", fails)
        await plan(holdout_percent=0)
        await launched(held, go)
        await deliver(courier)
        assert len(mailbox.letters) == 2
        monkeypatch.undo()
        held.move(timedelta(minutes=1))
        await go()
        await deliver(courier)
        # Two sales in a week are what the policy allows: both campaigns have reached both.
        assert Counter(letter["To"] for letter in mailbox.letters) == {"0@example.com": 2, "1@example.com": 2}


async def test_a_person_s_export_tells_which_campaigns_drew_them_into_which_group(
    register: Any, plan: Any, go: Go, service: Service
) -> None:
    with clock.frozen(NOON) as held:
        (who,) = (await people(register, 1)).values()
        made = await plan(holdout_percent=30)
        await launched(held, go)
    async with service.world.db.read() as conn:
        told = [record async for record in gather(service.world, conn, [UUID(who)])]
    assert [(section, record["campaign_id"], record["group"]) for section, record in told] == [
        ("campaign", made["id"], arm(made, who))
    ]


@pytest.mark.parametrize(("state", "sent"), [("paused", 1), ("finished", 0)])
async def test_a_message_that_comes_back_rests_and_ends_with_its_campaign(
    staff: Any,
    reporter: Any,
    register: Any,
    plan: Any,
    go: Go,
    moved: Any,
    courier: Courier,
    gateway: Any,
    state: str,
    sent: int,
) -> None:
    with clock.frozen(NOON) as held:
        await register(consent=("email", "sms"))
        made = await plan(holdout_percent=0)
        await launched(held, go)
        await deliver(courier)
        (told,) = (await staff.get("/v1/messages", params={"campaign_id": made["id"]})).json()["items"]
        await moved(made["id"], state)
        receipt = {"channel": "email", "state": "failed", "occurred_at": NOON.isoformat()}
        assert (await reporter.post(f"/v1/messages/{told['id']}/receipts", json=receipt)).status_code == 200
        assert (await courier.once(), gateway.got) == (0, [])
        if state == "paused":
            await moved(made["id"], "running")
            await deliver(courier)
        shown = (await staff.get(f"/v1/messages/{told['id']}")).json()
    assert len(gateway.got) == sent
    assert (shown["state"], shown["channel"]) == (("sent", "sms") if sent else ("failed", "email"))
