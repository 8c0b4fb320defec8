"""A message goes where, when and in which words the person wants it: their language, points, quiet hours and needs."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from customer.outreach.timers import Courier
from shared import clock

NOON = datetime.now(UTC).replace(hour=4, minute=0, second=0, microsecond=0)


async def shown(staff: httpx.AsyncClient, told: dict[str, Any]) -> tuple[str, str | None, str | None]:
    now = (await staff.get(f"/v1/messages/{told['id']}")).json()
    return now["state"], now["channel"], now["reason"]


@pytest.mark.parametrize(
    ("languages", "tag", "words"),
    [
        (["en"], "en", "your number is"),
        (["fr", "zh-HK"], "zh-Hant", "您的號碼是"),
        (["fr"], "en", "your number is"),
        ([], "zh-Hans", "您的号码是"),
    ],
)
async def test_a_person_is_written_to_in_their_own_language(
    register: Any, submit: Any, courier: Courier, mailbox: Any, languages: list[str], tag: str, words: str
) -> None:
    with clock.frozen(NOON):
        await submit(await register(languages=languages), channels=["email"])
        await courier.once()
    (letter,) = mailbox.letters
    assert letter["Content-Language"] == tag
    assert words in letter.get_content()


async def test_the_language_somebody_asks_for_goes_before_the_person_s(
    register: Any, submit: Any, courier: Courier, mailbox: Any
) -> None:
    with clock.frozen(NOON):
        await submit(await register(languages=["en"]), channels=["email"], language="zh-Hant")
        await courier.once()
    assert mailbox.letters[0]["Content-Language"] == "zh-Hant"


async def test_a_person_is_called_what_they_like_to_be_called(
    register: Any, submit: Any, courier: Courier, mailbox: Any
) -> None:
    with clock.frozen(NOON):
        await submit(await register(preferred_name="小芳"), channels=["email"])
        await courier.once()
    assert mailbox.letters[0].get_content().startswith("小芳,")


async def test_the_preferred_point_is_used_and_its_channel_before_cheaper_ones(
    staff: Any, register: Any, submit: Any, courier: Courier, gateway: Any
) -> None:
    old, liked = {"kind": "phone"}, {"kind": "phone", "value": "+8613900005678", "preferred": True}
    with clock.frozen(NOON):
        told = await submit(await register(points=("email", old, liked)))
        await courier.once()
        assert await shown(staff, told) == ("sent", "sms", None)
    assert json.loads(gateway.got[0][1])["to"] == "+8613900005678"


async def test_a_delicate_text_goes_only_where_somebody_was_proven_to_be_reached(
    staff: Any, register: Any, submit: Any, courier: Courier, gateway: Any, template: Any
) -> None:
    made = await staff.post("/v1/message-templates", json=template("delicate", delicate=True))
    assert (made.status_code, made.json()["delicate"]) == (201, True)
    loose = {"kind": "phone", "preferred": True, "verified": False}
    sure = {"kind": "phone", "value": "+8613900005678"}
    with clock.frozen(NOON):
        both = await submit(await register("both", points=(loose, sure)), "delicate", channels=["sms"])
        none = await submit(await register("none", points=(loose,)), "delicate", channels=["sms"])
        plain = await submit(await register("plain", points=(loose,)), channels=["sms"])
        await courier.once()
        assert await shown(staff, both) == ("sent", "sms", None)
        assert await shown(staff, none) == ("suppressed", None, "no-verified-contact-point")
        assert await shown(staff, plain) == ("sent", "sms", None)
    sent = {json.loads(body)["message_id"]: json.loads(body)["to"] for _, body in gateway.got}
    assert sent == {both["id"]: "+8613900005678", plain["id"]: "+8613800001234"}


async def test_quiet_hours_of_a_point_hold_beside_the_policy_s_and_by_the_person_s_clock(
    staff: Any, register: Any, submit: Any, courier: Courier
) -> None:
    # At noon in Shanghai it is four in the afternoon in Auckland, in summer five.
    quiet = {"start": "15:00", "end": "19:00", "zone": "Pacific/Auckland"}
    with clock.frozen(NOON) as held:
        who = await register(points=({"kind": "email", "quiet_hours": quiet},))
        routine = await submit(who, channels=["email"])
        urgent = await submit(who, channels=["email"], urgency="urgent")
        assert await courier.once() == 1
        assert await shown(staff, routine) == ("accepted", None, "quiet-hours")
        assert await shown(staff, urgent) == ("sent", "email", None)
        held.move(timedelta(hours=3))
        assert await courier.once() == 1
        # And Auckland's night begins while it is still afternoon in Shanghai.
        late = await submit(who, channels=["email"])
        held.move(timedelta(hours=4))
        assert (await courier.once(), await shown(staff, late)) == (0, ("accepted", None, "quiet-hours"))


async def test_hours_asked_for_at_one_record_s_phone_hold_for_what_its_other_record_s_device_shows(
    staff: Any, register: Any, submit: Any, courier: Courier, mailbox: Any
) -> None:
    quiet = {"start": "11:00", "end": "13:00", "zone": "Asia/Shanghai"}
    with clock.frozen(NOON) as held:
        first = await register("first", points=({"kind": "phone", "quiet_hours": quiet},))
        other = await register("other")
        proof = [{"kind": "identity_document", "reference": "scan/1"}]
        link = {"members": [first, other], "leader": first, "reason": "same_person", "evidence": proof}
        assert (await staff.post("/v1/identity-links", json=link | {"external_ref": "l"})).status_code == 201
        pushed, letter = await submit(other, channels=["push"]), await submit(other, channels=["email"])
        urgent = await submit(other, channels=["push"], urgency="urgent")
        await courier.once()
        assert await shown(staff, pushed) == ("accepted", None, "quiet-hours")
        assert await shown(staff, letter) == ("sent", "email", None)
        assert await shown(staff, urgent) == ("sent", "push", None)
        held.move(timedelta(hours=1, minutes=-1))
        assert await courier.once() == 0
        held.move(timedelta(minutes=1))
        assert (await courier.once(), await shown(staff, pushed)) == (1, ("sent", "push", None))


@pytest.fixture
def wrote(staff: httpx.AsyncClient) -> Any:
    """Somebody writes to the bank, or is written to by it."""
    count = iter(range(100))

    async def record(who: str, at: datetime, **other: Any) -> None:
        body = {"event_id": f"e-{next(count)}", "customer_id": who, "kind": "message", "channel": "wechat"}
        made = await staff.post("/v1/interactions", json=body | {"occurred_at": at.isoformat()} | other)
        assert made.status_code == 201, made.text

    return record


WECHAT = ({"kind": "wechat", "preferred": True}, "phone")


async def test_through_wechat_only_who_wrote_lately_is_written_to_and_others_by_the_next_channel(
    staff: Any, register: Any, submit: Any, wrote: Any, courier: Courier
) -> None:
    with clock.frozen(NOON):
        late, just, bank, none = [await register(ref, points=WECHAT) for ref in ("late", "just", "bank", "none")]
        await wrote(late, NOON - timedelta(hours=48))
        await wrote(just, NOON - timedelta(hours=48) + timedelta(seconds=1))
        await wrote(bank, NOON - timedelta(hours=1), initiated_by="bank")
        await wrote(none, NOON - timedelta(hours=1), channel="web")
        told = [await submit(who, channels=["wechat", "sms"]) for who in (late, just, bank, none)]
        only = await submit(none, channels=["wechat"], urgency="urgent")
        await courier.once()
        ways = [await shown(staff, one) for one in told]
        assert ways == [("sent", "sms", None), ("sent", "wechat", None), ("sent", "sms", None), ("sent", "sms", None)]
        assert await shown(staff, only) == ("suppressed", None, "reply-window-closed")
        detail = [(await staff.get(f"/v1/messages/{one['id']}")).json()["detail"] for one in told[:2]]
        assert detail == ["/channels/wechat reply-window-closed", None]


async def test_the_sixth_message_after_somebody_wrote_goes_another_way_until_they_write_again(
    staff: Any, register: Any, submit: Any, wrote: Any, courier: Courier
) -> None:
    with clock.frozen(NOON) as held:
        who = await register(points=WECHAT)
        await wrote(who, NOON)
        told = [await submit(who, channels=["wechat", "sms"]) for _ in range(7)]
        await courier.once()
        assert sorted([(await shown(staff, one))[1] for one in told], key=str) == ["sms"] * 2 + ["wechat"] * 5
        held.move(timedelta(minutes=1))
        await wrote(who, clock.now())
        again = await submit(who, channels=["wechat", "sms"])
        await courier.once()
        assert await shown(staff, again) == ("sent", "wechat", None)


async def test_hours_that_leave_no_moment_of_the_day_suppress_and_do_not_wait_for_ever(
    staff: Any, register: Any, submit: Any, courier: Courier
) -> None:
    quiet = {"start": "07:00", "end": "23:00", "zone": "Asia/Shanghai"}
    with clock.frozen(NOON):
        told = await submit(await register(points=({"kind": "email", "quiet_hours": quiet},)), channels=["email"])
        await courier.once()
        assert await shown(staff, told) == ("suppressed", None, "quiet-hours")


async def test_who_needs_large_print_gets_a_mail_in_large_print(
    staff: Any, register: Any, submit: Any, courier: Courier, mailbox: Any
) -> None:
    with clock.frozen(NOON):
        who = await register(accessibility_needs=["large_print"], legal_name="A<b>&", languages=["en"])
        told = await submit(who)
        await courier.once()
        assert await shown(staff, told) == ("sent", "email", None)
    (letter,) = mailbox.letters
    plain, large = letter.iter_parts()
    assert plain.get_content().strip() == "A<b>&, your number is 7."
    assert 'font-size:1.5em">A&lt;b&gt;&amp;, your number is 7.' in large.get_content()
