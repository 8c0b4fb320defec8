"""A profile and a timeline say what is known of one party, to whom it may be said, and follow links by themselves."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from customer import storage
from customer.interactions.domain.facts import Fact, Kind
from customer.interactions.domain.features import features_at
from shared import audit, clock, subjects
from shared.testing.service import Service

SCOPES = (
    "customer.interactions:write",
    "customer.interactions:read",
    "customer.profiles:read",
    "customer.customers:write",
    "customer.customers:read",
)
ONE, TWO = UUID(int=11), UUID(int=12)


@pytest.fixture
async def here(service: Service) -> httpx.AsyncClient:
    return await service.client(*SCOPES, actor="staff", sub="desk")


def spent(number: int, who: UUID = ONE, days: float = 1, **more: Any) -> dict[str, Any]:
    at = clock.now() - timedelta(days=days)
    money = {"amount": f"{number}.00", "currency": "CNY"}
    said = {"event_id": f"s-{who.int}-{number}", "customer_id": str(who), "kind": "transaction", "amount": money}
    return said | {"occurred_at": at.isoformat(), "channel": "app"} | more


async def tell(client: httpx.AsyncClient, *bodies: dict[str, Any]) -> None:
    for body in bodies:
        assert (await client.post("/v1/interactions", json=body)).status_code == 201


async def value(client: httpx.AsyncClient, name: str, who: UUID = ONE, **query: str) -> Any:
    told = await client.get(f"/v1/customers/{who}/profile", params={"features": name, **query})
    assert told.status_code == 200, told.text
    return told.json()["features"][name]["value"]


async def link(service: Service, version: int, *, linked: bool) -> None:
    async with service.world.db.begin() as tx:
        rows = [{"member": one, "leader": ONE, "version": version, "linked": linked} for one in (ONE, TWO)]
        await subjects.learn_links(tx, storage.LINKS, rows)


async def test_a_profile_says_facts_features_and_until_when_they_hold(here: httpx.AsyncClient) -> None:
    await tell(here, spent(10), spent(5, days=40, category="dining"))
    told = (await here.get(f"/v1/customers/{ONE}/profile")).json()
    assert (told["facts"]["count"], told["members"]) == (2, [str(ONE)])
    features = told["features"]
    assert features["outflow_90d"] == features["outflow_90d"] | {"value": 1_500, "unit": "minor"}
    assert features["spend_share_dining_90d"]["value"] == pytest.approx(1 / 3)
    first_out = datetime.fromisoformat(told["facts"]["first_at"]) + timedelta(days=90)
    assert datetime.fromisoformat(features["outflow_90d"]["valid_until"]) == first_out
    ends = [one["valid_until"] for one in features.values() if one["valid_until"]]
    assert told["features_valid_until"] == min(ends)


async def test_linking_adds_the_others_facts_and_unlinking_takes_them_away(
    service: Service, here: httpx.AsyncClient
) -> None:
    await tell(here, spent(10), spent(20, TWO))
    assert await value(here, "outflow_30d") == 1_000
    await link(service, 1, linked=True)
    assert [await value(here, "outflow_30d", who) for who in (ONE, TWO)] == [3_000, 3_000]
    assert [len((await here.get(f"/v1/customers/{who}/timeline")).json()["items"]) for who in (ONE, TWO)] == [2, 2]
    await link(service, 2, linked=False)
    assert [await value(here, "outflow_30d", who) for who in (ONE, TWO)] == [1_000, 2_000]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([ONE, TWO]), st.integers(0, 400), st.integers(0, 99)), max_size=12))
def test_features_of_linked_ids_are_those_of_one_stream(told: Sequence[tuple[UUID, int, int]]) -> None:
    start = datetime(2025, 1, 1, tzinfo=UTC)
    facts = [
        (
            who,
            Fact(UUID(int=number + 1), Kind.TRANSACTION, start + timedelta(days=day), number, amount, "CNY", "app", {}),
        )
        for number, (who, day, amount) in enumerate(told)
    ]
    apart = [fact for one in (TWO, ONE) for who, fact in facts if who == one]
    at = start + timedelta(days=401)
    assert features_at(apart, at) == features_at([fact for _, fact in facts], at)


@pytest.mark.parametrize("at", ["0217-06-30T15:04:18Z", "9999-12-31T23:59:59.999Z"])
async def test_an_instant_beyond_all_records_is_an_instant(here: httpx.AsyncClient, at: str) -> None:
    for shown in ("timeline", "profile"):
        answer = await here.get(f"/v1/customers/{ONE}/{shown}", params={"as_of": at})
        assert answer.status_code in {200, 404, 422}, answer.text


async def test_as_of_is_what_had_been_recorded_by_then_not_what_had_happened(here: httpx.AsyncClient) -> None:
    with clock.frozen(datetime.now(UTC)) as held:
        await tell(here, spent(10, days=3))
        then = held.at
        held.move(timedelta(minutes=1))
        await tell(here, spent(20, days=3))
        assert await value(here, "outflow_30d") == 3_000
        assert await value(here, "outflow_30d", as_of=then.isoformat()) == 1_000
        long_ago, ahead = ((held.at + timedelta(days=days)).isoformat() for days in (-4, 40))
        assert await value(here, "outflow_30d", valid_at=long_ago) == 0
        assert await value(here, "outflow_30d", valid_at=ahead) == 0
        assert await value(here, "outflow_60d", valid_at=ahead, as_of=then.isoformat()) == 1_000
        late = await here.get(f"/v1/customers/{ONE}/timeline", params={"as_of": then.isoformat()})
        assert [one["event_id"] for one in late.json()["items"]] == ["s-11-10"]


async def test_a_timeline_is_newest_first_page_by_page_and_by_kind(here: httpx.AsyncClient) -> None:
    await tell(here, *(spent(number, days=number) for number in range(1, 8)))
    await tell(here, spent(9, days=0.5, kind="login"))
    where, seen, cursor = f"/v1/customers/{ONE}/timeline", [], None
    while True:
        page = (await here.get(where, params={"limit": 3} | ({"cursor": cursor} if cursor else {}))).json()
        seen += [one["event_id"] for one in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == ["s-11-9", *(f"s-11-{number}" for number in range(1, 8))]
    only = await here.get(where, params={"kinds": ["login", "visit"]})
    assert [one["kind"] for one in only.json()["items"]] == ["login"]
    assert (await here.get(where, params={"kinds": "seance"})).status_code == 422


async def test_a_customer_sees_themself_without_anything_that_tips_off(
    service: Service, here: httpx.AsyncClient
) -> None:
    screened = spent(1, kind="screening", attributes={"outcome": "deny"}) | {"amount": None}
    await tell(here, spent(10), {name: told for name, told in screened.items() if told is not None})
    own = await service.client(*SCOPES, actor="customer", customer_id=str(ONE), sub="me")
    told = (await own.get(f"/v1/customers/{ONE}/profile")).json()
    assert "screening" not in str(told)
    assert "restricted" not in str(told)
    assert told["facts"]["count"] == 1
    assert "screening" in str((await here.get(f"/v1/customers/{ONE}/profile")).json())
    assert [one["kind"] for one in (await own.get(f"/v1/customers/{ONE}/timeline")).json()["items"]] == ["transaction"]
    for kinds in ({"kinds": "screening"}, {"features": "count_screening_7d"}):
        told = await own.get(f"/v1/customers/{ONE}/{'timeline' if 'kinds' in kinds else 'profile'}", params=kinds)
        assert told.status_code == 422 or told.json()["items"] == []


async def test_another_customers_token_and_no_scope_reach_nothing(service: Service, here: httpx.AsyncClient) -> None:
    await tell(here, spent(10))
    foreign = await service.client(*SCOPES, actor="customer", customer_id=str(TWO), sub="you")
    bare = await service.client(actor="staff")
    for where in ("profile", "timeline"):
        told = [(await one.get(f"/v1/customers/{ONE}/{where}")).status_code for one in (foreign, bare)]
        assert told == [404, 403]
        assert (await here.get(f"/v1/customers/{UUID(int=99)}/{where}")).status_code == 404
    await link(service, 1, linked=True)
    assert (await foreign.get(f"/v1/customers/{ONE}/profile")).status_code == 200


async def test_a_party_without_interactions_and_interactions_without_a_party_both_have_a_profile(
    here: httpx.AsyncClient,
) -> None:
    made = (
        await here.post("/v1/customers", json={"kind": "individual", "legal_name": "Li", "external_ref": "x"})
    ).json()
    told = (await here.get(f"/v1/customers/{made['id']}/profile")).json()
    assert (told["facts"]["count"], [one["legal_name"] for one in told["sections"]["party"]["items"]]) == (0, ["L***"])
    assert told["features"]["count_login_7d"] == {"value": 0, "unit": "count", "valid_until": None}
    await tell(here, spent(10))
    told = (await here.get(f"/v1/customers/{ONE}/profile")).json()
    assert (told["facts"]["count"], told["sections"]["party"]["items"]) == (1, [])


async def test_twenty_readers_at_once_are_answered_and_each_reading_is_on_record(
    service: Service, here: httpx.AsyncClient
) -> None:
    await tell(here, spent(10))
    told = await asyncio.gather(*(here.get(f"/v1/customers/{ONE}/profile") for _ in range(20)))
    assert {one.status_code for one in told} == {200}
    async with service.world.db.read() as conn:
        rows = (await conn.execute(text("SELECT canonical FROM audit"))).scalars()
        assert sum(b'"profile.read"' in row for row in rows) == 20
        assert await audit.verify(conn, storage.AUDIT, service.world.keyring) == []


async def test_the_erased_have_no_profile_and_no_timeline(service: Service, here: httpx.AsyncClient) -> None:
    await tell(here, spent(10))
    eraser = await service.client("customer.erasures:write", actor="staff")
    assert (await eraser.post(f"/v1/customers/{ONE}/erasures", json={})).status_code == 201
    told = [(await here.get(f"/v1/customers/{ONE}/{where}")).status_code for where in ("profile", "timeline")]
    assert told == [410, 410]


async def test_unknown_features_are_refused_and_any_window_can_be_asked_for(here: httpx.AsyncClient) -> None:
    await tell(here, spent(10))
    refused = await here.get(f"/v1/customers/{ONE}/profile", params={"features": ["outflow_30d", "luck"]})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/query/features/1")
    assert await value(here, "outflow_17d") == 1_000
    listed = (await here.get("/v1/feature-definitions")).json()
    assert {"outflow_90d", "rfm_class", "decision_path"} <= {one["name"] for one in listed}
