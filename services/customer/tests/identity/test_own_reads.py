"""A customer of two records reads what is theirs under either, whichever they sign in with, while the records are linked."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from shared import clock
from shared.testing.service import Service

STAFF = (
    *("customer.customers:write", "customer.customers:read", "customer.identity-links:write"),
    *("customer.access-grants:write", "customer.access-log:read"),
    "customer.privacy-requests:write",
)
OWN = (
    *("customer.customers:read", "customer.consents:read", "customer.consents:write", "customer.segments:read"),
    *("customer.access-grants:read", "customer.access-grants:approve", "customer.access-log:read"),
    *("customer.profiles:read", "customer.privacy-requests:read"),
)
PATHS = ("", "/history", "/name", "/consents", "/consents/history", "/access-grants", "/access-log", "/segments")
LINK = {"reason": "same_person", "evidence": [{"kind": "biometric", "reference": "face/1"}]}
ASK = {"purpose": "servicing", "fields": ["legal_name"]}


@pytest.fixture
async def staff(service: Service) -> httpx.AsyncClient:
    return await service.client(*STAFF, actor="staff", sub="anna")


@pytest.fixture
async def pair(staff: httpx.AsyncClient) -> list[str]:
    bodies = [{"kind": "individual", "legal_name": name, "external_ref": name} for name in ("张伟", "章伟")]
    return [(await staff.post("/v1/customers", json=body)).json()["id"] for body in bodies]


@pytest.fixture
async def linked(staff: httpx.AsyncClient, pair: list[str]) -> dict[str, Any]:
    body = LINK | {"members": pair, "leader": pair[0], "external_ref": str(uuid4())}
    answer = await staff.post("/v1/identity-links", json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


@pytest.fixture
async def own(service: Service, pair: list[str]) -> httpx.AsyncClient:
    """The customer, signed in with the record that does not lead."""
    return await service.client(*OWN, actor="customer", sub="zhang", customer_id=pair[1])


async def parted(staff: httpx.AsyncClient, linked: dict[str, Any]) -> None:
    head = {"If-Match": f'"{linked["version"]}"'}
    assert (await staff.delete(f"/v1/identity-links/{linked['id']}", headers=head)).status_code == 200


async def statuses(client: httpx.AsyncClient, who: str) -> set[int]:
    now = {"as_of": clock.now().isoformat()}
    answers = [await client.get(f"/v1/customers/{who}{path}") for path in PATHS]
    return {one.status_code for one in [*answers, await client.get(f"/v1/customers/{who}", params=now)]}


async def test_what_the_profile_calls_the_customer_opens_every_door_of_theirs_and_nobody_elses(
    service: Service, staff: httpx.AsyncClient, own: httpx.AsyncClient, pair: list[str], linked: dict[str, Any]
) -> None:
    called = (await own.get(f"/v1/customers/{pair[1]}/profile")).json()["customer_id"]
    assert called == pair[0]
    assert await statuses(own, called) == await statuses(own, pair[1]) == {200}
    stranger = await service.client(*OWN, actor="customer", sub="x", customer_id=str(uuid4()))
    assert await statuses(stranger, called) == {404}
    await parted(staff, linked)
    assert await statuses(own, called) == {404}
    assert await statuses(own, pair[1]) == {200}


async def test_words_and_authorisations_under_the_other_record_are_the_customers_to_give(
    service: Service, staff: httpx.AsyncClient, own: httpx.AsyncClient, pair: list[str], linked: dict[str, Any]
) -> None:
    no = {"purpose": "marketing", "decision": "refused", "language": "en"}
    stranger = await service.client(*OWN, actor="customer", sub="x", customer_id=str(uuid4()))
    heads = [{"Idempotency-Key": str(number)} for number in range(3)]
    grants = f"/v1/customers/{pair[0]}/access-grants"
    grant = (await staff.post(grants, json=ASK, headers=heads[0])).json()["id"]
    said = await own.post(f"/v1/customers/{pair[0]}/consents", json=no, headers=heads[1])
    assert said.status_code == 201, said.text
    assert (await stranger.post(f"/v1/customers/{pair[0]}/consents", json=no, headers=heads[2])).status_code == 404
    for path, body in ((f"{grants}/{grant}/confirmations", {}), (f"{grants}/{grant}/revocations", None)):
        assert (await stranger.post(path, json=body)).status_code == 404
        assert (await own.post(path, json=body)).status_code == 200
    receipt = said.headers["Location"]
    assert (await own.get(receipt)).status_code == 200
    assert (await stranger.get(receipt)).status_code == 404
    await parted(staff, linked)
    assert (await own.get(receipt)).status_code == 404


async def test_the_log_of_a_customer_tells_who_looked_at_any_of_their_records(
    service: Service, staff: httpx.AsyncClient, own: httpx.AsyncClient, pair: list[str], linked: dict[str, Any]
) -> None:
    for one in pair:
        await staff.get(f"/v1/customers/{one}")
    await staff.get(f"/v1/customers/{pair[0]}", params={"view": "risk"})

    async def read_of() -> list[str]:
        lines = (await own.get(f"/v1/customers/{pair[1]}/access-log", params={"limit": 500})).json()["items"]
        assert [one["id"] for one in lines] == sorted((one["id"] for one in lines), reverse=True)
        return [one["customer_id"] for one in lines if one["action"] == "customer.read"]

    assert await read_of() == [pair[1], pair[0]]
    whole = (await staff.get(f"/v1/customers/{pair[1]}/access-log", params={"limit": 500})).json()["items"]
    assert [one["view"] for one in whole if one["action"] == "customer.read"] == ["risk", None, None]
    await parted(staff, linked)
    assert await read_of() == [pair[1]]


async def test_privacy_requests_of_either_record_are_listed_and_shown_to_the_customer(
    service: Service, staff: httpx.AsyncClient, own: httpx.AsyncClient, pair: list[str], linked: dict[str, Any]
) -> None:
    asked = {"customer_id": pair[0], "kind": "access", "external_ref": "r-1"}
    made = await staff.post("/v1/privacy-requests", json=asked)
    assert made.status_code == 201, made.text
    assert [one["customer_id"] for one in (await own.get("/v1/privacy-requests")).json()["items"]] == [pair[0]]
    assert (await own.get(made.headers["Location"])).status_code == 200
    await parted(staff, linked)
    assert (await own.get("/v1/privacy-requests")).json()["items"] == []
    assert (await own.get(made.headers["Location"])).status_code == 404
