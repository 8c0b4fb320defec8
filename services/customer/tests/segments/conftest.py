"""Who stands around segments: staff who define them, a customer, and what the customer does."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import orjson
import pytest
from sqlalchemy import text

from customer.segments.usecases import settle
from shared import clock
from shared.testing.service import Service

SCOPES = (
    "customer.customers:write",
    "customer.customers:read",
    "customer.segments:write",
    "customer.segments:read",
    "customer.interactions:write",
    "customer.erasures:write",
)
Did = Callable[..., Awaitable[None]]
Link = Callable[..., Awaitable[None]]
Define = Callable[..., Awaitable[httpx.Response]]


@pytest.fixture
async def staff(service: Service) -> httpx.AsyncClient:
    return await service.client(*SCOPES, actor="staff", sub="anna")


@pytest.fixture
def register(staff: httpx.AsyncClient) -> Callable[..., Awaitable[UUID]]:
    async def made(**more: Any) -> UUID:
        body = {"kind": "individual", "legal_name": "王小明", "external_ref": str(clock.new_id())} | more
        answer = await staff.post("/v1/customers", json=body)
        assert answer.status_code == 201, answer.text
        return UUID(answer.json()["id"])

    return made


@pytest.fixture
async def who(register: Callable[..., Awaitable[UUID]]) -> UUID:
    return await register(birth_date="1990-05-01", occupation="Engineer", region="CN-31", tier_hint="affluent")


@pytest.fixture
def link(service: Service) -> Link:
    """Let two records be known as one person's, or as two people's again, and be heard so."""

    async def said(member: UUID, leader: UUID, version: int, *, linked: bool) -> None:
        async with service.world.db.begin() as tx:
            await tx.execute(
                text(
                    "INSERT INTO identity_link (member, leader, version, linked) "
                    "VALUES (:member, :leader, :version, :linked) "
                    "ON CONFLICT (member) DO UPDATE SET version = excluded.version, linked = excluded.linked"
                ),
                {"member": member, "leader": leader, "version": version, "linked": linked},
            )
        data = orjson.dumps({"member": str(member), "leader": str(leader), "version": version})
        kind = "linked" if linked else "unlinked"
        told: dict[str, Any] = {"key": str(member), "subject": str(member), "sequence": version, "id_": uuid4()}
        await service.hear(f"cxbank.customer.{kind}.v1", data, **told)

    return said


@pytest.fixture
def did(staff: httpx.AsyncClient) -> Did:
    """Let something be recorded of a customer, as having happened at an instant."""

    async def recorded(who: UUID, kind: str, at: datetime, **more: Any) -> None:
        body = {"event_id": str(clock.new_id()), "customer_id": str(who), "kind": kind, "occurred_at": at.isoformat()}
        answer = await staff.post("/v1/interactions", json=body | more)
        assert answer.status_code == 201, answer.text

    return recorded


@pytest.fixture
def define(staff: httpx.AsyncClient) -> Define:
    async def defined(key: str, rule: str, **more: Any) -> httpx.Response:
        names = {"en": key, "zh-Hans": key, "zh-Hant": key}
        return await staff.post("/v1/segments", json={"key": key, "names": names, "rule": rule} | more)

    return defined


@pytest.fixture
def told(service: Service) -> Callable[..., Awaitable[int]]:
    """Tell whoever is due, as if it were that time."""

    async def now(at: datetime | None = None) -> int:
        if at is None:
            return await settle(service.world)
        with clock.frozen(at):
            return await settle(service.world)

    return now
