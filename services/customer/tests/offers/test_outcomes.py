"""What became of offers: once by its key, the higher word standing, counted exactly however it comes, and said."""

import asyncio
import json
from collections import Counter
from itertools import permutations
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from customer.offers.domain.answers import Added, Stands, heard
from customer.offers.domain.services import Outcome
from customer.offers.usecases import gather
from shared import clock
from shared.testing.service import Service


async def counted(service: Service) -> dict[str, tuple[int, ...]]:
    async with service.world.db.read() as conn:
        rows = await conn.execute(text("SELECT service, shown, accepted, declined, ignored FROM offer_count"))
        return {row[0]: tuple(row[1:]) for row in rows}


async def said_of(service: Service) -> list[tuple[str, str]]:
    records = [(dict(one.headers)["ce_type"].decode(), json.loads(one.value)) for one in await service.relay()]
    return [(kind.split(".")[2], data["outcome"]) for kind, data in records if ".offer_" in kind]


def test_words_of_one_offer_come_to_the_same_in_every_order_and_their_sums_are_what_it_came_to() -> None:
    at = clock.now()
    for length in range(1, 5):
        for words in permutations(Outcome, length):
            stands, total = Stands(), Counter[str]()
            for word in words:
                stands, added = heard(stands, word, at)
                total.update({name: getattr(added, name) for name in ("shown", "accepted", "declined", "ignored")})
            best = max(words, key=lambda word: word.rank)
            assert (stands.outcome, stands.shown_at) == (best, at)
            assert total["shown"] == 1
            assert {name for name in ("accepted", "declined", "ignored") if total[name] == 1} == {best} - {"shown"}
            assert heard(stands, best, at) == (stands, Added())


async def test_an_answer_is_learned_from_and_said_once(
    define: Any, register: Any, ask: Any, say: Any, service: Service
) -> None:
    await define("help")
    await define("more")
    who = await register()
    told = await ask(who)
    answer = await say(who, "accepted", "help", told["id"], external_ref="once")
    assert (answer.status_code, answer.json()["stands"], answer.json()["channel"]) == (201, "accepted", "app")
    again = await say(who, "accepted", "help", told["id"], external_ref="once")
    assert (again.status_code, again.headers["Idempotent-Replayed"], again.json()) == (200, "true", answer.json())
    assert (await say(who, "declined", "help", told["id"], external_ref="once")).status_code == 409
    late = await say(who, "declined", "help", told["id"])
    assert (late.status_code, late.json()["outcome"], late.json()["stands"]) == (201, "declined", "accepted")
    assert await counted(service) == {"help": (1, 1, 0, 0)}
    assert await said_of(service) == [("offer_shown", "shown"), ("offer_answered", "accepted")]
    (item,) = [one for one in (await ask(await register()))["items"] if one["service"] == "help"]
    assert item["propensity"] == {"mean": pytest.approx(2 / 11), "drawn": None, "shown": 1, "accepted": 1, "tilt": 0.0}


async def test_what_was_not_offered_or_is_another_s_is_refused(
    staff: httpx.AsyncClient, define: Any, register: Any, ask: Any, say: Any
) -> None:
    await define("help")
    who, other = await register(), await register()
    told = await ask(who)
    assert (await say(who, "shown", "nothing", told["id"])).status_code == 422
    assert (await say(other, "shown", "help", told["id"])).status_code == 404
    assert (await say(who, "shown", "help", str(clock.new_id()))).status_code == 404
    assert (await say(str(clock.new_id()), "shown", "help", told["id"])).status_code == 404
    assert (await say(who, "shown", "help", None)).status_code == 422
    assert (await say(who, "shown", "help", told["id"], occurred_at="2999-01-01T00:00:00Z")).status_code == 422
    assert (await say(who, "shown", "help", told["id"], channel="app")).status_code == 422
    path, body = (
        f"/v1/customers/{who}/offer-outcomes",
        {"outcome": "shown", "service": "help", "decision_id": told["id"]},
    )
    assert (await staff.post(path, json=body)).status_code == 422
    assert (await staff.post(path, json=body | {"mood": "good"}, headers={"Idempotency-Key": "k"})).status_code == 422


async def test_what_is_taken_without_an_offer_is_not_learned_from(
    define: Any, register: Any, say: Any, service: Service
) -> None:
    await define("help")
    who = await register()
    taken = await say(who, "accepted", "help", None, channel="branch")
    assert (taken.status_code, taken.json()["decision_id"], taken.json()["stands"]) == (201, None, "accepted")
    assert await counted(service) == {}
    assert await said_of(service) == [("offer_answered", "accepted")]


async def test_twenty_words_at_once_through_two_processes_count_once(
    define: Any, register: Any, ask: Any, say: Any, service: Service, twin: Service
) -> None:
    await define("help")
    who = await register()
    told = await ask(who)
    scopes = ("customer.offers:write",)
    callers = [await one.client(*scopes, actor="client", sub="app") for one in (service, twin)]
    words = ["shown", "accepted", "declined", "ignored"] * 5
    answers = await asyncio.gather(
        *(say(who, word, "help", told["id"], callers[place % 2]) for place, word in enumerate(words))
    )
    assert {answer.status_code for answer in answers} == {201}
    assert await counted(service) == {"help": (1, 1, 0, 0)}
    kinds = Counter(kind for kind, _ in await said_of(service))
    assert kinds["offer_shown"] == 1
    assert 1 <= kinds["offer_answered"] <= 3
    same = await asyncio.gather(
        *(say(who, "shown", "help", told["id"], callers[n % 2], external_ref="twins") for n in range(20))
    )
    assert Counter(answer.status_code for answer in same) in (Counter({201: 1, 200: 19}), Counter({200: 20}))
    assert len({answer.json()["id"] for answer in same}) == 1


async def test_twenty_who_ask_at_once_through_two_processes_count_one_person_once(
    define: Any, register: Any, ask: Any, service: Service, twin: Service
) -> None:
    for place in range(3):
        await define(f"s{place}")
    who = await register()
    scopes = ("customer.offers:read",)
    callers = [await one.client(*scopes, actor="client", sub="app") for one in (service, twin)]
    answers = await asyncio.gather(*(ask(who, caller=callers[n % 2]) for n in range(20)))
    assert len({json.dumps(one["items"], sort_keys=True) for one in answers}) == 1
    async with service.world.db.read() as conn:
        tally = await conn.execute(text("SELECT DISTINCT considered, offered, accepted FROM offer_tally"))
        kept = await conn.execute(text("SELECT count(*) FROM offer_decision"))
        assert [tuple(row) for row in tally] == [(1, 1, 0)]
        assert kept.scalar_one() == 20


async def test_what_is_handed_to_a_person_has_their_offers_and_assessments_and_no_reason_why_not(
    staff: httpx.AsyncClient, define: Any, register: Any, ask: Any, say: Any, service: Service
) -> None:
    await define("help")
    await define("saver", sells=True, needs={"risk": 5})
    who = await register()
    told = await ask(who)
    await say(who, "accepted", "help", told["id"])
    body = {"risk_tolerance": 2, "external_ref": "a"}
    await staff.post(f"/v1/customers/{who}/suitability-assessments", json=body)
    async with service.world.db.read() as conn:
        found = [one async for one in gather(service.world, conn, [UUID(who)])]
    assert [section for section, _ in found] == ["offer_decision", "offer", "suitability_assessment"]
    decision, offer, assessment = (record for _, record in found)
    assert (str(decision["id"]), decision["offered"]) == (told["id"], ["help"])
    assert (offer["service"], offer["outcome"], assessment["risk_tolerance"]) == ("help", "accepted", 2)
    assert "saver" not in str(found)


async def test_erasure_forgets_what_was_decided_offered_and_assessed(
    staff: httpx.AsyncClient, define: Any, register: Any, ask: Any, say: Any, service: Service, stored: Any
) -> None:
    await define("help")
    who = await register()
    told = await ask(who)
    await say(who, "accepted", "help", told["id"])
    body = {"risk_tolerance": 2, "vulnerabilities": ["health"], "external_ref": "a"}
    assert (await staff.post(f"/v1/customers/{who}/suitability-assessments", json=body)).status_code == 201
    assert b"health" not in await stored(service)
    profile = (await staff.get(f"/v1/customers/{who}/profile")).json()["sections"]["offers"]["items"]
    assert [(one["service"], one["outcome"]) for one in profile] == [("help", "accepted")]
    assert (await staff.post(f"/v1/customers/{who}/erasures", json={})).status_code == 201
    assert (await staff.get(f"/v1/customers/{who}/next-best-services?channel=app")).status_code == 410
    assert (await staff.get(f"/v1/offer-decisions/{told['id']}")).status_code == 410
    assert (await say(who, "shown", "help", told["id"])).status_code == 410
    async with service.world.db.read() as conn:
        left = [
            (await conn.execute(text(f"SELECT count(*) FROM {name}"))).scalar_one()
            for name in ("offer", "offer_outcome", "offer_exposure", "suitability_assessment")
        ]
        (row,) = await conn.execute(text("SELECT told, offered FROM offer_decision"))
    assert (left, bytes(row.told), row.offered) == ([0, 0, 0, 0], b"", [])
    assert await counted(service) == {"help": (1, 1, 0, 0)}
