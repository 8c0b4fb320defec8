"""An interaction is recorded once whichever door it comes by, under the customer's seal, in a row for each customer."""

import asyncio
import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from customer.interactions.domain.facts import Kind
from customer.interactions.routes import INTERACTIONS
from customer.interactions.usecases import facts_of, facts_of_ids
from shared import clock
from shared.events.bus import Message
from shared.events.envelope import CONTENT_TYPE, Record
from shared.jobs.runner import JobRunner
from shared.testing.service import Service

WRITE, READ = "customer.interactions:write", "customer.interactions:read"
WHO = UUID(int=7)
PAID: dict[str, Any] = {
    "event_id": "t-1",
    "customer_id": str(WHO),
    "kind": "transaction",
    "occurred_at": "2026-01-05T09:30:00+08:00",
    "channel": "app",
    "amount": {"amount": "12.50", "currency": "CNY"},
    "account": "6222-0001",
    "category": "groceries",
    "attributes": {"payee": "Corner-Shop"},
}


@pytest.fixture
async def here(service: Service) -> httpx.AsyncClient:
    return await service.client(WRITE, READ, "customer.customers:read", actor="client", sub="core")


async def count(service: Service, table: str = "interaction") -> int:
    async with service.world.db.read() as conn:
        return int((await conn.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one())


async def bring(
    service: Service, client: httpx.AsyncClient, content: bytes, **head: str
) -> tuple[list[int], list[Any]]:
    taken = await client.post("/v1/interactions/imports", content=content, headers=head)
    assert taken.status_code == 202, taken.text
    await service.run_jobs()
    job = (await client.get(taken.headers["location"])).json()
    rejects = (await client.get(taken.headers["location"] + "/rejects")).text.splitlines()
    return [job["created"], job["unchanged"], job["rejected"]], [json.loads(line) for line in rejects]


async def hear_external(service: Service, type_: str, *bodies: dict[str, Any]) -> None:
    """Let the service hear the bank's own systems, all of it in one batch."""
    records = []
    for body in bodies:
        headers = {
            "ce_specversion": "1.0",
            "ce_id": body["event_id"],
            "ce_source": "/bank/core",
            "ce_type": f"cxbank.external.{type_}.v1",
            "ce_time": "2026-01-05T01:30:00Z",
            "ce_subject": body["customer_id"],
            "content-type": CONTENT_TYPE,
        }
        coded = [(name, value.encode()) for name, value in headers.items()]
        message = Message(service.world.settings.external_topic, b"key", json.dumps(body).encode(), coded)
        ((number, offset),) = await service.bus.send([message])
        records.append(Record(message.topic, number, offset, message.key, message.value, tuple(message.headers)))
    await service.consumer().hear(records, await service.bus.cluster_id())


async def test_it_is_created_once_and_a_repeat_has_the_same_answer(service: Service, here: httpx.AsyncClient) -> None:
    first = await here.post("/v1/interactions", json=PAID)
    assert (first.status_code, first.headers["etag"]) == (201, '"1"')
    assert first.json()["occurred_at"] == "2026-01-05T01:30:00Z"
    assert first.json()["amount"] == {"amount": "12.50", "currency": "CNY"}
    assert first.json()["attributes"] == {"payee": "Corner-Shop", "account": "6222-0001", "category": "groceries"}
    again = await here.post("/v1/interactions", json=PAID | {"occurred_at": "2026-01-05T01:30:00Z"})
    assert (again.status_code, again.headers["idempotent-replayed"]) == (200, "true")
    assert again.json() == first.json() == (await here.get(first.headers["location"])).json()
    other = await here.post("/v1/interactions", json=PAID | {"channel": "web"})
    assert (other.status_code, await count(service)) == (409, 1)


async def test_twenty_callers_at_once_with_one_event_are_one_row_and_of_one_customer_a_row_each(
    service: Service, twin: Service, here: httpx.AsyncClient
) -> None:
    there = await twin.client(WRITE, READ, actor="client", sub="core")
    twins = await asyncio.gather(*(one.post("/v1/interactions", json=PAID) for one in (here, there) * 10))
    assert sorted(one.status_code for one in twins) == [200] * 19 + [201]
    others = [PAID | {"event_id": f"n-{number}"} for number in range(20)]
    made = await asyncio.gather(
        *(one.post("/v1/interactions", json=body) for one, body in zip((here, there) * 10, others, strict=True))
    )
    assert {one.status_code for one in made} == {201}
    async with service.world.db.read() as conn:
        _, facts = await facts_of(service.world, conn, WHO)
    # Numbered without a gap or a twin: the work on one customer was in a row.
    assert sorted(fact.ingest for fact in facts) == list(range(1, 22))


async def test_one_event_is_one_row_whether_it_came_by_kafka_http_or_a_file(
    service: Service, here: httpx.AsyncClient
) -> None:
    said = {name: told for name, told in PAID.items() if name not in {"kind", "attributes"}}
    await hear_external(service, "transaction", said | {"payee": "Corner-Shop"})
    assert (await here.post("/v1/interactions", json=PAID)).status_code == 200
    head = ",".join(["event_id", "customer_id", "kind", "occurred_at", "channel", "amount", "currency"])
    row = f"t-1,{WHO},transaction,2026-01-05T09:30:00+08:00,app,12.50,CNY,6222-0001,groceries,Corner-Shop\n"
    table = (f"{head},account,category,attributes.payee\n" + row).encode()
    assert await bring(service, here, table, **{"content-type": "text/csv"}) == ([0, 1, 0], [])
    assert await count(service) == 1


async def test_a_file_brings_its_good_rows_once_and_its_bad_ones_back_without_their_values(
    service: Service, here: httpx.AsyncClient
) -> None:
    rows = [PAID | {"event_id": f"r-{number}"} for number in range(700)]
    bad = [
        PAID | {"event_id": "b-1", "amount": {"amount": "1.00", "currency": "XAU"}},
        PAID | {"event_id": "b-2", "occurred_at": (clock.now() + timedelta(minutes=5)).isoformat()},
        PAID | {"event_id": "b-3", "kind": "seance"},
        PAID | {"event_id": "r-1", "channel": "atm"},
        PAID | {"event_id": "b-4", "attributes": {"name": "李娜"}},
    ]
    lines = "\n".join(map(json.dumps, rows + bad)).encode()
    head = {"content-type": "application/x-ndjson", "content-encoding": "gzip"}
    told, rejects = await bring(service, here, gzip.compress(lines), **head)
    assert told == [700, 0, 5]
    assert [one["line"] for one in rejects] == [701, 702, 703, 704, 705]
    assert rejects[3]["code"] == "external-ref-conflict"
    assert "李娜" not in json.dumps(rejects, ensure_ascii=False)
    assert await bring(service, here, gzip.compress(lines), **head) == ([0, 700, 5], rejects)


class Killed(BaseException):
    """The nearest thing to kill -9 in one process: nothing that cares for errors catches it."""


async def test_an_import_killed_half_way_is_ended_by_another_worker_and_equals_one_that_was_not(
    service: Service, twin: Service, here: httpx.AsyncClient
) -> None:
    many = INTERACTIONS.group + 400
    rows = [PAID | {"event_id": f"r-{number}", "customer_id": str(UUID(int=number % 7 + 1))} for number in range(many)]
    lines = "\n".join(map(json.dumps, rows)).encode()
    taken = await here.post("/v1/interactions/imports", content=lines, headers={"content-type": "application/x-ndjson"})
    runner = JobRunner(service.world, service.work.storage.JOBS, service.work.importers)
    kept = runner._carry_out

    async def die_after_the_first(*group: Any) -> None:
        await kept(*group)
        raise Killed

    runner._carry_out = die_after_the_first  # type: ignore[method-assign,assignment]  # only here
    with pytest.raises(Killed):
        await runner.once()
    assert await count(service) == INTERACTIONS.group
    async with service.world.db.begin() as tx:
        await tx.execute(text("UPDATE job SET lease_until = now() - interval '1 second'"))
    await twin.run_jobs()
    job = (await here.get(taken.headers["location"])).json()
    assert (job["state"], job["created"], await count(service)) == ("done", many, many)


async def test_what_cannot_be_is_422_and_leaves_nothing(service: Service, here: httpx.AsyncClient) -> None:
    wrong: list[dict[str, Any]] = [
        {"occurred_at": "2126-01-01T00:00:00Z"},
        {"occurred_at": "2026-01-05T09:30:00"},
        {"occurred_at": "1066-10-14T09:00:00Z"},
        {"amount": {"amount": "1.00", "currency": "XXX"}},
        {"amount": {"amount": "1.005", "currency": "CNY"}},
        {"amount": {"amount": "-1", "currency": "CNY"}},
        {"amount": 12.5},
        {"balance": {"amount": "1", "currency": "EUR"}},
        {"kind": "account_changed", "product": "loan"},
        {"channel": "pigeon"},
        {"attributes": {"account": "x"}},
        {"attributes": {"note": "call me"}},
        {"attributes": {"x": 1.5}},
        {"attributes": {"x": "two\nlines"}},
        {"customer_id": "nobody"},
        {"surprise": 1},
        {"event_id": ""},
    ]
    for one in wrong:
        refused = await here.post("/v1/interactions", json=PAID | one)
        told = (refused.status_code, refused.headers["content-type"])
        assert told == (422, "application/problem+json"), one
    assert (await count(service), await count(service, "gate")) == (0, 0)


async def test_two_minutes_ahead_is_taken_and_a_second_more_is_not(here: httpx.AsyncClient) -> None:
    with clock.frozen(datetime.now(UTC)) as held:
        ahead = [held.at + timedelta(minutes=2), held.at + timedelta(minutes=2, seconds=1)]
        codes = [
            (await here.post("/v1/interactions", json=PAID | {"event_id": str(at), "occurred_at": str(at)})).status_code
            for at in ahead
        ]
    assert codes == [201, 422]


async def test_what_is_said_stands_in_no_row_and_no_log(
    service: Service, here: httpx.AsyncClient, stored: Any, unsealed: Any
) -> None:
    await here.post("/v1/interactions", json=PAID)
    assert unsealed(await stored(service), ["Corner-Shop", "6222-0001", "groceries", "t-1"]) == []


async def test_what_others_of_the_suite_saw_becomes_interactions(service: Service) -> None:
    ticket = {"customer_id": str(WHO), "ticket_id": str(UUID(int=1)), "place_id": str(UUID(int=2)), "need": "card"}
    at = {"occurred_at": "2026-01-05T09:30:00Z"}
    said = [
        ("cxbank.channel-router.ticket_opened.v1", ticket | at | {"channel": "app"}),
        ("cxbank.channel-router.ticket_served.v1", ticket | at),
        ("cxbank.feedback.received.v1", at | {"customer_id": str(WHO), "source": "wechat", "rating": 2}),
        ("cxbank.feedback.received.v1", at | {"customer_id": None, "source": "web"}),
        (
            "cxbank.risk.screened.v1",
            at | {"customer_id": str(WHO), "screening_id": str(WHO), "kind": "login", "outcome": "allow"},
        ),
    ]
    for type_, data in said:
        await service.hear(type_, json.dumps(data).encode(), key=str(WHO), subject="s", id_=clock.new_id())
    async with service.world.db.read() as conn:
        _, facts = await facts_of(service.world, conn, WHO)
    assert sorted((fact.kind, fact.channel, fact.attributes.get("step")) for fact in facts) == [
        (Kind.FEEDBACK, "wechat", None),
        (Kind.SCREENING, None, None),
        (Kind.TICKET, "app", "opened"),
        (Kind.TICKET, "branch", "served"),
    ]


async def test_answers_to_surveys_and_topics_are_kept_as_words_and_numbers_whatever_their_size(
    service: Service,
) -> None:
    at, router = {"occurred_at": "2026-01-05T09:30:00Z", "customer_id": str(WHO)}, "cxbank.feedback."
    said: list[tuple[str, dict[str, Any]]] = [
        (
            "survey_answered",
            {"questionnaire": "visit", "scores": {"csat": 4, "nps": 9, "Free text": 1, "ces": 2.5, "big": 10**30}},
        ),
        ("survey_answered", {"scores": {"csat": 40, "ok": True}, "topic": ""}),
        ("received", {"source": "web", "topic": "card\n" + "x" * 300, "sentiment": "negative", "rating": 2}),
    ]
    for name, data in said:
        value = json.dumps(at | data).encode()
        await service.hear(f"{router}{name}.v1", value, key=str(WHO), subject="s", id_=clock.new_id())
    async with service.world.db.read() as conn:
        _, facts = await facts_of(service.world, conn, WHO)
    assert {fact.kind for fact in facts} == {Kind.FEEDBACK}
    told = [dict(fact.attributes) for fact in facts]
    survey = {"feedback_source": "survey"}
    assert survey | {"questionnaire": "visit", "score_csat": 4, "score_nps": 9, "rating": 4} in told
    assert survey | {"score_csat": 40} in told
    assert {
        "feedback_source": "web",
        "topic": ("card " + "x" * 300)[:120],
        "sentiment": "negative",
        "rating": 2,
    } in told


async def test_what_waits_to_be_said_of_appointments_and_journeys_is_an_interaction_and_only_its_beginning_an_act(
    service: Service,
) -> None:
    here = await service.client("customer.interactions:read", "customer.profiles:read", actor="staff", sub="desk")
    whom, router = {"customer_id": str(WHO)}, "cxbank.channel-router."
    booked = whom | {"appointment_id": str(UUID(int=3)), "place_id": str(UUID(int=2)), "need": "loan"}
    began = whom | {"journey_id": str(UUID(int=4)), "definition": "open-account", "channel": "app"}
    ticket = whom | {"ticket_id": str(UUID(int=1)), "place_id": str(UUID(int=2)), "need": "card"}
    at = {"occurred_at": "2026-11-24T00:00:00Z"}
    steps = {"appointment": ("booked", "moved", "kept", "cancelled", "missed")}
    steps |= {"journey": ("started", "step_done", "handed_off", "finished", "abandoned")}
    said: list[tuple[str, dict[str, Any]]] = [(f"appointment_{one}", booked | at) for one in steps["appointment"]]
    # Without a time of its own an event happened when it was said; of nobody it is no interaction.
    said += [(f"journey_{one}", began) for one in steps["journey"]]
    said += [("ticket_transferred", ticket | at), ("journey_started", began | {"customer_id": None})]
    for name, data in said:
        await service.hear(
            f"{router}{name}.v1", json.dumps(data).encode(), key=str(WHO), subject="s", id_=clock.new_id()
        )
    items = (await here.get(f"/v1/customers/{WHO}/timeline")).json()["items"]
    told = {kind: {one["attributes"]["step"] for one in items if one["kind"] == kind} for kind in steps}
    assert told == {kind: set(names) for kind, names in steps.items()}
    assert {(one["kind"], one["channel"]) for one in items} == {
        ("appointment", "branch"), ("journey", "app"), ("ticket", "branch"),
    }  # fmt: skip
    asked = {"features": ["acts_1d", "count_journey_1d"], "valid_at": "2026-11-24T12:00:00Z"}
    features = (await here.get(f"/v1/customers/{WHO}/profile", params=asked)).json()["features"]
    assert (features["acts_1d"]["value"], features["count_journey_1d"]["value"]) == (2, 5)


async def test_a_batch_of_the_banks_own_systems_counts_each_event_once(service: Service) -> None:
    bodies = [{"event_id": f"e-{number % 60}", "customer_id": str(WHO)} for number in range(90)]
    await hear_external(service, "login", *bodies)
    await hear_external(
        service, "account_changed", {"event_id": "c-1", "customer_id": str(WHO), "product": "loan", "change": "opened"}
    )
    async with service.world.db.read() as conn:
        _, facts = await facts_of(service.world, conn, WHO)
    assert [sum(fact.kind == kind for fact in facts) for kind in (Kind.LOGIN, Kind.ACCOUNT_CHANGED)] == [60, 1]


async def test_an_event_that_breaks_a_rule_parks_and_its_neighbours_count(service: Service) -> None:
    good = {"event_id": "g-1", "customer_id": str(WHO), "amount": {"amount": "5.00", "currency": "CNY"}}
    bad = {"event_id": "g-2", "customer_id": str(WHO), "amount": {"amount": "5.00", "currency": "XXX"}}
    await hear_external(service, "transaction", good, bad)
    assert (await count(service), await count(service, "parked")) == (1, 1)


async def test_a_count_that_is_left_is_of_the_day_where_the_bank_is(service: Service, here: httpx.AsyncClient) -> None:
    eraser = await service.client("customer.erasures:write", actor="staff")
    dawn = {"occurred_at": "2026-01-04T16:00:00Z"}  # midnight in Shanghai
    eve = {"occurred_at": "2026-01-04T15:59:59Z"}
    for name, at in (("d", dawn), ("e", eve)):
        assert (await here.post("/v1/interactions", json=PAID | at | {"event_id": name})).status_code == 201
    assert (await eraser.post(f"/v1/customers/{WHO}/erasures", json={})).status_code == 201
    for name, at in (("late d", dawn), ("late e", eve)):
        assert (await here.post("/v1/interactions", json=PAID | at | {"event_id": name})).status_code == 410
    async with service.world.db.read() as conn:
        left = (await conn.execute(text("SELECT day::text, count FROM interaction_count ORDER BY day"))).all()
    assert [tuple(row) for row in left] == [("2026-01-04", 2), ("2026-01-05", 2)]


async def test_the_erased_leave_counts_and_what_comes_late_of_them_is_counted_once(
    service: Service, here: httpx.AsyncClient, stored: Any
) -> None:
    eraser = await service.client("customer.erasures:write", actor="staff")
    for number in range(3):
        await here.post("/v1/interactions", json=PAID | {"event_id": f"e-{number}"})
    assert (await eraser.post(f"/v1/customers/{WHO}/erasures", json={})).status_code == 201
    for _ in range(2):
        assert (await here.post("/v1/interactions", json=PAID | {"event_id": "late"})).status_code == 410
        assert (await here.post("/v1/interactions", json=PAID | {"event_id": "e-0"})).status_code == 410
    await hear_external(service, "login", {"event_id": "later", "customer_id": str(WHO)})
    async with service.world.db.read() as conn:
        assert (await facts_of_ids(service.world, conn, [WHO])) == {WHO: []}
        left = (
            await conn.execute(text("SELECT day::text, kind, channel, count FROM interaction_count ORDER BY kind"))
        ).all()
    assert [tuple(row) for row in left] == [
        ("2026-01-05", "login", "", 1),
        ("2026-01-05", "transaction", "app", 4),
    ]
    assert (await count(service), await count(service, "customer_activity")) == (0, 0)


async def test_a_customer_reaches_their_own_and_never_a_screening(service: Service, here: httpx.AsyncClient) -> None:
    own = await service.client(READ, actor="customer", customer_id=str(WHO), sub="me")
    foreign = await service.client(READ, actor="customer", customer_id=str(UUID(int=8)), sub="you")
    made = (await here.post("/v1/interactions", json=PAID)).headers["location"]
    hidden = (await here.post("/v1/interactions", json=PAID | {"event_id": "s", "kind": "screening"})).headers[
        "location"
    ]
    told = [(await one.get(where)).status_code for one in (own, foreign) for where in (made, hidden)]
    assert told == [200, 404, 404, 404]
    assert (await own.post("/v1/interactions", json=PAID)).status_code == 403
    nobody = await service.client(actor="client")
    assert [(await nobody.get(made)).status_code, (await nobody.post("/v1/interactions", json=PAID)).status_code] == [
        403
    ] * 2
