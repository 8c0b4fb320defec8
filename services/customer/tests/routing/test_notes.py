"""What the bank notes on a card: on the version seen, on the whole circle's card, and never told to the customer."""

import asyncio
import json
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text

from customer.privacy.usecases import erasing
from customer.routing import usecases
from shared.testing.service import Service

CARD, WRITE = "customer.routing-profiles:read", "customer.routing-profiles:write"
DETAILS = "customer.routing-details:read"


@pytest.fixture
async def desk(service: Service) -> httpx.AsyncClient:
    return await service.client(CARD, WRITE, DETAILS, actor="staff", sub="desk", roles=[])


async def note(client: httpx.AsyncClient, who: str, match: int | None, **said: Any) -> httpx.Response:
    head = {} if match is None else {"If-Match": f'"{match}"'}
    return await client.patch(f"/v1/customers/{who}/routing-profile", json=said, headers=head)


async def test_a_note_is_on_the_card_at_once_and_said(bank: Any, desk: httpx.AsyncClient) -> None:
    who = await bank.register()
    await bank.catch_up()
    noted = await note(desk, who, 1, rating="B", alerts=["high_value", "arrears", "arrears"])
    assert (noted.status_code, noted.headers["etag"]) == (200, '"2"')
    assert noted.json() == await bank.card(who)
    assert (noted.json()["rating"], noted.json()["alerts"]) == ("B", ["arrears", "high_value"])
    kept = await note(desk, who, 2, alerts=None)
    assert (kept.json()["version"], kept.json()["rating"], kept.json()["alerts"]) == (3, "B", [])
    same = await note(desk, who, 3, rating="B")
    assert same.json()["version"] == 3
    assert [one["version"] for one in await bank.said(who)] == [1, 2, 3]


async def test_a_note_needs_the_version_seen_and_words_there_are(bank: Any, desk: httpx.AsyncClient) -> None:
    who = await bank.register()
    await bank.catch_up()
    await bank.change(who, tier="private")  # not told yet: the note is on what its author has not seen
    answers = [
        await note(desk, who, None, rating="A"),
        await note(desk, who, 1, rating="A"),
        await note(desk, who, 2, rating="F"),
        await note(desk, who, 2, alerts=["restricted"]),
        await note(desk, who, 2, tier="private"),
        await note(desk, str(uuid4()), 1, rating="A"),
        await note(bank.router, who, 2, rating="A"),
    ]
    assert [one.status_code for one in answers] == [428, 412, 422, 422, 422, 404, 403]
    assert (await note(desk, who, 2, rating="A")).status_code == 200


async def test_a_note_on_one_record_is_on_the_card_of_the_party_while_it_is_linked(
    bank: Any, desk: httpx.AsyncClient
) -> None:
    a, b = await bank.register(), await bank.register()
    link = await bank.link(a, b)
    await bank.catch_up()
    await note(desk, b, (await bank.card(b))["version"], rating="C", alerts=["arrears"])
    await note(desk, a, (await bank.card(a))["version"], alerts=["high_value"])
    cards = [await bank.card(one) for one in (a, b)]
    assert [(one["rating"], one["alerts"]) for one in cards] == [("C", ["arrears", "high_value"])] * 2
    await bank.part(link)
    await bank.catch_up()
    cards = [await bank.card(one) for one in (a, b)]
    assert [(one["rating"], one["alerts"]) for one in cards] == [(None, ["high_value"]), ("C", ["arrears"])]


async def test_of_twenty_notes_on_one_version_one_is_taken(bank: Any, desk: httpx.AsyncClient) -> None:
    who = await bank.register()
    await bank.catch_up()
    answers = await asyncio.gather(*(note(desk, who, 1, rating="ABCDE"[n % 5]) for n in range(20)))
    assert sorted(one.status_code for one in answers) == [200] + [412] * 19
    (taken,) = [one for one in answers if one.status_code == 200]
    assert (await bank.card(who))["rating"] == taken.json()["rating"]


async def test_a_customer_sees_neither_a_note_nor_that_something_was_noted(
    service: Service, bank: Any, desk: httpx.AsyncClient
) -> None:
    who = await bank.register()
    await bank.catch_up()
    own = await service.client(CARD, "customer.access-log:read", actor="customer", customer_id=who, sub="me")
    paths = [f"/v1/customers/{who}/{one}" for one in ("routing-profile", "access-log")]
    before = [(await own.get(path)).json() for path in paths]
    assert (await note(desk, who, 1, rating="E", alerts=["possible_fraud"])).status_code == 200
    after = [(await own.get(path)).json() for path in paths]
    assert after[0] == before[0]
    acts = [[line["action"] for line in log["items"]] for log in (before[1], after[1])]
    assert [one for one in acts[1] if not one.startswith(("access.", "routing_profile.read"))] == [
        one for one in acts[0] if not one.startswith(("access.", "routing_profile.read"))
    ]


async def test_a_note_is_sealed_handed_over_but_for_a_suspicion_and_forgotten(
    service: Service, bank: Any, desk: httpx.AsyncClient, stored: Any
) -> None:
    who = await bank.register()
    await bank.catch_up()
    await note(desk, who, 1, rating="D", alerts=["possible_fraud", "arrears"])
    async with service.world.db.read() as conn:
        told = {section: line async for section, line in usecases.gather(service.world, conn, [UUID(who)])}
    assert told["routing_note"] == {"customer_id": who, "rating": "D", "alerts": ["arrears"]}
    assert "possible_fraud" not in json.dumps(told, default=str)
    assert b"possible_fraud" not in await stored(service)
    async with service.world.db.begin() as tx:
        await erasing.forget(service.world, tx, [UUID(who)])
        left = await tx.execute(text("SELECT count(*) FROM routing_note"))
        assert left.scalar_one() == 0
