"""One person over all five services: handed everything that is held, then forgotten by each, and nothing brings them back."""

import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

import channel_router.main
import channel_router.settings
import channel_router.worker
import customer.main
import customer.settings
import customer.worker
import feedback.main
import feedback.settings
import feedback.worker
import kpi.main
import kpi.settings
import kpi.worker
import risk.main
import risk.settings
import risk.worker
from customer.privacy.clients import ASKED, Others
from shared.events.envelope import Record
from shared.http import ServiceClient
from shared.testing.service import Service, running
from shared.testing.tokens import Issuer

SERVICES = Path(__file__).parents[2] / "services"
OF: dict[str, Any] = {
    "customer": customer,
    "feedback": feedback,
    "channel-router": channel_router,
    "risk": risk,
    "kpi": kpi,
}
NAME, SAID, PHONE = "欧阳明月", "我的手机银行打不开了", "+8613912345678"


class Suite:
    """Five services in this process; `settle` lets all they said be heard by all."""

    def __init__(self, services: dict[str, Service]) -> None:
        self.of = services
        self._heard: dict[tuple[str, int], int] = {}

    async def settle(self) -> None:
        """Until nobody has anything new to say."""
        while True:
            fresh = [record for service in self.of.values() for record in self._new(await service.relay())]
            if not fresh:
                return
            for record in fresh:
                cluster = await self.of[record.topic.split(".")[1]].bus.cluster_id()
                for listener in self.of.values():
                    if record.topic in listener.work.topics:
                        await listener.consumer().hear([record], cluster)

    def _new(self, records: Sequence[Record]) -> list[Record]:
        fresh = [one for one in records if one.offset >= self._heard.get((one.topic, one.partition), 0)]
        for one in fresh:
            self._heard[one.topic, one.partition] = one.offset + 1
        return fresh


@pytest.fixture
async def suite(database_for: Callable[[Path], str], issuer: Issuer) -> AsyncIterator[Suite]:
    async with AsyncExitStack() as stack:
        services: dict[str, Service] = {}
        for name, package in OF.items():
            process = running(
                database_for(SERVICES / name),
                settings=package.settings.Settings,
                app=package.main.app,
                work=package.worker.work,
                issuer=issuer,
            )
            services[name] = await stack.enter_async_context(process)
        clients = {name: _client(services[name], issuer) for name in ASKED}
        others = Others(clients)
        stack.push_async_callback(others.close)
        services["customer"].app.state.others = others
        yield Suite(services)


def _client(service: Service, issuer: Issuer) -> ServiceClient:
    async def token() -> str:
        return issuer.token(service.name, [f"{service.name}.privacy-exports:read"], actor="service", sub="customer")

    return ServiceClient("http://test", token=token, transport=httpx.ASGITransport(service.app))


async def somebody(suite: Suite) -> tuple[str, httpx.AsyncClient]:
    """A registered person who said something and drew a ticket."""
    scopes = ("customers:write", "customers:read", "privacy-requests:write", "privacy-requests:read", "erasures:read")
    staff = await suite.of["customer"].client(*(f"customer.{one}" for one in scopes), actor="staff", sub="anna")
    points = [{"kind": "phone", "value": PHONE}]
    body = {"kind": "individual", "legal_name": NAME, "contact_points": points, "external_ref": "crm-1"}
    who = (await staff.post("/v1/customers", json=body)).json()["id"]
    talk = await suite.of["feedback"].client("feedback.feedback:write", actor="client")
    said = {"source": "app", "source_ref": "1", "text": SAID, "rating": 1, "customer_id": who}
    assert (await talk.post("/v1/feedback", json=said)).status_code == 201
    desk = await suite.of["channel-router"].client("channel-router.places:write", "channel-router.tickets:write")
    place = (await desk.post("/v1/places", json={"kind": "branch", "zone": "UTC", "external_ref": "p"})).json()
    ticket = {"place_id": place["id"], "need": "card", "customer_id": who, "external_ref": "t"}
    assert (await desk.post("/v1/tickets", json=ticket)).status_code == 201
    screen = await suite.of["risk"].client("risk.screenings:write", actor="client")
    event = {"event_id": "e-1", "kind": "transaction", "customer_id": who, "occurred_at": "2026-11-24T08:00:00Z"}
    money = {"amount": {"amount": "12.50", "currency": "CNY"}, "attributes": {}}
    answer = await screen.post("/v1/screenings", json=event | money)
    assert answer.status_code == 201, answer.text
    await suite.settle()
    return who, staff


async def test_who_was_forgotten_in_part_is_handed_what_the_law_keeps_and_nothing_else(suite: Suite) -> None:
    who, staff = await somebody(suite)
    tag = (await staff.get(f"/v1/customers/{who}")).headers["etag"]
    active = await staff.patch(f"/v1/customers/{who}", json={"state": "active"}, headers={"If-Match": tag})
    assert active.status_code == 200, active.text
    gone = await ask(staff, who, "erasure")
    await suite.settle()
    assert (await staff.get(f"/v1/privacy-requests/{gone['id']}")).json()["state"] == "partly_refused"
    told = await ask(staff, who, "access")
    await suite.settle()
    bundle = await staff.get(f"/v1/privacy-requests/{told['id']}/bundle")
    assert bundle.status_code == 200, bundle.text
    lines = [json.loads(line) for line in bundle.text.splitlines()]
    assert {line["service"] for line in lines} == {"customer", "risk"}
    assert SAID not in bundle.text


async def ask(staff: httpx.AsyncClient, who: str, kind: str) -> dict[str, Any]:
    body = {"customer_id": who, "kind": kind, "identity_method": "passport", "external_ref": kind}
    made = await staff.post("/v1/privacy-requests", json=body)
    assert made.status_code == 201, made.text
    told: dict[str, Any] = made.json()
    return told


async def test_a_person_is_handed_all_that_five_services_hold_and_then_forgotten_by_each(suite: Suite) -> None:
    who, staff = await somebody(suite)
    told = await ask(staff, who, "access")
    await suite.settle()
    bundle = await staff.get(f"/v1/privacy-requests/{told['id']}/bundle")
    assert bundle.status_code == 200, bundle.text
    lines = [json.loads(line) for line in bundle.text.splitlines()]
    assert {line["service"] for line in lines} == set(OF)
    parts = {(line["service"], line["section"]) for line in lines}
    assert {("customer", "party"), ("feedback", "feedback"), ("channel-router", "ticket"), ("risk", "event")} <= parts
    whole = json.dumps(lines, ensure_ascii=False)
    assert NAME in whole
    assert SAID in whole
    assert "score" not in whole
    gone = await ask(staff, who, "erasure")
    await suite.settle()
    done = (await staff.get(f"/v1/privacy-requests/{gone['id']}")).json()
    assert done["state"] == "completed"
    lines = (await staff.get(f"/v1/privacy-requests/{gone['id']}/certificate")).json()["services"]
    removed = {line["service"]: line["removed"] for line in lines}
    assert removed["channel-router"]["ticket"] == removed["kpi"]["fact"] - 3 == 1
    # The expression stays as a count, and that it was once handed over stays as proof; neither can be read.
    assert {line["service"]: line["left"] for line in lines}["feedback"] == {"feedback": 1, "privacy_export": 1}
    certificate = (await staff.get(f"/v1/customers/{who}/erasures")).json()
    assert {one["service"]: one["kept"] for one in certificate["confirmations"]} == dict.fromkeys(OF, False)
    assert (await staff.get(f"/v1/privacy-requests/{told['id']}/bundle")).status_code == 410
    for service in suite.of.values():
        async with service.world.db.read() as conn:
            row = (
                await conn.exec_driver_sql(
                    f"SELECT count(*) FROM subject_key WHERE wrapped IS NOT NULL AND subject_id = '{UUID(who)}'"
                )
            ).scalar_one()
        assert row == 0, service.name
