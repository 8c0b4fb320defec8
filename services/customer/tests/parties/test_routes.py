"""Parties over HTTP: registered once, read by those who may, changed on the version seen."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest

from shared.testing.service import Service

WRITE, READ, LOOK = "customer.customers:write", "customer.customers:read", "customer.lookups:read"
ZHANG = {
    "kind": "individual",
    "legal_name": "张伟",
    "birth_date": "1984-03-01",
    "contact_points": [{"kind": "phone", "value": "+86 138 0000 1234"}],
    "identifiers": [{"type": "national_id", "issuer": "CN", "value": "11010519840301001x"}],
    "occupation": "engineer",
    "region": "CN-BJ",
    "tier_hint": "affluent",
}


@pytest.fixture
async def gateway(service: Service) -> httpx.AsyncClient:
    return await service.client(WRITE, READ, LOOK, actor="client", sub="anna")


async def register(client: httpx.AsyncClient, ref: str = "a", **other: Any) -> httpx.Response:
    return await client.post("/v1/customers", json=ZHANG | {"external_ref": ref} | other)


async def test_a_registered_party_is_read_back_as_it_was_said(gateway: httpx.AsyncClient) -> None:
    made = await register(gateway)
    assert made.status_code == 201, made.text
    assert made.headers["location"] == f"/v1/customers/{made.json()['id']}"
    assert made.headers["etag"] == '"1"'
    shown = await gateway.get(made.headers["location"])
    assert shown.status_code == 200
    assert shown.json() == made.json()
    assert shown.json()["legal_name"] == "张伟"
    assert shown.json()["contact_points"][0]["value"] == "+8613800001234"
    assert shown.json()["tier"] == "affluent"


async def test_a_repeat_by_external_ref_answers_200_with_the_party_as_it_is_now(gateway: httpx.AsyncClient) -> None:
    made = (await register(gateway)).json()
    changed = await gateway.patch(f"/v1/customers/{made['id']}", json={"tier": "private"}, headers={"If-Match": '"1"'})
    assert changed.status_code == 200, changed.text
    again = await register(gateway)
    assert again.status_code == 200
    assert again.headers["idempotent-replayed"] == "true"
    assert again.json()["id"] == made["id"]
    assert again.json()["tier"] == "private"


async def test_the_same_external_ref_with_other_content_is_409(gateway: httpx.AsyncClient) -> None:
    await register(gateway)
    other = await register(gateway, legal_name="李娜")
    assert other.status_code == 409
    assert other.json()["type"] == "/problems/external-ref-conflict"


async def test_eight_twins_with_one_idempotency_key_register_once(gateway: httpx.AsyncClient) -> None:
    head = {"Idempotency-Key": "k-1"}
    twins = await asyncio.gather(*(gateway.post("/v1/customers", json=ZHANG, headers=head) for _ in range(8)))
    assert {one.status_code for one in twins} == {201}
    assert len({one.text for one in twins}) == 1
    assert sum(one.headers.get("idempotent-replayed") == "true" for one in twins) == 7
    later = await gateway.post("/v1/customers", json=ZHANG, headers=head)
    assert (later.status_code, later.text) == (201, twins[0].text)


async def test_the_same_header_key_with_another_body_is_422(gateway: httpx.AsyncClient) -> None:
    head = {"Idempotency-Key": "k-1"}
    await gateway.post("/v1/customers", json=ZHANG, headers=head)
    other = await gateway.post("/v1/customers", json=ZHANG | {"legal_name": "李娜"}, headers=head)
    assert other.status_code == 422
    assert other.json()["type"] == "/problems/idempotency-key-reused"


async def test_a_new_header_key_with_a_known_natural_key_is_200_and_the_first_id(gateway: httpx.AsyncClient) -> None:
    made = (await register(gateway)).json()
    again = await gateway.post(
        "/v1/customers", json=ZHANG | {"external_ref": "a"}, headers={"Idempotency-Key": "another"}
    )
    assert (again.status_code, again.json()["id"]) == (200, made["id"])


async def test_no_key_of_either_kind_is_422(gateway: httpx.AsyncClient) -> None:
    answer = await gateway.post("/v1/customers", json=ZHANG)
    assert answer.status_code == 422
    assert answer.json()["type"] == "/problems/idempotency-key-missing"


async def test_an_identifier_of_another_party_is_409_and_leaves_nothing(gateway: httpx.AsyncClient) -> None:
    await register(gateway)
    taken = await register(gateway, "b", legal_name="李娜")
    assert taken.status_code == 409
    assert taken.json()["type"] == "/problems/identifier-taken"
    assert "11010519840301001" not in taken.text
    free = await register(gateway, "b", legal_name="李娜", identifiers=[])
    assert free.status_code == 201


async def test_one_identifier_among_twenty_callers_goes_to_one(gateway: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(register(gateway, f"r{number}") for number in range(20)))
    assert sorted(one.status_code for one in answers) == [201] + [409] * 19


async def test_two_patches_on_one_version_let_one_through(gateway: httpx.AsyncClient) -> None:
    made = (await register(gateway)).json()
    path = f"/v1/customers/{made['id']}"
    answers = await asyncio.gather(
        *(gateway.patch(path, json={"occupation": f"o{n}"}, headers={"If-Match": '"1"'}) for n in range(50))
    )
    assert sorted(one.status_code for one in answers) == [200] + [412] * 49


async def test_a_patch_without_if_match_is_428_and_a_stale_one_412(gateway: httpx.AsyncClient) -> None:
    path = f"/v1/customers/{(await register(gateway)).json()['id']}"
    assert (await gateway.patch(path, json={"tier": "mass"})).status_code == 428
    assert (await gateway.patch(path, json={"tier": "mass"}, headers={"If-Match": '"7"'})).status_code == 412


async def test_history_tells_every_version_and_as_of_the_one_recorded_then(gateway: httpx.AsyncClient) -> None:
    made = (await register(gateway)).json()
    path = f"/v1/customers/{made['id']}"
    await gateway.patch(path, json={"legal_name": "张三", "birth_date": None}, headers={"If-Match": '"1"'})
    versions = (await gateway.get(f"{path}/history")).json()
    assert [one["version"] for one in versions] == [2, 1]
    assert [one["customer"]["legal_name"] for one in versions] == ["张三", "张伟"]
    assert versions[1]["superseded_at"] == versions[0]["recorded_at"]
    then = await gateway.get(path, params={"as_of": made["created_at"]})
    assert then.json()["legal_name"] == "张伟"
    assert (await gateway.get(path, params={"as_of": "2020-01-01T00:00:00Z"})).status_code == 404


async def test_an_instant_without_its_offset_is_no_instant(gateway: httpx.AsyncClient) -> None:
    path = f"/v1/customers/{(await register(gateway)).json()['id']}"
    assert (await gateway.get(path, params={"as_of": "2026-11-24T00:00:00"})).status_code == 422
    assert (await gateway.get(path, params={"as_of": "0001-01-01T00:00:00+14:00"})).status_code == 404
    assert (await gateway.get(path, params={"as_of": "9999-12-31T23:59:59-14:00"})).status_code == 200


async def test_a_look_up_finds_everyone_who_shares_a_phone(gateway: httpx.AsyncClient) -> None:
    first = (await register(gateway)).json()["id"]
    second = (await register(gateway, "b", identifiers=[])).json()["id"]
    found = await gateway.post("/v1/customers/lookups", json={"contact_point": ZHANG["contact_points"][0]})
    assert found.json() == {"customer_ids": sorted([first, second])}
    one = await gateway.post("/v1/customers/lookups", json={"identifier": ZHANG["identifiers"][0]})
    assert one.json() == {"customer_ids": [first]}


async def test_who_may_not_is_told_so(service: Service, gateway: httpx.AsyncClient) -> None:
    made = (await register(gateway)).json()
    path = f"/v1/customers/{made['id']}"
    nobody = await service.client(actor="client")
    nobody.headers.pop("authorization")
    assert (await nobody.get(path)).status_code == 401
    unscoped = await service.client(actor="client")
    assert (await unscoped.get(path)).status_code == 403
    own = await service.client(READ, actor="customer", sub="self", customer_id=made["id"])
    other = await service.client(READ, actor="customer", sub="else", customer_id=uuid4())
    assert (await own.get(path)).json()["restricted"] is None
    assert (await other.get(path)).status_code == 404
    assert (await own.post("/v1/customers", json=ZHANG)).status_code == 403
    foreign = service.issuer.token("risk", [READ])
    answer = await nobody.get(path, headers={"Authorization": f"Bearer {foreign}"})
    assert answer.status_code == 401


async def test_a_list_turns_its_pages_and_keeps_its_cursor_to_itself(
    service: Service, gateway: httpx.AsyncClient
) -> None:
    for number in range(5):
        await register(gateway, f"r{number}", identifiers=[])
    first = (await gateway.get("/v1/customers", params={"limit": 2})).json()
    rest = (await gateway.get("/v1/customers", params={"limit": 10, "cursor": first["next_cursor"]})).json()
    assert len(first["items"]) == 2
    assert len(rest["items"]) == 3
    assert rest["next_cursor"] is None
    assert "legal_name" not in first["items"][0]
    ids = [one["id"] for one in first["items"] + rest["items"]]
    assert ids == sorted(ids, reverse=True)
    other = await service.client(READ, actor="client", sub="bob")
    assert (await other.get("/v1/customers", params={"cursor": first["next_cursor"]})).status_code == 422
    bent = await gateway.get("/v1/customers", params={"cursor": first["next_cursor"], "tier": "mass"})
    assert bent.status_code == 422


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"nonsense",
        b"[" * 10_000 + b"]" * 10_000,
        b'{"kind": "individual", "legal_name": "a\\u0000b", "external_ref": "x"}',
        b'{"kind": "individual", "legal_name": "\\ud800", "external_ref": "x"}',
        b'{"kind": "individual", "legal_name": 7, "external_ref": "x"}',
        b'{"kind": "individual", "legal_name": "a", "external_ref": "x", "unknown": 1}',
        b'{"kind": "individual", "legal_name": "a", "external_ref": "x", "birth_date": "2999-01-01"}',
        b'{"kind": "individual", "legal_name": "\xff", "external_ref": "x"}',
    ],
)
async def test_what_makes_no_sense_is_refused_with_a_reason(gateway: httpx.AsyncClient, body: bytes) -> None:
    answer = await gateway.post("/v1/customers", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"]


async def test_a_body_of_ten_megabytes_is_413(gateway: httpx.AsyncClient) -> None:
    answer = await gateway.post(
        "/v1/customers", content=b"x" * 10_000_000, headers={"content-type": "application/json"}
    )
    assert answer.status_code == 413
