"""One registration per key: in two processes as in one, in an import as over HTTP."""

import asyncio
import json
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from shared.testing.service import Service

SCOPES = ("customer.customers:write", "customer.customers:read")
LI = {"kind": "individual", "legal_name": "李娜", "contact_points": [{"kind": "email", "value": "Li@Example.com"}]}


@pytest.fixture
async def here(service: Service) -> httpx.AsyncClient:
    return await service.client(*SCOPES, actor="client", sub="gateway")


@pytest.fixture
async def there(twin: Service) -> httpx.AsyncClient:
    return await twin.client(*SCOPES, actor="client", sub="gateway")


async def count(service: Service, table: str = "customer") -> int:
    async with service.world.db.read() as conn:
        return int((await conn.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one())


async def bring(service: Service, client: httpx.AsyncClient, *rows: dict[str, Any]) -> tuple[list[int], list[Any]]:
    head = {"content-type": "application/x-ndjson"}
    taken = await client.post("/v1/customers/imports", content="\n".join(map(json.dumps, rows)), headers=head)
    job: dict[str, Any] = {"state": "queued"}
    async with asyncio.timeout(60):
        # Any process takes any job: ours may be under way in the other one.
        while job["state"] != "done":
            await service.run_jobs()
            job = (await client.get(taken.headers["location"])).json()
    rejects = (await client.get(taken.headers["location"] + "/rejects")).text.splitlines()
    return [job["created"], job["unchanged"], job["rejected"]], [json.loads(line) for line in rejects]


async def test_eight_twins_in_two_processes_with_one_header_key_are_one_row_and_eight_equal_answers(
    service: Service, here: httpx.AsyncClient, there: httpx.AsyncClient
) -> None:
    head = {"Idempotency-Key": "k-1"}
    twins = await asyncio.gather(*(one.post("/v1/customers", json=LI, headers=head) for one in (here, there) * 4))
    assert [one.status_code for one in twins] == [201] * 8
    assert len({one.text for one in twins}) == 1
    assert sum(one.headers.get("idempotent-replayed") == "true" for one in twins) == 7
    assert (await count(service), await count(service, "contact_point"), await count(service, "gate")) == (1, 1, 1)
    registered = [one for one in await service.relay() if b"registered" in dict(one.headers)["ce_type"]]
    assert len(registered) == 1


async def test_eight_twins_in_two_processes_with_one_external_ref_are_one_row(
    service: Service, here: httpx.AsyncClient, there: httpx.AsyncClient
) -> None:
    body = LI | {"external_ref": "crm-1"}
    twins = await asyncio.gather(*(one.post("/v1/customers", json=body) for one in (here, there) * 4))
    assert sorted(one.status_code for one in twins) == [200] * 7 + [201]
    assert len({one.text for one in twins}) == 1
    assert await count(service) == 1


async def test_the_first_answer_of_a_header_key_stays_the_first_after_a_change_made_elsewhere(
    here: httpx.AsyncClient, there: httpx.AsyncClient
) -> None:
    head = {"Idempotency-Key": "k-1"}
    first = await here.post("/v1/customers", json=LI, headers=head)
    path = first.headers["location"]
    assert (await there.patch(path, json={"tier": "private"}, headers={"If-Match": '"1"'})).status_code == 200
    again = await there.post("/v1/customers", json=LI, headers=head)
    assert (again.status_code, again.text) == (201, first.text)


async def test_one_header_key_with_other_content_elsewhere_is_422(
    service: Service, here: httpx.AsyncClient, there: httpx.AsyncClient
) -> None:
    head = {"Idempotency-Key": "k-1"}
    bodies = [LI | {"legal_name": f"李{number % 2}"} for number in range(8)]
    clients = (here, here, there, there) * 2
    answers = await asyncio.gather(
        *(one.post("/v1/customers", json=body, headers=head) for one, body in zip(clients, bodies, strict=True))
    )
    assert sorted(one.status_code for one in answers) == [201] * 4 + [422] * 4
    assert {one.json()["type"] for one in answers if one.status_code == 422} == {"/problems/idempotency-key-reused"}
    assert await count(service) == 1


async def test_the_keys_of_two_callers_are_two_keys(service: Service, here: httpx.AsyncClient) -> None:
    other = await service.client(*SCOPES, actor="client", sub="another-gateway")
    for extra, head in (({}, {"Idempotency-Key": "k-1"}), ({"external_ref": "crm-1"}, {})):
        first, second = [await one.post("/v1/customers", json=LI | extra, headers=head) for one in (here, other)]
        assert (first.status_code, second.status_code) == (201, 201)
        assert first.json()["id"] != second.json()["id"]


async def test_a_refused_wish_leaves_its_key_free(service: Service, here: httpx.AsyncClient) -> None:
    number = {"type": "passport", "issuer": "CN", "value": "E1"}
    held = LI | {"identifiers": [number]}
    assert (await here.post("/v1/customers", json=held, headers={"Idempotency-Key": "k-1"})).status_code == 201
    head = {"Idempotency-Key": "k-2"}
    assert (await here.post("/v1/customers", json=held, headers=head)).status_code == 409
    assert (await here.post("/v1/customers", json=LI, headers=head)).status_code == 201
    assert await count(service) == 2


async def test_one_key_twice_in_a_batch_is_one_row_and_an_unequal_one_a_reject(
    service: Service, here: httpx.AsyncClient
) -> None:
    row = LI | {"external_ref": "crm-1"}
    rows = [row, row, row | {"legal_name": "李丽"}, LI | {"external_ref": "crm-2"}]
    conflict = {"line": 3, "code": "external-ref-conflict", "pointer": ""}
    assert await bring(service, here, *rows) == ([2, 1, 1], [conflict])
    assert await count(service) == 2
    assert await bring(service, here, *rows) == ([0, 3, 1], [conflict])
    assert await count(service) == 2


async def test_an_import_and_a_route_meet_at_one_key_whatever_the_spelling(
    service: Service, here: httpx.AsyncClient
) -> None:
    made = await here.post("/v1/customers", json=LI | {"external_ref": "crm-1"})
    spelled = LI | {"external_ref": "crm-1", "contact_points": [{"kind": "email", "value": " li@example.COM "}]}
    assert await bring(service, here, spelled) == ([0, 1, 0], [])
    assert (await here.post("/v1/customers", json=spelled)).json()["id"] == made.json()["id"]


async def test_an_import_and_its_twin_in_another_process_share_the_rows(
    service: Service, twin: Service, here: httpx.AsyncClient, there: httpx.AsyncClient
) -> None:
    rows = [LI | {"external_ref": f"crm-{number}"} for number in range(600)]
    (one, rejects), (other, more) = await asyncio.gather(
        bring(service, here, *rows), bring(twin, there, *reversed(rows))
    )
    assert (rejects, more) == ([], [])
    assert [sum(pair) for pair in zip(one, other, strict=True)] == [600, 600, 0]
    assert await count(service) == 600


async def test_one_number_twice_in_a_body_is_a_fault_of_that_body(here: httpx.AsyncClient) -> None:
    number = {"type": "passport", "issuer": "CN", "value": "E 1"}
    twice = [number, number | {"value": "e1"}]
    answer = await here.post("/v1/customers", json=LI | {"external_ref": "a", "identifiers": twice})
    assert answer.status_code == 422
    assert "E1" not in answer.text
