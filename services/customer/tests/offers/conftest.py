"""Who stands around offers: staff with a catalogue, customers who allow what they are asked, and a customer's own token."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from customer.offers.usecases import weighing
from shared import clock
from shared.testing.service import Service

SCOPES = (
    "customer.customers:write",
    "customer.customers:read",
    "customer.consents:write",
    "customer.interactions:write",
    "customer.services:write",
    "customer.services:read",
    "customer.offers:read",
    "customer.offers:write",
    "customer.suitability:write",
    "customer.suitability:read",
    "customer.erasures:write",
    "customer.profiles:read",
    "customer.identity-links:write",
    "customer.merge-reviews:read",
)
Register = Callable[..., Awaitable[str]]
Define = Callable[..., Awaitable[httpx.Response]]
Ask = Callable[..., Awaitable[dict[str, Any]]]
Linked = Callable[[str, str], Awaitable[dict[str, Any]]]
Say = Callable[..., Awaitable[httpx.Response]]


@pytest.fixture
async def staff(service: Service) -> httpx.AsyncClient:
    return await service.client(*SCOPES, actor="staff", sub="anna", lifetime=60 * 86_400)


@pytest.fixture
def define(staff: httpx.AsyncClient) -> Define:
    """Put an entry into the catalogue; as it is here it suits everybody and sells nothing."""

    async def defined(key: str, **more: Any) -> httpx.Response:
        body = {
            "key": key,
            "kind": "product" if more.get("sells") else "service",
            "names": {"en": key, "zh-Hans": key, "zh-Hant": key},
            "sells": False,
            "purposes": ["marketing"] if more.get("sells") else ["servicing"],
            "value": {"amount": "100.00", "currency": "CNY"},
            "prior": {"mean": 0.1, "strength": 10},
        }
        return await staff.post("/v1/services", json=body | more)

    return defined


@pytest.fixture
def register(staff: httpx.AsyncClient) -> Register:
    """Register somebody who allows marketing through `allows` and, if so said, being profiled."""

    async def made(*, allows: tuple[str, ...] = ("app", "email"), profiled: bool = False, **more: Any) -> str:
        ref = str(clock.new_id())
        body = {
            "kind": "individual",
            "legal_name": "王小明",
            "birth_date": "1990-05-01",
            "region": "CN-31",
            "contact_points": [{"kind": "email", "value": f"{ref}@example.com"}],
            "external_ref": ref,
        }
        answer = await staff.post("/v1/customers", json=body | more)
        assert answer.status_code == 201, answer.text
        who: str = answer.json()["id"]
        words: list[dict[str, Any]] = [{"purpose": "marketing", "channels": list(allows)}] if allows else []
        words += [{"purpose": "profiling"}] if profiled else []
        for place, word in enumerate(words):
            word |= {
                "decision": "granted",
                "language": "zh-Hans",
                "evidence": {"method": "click", "place": "app:settings"},
                "external_ref": f"{ref}-{place}",
            }
            said = await staff.post(f"/v1/customers/{who}/consents", json=word)
            assert said.status_code == 201, said.text
        return who

    return made


@pytest.fixture
def ask(staff: httpx.AsyncClient) -> Ask:
    """What is best for somebody now."""

    async def asked(
        who: str, channel: str = "app", caller: httpx.AsyncClient | None = None, limit: int = 3
    ) -> dict[str, Any]:
        query = f"?channel={channel}&limit={limit}"
        answer = await (caller or staff).get(f"/v1/customers/{who}/next-best-services{query}")
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    return asked


@pytest.fixture
def say(staff: httpx.AsyncClient) -> Say:
    """Say what became of an offer."""

    async def said(
        who: str, outcome: str, service: str, decision: str | None, caller: httpx.AsyncClient | None = None, **more: Any
    ) -> httpx.Response:
        body = {"outcome": outcome, "service": service, "external_ref": str(clock.new_id())} | more
        if decision is not None:
            body["decision_id"] = decision
        return await (caller or staff).post(f"/v1/customers/{who}/offer-outcomes", json=body)

    return said


@pytest.fixture
def linked(staff: httpx.AsyncClient) -> Linked:
    """Two records told to be one party, the first leading."""

    async def told(leader: str, member: str) -> dict[str, Any]:
        body = {
            "members": [leader, member],
            "leader": leader,
            "reason": "same_person",
            "evidence": [{"kind": "biometric", "reference": "face/1"}],
            "external_ref": str(clock.new_id()),
        }
        answer = await staff.post("/v1/identity-links", json=body)
        assert answer.status_code == 201, answer.text
        link: dict[str, Any] = answer.json()
        return link

    return told


@pytest.fixture
async def themself(service: Service) -> Callable[[str], Awaitable[httpx.AsyncClient]]:
    async def own(who: str) -> httpx.AsyncClient:
        return await service.client(
            "customer.offers:read", "customer.offers:write", actor="customer", sub=who, customer_id=who
        )

    return own


@pytest.fixture(autouse=True)
def holdout(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """How many per cent are held out: nobody, unless a test says so. The order goes by means, which can be told ahead."""
    (shipped,) = weighing.arbitrations()
    weights = shipped.weights.model_copy(update={"explores": False})

    def of(percent: int) -> None:
        trial = shipped.experiment.model_copy(update={"holdout_percent": percent})
        told = shipped.model_copy(update={"experiment": trial, "weights": weights})
        monkeypatch.setattr(weighing, "arbitrations", lambda: (told,))

    of(0)
    return of
