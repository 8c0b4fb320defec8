"""Messages and texts over HTTP: accepted once, refused with a pointer, seen by those they concern, gone with the person."""

import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from customer.outreach.timers import Courier
from shared import clock
from shared.testing.service import Service

BODY = {"template": "service", "purpose": "servicing", "data": {"number": 7}, "external_ref": "m"}


@pytest.mark.parametrize(
    ("fault", "pointer"),
    [
        ({"template": "nothing"}, "/template"),
        ({"purpose": "marketing"}, "/purpose"),
        ({"data": {}}, "/data/number"),
        ({"data": {"number": 7, "more": 1}}, "/data/more"),
        ({"data": {"number": [1]}}, None),
        ({"channels": []}, "/channels"),
        ({"channels": ["fax"]}, "/channels/0"),
        ({"template": "code", "expires_at": None}, "/expires_at"),
        ({"template": "code", "expires_at": "2099-01-01T00:00:00Z"}, "/expires_at"),
        ({"not_before": "2099-01-02T00:00:00Z", "expires_at": "2099-01-01T00:00:00Z"}, ""),
        ({"expires_at": "0001-01-01T00:00:00+14:00"}, "/expires_at"),
        ({"not_before": "9999-12-31T23:59:59-14:00"}, "/not_before"),
        ({"data": {"number": 10**30}}, None),
        ({"unknown": 1}, "/unknown"),
        ({"external_ref": None}, None),
    ],
)
async def test_a_message_that_cannot_be_written_is_refused_with_a_pointer(
    staff: httpx.AsyncClient, register: Any, fault: dict[str, Any], pointer: str | None
) -> None:
    answer = await staff.post("/v1/messages", json=BODY | {"customer_id": await register()} | fault)
    assert answer.status_code == 422, answer.text
    if pointer is not None:
        assert pointer in [one["pointer"] for one in answer.json()["errors"]]
    assert (await staff.get("/v1/messages")).json()["items"] == []


async def test_nobody_is_written_to_who_is_not_known(staff: httpx.AsyncClient) -> None:
    answer = await staff.post("/v1/messages", json=BODY | {"customer_id": str(clock.new_id())})
    assert answer.status_code == 404


async def test_twenty_twins_are_one_message(staff: httpx.AsyncClient, register: Any) -> None:
    who = await register()
    answers = await asyncio.gather(*(staff.post("/v1/messages", json=BODY | {"customer_id": who}) for _ in range(20)))
    assert sorted({one.status_code for one in answers}) == [200, 201]
    assert len({one.json()["id"] for one in answers}) == 1
    other = await staff.post("/v1/messages", json=BODY | {"customer_id": who, "data": {"number": 8}})
    assert other.status_code == 409


async def test_twenty_with_one_key_are_one_message_and_with_other_content_none(
    staff: httpx.AsyncClient, register: Any
) -> None:
    body = {name: value for name, value in BODY.items() if name != "external_ref"} | {"customer_id": await register()}
    key = {"Idempotency-Key": "once"}
    answers = await asyncio.gather(*(staff.post("/v1/messages", json=body, headers=key) for _ in range(20)))
    assert {one.status_code for one in answers} <= {201, 409}
    assert len({one.json()["id"] for one in answers if one.status_code == 201}) == 1
    again = await staff.post("/v1/messages", json=body, headers=key)
    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (201, "true")
    assert (await staff.post("/v1/messages", json=body | {"data": {"number": 8}}, headers=key)).status_code == 422
    assert len((await staff.get("/v1/messages")).json()["items"]) == 1


async def test_what_had_expired_when_it_was_wished_for_is_never_sent(
    staff: httpx.AsyncClient, register: Any, submit: Any, courier: Courier, gateway: Any, mailbox: Any
) -> None:
    who, past = await register(), "2020-01-01T00:00:00Z"
    told = [await submit(who, template, expires_at=past, urgency="urgent") for template in ("service", "code")]
    assert await courier.once() == 0
    shown = [(await staff.get(f"/v1/messages/{one['id']}")).json() for one in told]
    assert [(one["state"], one["reason"]) for one in shown] == [("failed", "expired")] * 2
    assert (gateway.got, mailbox.letters) == ([], [])


async def test_a_customer_sees_their_own_messages_only(
    service: Service, register: Any, submit: Any, staff: httpx.AsyncClient
) -> None:
    mine, other = await register("a"), await register("b")
    told, theirs = await submit(mine), await submit(other)
    own = await service.client("customer.messages:read", actor="customer", sub="w", customer_id=mine)
    assert [one["id"] for one in (await own.get("/v1/messages")).json()["items"]] == [told["id"]]
    asked = await own.get("/v1/messages", params={"customer_id": other})
    assert [one["id"] for one in asked.json()["items"]] == [told["id"]]
    assert (await own.get(f"/v1/messages/{theirs['id']}")).status_code == 404


async def test_messages_to_a_record_that_is_linked_are_the_customers_too(
    service: Service, staff: httpx.AsyncClient, register: Any, submit: Any
) -> None:
    mine, other = await register("a"), await register("b")
    told = await submit(other)
    own = await service.client("customer.messages:read", actor="customer", sub="w", customer_id=mine)
    assert (await own.get("/v1/messages")).json()["items"] == []
    proof = [{"kind": "biometric", "reference": "face/1"}]
    body = {"members": [mine, other], "leader": other, "reason": "same_person", "evidence": proof, "external_ref": "l"}
    assert (await staff.post("/v1/identity-links", json=body)).status_code == 201
    assert [one["id"] for one in (await own.get("/v1/messages")).json()["items"]] == [told["id"]]
    assert (await own.get(f"/v1/messages/{told['id']}")).status_code == 200


async def test_a_new_version_of_a_text_does_not_touch_what_was_accepted(
    staff: httpx.AsyncClient, register: Any, submit: Any
) -> None:
    who = await register()
    before = await submit(who)
    (known,) = (await staff.get("/v1/message-templates/service")).json()
    texts = {one: {"subject": "S", "body": "{{ name }} {{ number }}"} for one in ("zh-Hans", "zh-Hant", "en")}
    body = {key: known[key] for key in ("key", "category", "purposes")} | {"texts": texts, "external_ref": "v2"}
    made = await staff.post("/v1/message-templates", json=body)
    assert (made.status_code, made.json()["version"]) == (201, 2)
    after = await submit(who)
    assert (before["template_version"], after["template_version"]) == (1, 2)
    refused = await staff.post("/v1/message-templates", json=body | {"category": "sales", "external_ref": "v3"})
    assert refused.status_code == 409


async def test_a_text_in_two_languages_or_with_other_places_is_refused(staff: httpx.AsyncClient) -> None:
    whole = {one: {"body": "{{ number }}"} for one in ("zh-Hans", "zh-Hant", "en")}
    body = {"key": "x", "category": "service", "purposes": ["servicing"], "external_ref": "x"}
    for texts in (
        {"en": {"body": "only English"}},
        whole | {"en": {"body": "{{ other }}"}},
        whole | {"en": {"body": "{% for i in number %}{% endfor %}"}},
    ):
        answer = await staff.post("/v1/message-templates", json=body | {"texts": texts})
        assert answer.status_code == 422, answer.text


async def test_of_an_erased_customer_s_messages_nothing_is_left_to_send_or_read(
    service: Service, staff: httpx.AsyncClient, register: Any, submit: Any, courier: Courier, gateway: Any, mailbox: Any
) -> None:
    who = await register()
    told = await submit(who)
    assert (await staff.post(f"/v1/customers/{who}/erasures", json={})).status_code == 201
    assert await courier.once() == 0
    shown = (await staff.get(f"/v1/messages/{told['id']}")).json()
    assert (shown["state"], shown["reason"]) == ("suppressed", "erased")
    async with service.world.db.read() as conn:
        assert (await conn.execute(text("SELECT length(data) FROM message"))).scalars().all() == [0]
        for table in ("message_due", "contact_mark"):
            assert (await conn.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one() == 0
    assert (gateway.got, mailbox.letters) == ([], [])


async def test_a_profile_tells_the_last_contacts_of_everybody_who_counts_as_the_person(
    service: Service, staff: Any, register: Any, submit: Any
) -> None:
    one, same, other = [await register(ref) for ref in ("one", "same", "other")]
    proof = [{"kind": "identity_document", "reference": "scan/1"}]
    link = {"members": [one, same], "leader": one, "reason": "same_person", "evidence": proof, "external_ref": "l"}
    assert (await staff.post("/v1/identity-links", json=link)).status_code == 201
    sent = [await submit(who) for who in (one, same)]
    await submit(other)
    desk = await service.client("customer.profiles:read", actor="staff", sub="desk")
    profile = (await desk.get(f"/v1/customers/{one}/profile", params={"features": "tenure_days"})).json()
    items = profile["sections"]["messages"]["items"]
    assert [(item["id"], item["state"]) for item in items] == [(one["id"], "accepted") for one in reversed(sent)]
    assert "data" not in items[0]
