"""A real mail server and a real gateway on loopback, a courier between them and the service, and people to write to."""

import asyncio
import email
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from email import policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from customer.campaigns import usecases as campaigns
from customer.main import app
from customer.outreach.clients import gateways
from customer.outreach.timers import Courier
from customer.routing.usecases import channels_barred
from customer.segments.usecases import settle
from customer.settings import Settings
from customer.worker import work
from shared import clock
from shared.crypto import Keyring
from shared.testing.engines import free_port
from shared.testing.outsider import Outsider, outsider
from shared.testing.service import Service, running
from shared.testing.tokens import Issuer
from shared.webhooks.signing import new_secret

FOLDER = Path(__file__).parents[2]
SCOPES = (
    "customer.customers:write",
    "customer.customers:read",
    "customer.consents:write",
    "customer.messages:write",
    "customer.messages:read",
    "customer.message-templates:write",
    "customer.message-templates:read",
    "customer.erasures:write",
    "customer.access-grants:write",
    "customer.access-grants:approve",
    "customer.campaigns:write",
    "customer.campaigns:read",
    "customer.segments:write",
    "customer.segments:read",
    "customer.interactions:write",
    "customer.identity-links:write",
)


@dataclass
class Mailbox:
    """What a mail server took; the next answers it is told to give instead of 250."""

    port: int
    letters: list[EmailMessage] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  # aiosmtpd's name
        if self.answers:
            return self.answers.pop(0)
        assert isinstance(envelope.content, bytes)
        letter = email.message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(letter, EmailMessage)
        self.letters.append(letter)
        return "250 taken"


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    made = Mailbox(free_port())
    controller = Controller(made, hostname="127.0.0.1", port=made.port)
    controller.start()
    yield made
    controller.stop()


@pytest.fixture
async def gateway() -> AsyncIterator[Outsider]:
    async with outsider() as made:
        yield made


@pytest.fixture
def secret() -> str:
    return new_secret()


@pytest.fixture
def process(
    database_for: Callable[[Path], str],
    issuer: Issuer,
    keyring: Keyring,
    mailbox: Mailbox,
    gateway: Outsider,
    secret: str,
) -> Callable[[], AbstractAsyncContextManager[Service]]:
    url = database_for(FOLDER)
    extra = [
        ("smtp_url", f"smtp://127.0.0.1:{mailbox.port}"),
        ("gateway_url", gateway.url),
        ("gateway_secret", secret),
        ("zone", "Asia/Shanghai"),
    ]
    return lambda: running(url, settings=Settings, app=app, work=work, issuer=issuer, keyring=keyring, extra=extra)


@pytest.fixture
async def courier(service: Service) -> AsyncIterator[Courier]:
    settings = service.world.settings
    assert isinstance(settings, Settings)
    made = Courier(service.world, gateways(settings), channels_barred)
    yield made
    await asyncio.gather(*(one.close() for one in set(made._gateways.values())))


@pytest.fixture
async def staff(service: Service) -> httpx.AsyncClient:
    client = await service.client(*SCOPES, actor="staff", sub="anna", lifetime=60 * 86_400)
    for category, purposes in {"service": ["servicing"], "sales": ["marketing"], "code": ["servicing"]}.items():
        made = await client.post("/v1/message-templates", json=text_of(category, purposes))
        assert made.status_code == 201, made.text
    return client


@pytest.fixture
def template() -> Callable[..., dict[str, Any]]:
    """A service text under a key of its own."""
    return lambda key, **other: text_of("service", ["servicing"], key=key, external_ref=key, **other)


@pytest.fixture
async def reporter(service: Service) -> httpx.AsyncClient:
    return await service.client("customer.message-receipts:write", actor="client", sub="gateway", lifetime=60 * 86_400)


def text_of(category: str, purposes: list[str], **other: Any) -> dict[str, Any]:
    texts = {
        "zh-Hans": {"subject": "您好", "body": "{{ name }},您的号码是 {{ number }}。"},
        "zh-Hant": {"subject": "您好", "body": "{{ name }},您的號碼是 {{ number }}。"},
        "en": {"subject": "Hello", "body": "{{ name }}, your number is {{ number }}."},
    }
    return {
        "key": category,
        "category": category,
        "purposes": purposes,
        "texts": texts,
        "external_ref": category,
    } | other


Register = Callable[..., Awaitable[str]]


@pytest.fixture
def register(staff: httpx.AsyncClient) -> Register:
    """Register somebody with a verified phone and address; `consent` says through what they allow marketing.

    `points` may say more of a point than its kind, and `other` more of the person.
    """

    async def make(
        ref: str = "a",
        *,
        points: tuple[str | dict[str, Any], ...] = ("email", "phone"),
        consent: tuple[str, ...] = (),
        **other: Any,
    ) -> str:
        values = {"email": f"{ref}@example.com", "phone": "+8613800001234", "wechat": f"o-{ref}"}
        kept = [{"kind": one} if isinstance(one, str) else one for one in points]
        body = {
            "kind": "individual",
            "legal_name": "王芳",
            "contact_points": [{"value": values[one["kind"]], "verified": True} | one for one in kept],
            "external_ref": ref,
        } | other
        made = await staff.post("/v1/customers", json=body)
        assert made.status_code == 201, made.text
        who: str = made.json()["id"]
        if consent:
            word = {
                "purpose": "marketing",
                "decision": "granted",
                "channels": list(consent),
                "language": "zh-Hans",
                "evidence": {"method": "click", "place": "app:settings"},
            }
            said = await staff.post(f"/v1/customers/{who}/consents", json=word, headers={"Idempotency-Key": ref})
            assert said.status_code == 201, said.text
        return who

    return make


Submit = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
def submit(staff: httpx.AsyncClient) -> Submit:
    """Have somebody told their number."""
    count = iter(range(10_000))

    async def send(who: str, template: str = "service", **other: Any) -> dict[str, Any]:
        purpose = "marketing" if template == "sales" else "servicing"
        body = {"customer_id": who, "template": template, "purpose": purpose, "data": {"number": 7}}
        answer = await staff.post("/v1/messages", json=body | {"external_ref": f"m-{next(count)}"} | other)
        assert answer.status_code == 201, answer.text
        told: dict[str, Any] = answer.json()
        return told

    return send


Plan = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
async def everybody(staff: httpx.AsyncClient) -> str:
    """A segment that has all who are of the mass tier."""
    rule = {"key": "everybody", "names": dict.fromkeys(("en", "zh-Hans", "zh-Hant"), "all"), "rule": "tier == 'mass'"}
    made = await staff.post("/v1/segments", json=rule)
    assert made.status_code == 201, made.text
    who: str = made.json()["id"]
    return who


@pytest.fixture
def plan(staff: httpx.AsyncClient, everybody: str) -> Plan:
    """Plan a campaign of two variants for everybody, and schedule it unless told to leave it a draft."""
    count = iter(range(100))

    async def make(*, draft: bool = False, **other: Any) -> dict[str, Any]:
        body = {
            "name": "Autumn",
            "segment_id": everybody,
            "purpose": "marketing",
            "variants": [{"name": "a", "template": "sales"}, {"name": "b", "template": "sales", "weight": 2}],
            "data": {"number": 7},
            "ends_at": (clock.now() + timedelta(days=3)).isoformat(),
            "conversion": {"kind": "login", "within_days": 2},
            "external_ref": f"campaign-{next(count)}",
        }
        made = await staff.post("/v1/campaigns", json=body | other)
        assert made.status_code == 201, made.text
        told: dict[str, Any] = made.json()
        return told if draft else await move(staff, told["id"], "scheduled")

    return make


async def move(staff: httpx.AsyncClient, campaign_id: str, state: str) -> dict[str, Any]:
    path = f"/v1/campaigns/{campaign_id}"
    tag = (await staff.get(path)).headers["ETag"]
    moved = await staff.patch(path, json={"state": state}, headers={"If-Match": tag})
    assert moved.status_code == 200, moved.text
    told: dict[str, Any] = moved.json()
    return told


@pytest.fixture
def go(service: Service) -> Callable[[], Awaitable[None]]:
    """Tell the segments up to now, and do every step that a campaign is due for."""

    async def steps() -> None:
        await settle(service.world)
        while await campaigns.step(service.world):
            continue

    return steps


@pytest.fixture
def moved(staff: httpx.AsyncClient) -> Callable[[str, str], Awaitable[dict[str, Any]]]:
    """Take a campaign to another state by hand."""

    async def take(campaign_id: str, state: str) -> dict[str, Any]:
        return await move(staff, campaign_id, state)

    return take
