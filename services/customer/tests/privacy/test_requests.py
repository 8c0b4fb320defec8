"""Privacy requests over HTTP: clocked by their regime, carried out or refused by a rule, answered once all five have."""

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from customer.segments.usecases import settle, standing_of
from shared import clock, partitions
from shared.testing.service import Service

RIGHTS = ("customer.privacy-requests:write", "customer.privacy-requests:read")
OTHERS = ("feedback", "channel-router", "risk", "kpi")
Do = Callable[..., Awaitable[Any]]


async def matters(service: Service) -> int:
    """What was heard of open cases: no duty is about it."""
    async with service.world.db.read() as conn:
        return int((await conn.exec_driver_sql("SELECT count(*) FROM known_matter")).scalar_one())


async def test_an_erasure_by_request_is_answered_when_all_five_have_confirmed(
    service: Service, staff: httpx.AsyncClient, register: Do, ask: Do, answer: Do
) -> None:
    who = await register()
    made = await ask(who, "erasure")
    assert (made.status_code, made.json()["state"]) == (201, "in_progress"), made.text
    told = made.json()
    assert (await staff.get(f"/v1/customers/{who}")).status_code == 410
    await answer(told["erasure_id"], who, "erasure_confirmed")
    done = (await staff.get(f"/v1/privacy-requests/{told['id']}")).json()
    assert (done["state"], done["answered_at"] is not None, done["refusals"]) == ("completed", True, [])
    ours = (await staff.get(f"/v1/privacy-requests/{told['id']}/certificate")).json()["services"][0]
    assert (ours["service"], ours["stays_by"]) == ("customer", [])
    assert (ours["removed"], ours["left"]["customer"]) == ({"customer_due": 1}, 1)
    access = (await ask(await register("crm-2"), "access")).json()
    assert (await staff.get(f"/v1/privacy-requests/{access['id']}/certificate")).status_code == 404


async def test_a_duty_refuses_in_part_does_the_rest_and_the_rest_of_it_when_it_ends(
    service: Service, staff: httpx.AsyncClient, register: Do, ask: Do, answer: Do
) -> None:
    who = await register(active=True)
    refused = await staff.post(f"/v1/customers/{who}/erasures", json={})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/must-be-kept")
    closed = await staff.patch(f"/v1/customers/{who}", json={"state": "closed"}, headers={"If-Match": '"2"'})
    assert closed.status_code == 200
    told = (await ask(who, "erasure")).json()
    (refusal,) = told["refusals"]
    assert (refusal["rule"], refusal["services"]) == ("aml-records-cn", ["customer", "risk"])
    assert set(refusal["texts"]) == {"zh-Hans", "zh-Hant", "en"}
    assert (await staff.get(f"/v1/customers/{who}")).status_code == 200
    events = [one for one in await service.relay() if dict(one.headers)["ce_type"].endswith(b"erasure_requested.v1")]
    assert json.loads(events[-1].value)["kept"] == ["customer", "risk"]
    kept = {one: one == "risk" for one in OTHERS}
    path = f"/v1/privacy-requests/{told['id']}/certificate"
    assert (await staff.get(path)).json()["type"] == "/problems/not-ready"
    counts: dict[str, Any] = {name: {one: {} for one in OTHERS} for name in ("removed", "left")}
    counts["removed"]["feedback"], counts["left"]["feedback"] = {"ticket": 2}, {"feedback": 1}
    await answer(told["erasure_id"], who, "erasure_confirmed", kept=kept, **counts)
    shown = (await staff.get(f"/v1/privacy-requests/{told['id']}")).json()
    assert shown["state"] == "partly_refused"
    erasure = (await staff.get(f"/v1/customers/{who}/erasures")).json()
    assert {one["service"] for one in erasure["confirmations"] if one["kept"]} == {"customer", "risk"}
    certificate = (await staff.get(f"/v1/privacy-requests/{told['id']}/certificate")).json()
    assert (certificate["state"], certificate["erasure_id"]) == ("partly_refused", told["erasure_id"])
    lines = {one["service"]: one for one in certificate["services"]}
    rules = {one: [rule["rule"] for rule in line["stays_by"]] for one, line in lines.items() if line["stays_by"]}
    assert rules == {"customer": ["aml-records-cn"], "risk": ["aml-records-cn"]}
    # Ours keeps the record and its history; the others say what they did.
    assert (lines["customer"]["left"]["customer"], lines["customer"]["left"]["customer_history"]) == (1, 2)
    assert (lines["feedback"]["removed"], lines["feedback"]["left"]) == ({"ticket": 2}, {"feedback": 1})
    gone = datetime.fromisoformat(certificate["backups_gone_at"]) - datetime.fromisoformat(certificate["answered_at"])
    assert gone == timedelta(days=30)


async def test_a_second_erasure_in_part_ends_too_and_takes_what_has_come_since(
    service: Service, staff: httpx.AsyncClient, register: Do, ask: Do, answer: Do
) -> None:
    who = await register(active=True)
    first = (await ask(who, "erasure")).json()
    kept = {one: one == "risk" for one in OTHERS}
    await answer(first["erasure_id"], who, "erasure_confirmed", kept=kept)
    case = str(clock.new_id())
    opened = json.dumps({"case_id": case, "customer_id": who, "category": "complaint"}).encode()
    await service.hear("cxbank.feedback.case_opened.v1", opened, key=who, subject=case, id_=clock.new_id())
    assert await matters(service) == 1
    second = (await ask(who, "erasure", external_ref="a year later")).json()
    assert second["erasure_id"] != first["erasure_id"]
    assert await matters(service) == 0
    assert (await staff.get(f"/v1/customers/{who}/erasures")).json()["id"] == second["erasure_id"]
    await answer(second["erasure_id"], who, "erasure_confirmed", kept=kept)
    path = f"/v1/privacy-requests/{second['id']}"
    assert (await staff.get(path)).json()["state"] == "partly_refused"
    assert (await staff.get(f"{path}/certificate")).status_code == 200


async def test_a_certificate_lists_each_erasure_of_several_and_adds_them_up(
    service: Service, staff: httpx.AsyncClient, register: Do, ask: Do, answer: Do
) -> None:
    who = await register(active=True)

    async def erased(ref: str, removed: int, left: int, **kept: bool) -> dict[str, Any]:
        told = (await ask(who, "erasure", external_ref=ref)).json()
        counts: dict[str, Any] = {name: {one: {} for one in OTHERS} for name in ("removed", "left")}
        counts["removed"]["feedback"], counts["left"]["feedback"] = {"feedback": removed}, {"case": left}
        stays = {one: kept.get(one, False) for one in OTHERS}
        await answer(told["erasure_id"], who, "erasure_confirmed", kept=stays, **counts)
        shown: dict[str, Any] = (await staff.get(f"/v1/privacy-requests/{told['id']}/certificate")).json()
        return shown

    first = await erased("first", 5, 3, risk=True)
    second = await erased("second", 2, 1, risk=True)
    (only,) = first["erasures"]
    assert (only["erasure_id"], only["customer_id"], only["partial"]) == (first["erasure_id"], who, True)
    assert [one["erasure_id"] for one in second["erasures"]] == [first["erasure_id"], second["erasure_id"]]
    assert all(one["completed_at"] for one in second["erasures"])
    by_feedback = [
        next(said for said in one["services"] if said["service"] == "feedback") for one in second["erasures"]
    ]
    assert [(one["removed"], one["left"]) for one in by_feedback] == [
        ({"feedback": 5}, {"case": 3}), ({"feedback": 2}, {"case": 1}),
    ]  # fmt: skip
    assert {said["service"] for said in second["erasures"][0]["services"] if said["kept"]} == {"customer", "risk"}
    lines = {one["service"]: one for one in second["services"]}
    assert (lines["feedback"]["removed"], lines["feedback"]["left"]) == ({"feedback": 7}, {"case": 1})
    again = (await staff.get(f"/v1/privacy-requests/{first['request_id']}/certificate")).json()
    assert again == first, "what came after its answer is not in it"


async def test_what_a_hold_kept_is_forgotten_by_itself_when_it_ends(
    service: Service, staff: httpx.AsyncClient, register: Do, ask: Do
) -> None:
    who = await register()
    until = clock.now() + timedelta(days=1)
    body = {"customer_id": who, "code": "case-7", "until": until.isoformat(), "external_ref": "h"}
    assert (await staff.post("/v1/legal-holds", json=body)).status_code == 201
    told = (await ask(who, "erasure")).json()
    assert told["state"] == "refused"
    for at, status in ((until - timedelta(seconds=1), 200), (until + timedelta(seconds=1), 410)):
        with clock.frozen(at):
            async with service.world.db.begin() as tx:
                await service.work.acts["duties_ended"](tx, {})
            assert (await staff.get(f"/v1/customers/{who}")).status_code == status
    assert (await staff.get(f"/v1/privacy-requests/{told['id']}")).json()["state"] == "in_progress"


async def test_a_hold_refuses_everything_until_it_is_lifted(staff: httpx.AsyncClient, register: Do, ask: Do) -> None:
    who = await register()
    body = {"customer_id": who, "code": "case-7", "external_ref": "h"}
    hold = (await staff.post("/v1/legal-holds", json=body)).json()
    told = (await ask(who, "erasure")).json()
    assert (told["state"], told["refusals"][0]["rule"], told["refusals"][0]["until"]) == ("refused", "hold", None)
    assert "case-7" not in json.dumps(told)
    assert (await staff.get(f"/v1/customers/{who}")).status_code == 200
    path = f"/v1/legal-holds/{hold['id']}"
    assert (await staff.delete(path)).status_code == 428
    assert (await staff.delete(path, headers={"If-Match": '"1"'})).status_code == 200
    again = await ask(who, "erasure", external_ref="second")
    assert again.json()["state"] == "in_progress"


async def test_who_is_not_sure_waits_with_a_clock_that_stands_until_it_is_sure(
    staff: httpx.AsyncClient, register: Do, ask: Do
) -> None:
    who = await register()
    told = (await ask(who, "access", identity_method=None, regime="eu-data-protection")).json()
    assert (told["state"], told["due_at"]) == ("identity_check", None)
    (standing,) = (await staff.get(f"/v1/privacy-requests/{told['id']}/clocks")).json()["items"]
    assert (standing["status"], standing["paused_for"]) == ("paused", "identity_check")
    path = f"/v1/privacy-requests/{told['id']}/identity-checks"
    sure = (await staff.post(path, json={"method": "passport"})).json()
    assert (sure["state"], sure["due_at"] is not None) == ("in_progress", True)
    assert (await staff.post(path, json={"method": "passport"})).status_code == 409


async def test_the_clock_of_gdpr_is_a_month_and_with_its_extension_three(
    staff: httpx.AsyncClient, register: Do, ask: Do
) -> None:
    who = await register()
    received = {"regime": "eu-data-protection", "received_at": "2026-11-12T09:00:00Z"}
    told = (await ask(who, "rectification", **received)).json()
    # The twelfth of December is a Saturday: by Regulation No 1182/71 the period ends on Monday.
    assert told["due_at"].startswith("2026-12-14T")
    path = f"/v1/privacy-requests/{told['id']}"
    with clock.frozen(datetime(2026, 11, 25, 12, tzinfo=UTC)):
        assert (await staff.post(f"{path}/extensions", json={"extension": "because"})).status_code == 422
        longer = (await staff.post(f"{path}/extensions", json={"extension": "complex_or_many"})).json()
        assert longer["due_at"].startswith("2027-02-12T")
        (shown,) = (await staff.get(f"{path}/clocks")).json()["items"]
    assert shown["source"]["article"].startswith("Art. 12(3)")
    assert sum(step["counted"] for step in shown["steps"]) == shown["total"] == shown["needed"]
    late = received | {"received_at": "2026-09-01T09:00:00Z", "external_ref": "late"}
    path = f"/v1/privacy-requests/{(await ask(who, 'rectification', **late)).json()['id']}"
    assert (await staff.post(f"{path}/extensions", json={"extension": "complex_or_many"})).status_code == 409


async def spoken(service: Service, at: datetime) -> list[tuple[str, str, str]]:
    """What clocks have said by then: whether warned or breached, about which request, due when."""
    with clock.frozen(at):
        async with service.world.db.begin() as tx:
            for table in ("outbox", "audit"):
                await partitions.ensure(tx, table, days_ahead=1)
            await service.work.acts["privacy_clocks_speak"](tx, {})
    told = [(dict(one.headers)["ce_type"].decode(), json.loads(one.value)) for one in await service.relay()]
    clocks = [(kind.split("_clock_")[1].split(".")[0], data) for kind, data in told if "privacy_clock_" in kind]
    return [(kind, data["request_id"], data["due_at"][:10]) for kind, data in clocks]


async def test_a_clock_warns_twice_and_is_breached_once_each_said_when_its_time_has_come(
    service: Service, staff: httpx.AsyncClient, register: Do, ask: Do
) -> None:
    received = {"regime": "eu-data-protection", "received_at": "2026-11-12T09:00:00Z"}
    told = (await ask(await register(), "rectification", **received)).json()
    late = datetime(2026, 12, 30, tzinfo=UTC)
    due = datetime.fromisoformat(told["due_at"])
    assert await spoken(service, due - timedelta(days=11)) == []
    warned = ("warned", told["id"], "2026-12-14")
    assert await spoken(service, due - timedelta(days=9)) == [warned]
    assert await spoken(service, due - timedelta(days=8)) == [warned]
    assert await spoken(service, due - timedelta(hours=12)) == [warned] * 2
    said = [*[warned] * 2, ("breached", *warned[1:])]
    assert [await spoken(service, at) for at in (due + timedelta(seconds=1), late)] == [said] * 2
    with clock.frozen(late):
        done = await staff.post(f"/v1/privacy-requests/{told['id']}/decisions", json={})
    assert done.json()["state"] == "completed"
    assert await spoken(service, late + timedelta(days=400)) == said


async def test_a_clock_that_stands_is_answered_or_was_extended_does_not_warn(
    service: Service, staff: httpx.AsyncClient, register: Do, ask: Do
) -> None:
    received = {"regime": "eu-data-protection", "received_at": "2026-11-12T09:00:00Z"}
    who = await register()
    answered, longer, unsure = [
        (await ask(who, "rectification", **received, external_ref=ref, identity_method=method)).json()["id"]
        for ref, method in (("a", "passport"), ("b", "passport"), ("c", None))
    ]
    with clock.frozen(datetime(2026, 11, 25, 12, tzinfo=UTC)):
        path = f"/v1/privacy-requests/{longer}/extensions"
        assert (await staff.post(path, json={"extension": "complex_or_many"})).status_code == 200
        assert (await staff.post(f"/v1/privacy-requests/{answered}/decisions", json={})).status_code == 200
    assert await spoken(service, datetime(2027, 1, 5, tzinfo=UTC)) == []
    assert await spoken(service, datetime(2027, 2, 5, tzinfo=UTC)) == [("warned", longer, "2027-02-12")]
    sure = datetime(2027, 3, 1, tzinfo=UTC)
    assert len(await spoken(service, sure)) == 2
    with clock.frozen(sure):
        path = f"/v1/privacy-requests/{unsure}/identity-checks"
        assert (await staff.post(path, json={"method": "passport"})).status_code == 200
    assert ("breached", unsure) in [one[:2] for one in await spoken(service, datetime(2027, 5, 1, tzinfo=UTC))]


async def test_a_request_of_before_clocks_were_kept_is_not_forgotten(service: Service, register: Do, ask: Do) -> None:
    received = {"regime": "eu-data-protection", "received_at": "2026-11-12T09:00:00Z"}
    told = (await ask(await register(), "rectification", **received)).json()
    async with service.world.db.begin() as tx:
        await tx.exec_driver_sql("DELETE FROM privacy_deadline")
    # Two warnings were missed, and one is enough.
    assert await spoken(service, datetime(2026, 12, 12, tzinfo=UTC)) == [("warned", told["id"], "2026-12-14")]


async def test_an_objection_and_a_restriction_are_words_in_the_ledger(
    staff: httpx.AsyncClient, register: Do, ask: Do
) -> None:
    who = await register()

    async def may(purpose: str) -> tuple[str, str]:
        body = {"customer_id": who, "purpose": purpose, "channel": None}
        told = (await staff.post("/v1/consent-decisions", json=body)).json()
        return told["decision"], told["reason"]

    assert await may("service_improvement") == ("allow", "legal-basis")
    assert (await ask(who, "objection", purpose="service_improvement")).json()["state"] == "completed"
    assert await may("service_improvement") == ("deny", "objected")
    refused = await ask(who, "objection", purpose="legal_duty", external_ref="x")
    assert refused.status_code == 409
    assert (await ask(who, "restriction")).json()["state"] == "completed"
    assert await may("profiling") == ("deny", "consent-refused")
    assert await may("servicing") == ("allow", "legal-basis")


async def test_an_objection_takes_somebody_out_of_groups_that_rest_on_an_interest_and_a_restriction_too(
    service: Service, staff: httpx.AsyncClient, register: Do, ask: Do
) -> None:
    people = {right: await register(right) for right in ("objection", "restriction", "access")}
    names = dict.fromkeys(("en", "zh-Hans", "zh-Hant"), "x")
    for use in ("servicing", "improvement"):
        body = {"key": use, "names": names, "rule": "kind == 'individual'", "use": use}
        assert (await staff.post("/v1/segments", json=body)).status_code == 201
    await settle(service.world)
    for right, more in (("objection", {"purpose": "profiling"}), ("restriction", {})):
        assert (await ask(people[right], right, **more)).json()["state"] == "completed"
    await settle(service.world)
    async with service.world.db.read() as conn:
        standing = await standing_of(conn, [UUID(one) for one in people.values()])
    assert {right: standing[UUID(one)] for right, one in people.items()} == {
        "objection": {"servicing"},
        "restriction": {"servicing"},
        "access": {"servicing", "improvement"},
    }


async def test_a_rectification_is_a_person_s_work_and_the_others_are_not(
    staff: httpx.AsyncClient, register: Do, ask: Do
) -> None:
    who = await register()
    fix = (await ask(who, "rectification", details="我的名字写错了")).json()
    assert fix["state"] == "in_progress"
    path = f"/v1/privacy-requests/{fix['id']}/decisions"
    assert (await staff.post(path, json={})).json()["state"] == "completed"
    assert (await staff.post(path, json={})).status_code == 409
    see = (await ask(who, "access")).json()
    assert (await staff.post(f"/v1/privacy-requests/{see['id']}/decisions", json={})).status_code == 409
    no = await staff.post(f"/v1/privacy-requests/{see['id']}/decisions", json={"refused_by": "gdpr-12-5"})
    assert (no.json()["state"], no.json()["refusals"][0]["rule"]) == ("refused", "gdpr-12-5")


async def test_a_bundle_waits_for_all_five_and_is_the_customer_s_alone(
    service: Service, register: Do, ask: Do, answer: Do
) -> None:
    who = await register()
    own = await service.client(*RIGHTS, actor="customer", sub="w", customer_id=who)
    other = await service.client(*RIGHTS, actor="customer", sub="x", customer_id=str(clock.new_id()))
    told = (await ask(who, "access", own, identity_method=None)).json()
    assert (told["state"], told["identity_method"], told["ready"]) == ("in_progress", "own-token", ["customer"])
    path = f"/v1/privacy-requests/{told['id']}"
    waits = await own.get(f"{path}/bundle")
    assert (waits.status_code, waits.json()["type"]) == (409, "/problems/not-ready")
    assert (await other.get(path)).status_code == 404
    assert (await other.get(f"{path}/bundle")).status_code == 404
    assert (await ask(who, "access", other, identity_method=None)).status_code == 404
    await answer(told["id"], who, "export_ready")
    assert (await own.get(path)).json()["state"] == "completed"


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ({"kind": "nothing"}, 422),
        ({"kind": "objection"}, 422),
        ({"purpose": "marketing"}, 422),
        ({"regime": "uk-complaints"}, 422),
        ({"regime": "nowhere"}, 422),
        ({"received_at": "2099-01-01T00:00:00Z"}, 422),
        ({"customer_id": "01936e00-0000-7000-8000-000000000001"}, 404),
        ({"details": "x" * 4_001}, 422),
    ],
)
async def test_a_request_that_cannot_be_one_is_refused_and_nothing_is_kept(
    staff: httpx.AsyncClient, fault: dict[str, Any], status: int, register: Do, ask: Do
) -> None:
    answered = await ask(await register(), "access", **fault)
    assert answered.status_code == status, answered.text
    assert (await staff.get("/v1/privacy-requests")).json()["items"] == []


async def test_what_a_person_wrote_goes_with_their_key(
    service: Service, staff: httpx.AsyncClient, register: Do, ask: Do
) -> None:
    who = await register()
    told = (await ask(who, "rectification", details="我的名字写错了")).json()
    await ask(who, "erasure")
    async with service.world.db.read() as conn:
        rows = (await conn.exec_driver_sql("SELECT details FROM privacy_request WHERE details IS NOT NULL")).all()
    assert rows == []
    assert (await staff.get(f"/v1/privacy-requests/{told['id']}")).json()["kind"] == "rectification"


async def test_who_puts_something_right_sees_what_and_that_is_recorded(
    service: Service, staff: httpx.AsyncClient, register: Do, ask: Do
) -> None:
    who = await register()
    told = (await ask(who, "rectification", details="我的名字写错了")).json()
    path = f"/v1/privacy-requests/{told['id']}/details"
    assert (await staff.get(path)).json() == {"request_id": told["id"], "details": "我的名字写错了"}
    async with service.world.db.read() as conn:
        seen = "SELECT count(*) FROM audit WHERE convert_from(canonical, 'UTF8') LIKE '%privacy.details%'"
        assert (await conn.exec_driver_sql(seen)).scalar_one() == 1
    reader = await service.client(*RIGHTS, actor="staff", sub="ben")
    own = await service.client(*RIGHTS, "customer.privacy-requests:approve", actor="customer", customer_id=who)
    assert [(await one.get(path)).status_code for one in (reader, own)] == [403, 403]
    assert (await staff.get(f"/v1/privacy-requests/{clock.new_id()}/details")).status_code == 404
    await ask(who, "erasure")
    assert (await staff.get(path)).status_code == 410
