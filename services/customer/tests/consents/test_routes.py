"""Consent over HTTP: default deny, a withdrawal in one call, versions that ask again, and nobody else's words."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared import audit, clock
from shared.crypto import Subject
from shared.testing.service import Service

Say = Callable[..., Awaitable[httpx.Response]]
Ask = Callable[..., Awaitable[tuple[str, str]]]
YES = {
    "purpose": "marketing",
    "decision": "granted",
    "language": "zh-Hans",
    "evidence": {"method": "click", "place": "app:settings/privacy"},
}
NO = {"purpose": "marketing", "decision": "withdrawn"}


async def test_nothing_said_is_deny_and_a_grant_allows_the_channels_it_names(
    own: httpx.AsyncClient, say: Say, ask: Ask
) -> None:
    assert await ask() == ("deny", "no-consent")
    made = await say(own, YES, channels=["email"])
    assert made.status_code == 201, made.text
    assert made.headers["location"] == f"/v1/consent-receipts/{made.json()['id']}"
    assert (made.json()["given_by"], made.json()["purpose_version"]) == ("customer", 1)
    assert await ask() == ("allow", "consent-granted")
    assert await ask("sms") == ("deny", "no-consent")


async def test_withdrawing_is_one_call_and_reaches_every_channel(own: httpx.AsyncClient, say: Say, ask: Ask) -> None:
    await say(own, YES)
    assert await ask("wechat") == ("allow", "consent-granted")
    gone = await say(own, NO)
    assert (gone.status_code, gone.json()["channels"]) == (201, None)
    assert [await ask(one) for one in ("email", "wechat")] == [("deny", "consent-withdrawn")] * 2
    await say(own, YES, channels=["sms"])
    assert [await ask("sms"), await ask()] == [("allow", "consent-granted"), ("deny", "consent-withdrawn")]


async def test_a_word_that_comes_late_does_not_overrule_a_later_one(
    service: Service, staff: httpx.AsyncClient, say: Say, ask: Ask
) -> None:
    now = clock.now()
    await say(staff, NO, occurred_at=(now - timedelta(days=1)).isoformat())
    late = await say(staff, YES, occurred_at=(now - timedelta(days=9)).isoformat(), channels=["email"])
    assert late.status_code == 201
    assert await ask() == ("deny", "consent-withdrawn")
    told = [
        one for one in await service.relay() if dict(one.headers)["ce_type"] == b"cxbank.customer.consent_recorded.v1"
    ]
    said = [json.loads(one.value) for one in told]
    assert [(one["decision"], one["channel"], one["stands"]) for one in said] == [
        ("withdrawn", None, True),
        ("granted", "email", False),
    ]


async def test_unknown_customers_purposes_and_the_erased_are_denied(
    staff: httpx.AsyncClient, who: str, say: Say, ask: Ask
) -> None:
    await say(staff, YES)
    assert await ask(of=uuid4()) == ("deny", "customer-unknown")
    assert await ask(None, of=uuid4(), purpose="servicing") == ("deny", "customer-unknown")
    assert await ask(purpose="mind_reading") == ("deny", "purpose-unknown")
    assert (await staff.post(f"/v1/customers/{who}/erasures", json={})).status_code == 201
    assert await ask() == ("deny", "customer-erased")
    assert await ask(None, purpose="servicing") == ("deny", "customer-erased")
    assert (await say(staff, YES)).status_code == 410
    assert (await staff.get(f"/v1/customers/{who}/consents")).status_code == 410


async def test_what_rests_on_a_contract_names_it_and_takes_no_consent(
    staff: httpx.AsyncClient, who: str, say: Say
) -> None:
    wish = {"customer_id": who, "purpose": "servicing", "channel": "sms", "data_categories": ["contact"]}
    answer = (await staff.post("/v1/consent-decisions", json=wish)).json()
    assert (answer["decision"], answer["reason"], answer["receipt_id"]) == ("allow", "legal-basis", None)
    assert answer["legal_basis"] == {"gdpr": "6(1)(b)", "pipl": "13(2)"}
    refused = await say(staff, YES | {"purpose": "servicing"})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/purpose-takes-no-consent")


async def test_sensitive_data_needs_a_consent_of_its_own(own: httpx.AsyncClient, say: Say, ask: Ask) -> None:
    wish: dict[str, Any] = {"purpose": "profiling", "data_categories": ["financial_account"]}
    await say(own, YES | {"purpose": "profiling"})
    assert await ask(None, purpose="profiling") == ("allow", "consent-granted")
    assert await ask(None, **wish) == ("deny", "separate-consent-missing")
    await say(own, YES | {"purpose": "profiling"}, separate_categories=["financial_account"])
    assert await ask(None, **wish) == ("allow", "consent-granted")
    assert await ask(None, purpose="profiling", data_categories=["location"]) == ("deny", "separate-consent-missing")


async def test_a_new_version_asks_again_unless_it_says_it_is_equivalent(
    staff: httpx.AsyncClient, own: httpx.AsyncClient, say: Say, ask: Ask
) -> None:
    await say(own, YES)
    kept = await staff.patch(
        "/v1/purposes/marketing", json={"retention_days": 900, "equivalent": True}, headers={"If-Match": '"1"'}
    )
    assert (kept.status_code, kept.json()["version"]) == (200, 2)
    assert await ask() == ("allow", "consent-granted")
    asks = await staff.patch("/v1/purposes/marketing", json={"retention_days": 1200}, headers={"If-Match": '"2"'})
    assert asks.headers["etag"] == '"3"'
    assert await ask() == ("deny", "new-version-asks-again")
    await say(own, YES)
    assert await ask() == ("allow", "consent-granted")
    assert (await staff.get("/v1/purposes/marketing?version=1")).json()["retention_days"] == 1095


async def test_two_changes_of_one_version_are_one_412(staff: httpx.AsyncClient) -> None:
    head = {"If-Match": '"1"'}
    both = await asyncio.gather(
        *(staff.patch("/v1/purposes/research", json={"retention_days": days}, headers=head) for days in (10, 20))
    )
    assert sorted(one.status_code for one in both) == [200, 412]
    assert (await staff.patch("/v1/purposes/research", json={}, headers={})).status_code == 428


NONSENSE: list[tuple[dict[str, Any], str]] = [
    ({"gdpr_basis": None, "pipl_basis": None}, "/gdpr_basis"),
    ({"sensitive_categories": ["contact"]}, "/sensitive_categories"),
    ({"retention_days": 5, "effective_from": "2026-01-02T00:00:00Z"}, "/effective_from"),
]


async def test_a_version_that_makes_no_sense_is_refused(staff: httpx.AsyncClient) -> None:
    for patch, pointer in NONSENSE:
        answer = await staff.patch("/v1/purposes/marketing", json=patch, headers={"If-Match": '"1"'})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == pointer
    assert (await staff.get("/v1/purposes/marketing")).headers["etag"] == '"1"'


FAULTS = [
    (YES | {"purpose": "mind_reading"}, "/purpose"),
    (YES | {"purpose_version": 9}, "/purpose_version"),
    (YES | {"channels": ["fax"]}, "/channels"),
    (YES | {"data_categories": ["dna"]}, "/data_categories"),
    (YES | {"separate_categories": ["location"]}, "/separate_categories"),
    (YES | {"occurred_at": "2999-01-01T00:00:00Z"}, "/occurred_at"),
    ({"purpose": "marketing", "decision": "granted"}, ""),
    (NO | {"data_categories": ["contact"]}, ""),
    (YES | {"note": "free text"}, "/note"),
]


async def test_a_word_that_the_text_shown_does_not_cover_is_refused_and_nothing_is_kept(
    service: Service, staff: httpx.AsyncClient, say: Say
) -> None:
    for word, pointer in FAULTS:
        answer = await say(staff, word)
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"][0]["pointer"] == pointer
    async with service.world.db.read() as conn:
        assert (await conn.execute(text("SELECT count(*) FROM consent_record"))).scalar_one() == 0
        assert (await conn.execute(text("SELECT count(*) FROM gate WHERE gate.natural IS FALSE"))).scalar_one() == 0


async def test_another_customers_words_receipts_and_decisions_are_out_of_reach(
    service: Service, staff: httpx.AsyncClient, own: httpx.AsyncClient, say: Say, who: str
) -> None:
    made = (await say(own, YES)).json()
    other = await service.client(
        "customer.consents:write", "customer.consents:read", actor="customer", sub="x", customer_id=str(uuid4())
    )
    receipt = f"/v1/consent-receipts/{made['id']}"
    assert (await say(other, NO)).status_code == 404
    for path in (f"/v1/customers/{who}/consents", f"/v1/customers/{who}/consents/history", receipt):
        assert (await other.get(path)).status_code == 404
        assert (await own.get(path)).status_code == 200
    assert (
        await own.post("/v1/consent-decisions", json={"customer_id": who, "purpose": "marketing"})
    ).status_code == 403
    assert (await own.patch("/v1/purposes/marketing", json={}, headers={"If-Match": '"1"'})).status_code == 403


async def test_a_receipt_shows_the_text_as_it_was_shown(
    staff: httpx.AsyncClient, own: httpx.AsyncClient, say: Say
) -> None:
    made = (await say(own, YES, channels=["sms"])).json()
    texts = (await staff.get("/v1/purposes/marketing")).json()["texts"]
    new = {one: {"title": "t", "text": "another"} for one in texts}
    await staff.patch("/v1/purposes/marketing", json={"texts": new}, headers={"If-Match": '"1"'})
    receipt = (await own.get(f"/v1/consent-receipts/{made['id']}")).json()
    assert receipt["schema_version"] == "ISO/IEC TS 27560:2023"
    assert receipt["notice"] == {"version": 1, "language": "zh-Hans", "text": texts["zh-Hans"]["text"]}
    (purpose,) = receipt["purposes"]
    assert purpose["lawful_basis"] == ["GDPR Art. 6(1)(a)", "PIPL Art. 13(1)"]
    assert (purpose["channels"], purpose["retention_period"]) == (["sms"], "P1095D")
    assert (receipt["consent_event"]["event_type"], receipt["consent_event"]["place"]) == (
        "granted",
        "app:settings/privacy",
    )


async def test_the_past_answers_as_recorded_and_as_true(
    staff: httpx.AsyncClient, own: httpx.AsyncClient, say: Say, who: str
) -> None:
    async def email(**when: Any) -> tuple[str, str]:
        shown = (await own.get(f"/v1/customers/{who}/consents", params=when)).json()["items"]
        (state,) = [one for one in shown if (one["purpose"], one["channel"]) == ("marketing", "email")]
        return state["decision"], state["reason"]

    now = clock.now()
    long_ago, before = (now - timedelta(days=9)).isoformat(), clock.now().isoformat()
    await say(staff, YES, occurred_at=long_ago)
    between = clock.now().isoformat()
    await say(own, NO)
    assert await email() == ("deny", "consent-withdrawn")
    assert await email(valid_at=(now - timedelta(days=1)).isoformat()) == ("allow", "consent-granted")
    assert await email(valid_at=(now - timedelta(days=10)).isoformat()) == ("deny", "no-consent")
    assert await email(as_of=between) == ("allow", "consent-granted")
    assert await email(as_of=before) == ("deny", "no-consent")
    history = (await own.get(f"/v1/customers/{who}/consents/history?limit=1")).json()
    assert history["items"][0]["decision"] == "withdrawn"
    page = (await own.get(f"/v1/customers/{who}/consents/history?limit=1&cursor={history['next_cursor']}")).json()
    assert (page["items"][0]["decision"], page["next_cursor"]) == ("granted", None)


async def test_a_repeat_by_key_is_one_word_and_the_same_key_of_another_customer_a_conflict(
    service: Service, staff: httpx.AsyncClient, say: Say, who: str
) -> None:
    other = (
        await staff.post("/v1/customers", json={"kind": "individual", "legal_name": "B", "external_ref": "crm-2"})
    ).json()
    twins = await asyncio.gather(*(say(staff, YES, external_ref="w-1") for _ in range(8)))
    assert sorted(one.status_code for one in twins) == [200] * 7 + [201]
    assert len({one.json()["id"] for one in twins}) == 1
    assert (await say(staff, YES, external_ref="w-1", of=other["id"])).status_code == 409
    async with service.world.db.read() as conn:
        assert (await conn.execute(text("SELECT count(*) FROM consent_record"))).scalar_one() == 1


async def test_every_decision_is_in_the_record_of_who_looked(service: Service, who: str, ask: Ask) -> None:
    await ask("sms")
    async with service.world.db.read() as conn:
        (entry, *_) = await audit.of_subject(conn, service.work.storage.AUDIT, Subject("customer", who), 5)  # type: ignore[arg-type]  # an id as text finds the same
    assert (entry["action"], entry["sub"]) == ("consent.decide", "anna")
    assert entry["detail"] == {"purpose": "marketing", "channel": "sms", "decision": "deny", "reason": "no-consent"}


async def test_nobody_can_rewrite_what_was_said(service: Service, own: httpx.AsyncClient, say: Say) -> None:
    await say(own, YES)
    for statement in ("UPDATE consent_record SET word = 'refused'", "DELETE FROM consent_record"):
        with pytest.raises(DBAPIError, match="append-only"):
            async with service.world.db.begin() as tx:
                await tx.execute(text(statement))
