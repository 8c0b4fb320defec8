"""Screenings over HTTP and from the bank's own systems: decided once, in order, and never shown to customers."""

import asyncio
import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text

from risk.screening import repository
from risk.screening.domain.restrictions import RestrictionState
from risk.screening.usecases import screening as usecases
from shared import clock
from shared.events.bus import Message
from shared.events.envelope import CONTENT_TYPE, Record
from shared.jobs.timers import Timers
from shared.testing.service import Service

SCOPES = ("risk.screenings:write", "risk.screenings:read", "risk.restrictions:read", "risk.restrictions:write")
EXTERNAL = "cxbank.external.transaction.v1"


@pytest.fixture
async def staff(service: Service) -> httpx.AsyncClient:
    return await service.client(*SCOPES, actor="staff", sub="anna")


def event(number: int | str, customer_id: UUID, *, at: datetime | None = None, **other: Any) -> dict[str, Any]:
    """An event as a caller sends it."""
    return {
        "event_id": f"e{number}",
        "kind": "transaction",
        "customer_id": str(customer_id),
        "occurred_at": (at or clock.now()).isoformat(),
    } | other


async def declined(staff: httpx.AsyncClient, who: UUID) -> dict[str, Any]:
    """A decision that says no: the tenth event of a minute, at a device that three customers share."""
    at = clock.now()
    for number in range(2):
        made = await staff.post(
            "/v1/screenings", json=event(f"{who}-{number}", uuid4(), at=at, attributes={"device": f"d-{who}"})
        )
        assert made.status_code == 201, made.text
    for number in range(10):
        made = await staff.post(
            "/v1/screenings", json=event(f"{who}+{number}", who, at=at, attributes={"device": f"d-{who}"})
        )
    answer: dict[str, Any] = made.json()
    assert answer["outcome"] == "decline", answer
    return answer


async def test_an_event_is_decided_and_the_decision_is_read_again(staff: httpx.AsyncClient) -> None:
    body = event(1, uuid4(), amount={"amount": "12.50", "currency": "CNY"}, attributes={"account": "a", "mobile": True})
    made = await staff.post("/v1/screenings", json=body)
    assert made.status_code == 201, made.text
    assert (made.json()["outcome"], made.json()["score"], made.json()["rules"]) == ("allow", 0, [])
    assert made.headers["location"] == f"/v1/screenings/{made.json()['id']}"
    assert (await staff.get(made.headers["location"])).json() == made.json()
    assert (await staff.get(f"/v1/screenings/{uuid4()}")).status_code == 404


async def test_twins_with_one_event_id_are_one_screening_whoever_brings_it(
    service: Service, staff: httpx.AsyncClient
) -> None:
    other = await service.client(*SCOPES, actor="client", sub="gateway")
    body = event(1, uuid4())
    answers = await asyncio.gather(*(one.post("/v1/screenings", json=body) for one in (staff, other) * 8))
    assert len({one.json()["id"] for one in answers}) == 1
    assert sorted(one.status_code for one in answers) == [200] * 15 + [201]
    assert (await staff.post("/v1/screenings", json=body | {"kind": "login"})).status_code == 409


async def test_a_repeat_has_the_decision_of_the_first_time(staff: httpx.AsyncClient) -> None:
    who = uuid4()
    answer = await declined(staff, who)
    first = await staff.get(f"/v1/screenings/{answer['id']}")
    assert first.json() == answer
    rules = {rule["rule"]: (rule["points"], rule["values"]) for rule in answer["rules"]}
    assert rules == {
        "burst_of_events": (60, {"events_1m": 10, "measured": 10}),
        "shared_device": (30, {"device_customers_7d": 3, "measured": 3}),
        "new_device": (20, {"device_age_90d": 0, "events_90d": 9, "measured": 0}),
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": {"amount": "1.005", "currency": "CNY"}},
        {"amount": {"amount": "1.5", "currency": "JPY"}},
        {"amount": {"amount": "1.00", "currency": "XXX"}},
        {"amount": {"amount": 1.5, "currency": "CNY"}},
        {"amount": {"amount": "-1", "currency": "CNY"}},
        {"kind": "party"},
        {"attributes": {"account": 7}},
        {"attributes": {"weight": 0.5}},
        {"attributes": {"count": 2**60}},
        {"more": 1},
    ],
)
async def test_what_is_no_event_is_422(staff: httpx.AsyncClient, wrong: dict[str, Any]) -> None:
    answer = await staff.post("/v1/screenings", json=event(1, uuid4()) | wrong)
    assert answer.status_code == 422, answer.text


async def test_the_future_is_422_but_a_clock_may_be_a_little_ahead(staff: httpx.AsyncClient) -> None:
    ahead = [clock.now() + timedelta(minutes=minutes) for minutes in (1, 3)]
    answers = [
        await staff.post("/v1/screenings", json=event(number, uuid4(), at=at)) for number, at in enumerate(ahead)
    ]
    assert [one.status_code for one in answers] == [201, 422]


async def test_neither_another_scope_nor_a_customer_gets_in(service: Service, staff: httpx.AsyncClient) -> None:
    who = uuid4()
    answer = await declined(staff, who)
    held = f"/v1/restrictions/{answer['restrictions'][0]['id']}"
    customer = await service.client(*SCOPES, actor="customer", sub="me", customer_id=who)
    reader = await service.client("risk.screenings:read", actor="staff", sub="reader")
    for caller in (customer, reader):
        assert (await caller.post("/v1/screenings", json=event("x", who))).status_code == 403
        assert (await caller.get("/v1/restrictions", params={"customer_id": str(who)})).status_code == 403
        lifting = await caller.patch(held, json={"state": "lifted"}, headers={"If-Match": '"1"'})
        assert lifting.status_code == 403
    assert (await customer.get(f"/v1/screenings/{answer['id']}")).status_code == 403
    assert (await customer.get("/v1/screenings")).status_code == 403


async def test_a_list_has_the_customers_own_newest_first(staff: httpx.AsyncClient) -> None:
    who = uuid4()
    made = [(await staff.post("/v1/screenings", json=event(number, who))).json() for number in range(5)]
    await staff.post("/v1/screenings", json=event("other", uuid4()))
    found: list[str] = []
    query: dict[str, Any] = {"customer_id": str(who), "limit": 2}
    while True:
        page = (await staff.get("/v1/screenings", params=query)).json()
        found += [one["id"] for one in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert found == [one["id"] for one in reversed(made)]


async def test_an_import_decides_each_row_once_and_restricts_nobody_for_the_past(
    service: Service, staff: httpx.AsyncClient
) -> None:
    who, then = uuid4(), clock.now() - timedelta(days=400)
    shared = {"attributes": {"device": "shared"}}
    rows = [event(f"before{number}", uuid4(), at=then, **shared) for number in range(2)]
    rows += [event(number, who, at=then, **shared) for number in range(20)]
    lines = [json.dumps(row) for row in rows]
    lines.insert(3, json.dumps(event("bad", who, amount={"amount": "1", "currency": "ZZZ"})))
    counts = []
    for _ in range(2):
        taken = await staff.post(
            "/v1/screenings/imports", content="\n".join(lines), headers={"content-type": "application/x-ndjson"}
        )
        await service.run_jobs()
        job = (await staff.get(taken.headers["location"])).json()
        counts.append((job["created"], job["unchanged"], job["rejected"]))
    assert counts == [(22, 0, 1), (0, 22, 1)]
    listed = (await staff.get("/v1/screenings", params={"customer_id": str(who)})).json()["items"]
    assert [one["outcome"] for one in listed].count("decline") == 11
    assert (await staff.get("/v1/restrictions")).json()["items"] == []


async def test_a_csv_row_and_a_json_body_of_the_same_event_are_equal(
    service: Service, staff: httpx.AsyncClient
) -> None:
    body = event(1, uuid4(), amount={"amount": "5.00", "currency": "EUR"}, attributes={"account": "a"})
    assert (await staff.post("/v1/screenings", json=body)).status_code == 201
    head = "event_id,kind,customer_id,occurred_at,amount,currency,account\n"
    cells = [body["event_id"], body["kind"], body["customer_id"], body["occurred_at"], "5.00", "EUR", "a"]
    taken = await staff.post(
        "/v1/screenings/imports", content=head + ",".join(cells), headers={"content-type": "text/csv"}
    )
    await service.run_jobs()
    job = (await staff.get(taken.headers["location"])).json()
    assert (job["created"], job["unchanged"], job["rejected"]) == (0, 1, 0)


async def test_a_declined_customer_is_restricted_once_until_it_is_lifted(
    service: Service, staff: httpx.AsyncClient
) -> None:
    who = uuid4()
    answer = await declined(staff, who)
    (short,) = answer["restrictions"]
    again = await staff.post("/v1/screenings", json=event("more", who, attributes={"device": f"d-{who}"}))
    assert (again.json()["outcome"], again.json()["restrictions"]) == ("decline", [short])
    (held,) = (await staff.get("/v1/restrictions", params={"customer_id": str(who)})).json()["items"]
    assert (held["id"], held["state"], held["screening_id"]) == (short["id"], "active", answer["id"])
    path = f"/v1/restrictions/{held['id']}"
    shown = await staff.get(path)
    assert shown.json() == held
    assert (await staff.patch(path, json={"state": "lifted"})).status_code == 428
    assert (await staff.patch(path, json={"state": "lifted"}, headers={"If-Match": '"7"'})).status_code == 412
    wrong = await staff.patch(path, json={"state": "active"}, headers={"If-Match": shown.headers["etag"]})
    assert wrong.status_code == 422
    lifted = await staff.patch(path, json={"state": "lifted"}, headers={"If-Match": shown.headers["etag"]})
    assert (lifted.status_code, lifted.json()["state"], lifted.json()["version"]) == (200, "lifted", 2)
    late = await staff.patch(path, json={"state": "lifted"}, headers={"If-Match": lifted.headers["etag"]})
    assert late.status_code == 409
    said = await service.relay()
    told = [(dict(one.headers)["ce_type"].decode(), json.loads(one.value)) for one in said]
    held_story = [(name, one["version"], one["state"]) for name, one in told if "restriction" in name]
    assert held_story == [
        ("cxbank.risk.restriction_set.v1", 1, "active"),
        ("cxbank.risk.restriction_lifted.v1", 2, "lifted"),
    ]
    screened = [one for name, one in told if name == "cxbank.risk.screened.v1" and one["customer_id"] == str(who)]
    assert [one["outcome"] for one in screened][-2:] == ["decline", "decline"]
    assert {one.key for one in said if b"screened" in dict(one.headers)["ce_type"]} >= {str(who).encode()}


async def test_a_restriction_ends_by_itself_at_its_time(service: Service, staff: httpx.AsyncClient) -> None:
    answer = await declined(staff, uuid4())
    timers = Timers(service.world.db, service.work.storage.JOBS, service.work.acts)
    assert not await timers.once()
    with clock.frozen(clock.now() + timedelta(hours=25)):
        assert await timers.once()
    async with service.world.db.read() as conn:
        row = await repository.restriction_by_id(conn, UUID(answer["restrictions"][0]["id"]))
    assert row is not None
    assert (row.state, row.version) == (RestrictionState.EXPIRED, 2)


async def test_twenty_at_once_of_one_customer_count_to_twenty(service: Service, staff: httpx.AsyncClient) -> None:
    who, at = uuid4(), clock.now()
    second = await service.client(*SCOPES, actor="client", sub="gateway")
    answers = await asyncio.gather(
        *((staff, second)[number % 2].post("/v1/screenings", json=event(number, who, at=at)) for number in range(20))
    )
    assert {one.status_code for one in answers} == {201}
    ids = [UUID(one.json()["id"]) for one in answers]
    async with service.world.db.read() as conn:
        rows = await repository.by_ids(conn, ids)
        seen = await usecases.details(service.world, conn, rows)
    assert sorted(int(one.features["events_1m"] or 0) for one in seen.values()) == list(range(1, 21))


async def test_many_declines_at_once_restrict_a_customer_once(service: Service, staff: httpx.AsyncClient) -> None:
    who, at = uuid4(), clock.now()
    second = await service.client(*SCOPES, actor="client", sub="gateway")
    shared = {"attributes": {"device": "shared"}}
    for number in range(2):
        await staff.post("/v1/screenings", json=event(f"before{number}", uuid4(), at=at, **shared))
    answers = await asyncio.gather(
        *((staff, second)[one % 2].post("/v1/screenings", json=event(one, who, at=at, **shared)) for one in range(20))
    )
    assert [one.json()["outcome"] for one in answers].count("decline") == 11
    (held,) = (await staff.get("/v1/restrictions", params={"customer_id": str(who)})).json()["items"]
    told = {short["id"] for one in answers for short in one.json()["restrictions"]}
    assert told == {held["id"]}


async def test_large_amounts_stay_exact_in_what_a_rule_saw(staff: httpx.AsyncClient) -> None:
    who, at = uuid4(), clock.now() - timedelta(days=1)
    for number in range(10):
        amount = {"amount": str(number % 2 * 10**4), "currency": "JPY"}
        await staff.post("/v1/screenings", json=event(number, who, at=at, amount=amount))
    made = await staff.post("/v1/screenings", json=event("x", who, amount={"amount": str(10**15), "currency": "JPY"}))
    told = {rule["rule"]: rule["values"] for rule in made.json()["rules"]}
    assert told["amount_over_average"]["measured"] == "200000000000.000000"
    assert told["amount_deviates"]["variance_90d"] == "25000000.000000"
    assert told["amount_deviates"]["measured"] == "39999999999600000000001.000000"
    huge = {"amount": str(10**15 - 1), "currency": "JPY"}
    more = await staff.post("/v1/screenings", json=event("y", who, amount=huge))
    assert more.status_code == 201, more.text


async def hear(service: Service, data: dict[str, Any], *, id_: str) -> None:
    """One event of the bank's own systems, whose ids are theirs."""
    key = data["customer_id"].encode()
    headers = {
        "ce_specversion": "1.0",
        "ce_id": id_,
        "ce_source": "/bank/core",
        "ce_type": EXTERNAL,
        "ce_time": clock.now().isoformat(),
        "ce_subject": data["event_id"],
        "content-type": CONTENT_TYPE,
    }
    topic = service.world.settings.external_topic
    message = Message(topic, key, json.dumps(data).encode(), [(name, one.encode()) for name, one in headers.items()])
    ((number, offset),) = await service.bus.send([message])
    record = Record(topic, number, offset, message.key, message.value, tuple(message.headers))
    await service.consumer().hear([record], await service.bus.cluster_id())


async def test_an_external_event_heard_twice_and_posted_once_is_one_screening(
    service: Service, staff: httpx.AsyncClient
) -> None:
    who, at = uuid4(), clock.now()
    data = {"event_id": "core-1", "customer_id": str(who), "occurred_at": at.isoformat(), "account": "a", "more": 1}
    data |= {"amount": {"amount": "9.90", "currency": "CNY"}}
    await hear(service, data, id_="1")
    await hear(service, data, id_="1")
    await hear(service, data, id_="2")
    await hear(service, data | {"account": "b"}, id_="3")
    (line,) = (await staff.get("/v1/screenings", params={"customer_id": str(who)})).json()["items"]
    body = event("", who, at=at, amount=data["amount"], attributes={"account": "a"}) | {"event_id": "core-1"}
    posted = await staff.post("/v1/screenings", json=body)
    assert (posted.status_code, posted.json()["id"]) == (200, line["id"])


async def test_an_external_event_that_is_none_is_parked(service: Service) -> None:
    data = {"event_id": "core-1", "customer_id": str(uuid4()), "amount": {"amount": "1.005", "currency": "CNY"}}
    await hear(service, data, id_="1")
    async with service.world.db.read() as conn:
        assert (await conn.execute(text("SELECT count(*) FROM parked"))).scalar_one() == 1
        assert (await conn.execute(text("SELECT count(*) FROM screening"))).scalar_one() == 0


async def test_customers_are_heard_and_an_older_word_changes_nothing(service: Service) -> None:
    who = uuid4()
    for version, tier in ((2, "private"), (1, "mass")):
        data = json.dumps({"customer_id": str(who), "tier": tier, "state": "active", "more": 1}).encode()
        kind = "cxbank.customer.changed.v1"
        await service.hear(kind, data, key=str(who), subject=str(who), sequence=version, id_=clock.new_id())
    async with service.world.db.read() as conn:
        (row,) = (await conn.execute(text("SELECT tier, state, version FROM known_customer"))).all()
    assert tuple(row) == ("private", "active", 2)


async def test_after_an_erasure_nothing_is_left_to_read(service: Service, staff: httpx.AsyncClient) -> None:
    who, request = uuid4(), uuid4()
    answer = await declined(staff, who)
    asked = json.dumps({"request_id": str(request), "customer_id": str(who), "occurred_at": "2026-11-24T00:00:00Z"})
    kind = "cxbank.customer.erasure_requested.v1"
    await service.hear(kind, asked.encode(), key=str(who), subject=str(request), id_=clock.new_id())
    service.app.state.world.vault.drop(usecases.subject_of(who))
    assert (await staff.get(f"/v1/screenings/{answer['id']}")).status_code == 410
    assert (await staff.get(f"/v1/restrictions/{answer['restrictions'][0]['id']}")).status_code == 410
    assert (await staff.post("/v1/screenings", json=event("late", who))).status_code == 410
    for path in ("/v1/screenings", "/v1/restrictions"):
        assert (await staff.get(path, params={"customer_id": str(who)})).json()["items"] == []
    async with service.world.db.read() as conn:
        left = "SELECT count(*) FROM fact WHERE customer_id = :who AND coalesce(account, device, payee) IS NOT NULL"
        assert (await conn.execute(text(left), {"who": who})).scalar_one() == 0
    said = [record for record in await service.relay() if b"erasure_confirmed" in dict(record.headers)["ce_type"]]
    assert [UUID(json.loads(record.value)["request_id"]) for record in said] == [request]
    assert [one async for page in service.work.snapshots(service.world) for one in page] == []
