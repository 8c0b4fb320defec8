"""Linked customers are read as one while the link stands, in whatever order the links were heard."""

import json
from uuid import UUID

import httpx

from shared import clock
from shared.testing.service import Service

SCOPES = ("feedback.feedback:write", "feedback.feedback:read")
LINKED, UNLINKED = "cxbank.customer.linked.v1", "cxbank.customer.unlinked.v1"


async def hear(service: Service, type_: str, member: UUID, leader: UUID, version: int) -> None:
    data = json.dumps({"member": str(member), "leader": str(leader), "version": version, "more": 1}).encode()
    subject = f"identity-link:{member}"
    await service.hear(type_, data, key=str(member), subject=subject, sequence=version, id_=clock.new_id())


async def of(staff: httpx.AsyncClient, who: UUID) -> set[str]:
    items = (await staff.get("/v1/feedback", params={"customer_id": str(who)})).json()["items"]
    return {one["customer_id"] for one in items}


async def test_customers_read_what_they_said_under_all_their_records(service: Service) -> None:
    first, second = clock.new_id(), clock.new_id()
    staff = await service.client(*SCOPES, actor="staff", sub="anna")
    theirs = await service.client(*SCOPES, actor="customer", sub="me", customer_id=first)
    body = {"source": "app", "source_ref": "r", "text": "谢谢", "customer_id": str(second)}
    path = (await staff.post("/v1/feedback", json=body)).headers["location"]
    assert (await theirs.get(path)).status_code == 404
    await hear(service, LINKED, first, second, 1)
    assert (await theirs.get(path)).json()["text"] == "谢谢"
    await hear(service, UNLINKED, first, second, 2)
    assert (await theirs.get(path)).status_code == 404


async def test_expressions_keep_their_customer_and_are_found_by_any_of_the_party(service: Service) -> None:
    staff = await service.client(*SCOPES, actor="staff", sub="anna")
    a, b, c = (clock.new_id() for _ in range(3))
    for who in (a, b, c):
        body = {"source": "app", "source_ref": str(who), "text": "谢谢", "customer_id": str(who)}
        assert (await staff.post("/v1/feedback", json=body)).status_code == 201
    await hear(service, LINKED, a, b, 1)
    await hear(service, LINKED, b, b, 1)
    assert await of(staff, a) == await of(staff, b) == {str(a), str(b)}
    assert await of(staff, c) == {str(c)}
    await hear(service, UNLINKED, a, b, 3)
    await hear(service, LINKED, a, b, 2)
    await hear(service, UNLINKED, b, b, 3)
    assert await of(staff, a) == {str(a)}
    assert await of(staff, b) == {str(b)}
