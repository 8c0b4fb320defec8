"""What cannot be recorded is not done, and what is recorded names who did it: reads too."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from customer import storage
from shared import audit
from shared.crypto import Subject
from shared.testing.service import Service

SCOPES = ("customer.customers:write", "customer.customers:read", "customer.lookups:read")
CHEN = {
    "kind": "individual",
    "legal_name": "陈静",
    "contact_points": [{"kind": "phone", "value": "+8613600002222"}],
    "external_ref": "crm-1",
}
Away = Callable[[Service], AbstractAsyncContextManager[None]]


@pytest.fixture
async def gateway(service: Service) -> httpx.AsyncClient:
    return await service.client(*SCOPES, actor="client", sub="anna", branch="b-7")


@asynccontextmanager
async def renamed(service: Service) -> AsyncIterator[None]:
    """The record is not where it should be."""
    async with service.world.db.begin() as tx:
        await tx.execute(text("ALTER TABLE audit RENAME TO audit_away"))
    yield
    async with service.world.db.begin() as tx:
        await tx.execute(text("ALTER TABLE audit_away RENAME TO audit"))


@asynccontextmanager
async def without_today(service: Service) -> AsyncIterator[None]:
    """Nobody has made the partition of the day."""
    async with service.world.db.begin() as tx:
        names = await tx.execute(
            text("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'audit'::regclass")
        )
        partitions = list(names.scalars())
        bounds = {
            name: (
                await tx.execute(
                    text("SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE oid = CAST(:name AS regclass)"),
                    {"name": name},
                )
            ).scalar_one()
            for name in partitions
        }
        for name in partitions:
            await tx.execute(text(f"ALTER TABLE audit DETACH PARTITION {name}"))
    yield
    async with service.world.db.begin() as tx:
        for name, bound in bounds.items():
            await tx.execute(text(f"ALTER TABLE audit ATTACH PARTITION {name} {bound}"))


async def rows(service: Service) -> dict[str, list[Any]]:
    """What the service holds, apart from the record."""
    kept = ("customer", "contact_point", "identifier", "customer_history", "gate", "outbox", "subject_key")
    async with service.world.db.read() as conn:
        return {name: sorted((await conn.execute(text(f"SELECT t::text FROM {name} t"))).scalars()) for name in kept}


@pytest.mark.parametrize("away", [renamed, without_today])
async def test_without_a_record_nothing_is_told_and_nothing_done(
    service: Service, gateway: httpx.AsyncClient, away: Away
) -> None:
    path = (await gateway.post("/v1/customers", json=CHEN)).headers["location"]
    before = await rows(service)
    async with away(service):
        answers = [
            await gateway.get(path),
            await gateway.get(path, params={"as_of": "2100-01-01T00:00:00Z"}),
            await gateway.get(f"{path}/history"),
            await gateway.post("/v1/customers/lookups", json={"contact_point": CHEN["contact_points"][0]}),
            await gateway.post("/v1/customers", json=CHEN | {"external_ref": "crm-2"}),
            await gateway.patch(path, json={"legal_name": "陈晨"}, headers={"If-Match": '"1"'}),
        ]
        assert await rows(service) == before
    for answer in answers:
        assert answer.status_code == 503
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["retry-after"]
        assert answer.json().keys() == {"type", "title", "status", "detail", "instance"}
        assert not any(value in answer.text for value in ("陈", "1360000"))
    assert (await gateway.get(path)).json()["legal_name"] == "陈静"


async def test_who_did_and_who_read_what_is_on_record(service: Service, gateway: httpx.AsyncClient) -> None:
    made = await gateway.post("/v1/customers", json=CHEN)
    path = made.headers["location"]
    await gateway.patch(path, json={"tier": "private", "legal_name": "陈晨"}, headers={"If-Match": '"1"'})
    await gateway.get(path)
    await gateway.get(f"{path}/history")
    await gateway.post("/v1/customers/lookups", json={"contact_point": CHEN["contact_points"][0]})
    async with service.world.db.read() as conn:
        told = await audit.of_subject(conn, storage.AUDIT, Subject("customer", UUID(made.json()["id"])), 10)
    assert [one["action"].removeprefix("customer.") for one in told] == [
        "lookup",
        "history",
        "read",
        "change",
        "register",
    ]
    assert {(one["sub"], one["actor"], one["branch"]) for one in told} == {("anna", "client", "b-7")}
    assert told[3]["detail"] == {"fields": "legal_name,tier"}
    assert "陈" not in json.dumps(told, ensure_ascii=False)


async def test_an_erasure_leaves_the_record_whole(service: Service) -> None:
    gateway = await service.client(*SCOPES, "customer.erasures:write", actor="client", sub="anna")
    made = (await gateway.post("/v1/customers", json=CHEN)).json()
    await gateway.get(f"/v1/customers/{made['id']}")
    async with service.world.db.begin() as tx:
        await audit.seal(tx, storage.AUDIT, service.world.keyring)
    assert (await gateway.post(f"/v1/customers/{made['id']}/erasures", json={})).status_code == 201
    async with service.world.db.begin() as tx:
        await audit.seal(tx, storage.AUDIT, service.world.keyring)
    async with service.world.db.read() as conn:
        assert await audit.verify(conn, storage.AUDIT, service.world.keyring) == []
        told = await audit.of_subject(conn, storage.AUDIT, Subject("customer", UUID(made["id"])), 10)
    assert [one["action"] for one in told] == ["erasure.request", "customer.read", "customer.register"]
