"""Messages over a real mail server and a real gateway: sent once by their id, waited for, failed over, or suppressed."""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from customer.outreach.clients import Gateway
from customer.outreach.domain.messages import Channel, Job, Outcome
from customer.outreach.timers import Courier
from cxbank_client.webhooks import verified
from shared import clock
from shared.testing.service import Service

NOON = datetime.now(UTC).replace(hour=4, minute=0, second=0, microsecond=0)
NIGHT = NOON.replace(hour=16)


async def state(staff: httpx.AsyncClient, told: dict[str, Any]) -> tuple[str, str | None, str | None]:
    shown = (await staff.get(f"/v1/messages/{told['id']}")).json()
    return shown["state"], shown["channel"], shown["reason"]


async def test_a_mail_is_written_in_the_customer_s_language_and_sent_once(
    staff: Any, register: Any, submit: Any, courier: Courier, mailbox: Any, service: Service
) -> None:
    with clock.frozen(NOON):
        told = await submit(await register(), channels=["email"])
        assert await courier.once() == 1
        assert await courier.once() == 0
        assert await state(staff, told) == ("sent", "email", None)
    (letter,) = mailbox.letters
    assert (letter["To"], letter["Subject"], letter["Content-Language"]) == ("a@example.com", "您好", "zh-Hans")
    assert letter.get_content().strip() == "王芳,您的号码是 7。"
    assert letter["Message-ID"] == f"<{told['id']}@bank.invalid>"
    events = [(dict(one.headers)["ce_type"].decode(), json.loads(one.value)) for one in await service.relay()]
    (said,) = [data for kind, data in events if kind == "cxbank.customer.message_sent.v1"]
    assert (said["template"], said["purpose"], said["channel"]) == ("service", "servicing", "email")
    assert b"\xe7\x8e\x8b" not in json.dumps(said, ensure_ascii=False).encode()


async def test_what_the_gateway_gets_is_signed_and_whole(
    register: Any, submit: Any, courier: Courier, gateway: Any, secret: str
) -> None:
    with clock.frozen(NOON):
        told = await submit(await register(), channels=["sms"], language="en")
        await courier.once()
        ((headers, body),) = gateway.got
        assert verified(secret, headers, body, NOON)
    got = json.loads(body)
    assert headers["webhook-id"] == got["message_id"] == told["id"]
    assert (got["channel"], got["to"], got["body"]) == ("sms", "+8613800001234", "王芳, your number is 7.")


async def test_a_sale_is_sent_on_a_consent_s_receipt_through_an_allowed_channel_only(
    staff: Any, register: Any, submit: Any, courier: Courier, gateway: Any, mailbox: Any
) -> None:
    with clock.frozen(NOON):
        yes = await submit(await register("yes", consent=("email",)), "sales")
        no = await submit(await register("no"), "sales")
        await courier.once()
        shown = (await staff.get(f"/v1/messages/{yes['id']}")).json()
        assert (shown["state"], shown["channel"], shown["receipt_id"] is not None) == ("sent", "email", True)
        assert await state(staff, no) == ("suppressed", None, "no-consent")
    assert (len(mailbox.letters), gateway.got) == (1, [])


async def test_a_consent_withdrawn_while_a_message_waits_is_heeded(
    staff: Any, register: Any, submit: Any, courier: Courier, mailbox: Any
) -> None:
    with clock.frozen(NIGHT) as held:
        who = await register(consent=("email",))
        told = await submit(who, "sales")
        assert await courier.once() == 0
        assert await state(staff, told) == ("accepted", None, "quiet-hours")
        word = {"purpose": "marketing", "decision": "withdrawn"}
        said = await staff.post(f"/v1/customers/{who}/consents", json=word, headers={"Idempotency-Key": "w"})
        assert said.status_code == 201, said.text
        held.move(timedelta(hours=9))
        assert await courier.once() == 0
        assert await state(staff, told) == ("suppressed", None, "no-consent")
    assert mailbox.letters == []


async def test_a_quiet_night_holds_what_is_not_urgent_until_eight(
    staff: Any, register: Any, submit: Any, courier: Courier, mailbox: Any
) -> None:
    with clock.frozen(NIGHT) as held:
        who = await register()
        routine = await submit(who, channels=["email"])
        urgent = await submit(who, channels=["email"], urgency="urgent")
        assert await courier.once() == 1
        assert (await state(staff, urgent))[0] == "sent"
        held.move(timedelta(hours=7, minutes=59))
        assert await courier.once() == 0
        held.move(timedelta(minutes=1))
        assert await courier.once() == 1
        assert (await state(staff, routine))[0] == "sent"


async def test_sales_rest_while_a_complaint_is_open(
    staff: Any, register: Any, submit: Any, courier: Courier, service: Service
) -> None:
    who = await register(consent=("email",))
    case = str(clock.new_id())
    for sequence, kind in ((1, "case_opened"), (2, "case_closed")):
        data = json.dumps({"case_id": case, "customer_id": who, "category": "complaint"}).encode()
        type_ = f"cxbank.feedback.{kind}.v1"
        await service.hear(type_, data, key=case, subject=case, sequence=sequence, id_=clock.new_id())
        with clock.frozen(NOON):
            told = await submit(who, "sales")
            await courier.once()
            expected = "suppressed" if kind == "case_opened" else "sent"
            assert (await state(staff, told))[0] == expected


async def test_twenty_couriers_keep_one_cap(
    staff: Any, register: Any, submit: Any, courier: Courier, mailbox: Any
) -> None:
    with clock.frozen(NOON):
        who = await register(consent=("email",))
        sales = [await submit(who, "sales") for _ in range(8)]
        await asyncio.gather(*(courier.once() for _ in range(20)))
        states = Counter([await state(staff, one) for one in sales])
        assert states == {("sent", "email", None): 2, ("accepted", None, "over-the-cap"): 6}
    assert len(mailbox.letters) == 2


async def test_a_gateway_that_refuses_is_passed_over_for_the_next_channel(
    staff: Any, register: Any, submit: Any, courier: Courier, gateway: Any, mailbox: Any
) -> None:
    gateway.statuses = [400, 400, 400]
    with clock.frozen(NOON):
        told = await submit(await register())
        while await courier.once():
            continue
        assert await state(staff, told) == ("sent", "email", None)
    assert [json.loads(body)["channel"] for _, body in gateway.got] == ["push"]


async def test_when_every_channel_refuses_it_has_failed(
    staff: Any, register: Any, submit: Any, courier: Courier, gateway: Any, mailbox: Any
) -> None:
    gateway.statuses, mailbox.answers = [400, 404, 422], ["550 no such user"]
    with clock.frozen(NOON):
        told = await submit(await register())
        while await courier.once():
            continue
        assert await state(staff, told) == ("failed", "sms", "refused")
    assert len(gateway.got) == 2


async def test_a_gateway_that_fails_stalls_and_answers_twice_loses_nothing_and_doubles_nothing(
    staff: Any, register: Any, submit: Any, courier: Courier, gateway: Any
) -> None:
    # What the gateway does with each arrival: fails, closes without an answer, takes it and answers 500 all the same.
    gateway.statuses = [503, None, 500]
    with clock.frozen(NOON) as held:
        told = await submit(await register(), channels=["sms"])
        for _ in range(4):
            assert await courier.once() == 1
            held.move(timedelta(minutes=1))
        assert await state(staff, told) == ("sent", "sms", None)
    ids = Counter(json.loads(body)["message_id"] for _, body in gateway.got)
    # The gateway drops repeats by the id: it saw three, of one message.
    assert ids == {told["id"]: 3}


async def test_a_gateway_that_is_down_for_a_day_gets_everything_when_it_is_back(
    staff: Any, register: Any, submit: Any, courier: Courier, gateway: Any
) -> None:
    gateway.statuses = [503] * 40
    with clock.frozen(NOON - timedelta(hours=4)) as held:
        told = [await submit(await register(str(one)), channels=["sms"], urgency="urgent") for one in range(5)]
        for _ in range(40):
            await courier.once()
            held.move(timedelta(minutes=15))
        gateway.statuses = []
        await courier.once()
        assert {(await state(staff, one))[0] for one in told} == {"sent"}


async def test_a_silent_gateway_is_waited_for_where_nothing_else_was_allowed(
    staff: Any, register: Any, submit: Any, courier: Courier, mailbox: Any
) -> None:
    mailbox.answers = ["451 not now"] * 12
    with clock.frozen(NOON) as held:
        told = await submit(await register(consent=("email",)), "sales")
        for _ in range(13):
            await courier.once()
            held.move(timedelta(minutes=16))
        assert await state(staff, told) == ("sent", "email", None)


async def test_what_the_only_allowed_channel_refused_has_failed_and_was_not_kept_back(
    staff: Any, register: Any, submit: Any, courier: Courier, mailbox: Any
) -> None:
    mailbox.answers = ["550 no such user"]
    with clock.frozen(NOON):
        told = await submit(await register(consent=("email",)), "sales")
        while await courier.once():
            continue
        assert await state(staff, told) == ("failed", "email", "refused")


async def test_what_was_not_to_go_before_a_day_is_waited_for_from_that_day(
    staff: Any, register: Any, submit: Any, courier: Courier, gateway: Any
) -> None:
    gateway.statuses = [503]
    with clock.frozen(NOON) as held:
        later = (NOON + timedelta(days=4)).isoformat()
        told = await submit(await register(points=("phone",)), channels=["sms"], not_before=later)
        held.move(timedelta(days=4))
        await courier.once()
        assert await state(staff, told) == ("accepted", "sms", "gateway-away")
        held.move(timedelta(minutes=1))
        await courier.once()
        assert await state(staff, told) == ("sent", "sms", None)


async def test_a_code_goes_at_most_once_and_then_expires(
    staff: Any, register: Any, submit: Any, courier: Courier, gateway: Any
) -> None:
    with clock.frozen(NOON) as held:
        who, until = await register(), (NOON + timedelta(minutes=10)).isoformat()
        gateway.statuses = [None]
        lost = await submit(who, "code", channels=["sms"], expires_at=until)
        await courier.once()
        assert await state(staff, lost) == ("failed", "sms", "unknown-outcome")
        late = await submit(
            who, "code", channels=["sms"], expires_at=until, not_before=(NOON + timedelta(minutes=9)).isoformat()
        )
        held.move(timedelta(minutes=11))
        await courier.once()
        assert await state(staff, late) == ("failed", None, "expired")
    assert gateway.got == []


@pytest.mark.parametrize(("template", "again"), [("service", 1), ("code", 0)])
async def test_a_courier_killed_after_the_hand_over_sends_again_but_never_a_code(
    staff: Any, register: Any, submit: Any, courier: Courier, gateway: Any, monkeypatch: Any, template: str, again: int
) -> None:
    with clock.frozen(NOON) as held:
        until = (NOON + timedelta(minutes=10)).isoformat()
        await submit(await register(), template, channels=["sms"], expires_at=until)

        async def die(*_: object) -> None:
            raise ConnectionError

        with monkeypatch.context() as broken:
            broken.setattr("customer.outreach.usecases.record", die)
            with pytest.raises(ConnectionError):
                await courier.once()
        held.move(timedelta(seconds=61))
        await courier.once()
    ids = [headers["webhook-id"] for headers, _ in gateway.got]
    assert (len(ids), len(set(ids))) == (1 + again, 1)


async def test_receipts_move_a_message_on_and_never_back(
    staff: Any, reporter: Any, register: Any, submit: Any, courier: Courier
) -> None:
    with clock.frozen(NOON):
        told = await submit(await register(), channels=["sms"])
        path = f"/v1/messages/{told['id']}/receipts"
        receipt = {"channel": "sms", "state": "delivered", "occurred_at": NOON.isoformat()}
        assert (await reporter.post(path, json=receipt)).status_code == 409
        await courier.once()
        for report, expected in (
            ("delivered", "delivered"),
            ("read", "read"),
            ("delivered", "read"),
            ("failed", "read"),
        ):
            answer = await reporter.post(path, json=receipt | {"state": report})
            assert (answer.status_code, answer.json()["state"]) == (200, expected)
        assert (await reporter.post(path, json=receipt | {"channel": "email"})).status_code == 409
        assert (await reporter.post(path, json=receipt | {"state": "sent"})).status_code == 422


@dataclass(frozen=True)
class Hasty:
    """A gateway that reports what became of a message before it answers for having taken it."""

    gateway: Gateway
    report: Callable[[Job], Awaitable[None]]

    async def deliver(self, job: Job) -> Outcome:
        outcome = await self.gateway.deliver(job)
        await self.report(job)
        return outcome

    async def close(self) -> None:
        await self.gateway.close()


@pytest.mark.parametrize(("template", "told"), [("service", "delivered"), ("service", "failed"), ("code", "failed")])
async def test_a_receipt_that_overtakes_our_own_note_loses_nothing(
    service: Service,
    staff: Any,
    reporter: Any,
    register: Any,
    submit: Any,
    courier: Courier,
    mailbox: Any,
    template: str,
    told: str,
) -> None:
    async def report(job: Job) -> None:
        receipt = {"channel": "sms", "state": told, "occurred_at": NOON.isoformat()}
        assert (await reporter.post(f"/v1/messages/{job.message_id}/receipts", json=receipt)).status_code == 200

    courier._gateways = {**courier._gateways, Channel.SMS: Hasty(courier._gateways[Channel.SMS], report)}
    with clock.frozen(NOON):
        until = (NOON + timedelta(minutes=10)).isoformat()
        # Mail is cheaper and tried first, but for a code, which goes the one way it was asked for.
        mailbox.answers = ["554 refused"]
        channels = ["sms"] if template == "code" else ["sms", "email"]
        made = await submit(await register(), template, channels=channels, expires_at=until)
        while await courier.once():
            continue
    shown = (await staff.get(f"/v1/messages/{made['id']}")).json()
    said = [dict(one.headers)["ce_type"].decode().split(".")[2] for one in await service.relay()]
    said = [one for one in said if one.startswith("message_")]
    assert (shown["state"], said, mailbox.letters) == (told, ["message_sent", f"message_{told}"], [])
    assert shown["sent_at"] is not None
    async with service.world.db.read() as conn:
        kept = (await conn.execute(text("SELECT octet_length(data) FROM message"))).scalar_one()
    assert (kept == 0) == (template == "code")


async def test_gateways_silent_for_days_are_asked_each_quarter_of_an_hour(
    staff: Any, register: Any, submit: Any, courier: Courier, gateway: Any
) -> None:
    gateway.statuses = [503] * 200
    with clock.frozen(NOON) as held:
        made = await submit(await register(), channels=["sms"], urgency="urgent")
        for _ in range(60):
            await courier.once()
            held.move(timedelta(minutes=15))
        assert await state(staff, made) == ("accepted", "sms", "gateway-away")
    assert len(gateway.got) == 60


async def test_a_message_that_failed_at_the_far_end_goes_on_to_the_next_channel(
    staff: Any, reporter: Any, register: Any, submit: Any, courier: Courier, mailbox: Any
) -> None:
    with clock.frozen(NOON):
        told = await submit(await register(), channels=["sms", "email"], language="en")
        mailbox.answers = ["554 refused"]
        while await courier.once():
            continue
        assert (await state(staff, told))[:2] == ("sent", "sms")
        receipt = {"channel": "sms", "state": "failed", "occurred_at": NOON.isoformat()}
        await reporter.post(f"/v1/messages/{told['id']}/receipts", json=receipt)
        while await courier.once():
            continue
        # Neither goes back to the mail server, which had refused it for good.
        assert await state(staff, told) == ("failed", "sms", "refused")
        assert mailbox.letters == []


async def test_a_message_goes_through_each_channel_once_though_the_far_end_loses_it_every_time(
    staff: Any, reporter: Any, register: Any, submit: Any, courier: Courier, mailbox: Any, gateway: Any
) -> None:
    with clock.frozen(NOON):
        told = await submit(await register(), channels=["sms", "email"], language="en")
        for _ in range(4):
            while await courier.once():
                continue
            became, channel, reason = await state(staff, told)
            receipt = {"channel": channel, "state": "failed", "occurred_at": NOON.isoformat()}
            await reporter.post(f"/v1/messages/{told['id']}/receipts", json=receipt)
        assert (became, reason) == ("failed", "refused")
    assert (len(mailbox.letters), len(gateway.got)) == (1, 1)
