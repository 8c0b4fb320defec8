"""Who stands around the ledger: staff, a back end, a known customer and that customer's own token."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import httpx
import pytest

from shared.testing.service import Service

SCOPES = (
    "customer.customers:write",
    "customer.customers:read",
    "customer.purposes:write",
    "customer.purposes:read",
    "customer.consents:write",
    "customer.consents:read",
    "customer.consent-decisions:read",
    "customer.erasures:write",
)
OWN = ("customer.consents:write", "customer.consents:read", "customer.purposes:read")
YES = {
    "purpose": "marketing",
    "decision": "granted",
    "language": "zh-Hans",
    "evidence": {"method": "click", "place": "app:settings/privacy"},
}
NO = {"purpose": "marketing", "decision": "withdrawn"}

Say = Callable[..., Awaitable[httpx.Response]]


@pytest.fixture
async def staff(service: Service) -> httpx.AsyncClient:
    return await service.client(*SCOPES, actor="staff", sub="anna")


@pytest.fixture
async def who(staff: httpx.AsyncClient) -> str:
    made = await staff.post("/v1/customers", json={"kind": "individual", "legal_name": "王芳", "external_ref": "crm-1"})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


@pytest.fixture
async def own(service: Service, who: str) -> httpx.AsyncClient:
    return await service.client(*OWN, actor="customer", sub="wang-fang", customer_id=who)


@pytest.fixture
def say(who: str) -> Say:
    """Say a word of consent; every call is a word of its own unless a key is named."""
    count = iter(range(10_000))

    async def post(
        client: httpx.AsyncClient, word: dict[str, Any], *, of: str | UUID = who, **other: Any
    ) -> httpx.Response:
        key = other.pop("key", f"k-{next(count)}")
        return await client.post(f"/v1/customers/{of}/consents", json=word | other, headers={"Idempotency-Key": key})

    return post


@pytest.fixture
def ask(staff: httpx.AsyncClient, who: str) -> Callable[..., Awaitable[tuple[str, str]]]:
    """Ask for a decision: (decision, reason)."""

    async def post(
        channel: str | None = "email", *, of: str | UUID = who, purpose: str = "marketing", **other: Any
    ) -> tuple[str, str]:
        body = {"customer_id": str(of), "purpose": purpose, "channel": channel} | other
        answer = await staff.post("/v1/consent-decisions", json=body)
        assert answer.status_code == 200, answer.text
        assert (answer.json()["receipt_id"] is not None) == (answer.json()["reason"] == "consent-granted")
        return answer.json()["decision"], answer.json()["reason"]

    return post
