"""Other services ask by event: what can be written is accepted, what cannot is kept as failed and said, and nothing waits."""

import asyncio
import json
from typing import Any
from uuid import UUID

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text

from customer.outreach.consumers import USUAL
from customer.outreach.timers import Courier
from shared import clock
from shared.testing.service import Service

REMINDER = "cxbank.channel-router.reminder_due.v1"
NOTICE = "cxbank.risk.customer_notice_due.v1"


@pytest.fixture
def ask(service: Service) -> Any:
    """Have another service ask for something to be written; the id of its event."""

    async def say(who: str, template: Any, *, type_: str = REMINDER, id_: UUID | None = None, **other: Any) -> str:
        event = id_ or clock.new_id()
        data = {"customer_id": who, "template": template, "appointment_id": "x", "data": {"number": 1}} | other
        await service.hear(type_, json.dumps(data).encode(), key=who, subject=who, id_=event)
        return str(event)

    return say


async def parked(service: Service) -> list[str]:
    async with service.world.db.read() as conn:
        return list((await conn.execute(text("SELECT cause FROM parked"))).scalars())


async def messages(staff: Any) -> list[dict[str, Any]]:
    """All messages, the oldest first."""
    return list(reversed((await staff.get("/v1/messages")).json()["items"]))


async def test_what_comes_behind_a_wish_that_cannot_be_written_is_written(
    service: Service, staff: Any, register: Any, ask: Any
) -> None:
    who = await register()
    asked = [await ask(who, template) for template in ("service", "nothing", "service")]
    assert await parked(service) == []
    told = await messages(staff)
    assert [one["asked_in"] for one in told] == asked
    assert [(one["state"], one["reason"]) for one in told] == [
        ("accepted", None),
        ("failed", "unknown-template"),
        ("accepted", None),
    ]
    assert told[1]["detail"] == "/template unknown"


ODD: list[tuple[dict[str, Any], str, str]] = [
    ({"template": "Not a key"}, "unknown-template", "/template malformed; /template unknown"),
    ({"template": "x" * 100_000}, "unknown-template", "/template malformed; /template unknown"),
    ({"data": {}}, "unfit", "/data/number missing"),
    ({"data": None}, "unfit", "/data/number missing"),
    ({"data": {"number": None}}, "unfit", "/data/number malformed; /data/number missing"),
    ({"data": {"number": 1.5}}, "unfit", "/data/number malformed; /data/number missing"),
    ({"data": {"number": 2**63}}, "unfit", "/data/number malformed; /data/number missing"),
    ({"data": {"number": ["a"]}}, "unfit", "/data/number malformed; /data/number missing"),
    ({"data": {"number": {"__class__": 1}}}, "unfit", "/data/number malformed; /data/number missing"),
    ({"data": {"number": "x" * 501}}, "unfit", "/data/number malformed; /data/number missing"),
    ({"data": {"number": 1, "__class__": 1}}, "unfit", "/data/? malformed"),
    ({"data": {"number": 1, "name": "Eve"}}, "unfit", "/data/name unknown"),
    ({"data": {f"n{one}": one for one in range(31)}}, "unfit", "/data too-long; /data/number missing"),
    ({"purpose": "Not a purpose"}, "unfit", "/purpose malformed"),
    ({"purpose": "marketing"}, "unfit", "/purpose not-of-template"),
    ({"channels": []}, "unfit", "/channels unknown"),
    ({"channels": ["pigeon"]}, "unfit", "/channels unknown"),
    ({"expires_at": "0001-01-01T00:00:00+08:00"}, "unfit", "/expires_at malformed"),
    ({"expires_at": "9999-12-31T23:59:59-08:00"}, "unfit", "/expires_at malformed"),
]


async def test_what_is_wrong_with_a_wish_is_said_by_pointer_and_never_by_value(
    service: Service, staff: Any, register: Any, ask: Any
) -> None:
    who = await register()
    asked = {await ask(who, **({"template": "service"} | odd)): (reason, detail) for odd, reason, detail in ODD}
    behind = await ask(who, "service")
    assert await parked(service) == []
    told = {one["asked_in"]: one for one in await messages(staff)}
    assert told.pop(behind)["state"] == "accepted"
    assert {one["state"] for one in told.values()} == {"failed"}
    assert {event: (one["reason"], one["detail"]) for event, one in told.items()} == asked
    records = [one for one in await service.relay() if b"message_failed" in dict(one.headers)["ce_type"]]
    said = [json.loads(one.value) for one in records]
    assert {one["asked_in"]: (one["reason"], one["detail"]) for one in said} == asked
    assert {one["template"] for one in said} == {"service", "unknown"}


async def test_of_a_wish_that_cannot_be_written_nothing_waits_and_nothing_is_kept_of_its_data(
    service: Service, register: Any, ask: Any, courier: Courier, gateway: Any, mailbox: Any
) -> None:
    await ask(await register(), "service", data={"number": 1, "more": "secret"})
    assert await courier.once() == 0
    async with service.world.db.read() as conn:
        (row,) = await conn.execute(text("SELECT length(data), template_version, version FROM message"))
        assert tuple(row) == (0, 1, 1)
        assert (await conn.execute(text("SELECT count(*) FROM message_due"))).scalar_one() == 0
    assert (gateway.got, mailbox.letters) == ([], [])


async def test_the_customer_is_not_told_why(service: Service, register: Any, ask: Any) -> None:
    who = await register()
    await ask(who, "nothing")
    own = await service.client("customer.messages:read", actor="customer", sub="c", customer_id=who)
    (told,) = (await own.get("/v1/messages")).json()["items"]
    assert (told["state"], told["reason"], told["detail"]) == ("failed", None, None)


async def test_a_channel_we_do_not_have_is_passed_over_and_the_language_is_the_asker_s(
    staff: Any, register: Any, ask: Any, courier: Courier, mailbox: Any
) -> None:
    noon = clock.now().replace(hour=4, minute=0)
    with clock.frozen(noon):
        await ask(await register(), "service", channels=["voice", "email"], language="zh-Hant")
        await courier.once()
    (letter,) = mailbox.letters
    assert letter["Content-Language"] == "zh-Hant"


async def test_twenty_who_hear_one_event_at_once_write_once(
    service: Service, staff: Any, register: Any, ask: Any
) -> None:
    who, event = await register(), clock.new_id()
    bad = clock.new_id()
    await asyncio.gather(*(ask(who, "service", id_=event) for _ in range(20)), return_exceptions=True)
    await asyncio.gather(*(ask(who, "nothing", id_=bad) for _ in range(20)), return_exceptions=True)
    told = await messages(staff)
    assert [(one["asked_in"], one["state"]) for one in told] == [(str(event), "accepted"), (str(bad), "failed")]
    assert await parked(service) == []


async def test_whoever_is_not_there_or_gone_is_counted_and_holds_nobody_up(
    service: Service, staff: Any, register: Any, ask: Any
) -> None:
    def counted(reason: str) -> float:
        labels = {"asked_by": REMINDER, "reason": reason}
        return REGISTRY.get_sample_value("messages_unwritten_total", labels) or 0.0

    before = [counted(one) for one in ("unknown-customer", "gone", "unknown-template")]
    gone = await register("gone")
    assert (await staff.post(f"/v1/customers/{gone}/erasures", json={})).status_code == 201
    await ask(str(clock.new_id()), "service")
    await ask(gone, "service")
    await ask(await register("here"), "nothing")
    after = [counted(one) for one in ("unknown-customer", "gone", "unknown-template")]
    assert [late - early for early, late in zip(before, after, strict=True)] == [1, 1, 1]
    assert await parked(service) == []


async def test_what_cannot_be_read_at_all_still_parks(service: Service, register: Any, ask: Any) -> None:
    unreadable: list[dict[str, Any]] = [{"template": 7}, {"data": [1]}, {"expires_at": "soon"}, {"urgent": "perhaps"}]
    for place, odd in enumerate(unreadable):
        await ask(await register(f"p{place}"), **({"template": "service"} | odd))
    causes = await parked(service)
    assert len(causes) == len(unreadable)
    assert all("does not fit" in cause for cause in causes)


async def test_a_wish_without_a_purpose_has_the_usual_one_or_the_only_one_of_its_text(
    staff: Any, register: Any, ask: Any
) -> None:
    who = await register()
    since = {"since_at": "2026-11-20T10:00:00+08:00"}
    await ask(who, "services_restricted", type_=NOTICE, data=since)
    await ask(who, "service_disruption", type_=NOTICE, data=since)
    await ask(who, "service_disruption", type_=NOTICE, data=since, purpose="fraud_prevention")
    usual, only, said = await messages(staff)
    assert (usual["purpose"], usual["state"]) == ("fraud_prevention", "accepted")
    assert (only["purpose"], only["state"]) == ("servicing", "accepted")
    assert (said["purpose"], said["detail"]) == ("fraud_prevention", "/purpose not-of-template")


async def test_what_no_text_says_is_of_the_kind_its_asker_asks_for(staff: Any, register: Any, ask: Any) -> None:
    who = await register()
    for type_ in USUAL:
        await ask(who, "nothing", type_=type_)
    told = await messages(staff)
    assert [(one["purpose"], one["category"]) for one in told] == list(USUAL.values())


async def test_what_fills_a_subject_begins_no_header_and_brings_no_control_characters(
    staff: Any, register: Any, ask: Any, template: Any, courier: Courier, mailbox: Any
) -> None:
    wording = {"subject": "No. {{ number }}", "body": "No. {{ number }}"}
    text_ = template("numbered", texts=dict.fromkeys(("zh-Hans", "zh-Hant", "en"), wording))
    assert (await staff.post("/v1/message-templates", json=text_)).status_code == 201
    with clock.frozen(clock.now().replace(hour=4, minute=0)):
        await ask(
            await register(),
            "numbered",
            data={"number": "1\r\nBcc: all@example.com\x00\x1b[2J\u2028"},
            channels=["email"],
        )
        await ask(await register("b"), "numbered", data={"number": "2"}, channels=["email"])
        assert await courier.once() == 2
    first, second = sorted(mailbox.letters, key=lambda one: str(one["To"]))
    assert (first["Bcc"], first["Subject"], second["Subject"]) == (None, "No. 1 Bcc: all@example.com[2J", "No. 2")
    assert not set("\x00\x1b\u2028") & set(first.get_content())
