"""One expression per key, in two processes as in one; and what makes no sense, or may not be, is refused with a reason."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text

from shared.testing.service import Service

WRITE, READ = "feedback.feedback:write", "feedback.feedback:read"
SAID = {"source": "web", "text": "手续费太高了", "rating": 2}


@pytest.fixture
async def here(service: Service) -> httpx.AsyncClient:
    return await service.client(WRITE, READ, actor="client", sub="gateway")


@pytest.fixture
async def there(twin: Service) -> httpx.AsyncClient:
    return await twin.client(WRITE, READ, actor="client", sub="gateway")


async def count(service: Service) -> int:
    async with service.world.db.read() as conn:
        return int((await conn.execute(text("SELECT count(*) FROM feedback"))).scalar_one())


@pytest.mark.parametrize("of", [{}, {"customer_id": str(uuid4())}], ids=["nobody", "somebody"])
async def test_eight_twins_in_two_processes_with_one_header_key_are_one_row_and_eight_equal_answers(
    service: Service, here: httpx.AsyncClient, there: httpx.AsyncClient, of: dict[str, Any]
) -> None:
    head = {"Idempotency-Key": "k-1"}
    twins = await asyncio.gather(*(one.post("/v1/feedback", json=SAID | of, headers=head) for one in (here, there) * 4))
    assert [one.status_code for one in twins] == [201] * 8
    assert len({one.text for one in twins}) == 1
    assert sum(one.headers.get("idempotent-replayed") == "true" for one in twins) == 7
    assert await count(service) == 1
    assert len(await service.relay()) == 1


async def test_one_source_ref_in_two_processes_is_one_expression(
    service: Service, here: httpx.AsyncClient, there: httpx.AsyncClient
) -> None:
    body = SAID | {"source_ref": "s-1"}
    twins = await asyncio.gather(*(one.post("/v1/feedback", json=body) for one in (here, there) * 4))
    assert sorted(one.status_code for one in twins) == [200] * 7 + [201]
    assert len({one.text for one in twins}) == 1
    assert await count(service) == 1


async def test_a_header_key_counts_only_where_the_body_has_none(service: Service, here: httpx.AsyncClient) -> None:
    head = {"Idempotency-Key": "k-1"}
    made = await here.post("/v1/feedback", json=SAID | {"source_ref": "s-1"}, headers=head)
    again = await here.post("/v1/feedback", json=SAID | {"source_ref": "s-1"}, headers={"Idempotency-Key": "k-2"})
    assert (again.status_code, again.json()["id"]) == (200, made.json()["id"])
    assert (await here.post("/v1/feedback", json=SAID, headers=head)).status_code == 201
    reused = await here.post("/v1/feedback", json=SAID | {"rating": 1}, headers=head)
    assert (reused.status_code, reused.json()["type"]) == (422, "/problems/idempotency-key-reused")
    missing = await here.post("/v1/feedback", json=SAID)
    assert (missing.status_code, missing.json()["type"]) == (422, "/problems/idempotency-key-missing")
    other = await here.post("/v1/feedback", json=SAID | {"source_ref": "s-1", "rating": 5})
    assert (other.status_code, other.json()["type"]) == (409, "/problems/external-ref-conflict")
    assert await count(service) == 2


async def test_the_source_ref_outranks_the_external_ref(service: Service, here: httpx.AsyncClient) -> None:
    """The second natural key of a body is no key of its own: two expressions may carry it."""
    first = await here.post("/v1/feedback", json=SAID | {"source_ref": "s-1", "external_ref": "e"})
    second = await here.post("/v1/feedback", json=SAID | {"source_ref": "s-2", "external_ref": "e"})
    assert (first.status_code, second.status_code) == (201, 201)
    assert await count(service) == 2


async def test_who_may_not_is_told_so(service: Service, here: httpx.AsyncClient) -> None:
    body = SAID | {"source_ref": "s-1"}
    reader = await service.client(READ, actor="client", sub="reader")
    own = await service.client(WRITE, READ, actor="customer", sub="me", customer_id=uuid4())
    foreign = {"Authorization": f"Bearer {service.issuer.token('customer', [WRITE])}"}
    expired = {"Authorization": f"Bearer {service.issuer.token('feedback', [WRITE], lifetime=-1)}"}
    assert (await here.post("/v1/feedback", json=body, headers={"Authorization": ""})).status_code == 401
    assert (await here.post("/v1/feedback", json=body, headers=foreign)).status_code == 401
    assert (await here.post("/v1/feedback", json=body, headers=expired)).status_code == 401
    assert (await reader.post("/v1/feedback", json=body)).status_code == 403
    assert (await own.get("/v1/feedback")).status_code == 403
    assert (await own.post("/v1/feedback/imports", content=b"{}")).status_code == 403
    assert (await here.get(f"/v1/feedback/{uuid4()}")).status_code == 404
    assert await count(service) == 0


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 10_000 + b"]" * 10_000,
        b'{"source": "app", "text": "a\\u0000b", "source_ref": "x"}',
        b'{"source": "app", "text": "a\x00b", "source_ref": "x"}',
        b'{"source": "app", "text": "\\udc00", "source_ref": "x"}',
        b'{"source": "app", "text": "\xff", "source_ref": "x"}',
        b'{"source": "app", "text": {"a": 1}, "source_ref": "x"}',
        b'{"source": "app", "rating": 6, "source_ref": "x"}',
        b'{"source": "app", "rating": 2.5, "source_ref": "x"}',
        b'{"source": "app", "source_ref": "x"}',
        b'{"source": "pigeon", "rating": 3, "source_ref": "x"}',
        b'{"source": "app", "rating": 3, "source_ref": "x", "unknown": 1}',
        b'{"source": "app", "rating": 3, "source_ref": "x", "subject": {"kind": "moon", "id": "1"}}',
        b'{"source": "app", "rating": 3, "source_ref": "x", "customer_id": "13800001234"}',
        b'{"source": "app", "rating": 3, "source_ref": "x", "captured_at": "2999-01-01T00:00:00Z"}',
        b'{"source": "app", "rating": 3, "source_ref": "x", "captured_at": "0001-01-01T00:00:00+14:00"}',
        b'{"source": "app", "rating": 3, "source_ref": "x", "captured_at": "2026-01-01T00:00:00"}',
    ],
)
async def test_what_makes_no_sense_is_refused_with_a_reason(
    service: Service, here: httpx.AsyncClient, body: bytes
) -> None:
    answer = await here.post("/v1/feedback", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"]
    assert await count(service) == 0


async def test_a_body_of_ten_megabytes_is_413_and_an_import_of_another_type_415(here: httpx.AsyncClient) -> None:
    head = {"content-type": "application/json"}
    assert (await here.post("/v1/feedback", content=b"x" * 10_000_000, headers=head)).status_code == 413
    assert (await here.post("/v1/feedback/imports", content=b"{}", headers=head)).status_code == 415
