"""A profile is read for a use: what that rests on stands beside it, and what it may not see is not in it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from customer.interactions.domain.features import FEATURES
from customer.interactions.usecases.permitting import stems, visible
from shared import clock
from shared.testing.service import Service

SCOPES = (
    "customer.interactions:write",
    "customer.profiles:read",
    "customer.customers:write",
    "customer.consents:write",
    "customer.segments:write",
)


@pytest.fixture
async def desk(service: Service) -> httpx.AsyncClient:
    return await service.client(*SCOPES, actor="staff", sub="desk")


@pytest.fixture
async def who(desk: httpx.AsyncClient) -> UUID:
    body = {"kind": "individual", "legal_name": "王芳", "external_ref": "crm-1"}
    made = (await desk.post("/v1/customers", json=body)).json()
    at = (clock.now() - timedelta(days=1)).isoformat()
    spent = {"kind": "transaction", "amount": {"amount": "9.00", "currency": "CNY"}, "channel": "app"}
    told = {"event_id": "s-1", "customer_id": made["id"], "occurred_at": at}
    assert (await desk.post("/v1/interactions", json=spent | told)).status_code == 201
    return UUID(made["id"])


async def profile(desk: httpx.AsyncClient, who: UUID, **query: Any) -> dict[str, Any]:
    answer = await desk.get(f"/v1/customers/{who}/profile", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def say(desk: httpx.AsyncClient, who: UUID, decision: str, **more: Any) -> str:
    body: dict[str, Any] = {"purpose": "profiling", "decision": decision, "external_ref": str(clock.new_id())}
    if decision == "granted":
        body |= {"language": "en", "evidence": {"method": "click"}}
    answer = await desk.post(f"/v1/customers/{who}/consents", json=body | more)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def test_serving_sees_all_of_it_by_the_contract(desk: httpx.AsyncClient, who: UUID) -> None:
    told = await profile(desk, who)
    assert (told["use"], set(told["features"])) == ("servicing", set(FEATURES))
    assert told["grounds"].keys() == {"financial_account", "interactions", "product_holdings"}
    assert {one["reason"] for one in told["grounds"].values()} == {"legal-basis"}
    assert told["grounds"]["interactions"]["legal_basis"] == {"gdpr": "6(1)(b)", "pipl": "13(2)"}
    long_ago = await profile(desk, who, valid_at="1999-01-01T00:00:00Z")
    assert set(long_ago["features"]) == set(FEATURES), "it is read now, of whatever instant it tells"


async def test_marketing_sees_what_was_consented_to_and_nothing_after_a_withdrawal(
    service: Service, desk: httpx.AsyncClient, who: UUID
) -> None:
    nothing = await profile(desk, who, use="marketing")
    assert (nothing["features"], nothing["facts"]["count"]) == ({}, 0)
    assert {one["reason"] for one in nothing["grounds"].values()} == {"no-consent"}
    assert nothing["sections"].keys() <= {"consents", "segments", "offers", "messages"}
    receipt = await say(desk, who, "granted", data_categories=["interactions"])
    some = await profile(desk, who, use="marketing")
    assert some["grounds"]["interactions"]["receipt_id"] == receipt
    assert some["grounds"]["financial_account"]["reason"] == "separate-consent-missing"
    assert ("count_login_7d" in some["features"], "outflow_90d" in some["features"]) == (True, False)
    await say(desk, who, "granted", separate_categories=["financial_account"])
    assert set((await profile(desk, who, use="marketing"))["features"]) == set(FEATURES)
    await say(desk, who, "withdrawn")
    assert (await profile(desk, who, use="marketing"))["features"] == {}
    async with service.world.db.read() as conn:
        read = "SELECT count(*) FROM audit WHERE convert_from(canonical, 'UTF8') LIKE '%\"use\":\"marketing\"%'"
        assert (await conn.execute(text(read))).scalar_one() == 4


async def test_an_objection_stops_improvement_and_no_law(desk: httpx.AsyncClient, who: UUID) -> None:
    assert (await profile(desk, who, use="improvement"))["features"]
    await say(desk, who, "refused")
    stopped = await profile(desk, who, use="improvement", features="count_login_7d")
    assert (stopped["features"], stopped["grounds"]["interactions"]["reason"]) == ({}, "objected")
    watched = await profile(desk, who, use="fraud_prevention", features="count_login_7d")
    assert watched["features"].keys() == {"count_login_7d"}
    assert (await desk.get(f"/v1/customers/{who}/profile", params={"use": "spying"})).status_code == 422


def test_every_feature_is_read_from_one_category_and_nothing_is_seen_of_one_that_is_denied() -> None:
    assert set(stems().values()) == {"financial_account", "interactions", "product_holdings"}
    with pytest.raises(KeyError):
        visible(["luck"], {})
    assert all(stems()[name.partition("_")[0]] == "product_holdings" for name in FEATURES if name.startswith("holds_"))
