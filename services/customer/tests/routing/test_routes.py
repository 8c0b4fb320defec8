"""Who reads how much of a card: scopes, customers, erased and unknown ones, and what cannot be recorded."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text

from customer import storage
from shared import audit
from shared.crypto import Subject
from shared.testing.service import Service

CARD = "customer.routing-profiles:read"
DETAILS = "customer.routing-details:read"
FACTS = {
    "tier_hint": "affluent",
    "languages": ["zh-Hans", "en"],
    "accessibility_needs": ["wheelchair"],
    "contact_points": [
        {"kind": "phone", "value": "+8613600002222", "preferred": True},
        {"kind": "email", "value": "wang@example.com"},
    ],
}


async def get(client: httpx.AsyncClient, who: str) -> httpx.Response:
    return await client.get(f"/v1/customers/{who}/routing-profile")


async def watched(bank: Any) -> str:
    """A person of whom risk and everybody else has said something."""
    who = await bank.register(**FACTS)
    await bank.word(who, "refused", ["email"])
    await bank.restricts(uuid4(), who, 1, "app")
    await bank.hears("risk.customer_level_changed", who, 3, customer_id=who, version=3)
    await bank.case(uuid4(), who, category="complaint")
    await bank.catch_up()
    return str(who)


async def test_a_card_tells_whoever_has_both_scopes_everything(bank: Any) -> None:
    who = await watched(bank)
    card = await bank.card(who)
    assert (card["tier"], card["languages"], card["preferred_channels"]) == ("affluent", ["zh-Hans", "en"], ["phone"])
    assert card["barred_channels"] == [
        {"channel": "app", "extent": "use", "reason": "risk_restriction"},
        {"channel": "email", "extent": "approach", "reason": "customer_refusal"},
    ]
    assert (card["accessibility_needs"], card["alerts"]) == (["wheelchair"], ["restricted", "complaint_open"])
    assert (card["open_case"], card["open_complaint"], card["open_journey"]) == (True, True, False)
    assert card["risk_level"] == {"level": None, "marks": [{"customer_id": who, "version": 3}]}
    assert (len(card["restrictions"]), card["withheld"]) == (1, [])


async def test_without_the_second_scope_what_is_delicate_is_withheld_and_named(service: Service, bank: Any) -> None:
    who = await watched(bank)
    desk = await service.client(CARD, actor="staff", sub="desk")
    card = (await get(desk, who)).json()
    assert card["withheld"] == ["accessibility_needs", "vulnerabilities", "alerts", "restrictions", "risk_level"]
    assert [card[name] for name in card["withheld"]] == [None] * 5
    assert [(one["channel"], one["reason"]) for one in card["barred_channels"]] == [("app", None), ("email", None)]
    assert card["version"] == (await bank.card(who))["version"]


async def test_a_customer_is_not_tipped_off_by_any_byte_of_the_answer(service: Service, bank: Any) -> None:
    """Whatever risk does, the answer to the customer's own token stays the same, its version and headers too."""
    who = await bank.register(**FACTS)
    own = await service.client(CARD, DETAILS, actor="customer", customer_id=who, sub="me")
    await bank.catch_up()
    before = await get(own, who)
    assert before.json()["accessibility_needs"] == ["wheelchair"]
    restriction = uuid4()
    for version, lifted in ((1, False), (2, True)):
        await bank.restricts(restriction, who, version, "app", lifted=lifted)
        await bank.hears("risk.customer_level_changed", who, version, customer_id=who, version=version)
        after = await get(own, who)
        assert (after.content, after.headers["etag"]) == (before.content, before.headers["etag"])
    assert (await bank.card(who))["version"] > before.json()["version"]
    await bank.word(who, "refused", ["email"])
    await bank.catch_up()
    told = (await get(own, who)).json()
    assert told["version"] == before.json()["version"] + 1
    assert [one["channel"] for one in told["barred_channels"]] == ["email"]


async def test_one_scope_is_needed_and_the_second_alone_opens_nothing(service: Service, bank: Any) -> None:
    who = await bank.register()
    for scopes in ((DETAILS,), ("customer.customers:read",), ()):
        assert (await get(await service.client(*scopes, actor="staff"), who)).status_code == 403
    bare = httpx.AsyncClient(transport=httpx.ASGITransport(service.app), base_url="http://test")
    assert (await get(bare, who)).status_code == 401


async def test_another_customers_card_is_not_told_apart_from_none(service: Service, bank: Any) -> None:
    who, other = await bank.register(), await bank.register()
    own = await service.client(CARD, actor="customer", customer_id=who, sub="me")
    answers = [await get(own, one) for one in (other, str(uuid4()))]
    assert [(one.status_code, one.json()["type"]) for one in answers] == [(404, "/problems/customer-unknown")] * 2
    await bank.link(who, other)
    assert (await get(own, other)).status_code == 200


@pytest.mark.parametrize(
    ("who", "status"), [("01936e00-0000-7000-8000-000000000001", 404), ("nobody", 422), ("0" * 400, 422)]
)
async def test_an_id_of_nobody_is_refused(bank: Any, who: str, status: int) -> None:
    assert (await get(bank.router, who)).status_code == status


async def test_an_erased_customer_has_no_card_and_gets_none_by_what_comes_late(service: Service, bank: Any) -> None:
    who = await watched(bank)
    assert (await bank.staff.post(f"/v1/customers/{who}/erasures", json={})).status_code == 201
    assert (await get(bank.router, who)).status_code == 410
    await bank.restricts(uuid4(), who, 1, "web")
    await bank.hears("risk.customer_level_changed", who, 9, customer_id=who, version=9)
    await bank.catch_up()
    assert (await get(bank.router, who)).status_code == 410
    async with service.world.db.read() as conn:
        rows = (
            await conn.execute(text("SELECT content FROM routing_card WHERE customer_id = :who"), {"who": who})
        ).all()
        heard = (await conn.execute(text("SELECT count(*) FROM routing_restriction"))).scalar_one()
        marks = (await conn.execute(text("SELECT count(*) FROM routing_level"))).scalar_one()
    assert ([row.content for row in rows], heard, marks) == ([None], 0, 0)


async def test_every_reading_is_on_record_with_whether_it_saw_what_is_delicate(service: Service, bank: Any) -> None:
    who = await bank.register()
    desk = await service.client(CARD, actor="staff", sub="desk")
    await bank.card(who)
    await get(desk, who)
    async with service.world.db.read() as conn:
        lines = await audit.of_subject(conn, storage.AUDIT, Subject("customer", UUID(who)), 50)
    reads = [(line["sub"], line["detail"]) for line in lines if line["action"] == "routing_profile.read"]
    assert reads == [("desk", {"delicate": False}), ("channel-router", {"delicate": True})]


async def test_what_cannot_be_recorded_is_not_shown(service: Service, bank: Any) -> None:
    who = await bank.register()
    await bank.card(who)
    async with service.world.db.begin() as tx:
        await tx.execute(text("ALTER TABLE audit RENAME TO audit_away"))
    answer = await get(bank.router, who)
    assert (answer.status_code, "affluent" in answer.text) == (503, False)
    async with service.world.db.begin() as tx:
        await tx.execute(text("ALTER TABLE audit_away RENAME TO audit"))
    assert (await get(bank.router, who)).status_code == 200


async def test_many_read_many_at_once_and_each_gets_its_own(service: Service, bank: Any) -> None:
    people = [await bank.register(languages=[one]) for one in ("en", "fr", "de", "it")]
    own = await service.client(CARD, actor="customer", customer_id=people[0], sub="me")
    answers = await asyncio.gather(*(get(bank.router, one) for one in people * 5), get(own, people[1]))
    assert [one.json()["languages"] for one in answers[:-1]] == [["en"], ["fr"], ["de"], ["it"]] * 5
    assert answers[-1].status_code == 404
