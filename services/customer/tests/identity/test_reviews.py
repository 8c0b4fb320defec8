"""Merged by mistake: what was decided meanwhile stands, is listed when the records part, and is closed by a person."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import orjson
import pytest
from sqlalchemy import text

from customer import storage
from shared import audit
from shared.access import Caller
from shared.clock import new_id, now
from shared.crypto import Subject
from shared.erasure import CUSTOMER
from shared.testing.service import Service

SCOPES = (
    *("customer.customers:write", "customer.customers:read", "customer.erasures:write"),
    *("customer.identity-links:write", "customer.identity-links:read"),
    *("customer.merge-reviews:write", "customer.merge-reviews:read"),
    *(
        "customer.segments:read",
        "customer.profiles:read",
        "customer.interactions:read",
        "customer.routing-profiles:read",
    ),
)
PROOF = [{"kind": "biometric", "reference": "face/1"}]
SCREENED, RESTRICTED = "cxbank.risk.screened.v1", "cxbank.risk.restriction_set.v1"


@pytest.fixture
async def staff(service: Service) -> httpx.AsyncClient:
    return await service.client(*SCOPES, actor="staff", sub="anna")


@pytest.fixture
async def pair(staff: httpx.AsyncClient) -> list[str]:
    bodies = [{"kind": "individual", "legal_name": name, "external_ref": name} for name in ("张伟", "章伟")]
    return [(await staff.post("/v1/customers", json=body)).json()["id"] for body in bodies]


async def link(staff: httpx.AsyncClient, pair: list[str]) -> Any:
    body = {
        "members": pair,
        "leader": pair[0],
        "reason": "same_person",
        "evidence": PROOF,
        "external_ref": str(uuid4()),
    }
    answer = await staff.post("/v1/identity-links", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def part(staff: httpx.AsyncClient, made: Any) -> None:
    answer = await staff.delete(f"/v1/identity-links/{made['id']}", headers={"If-Match": f'"{made["version"]}"'})
    assert answer.status_code == 200, answer.text


async def serve_as(staff: httpx.AsyncClient, who: str, tier: str) -> None:
    """Decide something about somebody here."""
    tag = (await staff.get(f"/v1/customers/{who}")).headers["etag"]
    answer = await staff.patch(f"/v1/customers/{who}", json={"tier": tier}, headers={"If-Match": tag})
    assert answer.status_code == 200, answer.text


async def decide(service: Service, type_: str, who: str, at: datetime, **more: Any) -> UUID:
    """Let risk decide something about somebody at that instant."""
    made = new_id()
    told: dict[str, Any] = {"restriction_id": made}
    if type_ == SCREENED:
        told = {
            "screening_id": made,
            "kind": "transaction",
            "score": 9,
            "rules": [],
            "latency_seconds": 0.1,
            "version": 1,
        }
    happened = at - timedelta(days=3) if type_ == SCREENED else at
    data = orjson.dumps(told | {"customer_id": who, "occurred_at": happened} | more)
    # What was screened happened at that instant or long before; it was decided when it was said.
    await service.hear(type_, data, key=who, subject=str(made), id_=new_id(), said_at=at.isoformat())
    return made


async def reviews(staff: httpx.AsyncClient, **filters: str) -> list[Any]:
    answer = await staff.get("/v1/merge-reviews", params=filters)
    assert answer.status_code == 200, answer.text
    found: list[Any] = answer.json()["items"]
    return found


async def test_what_was_decided_between_link_and_parting_is_listed_and_nothing_else(
    service: Service, staff: httpx.AsyncClient, pair: list[str]
) -> None:
    await serve_as(staff, pair[1], "private")
    await decide(service, SCREENED, pair[1], now(), outcome="decline")
    made = await link(staff, pair)
    await serve_as(staff, pair[1], "affluent")
    declined = await decide(service, SCREENED, pair[1], now(), outcome="decline")
    await decide(service, SCREENED, pair[1], now(), outcome="allow")
    restricted = await decide(service, RESTRICTED, pair[0], now())
    for path in ("", "/history", "/segments", "/profile", "/timeline", "/routing-profile"):
        assert (await staff.get(f"/v1/customers/{pair[1]}{path}")).status_code == 200, path
    await part(staff, made)
    await serve_as(staff, pair[1], "mass")
    found = await reviews(staff, identity_link_id=made["id"])
    assert {(one["service"], one["kind"], one["subject"], one["resource_id"]) for one in found} == {
        ("customer", "customer.change", pair[1], pair[1]),
        ("risk", "screened", pair[1], str(declined)),
        ("risk", "restriction_set", pair[0], str(restricted)),
    }
    assert {one["state"] for one in found} == {"open"}
    record = (await staff.get(f"/v1/customers/{pair[1]}")).json()
    assert (record["tier"], record["leader_id"]) == ("mass", None)


@pytest.mark.parametrize("undone", ["dissolved", "split", "erased"])
async def test_a_link_of_thousands_of_acts_is_undone_and_only_what_was_decided_is_listed(
    service: Service, staff: httpx.AsyncClient, pair: list[str], undone: str
) -> None:
    made = await link(staff, pair)
    subject, caller = Subject(CUSTOMER, UUID(pair[1])), Caller("anna", "staff", frozenset())
    asks = ["consent.decide", "consent.receipt", "message.prepare", "message.receipt", "access.log"]
    acts = [audit.Entry("customer.change", subject, "customer", subject.id, caller) for _ in range(3_000)]
    acts += [audit.Entry(ask, subject, "customer", subject.id, caller) for ask in asks]
    async with service.world.db.begin() as tx:
        await audit.record(tx, storage.AUDIT, service.world.keyring, acts)
    if undone == "erased":
        assert (await staff.post(f"/v1/customers/{pair[0]}/erasures", json={})).status_code == 201
    elif undone == "split":
        body, tag = {"members": pair[1:], "reason": "linked_by_mistake"}, {"If-Match": f'"{made["version"]}"'}
        head = tag | {"Idempotency-Key": "s-1"}
        answer = await staff.post(f"/v1/identity-links/{made['id']}/splits", json=body, headers=head)
        assert (answer.status_code, answer.json()["reviews"]) == (201, 3_000)
    else:
        await part(staff, made)
    async with service.world.db.read() as conn:
        listed = (await conn.execute(text("SELECT kind, count(*) FROM merge_review GROUP BY kind"))).all()
    assert [tuple(one) for one in listed] == [("customer.change", 3_000)]


async def test_a_decision_heard_after_the_parting_is_listed_if_it_was_taken_before(
    service: Service, staff: httpx.AsyncClient, pair: list[str]
) -> None:
    before = now()
    made = await link(staff, pair)
    during = now()
    await part(staff, made)
    late = await decide(service, RESTRICTED, pair[1], during)
    await decide(service, RESTRICTED, pair[1], before - timedelta(seconds=1))
    await decide(service, RESTRICTED, pair[1], now())
    assert [one["resource_id"] for one in await reviews(staff)] == [str(late)]


@pytest.mark.parametrize(
    ("type_", "named"),
    [
        ("cxbank.channel-router.decision_made.v1", "decision_id"),
        ("cxbank.channel-router.override_made.v1", "decision_id"),
        ("cxbank.feedback.case_opened.v1", "case_id"),
        ("cxbank.feedback.case_closed.v1", "case_id"),
    ],
)
async def test_what_the_others_decide_about_a_person_is_listed_and_about_nobody_is_not(
    service: Service, staff: httpx.AsyncClient, pair: list[str], type_: str, named: str
) -> None:
    made = await link(staff, pair)
    for who in (pair[1], None):
        data = orjson.dumps({named: (decided := new_id()), "customer_id": who, "occurred_at": now()})
        await service.hear(type_, data, key=str(decided), subject=str(decided), id_=new_id())
        if who:
            about = decided
    await part(staff, made)
    _, sayer, kind, _ = type_.split(".")
    assert [(one["service"], one["kind"], one["subject"], one["resource_id"]) for one in await reviews(staff)] == [
        (sayer, kind, pair[1], str(about))
    ]


async def test_a_person_closes_each_on_the_version_they_saw(
    service: Service, staff: httpx.AsyncClient, pair: list[str]
) -> None:
    made = await link(staff, pair)
    await decide(service, RESTRICTED, pair[1], now())
    await part(staff, made)
    (found,) = await reviews(staff, state="open", subject=pair[1])
    path = f"/v1/merge-reviews/{found['id']}"
    assert (await staff.patch(path, json={"outcome": "reversed"})).status_code == 428
    assert (await staff.patch(path, json={"outcome": "perhaps"}, headers={"If-Match": '"1"'})).status_code == 422
    closed = await staff.patch(path, json={"outcome": "reversed"}, headers={"If-Match": '"1"'})
    assert (closed.json()["state"], closed.json()["outcome"], closed.json()["closed_by"]) == (
        "closed",
        "reversed",
        "anna",
    )
    assert (await staff.patch(path, json={"outcome": "stands"}, headers={"If-Match": '"1"'})).status_code == 412
    assert (await staff.get(path)).json() == closed.json()
    assert await reviews(staff, state="open") == []
    assert (await staff.get(f"/v1/merge-reviews/{new_id()}")).status_code == 404


async def test_a_second_parting_lists_only_what_was_decided_in_the_second_time_together(
    service: Service, staff: httpx.AsyncClient, pair: list[str]
) -> None:
    first = await link(staff, pair)
    await serve_as(staff, pair[0], "private")
    await part(staff, first)
    await serve_as(staff, pair[0], "affluent")
    second = await link(staff, pair)
    await serve_as(staff, pair[0], "mass")
    await part(staff, second)
    assert len(await reviews(staff)) == 2
    assert len(await reviews(staff, identity_link_id=second["id"])) == 1


async def test_nothing_is_kept_of_what_was_decided_about_strangers_and_the_erased(
    service: Service, staff: httpx.AsyncClient, pair: list[str]
) -> None:
    made = await link(staff, pair)
    await decide(service, RESTRICTED, pair[1], now())
    await part(staff, made)
    await staff.post(f"/v1/customers/{pair[1]}/erasures", json={})
    assert await reviews(staff) == []
    await decide(service, RESTRICTED, pair[1], now() - timedelta(milliseconds=1))
    assert await reviews(staff) == []
