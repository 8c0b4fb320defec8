"""Callers who never give up: every write is repeated with its own key until it is acknowledged, and every answer is kept."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

import httpx

from cxbank_local.issuer import DevelopmentIssuer, scopes_of
from cxbank_local.state import SERVICES, State

PROBLEM: Final = "application/problem+json"
_REST_SECONDS: Final = 0.15
_TIERS: Final = ("mass", "affluent", "private")


@dataclass
class Seen:
    """What callers were told: acknowledged ids by kind, the last acknowledged tier, and what broke."""

    acknowledged: dict[str, dict[str, str]] = field(default_factory=dict)
    tiers: dict[str, str] = field(default_factory=dict)
    answers: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def keep(self, kind: str, key: str, identity: str) -> None:
        """An acknowledged write; one key that led to two things is wrong."""
        known = self.acknowledged.setdefault(kind, {}).setdefault(key, identity)
        if known != identity:
            self.wrong.append(f"{kind} {key}: acknowledged as {known} and as {identity}")


class Traffic:
    """Writers on four services until they are told to stop; what is under way is settled before they end."""

    def __init__(self, state: State, place: str, writers: int = 6) -> None:
        self._state = state
        self._place = place
        self._writers = writers
        self.seen = Seen()
        self._stopping = asyncio.Event()
        issuer = DevelopmentIssuer(state)
        self._heads = {
            service: {
                "Authorization": "Bearer "
                + issuer.token(service, " ".join(scopes_of(service)), sub="chaos", actor="staff", lifetime=7_200)
            }
            for service in SERVICES
        }

    async def run(self) -> None:
        """Write until stopped."""
        limits = httpx.Limits(max_connections=self._writers * 4)
        async with httpx.AsyncClient(timeout=20, limits=limits) as http:
            await asyncio.gather(*(self._write(http, number) for number in range(self._writers)))

    def stop(self) -> None:
        """Begin nothing new."""
        self._stopping.set()

    async def _write(self, http: httpx.AsyncClient, number: int) -> None:
        chance = random.Random(number)  # noqa: S311  # which tier comes next is no secret
        while not self._stopping.is_set():
            customer = await self._register(http)
            for _ in range(2):
                await self._promote(http, customer, chance.choice(_TIERS))
            await self._ticket(http, customer)
            await self._say(http, customer)
            await self._screen(http, customer)
            await asyncio.sleep(_REST_SECONDS)

    def _at(self, service: str) -> str:
        return f"http://127.0.0.1:{self._state.ports.of(service, 'api')}"

    async def _settled(self, ask: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response:
        """The first answer that is final; what is not is repeated, and has to be a problem document or a broken connection."""
        while True:
            try:
                answer = await ask()
            except httpx.TransportError as error:
                self.seen.answers[type(error).__name__] += 1
                await asyncio.sleep(0.2)
                continue
            self.seen.answers[str(answer.status_code)] += 1
            if answer.is_success:
                return answer
            kind = answer.headers.get("content-type", "")
            if not kind.startswith(PROBLEM):
                self.seen.wrong.append(f"{answer.status_code} as {kind!r} from {answer.request.url.path}")
            if answer.status_code not in {409, 429, 503}:
                return answer
            await asyncio.sleep(float(answer.headers.get("retry-after", "0.2")))

    async def _create(
        self, http: httpx.AsyncClient, service: str, path: str, body: Mapping[str, Any], key: str, *, header: bool
    ) -> str:
        head = self._heads[service] | ({"Idempotency-Key": key} if header else {})
        answer = await self._settled(lambda: http.post(self._at(service) + path, json=body, headers=head))
        if not answer.is_success:
            self.seen.wrong.append(f"{path}: {answer.status_code} {answer.text[:200]}")
            return ""
        identity = str(answer.json()["id"])
        self.seen.keep(path, key, identity)
        return identity

    async def _register(self, http: httpx.AsyncClient) -> str:
        key = f"chaos:{uuid4().hex}"
        body = {
            "kind": "individual",
            "legal_name": "Chaos Caller",
            "contact_points": [{"kind": "email", "value": f"{uuid4().hex}@example.com"}],
            "tier_hint": "mass",
            "external_ref": key,
        }
        identity = await self._create(http, "customer", "/v1/customers", body, key, header=False)
        self.seen.tiers[identity] = "mass"
        return identity

    async def _promote(self, http: httpx.AsyncClient, customer: str, tier: str) -> None:
        """A change on the version last seen; after a broken answer the version tells whether it was made."""
        path = f"{self._at('customer')}/v1/customers/{customer}"
        head = self._heads["customer"]
        while True:
            present = await self._settled(lambda: http.get(path, headers=head))
            if not present.is_success:
                self.seen.wrong.append(f"read of {customer}: {present.status_code}")
                return
            if present.json()["tier"] == tier:
                self.seen.tiers[customer] = tier
                return
            match = head | {"If-Match": present.headers["etag"]}
            changed = await self._settled(lambda match=match: http.patch(path, json={"tier": tier}, headers=match))  # type: ignore[misc]  # bound for this turn
            if changed.status_code not in {200, 412}:
                self.seen.wrong.append(f"change of {customer}: {changed.status_code}")
                return

    async def _ticket(self, http: httpx.AsyncClient, customer: str) -> None:
        body = {"place_id": self._place, "need": "account.open", "customer_id": customer}
        await self._create(http, "channel-router", "/v1/tickets", body, uuid4().hex, header=True)

    async def _say(self, http: httpx.AsyncClient, customer: str) -> None:
        key = uuid4().hex
        body = {"source": "app", "source_ref": key, "rating": 3, "text": "slow today", "customer_id": customer}
        await self._create(http, "feedback", "/v1/feedback", body, key, header=False)

    async def _screen(self, http: httpx.AsyncClient, customer: str) -> None:
        key = f"chaos:{uuid4().hex}"
        body = {
            "event_id": key,
            "kind": "transaction",
            "customer_id": customer,
            "occurred_at": datetime.now(UTC).isoformat(),
            "amount": {"amount": "12.00", "currency": "EUR"},
            "attributes": {"place": "terminal:1"},
        }
        await self._create(http, "risk", "/v1/screenings", body, key, header=False)
