"""Who stands around a right: staff who register, ask, hold, link and close; the other four services that answer."""

import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import httpx
import pytest

from shared import clock, partitions
from shared.testing.service import Service

SCOPES = (
    "customer.customers:write",
    "customer.customers:read",
    "customer.consents:write",
    "customer.consents:read",
    "customer.consent-decisions:read",
    "customer.erasures:write",
    "customer.erasures:read",
    "customer.privacy-requests:write",
    "customer.privacy-requests:read",
    "customer.privacy-requests:approve",
    "customer.legal-holds:write",
    "customer.legal-holds:read",
    "customer.identity-links:write",
    "customer.relationships:write",
    "customer.segments:write",
    "customer.interactions:write",
)
OTHERS = ("feedback", "channel-router", "risk", "kpi")
Do = Callable[..., Awaitable[Any]]


@pytest.fixture
async def staff(service: Service) -> httpx.AsyncClient:
    return await service.client(*SCOPES, actor="staff", sub="anna", lifetime=30 * 365 * 86_400)


@pytest.fixture
def register(staff: httpx.AsyncClient) -> Do:
    """Somebody who has an account, where `active`, and else has only asked."""

    async def registered(ref: str = "crm-1", *, active: bool = False, **more: Any) -> str:
        body = {"kind": "individual", "legal_name": "王芳", "external_ref": ref} | more
        who = str((await staff.post("/v1/customers", json=body)).json()["id"])
        if active:
            changed = await staff.patch(f"/v1/customers/{who}", json={"state": "active"}, headers={"If-Match": '"1"'})
            assert changed.status_code == 200, changed.text
        return who

    return registered


@pytest.fixture
def ask(staff: httpx.AsyncClient) -> Do:
    """Use a right: the answer as it came."""

    async def asked(who: str, right: str, by: httpx.AsyncClient | None = None, **other: Any) -> httpx.Response:
        body = {"customer_id": who, "kind": right, "identity_method": "passport", "external_ref": f"r-{right}"}
        return await (by or staff).post("/v1/privacy-requests", json=body | other)

    return asked


@pytest.fixture
def hold(staff: httpx.AsyncClient) -> Do:
    """Order that everything of somebody be kept: the answer as it came."""

    async def held(who: str, **other: Any) -> httpx.Response:
        body = {"customer_id": who, "code": "case-7", "external_ref": f"h-{who}"}
        return await staff.post("/v1/legal-holds", json=body | other)

    return held


@pytest.fixture
def answer(service: Service) -> Do:
    """Let the other four answer, each with what is told of it."""

    async def answered(request: str, who: str, kind: str, **more: Any) -> None:
        for one in OTHERS:
            told = {name: values.get(one) for name, values in more.items()}
            data = json.dumps({"request_id": request, "customer_id": who} | told).encode()
            type_ = f"cxbank.{one}.{kind}.v1"
            await service.hear(type_, data, key=who, subject=request, id_=clock.new_id())

    return answered


@pytest.fixture
def go_on(service: Service) -> Do:
    """Let what has become due by then go on by itself."""

    async def gone_on(at: datetime) -> None:
        with clock.frozen(at):
            async with service.world.db.begin() as tx:
                for table in ("outbox", "audit"):
                    await partitions.ensure(tx, table, days_ahead=1)
                await service.work.acts["duties_ended"](tx, {})

    return gone_on


@pytest.fixture
def said(service: Service) -> Do:
    """What was said by this service under a name, oldest first."""

    async def told(kind: str) -> list[dict[str, Any]]:
        wanted = f"cxbank.customer.{kind}.v1".encode()
        return [json.loads(one.value) for one in await service.relay() if dict(one.headers)["ce_type"] == wanted]

    return told


@pytest.fixture
def link(staff: httpx.AsyncClient) -> Do:
    """Let records count as one person, the first leading: the link as it was made."""

    async def linked(leader: str, *members: str) -> dict[str, Any]:
        evidence = [{"kind": "biometric", "reference": "face/1"}]
        body = {"members": [leader, *members], "leader": leader, "reason": "same_person", "evidence": evidence}
        made = await staff.post("/v1/identity-links", json=body | {"external_ref": str(clock.new_id())})
        assert made.status_code == 201, made.text
        told: dict[str, Any] = made.json()
        return told

    return linked


@pytest.fixture
def close(staff: httpx.AsyncClient) -> Do:
    """End somebody's relation."""

    async def closed(who: str) -> None:
        version = (await staff.get(f"/v1/customers/{who}")).headers["etag"]
        ended = await staff.patch(f"/v1/customers/{who}", json={"state": "closed"}, headers={"If-Match": version})
        assert ended.status_code == 200, ended.text

    return closed


@pytest.fixture
def hear_ourselves(service: Service) -> Do:
    """Let the service hear what it has said itself."""

    async def heard() -> None:
        for record in await service.relay():
            await service.consumer().hear([record], await service.bus.cluster_id())

    return heard
