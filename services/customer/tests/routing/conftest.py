"""Everybody who can change a card, and ears that hear until nobody has anything to say."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import httpx
import orjson
import pytest

from shared.clock import new_id
from shared.events.bus import Partition
from shared.events.consumer import is_passing
from shared.events.envelope import Envelope, Record
from shared.testing.service import Service

SCOPES = (
    "customer.customers:write",
    "customer.customers:read",
    "customer.purposes:write",
    "customer.consents:write",
    "customer.identity-links:write",
    "customer.identity-links:read",
    "customer.erasures:write",
    "customer.suitability:write",
)
CARD = "customer.routing-profiles:read"
DETAILS = "customer.routing-details:read"
PROOF = [{"kind": "identity_document", "reference": "scan/2026/77"}]


@dataclass
class Bank:
    """The service with a member of staff, a router who may see everything, and what was heard so far."""

    service: Service
    staff: httpx.AsyncClient
    router: httpx.AsyncClient
    heard: dict[Partition, int] = field(default_factory=dict)

    async def register(self, **facts: Any) -> str:
        """A person we know from now on."""
        body = {"kind": "individual", "legal_name": "王芳", "external_ref": str(uuid4())} | facts
        made = await self.staff.post("/v1/customers", json=body)
        assert made.status_code == 201, made.text
        return str(made.json()["id"])

    async def change(self, who: str, **facts: Any) -> None:
        """Something else is recorded of a person."""
        seen = await self.staff.get(f"/v1/customers/{who}")
        answer = await self.staff.patch(f"/v1/customers/{who}", json=facts, headers={"If-Match": seen.headers["etag"]})
        assert answer.status_code == 200, answer.text

    async def link(self, *who: str) -> str:
        """These are one person and go by the first; the set."""
        body = {"members": list(who), "leader": who[0], "reason": "same_person", "evidence": PROOF}
        made = await self.staff.post("/v1/identity-links", json=body | {"external_ref": str(uuid4())})
        assert made.status_code == 201, made.text
        return str(made.json()["id"])

    async def part(self, link: str) -> None:
        """They are not."""
        seen = await self.staff.get(f"/v1/identity-links/{link}")
        answer = await self.staff.delete(
            f"/v1/identity-links/{link}",
            params={"reason": "linked_by_mistake"},
            headers={"If-Match": seen.headers["etag"]},
        )
        assert answer.status_code == 200, answer.text

    async def word(self, who: str, decision: str, channels: Sequence[str] | None, purpose: str = "marketing") -> None:
        """A person says yes or no."""
        word: dict[str, Any] = {"purpose": purpose, "decision": decision, "external_ref": str(uuid4())}
        if channels is not None:
            word["channels"] = list(channels)
        if decision == "granted":
            word |= {"language": "en", "evidence": {"method": "click"}}
        answer = await self.staff.post(f"/v1/customers/{who}/consents", json=word)
        assert answer.status_code == 201, answer.text

    async def hears(self, name: str, subject: UUID | str, sequence: int, /, **data: Any) -> None:
        """Another service says something."""
        await self.service.hear(
            f"cxbank.{name}.v1",
            orjson.dumps(data),
            key=str(subject),
            subject=str(subject),
            sequence=sequence,
            id_=new_id(),
        )

    async def hears_beside_others(self, name: str, subject: UUID | str, sequence: int, /, **data: Any) -> None:
        """The same while others hear the same partition: without its position, and again while others hold the rows."""
        headers = {"type": f"cxbank.{name}.v1", "id": new_id(), "source": "/cxbank/risk", "subject": subject}
        headers |= {"time": "2026-11-24T00:00:00Z", "sequence": sequence, "specversion": "1.0", "epoch": 1}
        told = tuple((f"ce_{key}", str(value).encode()) for key, value in headers.items())
        record = Record("cxbank.risk.events", 0, 0, str(subject).encode(), orjson.dumps(data), told)
        while True:
            try:
                async with self.service.world.db.begin() as tx:
                    return await self.service.consumer().apply(tx, [record])
            except Exception as error:
                if not is_passing(error):
                    raise

    async def restricts(
        self, restriction: UUID, who: str, version: int = 1, *channels: str, lifted: bool = False, beside: bool = False
    ) -> None:
        """risk sets or lifts a restriction."""
        told = {"restriction_id": restriction, "customer_id": who, "channels": list(channels)}
        name = "risk.restriction_lifted" if lifted else "risk.restriction_set"
        hear = self.hears_beside_others if beside else self.hears
        await hear(name, restriction, version, **told, state="lifted" if lifted else "active")

    async def assess(self, who: str, *vulnerabilities: str, **only: Any) -> None:
        """Somebody finds what makes a person vulnerable, or says something else only."""
        body = (only or {"vulnerabilities": list(vulnerabilities)}) | {"external_ref": str(uuid4())}
        answer = await self.staff.post(f"/v1/customers/{who}/suitability-assessments", json=body)
        assert answer.status_code == 201, answer.text

    async def case(self, case: UUID, who: str, version: int = 1, *, name: str = "opened", **more: Any) -> None:
        """feedback opens, changes or closes a case."""
        await self.hears(f"feedback.case_{name}", case, version, case_id=case, customer_id=who, **more)

    async def catch_up(self, *others: Service) -> None:
        """Say and hear our own events until there are none."""
        while True:
            fresh = False
            for speaker in (self.service, *others):
                await speaker.relay()
            for place, log in sorted(self.service.bus.logs.items()):
                begin = self.heard.get(place, 0)
                if place[0] == "cxbank.customer.events" and len(log) > begin:
                    fresh, self.heard[place] = True, len(log)
                    await self.service.consumer().hear(log[begin:], await self.service.bus.cluster_id())
            if not fresh:
                return

    async def card(self, who: str) -> dict[str, Any]:
        """The card as a router sees it."""
        answer = await self.router.get(f"/v1/customers/{who}/routing-profile")
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        assert answer.headers["etag"] == f'"{told["version"]}"'
        return told

    async def said(self, who: str) -> list[dict[str, Any]]:
        """What was said of a card, in order."""
        envelopes = [Envelope.of(record) for record in await self.service.relay()]
        chosen = [one for one in envelopes if one.subject == f"routing-profile:{who}"]
        told = [orjson.loads(one.data) | {"sequence": one.sequence} for one in chosen]
        assert all(one["sequence"] == one["version"] and one["customer_id"] == who for one in told)
        return told


@pytest.fixture
async def bank(service: Service) -> Bank:
    staff = await service.client(*SCOPES, actor="staff", sub="anna")
    return Bank(service, staff, await service.client(CARD, DETAILS, actor="service", sub="channel-router"))
