"""What is best for a customer, over the wire: offered, refused with why, kept with receipts, never sold where it must not be."""

import asyncio
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from customer.offers.usecases.catalogue import former_presets
from shared import clock
from shared.testing.service import Service

# Tomorrow's noon in the bank's zone, Asia/Shanghai: no quiet hours stand in the way, and what was defined today is in force.
NOON = datetime.now(UTC).replace(hour=4, minute=0, second=0, microsecond=0) + timedelta(days=1)


def offered(told: dict[str, Any]) -> list[str]:
    return [one["service"] for one in told["items"]]


def refused(told: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {one["service"]: (one["stage"], one["reason"]["code"]) for one in told["refused"]}


async def test_an_entry_is_offered_with_its_reasons_and_the_receipt_it_rests_on(
    staff: Any, define: Any, register: Any, ask: Any
) -> None:
    await define("help")
    await define("saver", sells=True, value={"amount": "400.00", "currency": "CNY"})
    who = await register()
    told = await ask(who)
    assert offered(told) == ["saver", "help"]
    saver, help_ = told["items"]
    assert [one["code"] for one in saver["reasons"]] == ["eligible", "applicable", "suitable", "allowed", "ranked"]
    assert all({"en", "zh-Hans", "zh-Hant"} == set(one["texts"]) for one in saver["reasons"])
    (permit,) = saver["permits"]
    receipt = await staff.get(f"/v1/consent-receipts/{permit['receipt_id']}")
    assert (permit["purpose"], receipt.status_code) in {("marketing", 403), ("marketing", 200)}
    assert help_["permits"] == [{"purpose": "servicing", "receipt_id": None, "basis": "6(1)(b)"}]
    assert saver["score"]["total"] == pytest.approx(0.1 * 2.0)
    kept = await staff.get(f"/v1/offer-decisions/{told['id']}")
    assert kept.json() == told


async def test_each_gate_refuses_with_its_stage_and_reason(define: Any, register: Any, ask: Any) -> None:
    await define("elsewhere", channels=["branch"])
    await define("old", eligible="age >= 65")
    await define("unknown", eligible="occupation == 'nurse'")
    await define("silent", applicable="acts(30) >= 1")
    await define("risky", sells=True, needs={"risk": 3})
    await define("dear", sells=True, needs={"least_income": {"amount": "60000.00", "currency": "CNY"}})
    await define("profiled", sells=True, purposes=["marketing", "profiling"])
    await define("fine")
    told = await ask(await register())
    assert offered(told) == ["fine"]
    assert refused(told) == {
        "elsewhere": ("eligibility", "not-on-this-channel"),
        "old": ("eligibility", "not-eligible"),
        "unknown": ("eligibility", "eligibility-unknown"),
        "silent": ("applicability", "not-applicable"),
        "risky": ("suitability", "risk-tolerance-unknown"),
        "dear": ("suitability", "affordability-unknown"),
        "profiled": ("contact-policy", "no-consent"),
    }
    (one,) = [one for one in told["refused"] if one["service"] == "profiled"]
    assert one["purpose"] == "profiling"


async def test_suitability_is_judged_by_what_was_assessed_and_declared(
    staff: Any, define: Any, register: Any, ask: Any
) -> None:
    await define("calm", sells=True, needs={"risk": 1})
    await define("bold", sells=True, needs={"risk": 4})
    await define("dear", sells=True, needs={"least_income": {"amount": "120000.00", "currency": "CNY"}})
    who, poor = await register(declared_income_band="i3"), await register(declared_income_band="i1")
    for one in (who, poor):
        body = {"risk_tolerance": 2, "external_ref": f"a-{one}"}
        said = await staff.post(f"/v1/customers/{one}/suitability-assessments", json=body)
        assert said.status_code == 201, said.text
    told = await ask(who)
    assert (offered(told), refused(told)) == (["calm", "dear"], {"bold": ("suitability", "beyond-risk-tolerance")})
    assert refused(await ask(poor))["dear"] == ("suitability", "income-too-low")
    late = await register()
    body = {"risk_tolerance": 5, "assessed_at": (clock.now() - timedelta(days=366)).isoformat(), "external_ref": "late"}
    assert (await staff.post(f"/v1/customers/{late}/suitability-assessments", json=body)).status_code == 201
    assert refused(await ask(late))["calm"] == ("suitability", "risk-tolerance-outdated")


async def test_nothing_is_sold_to_the_vulnerable_the_restricted_those_who_complain_or_did_not_consent(
    staff: Any, service: Service, define: Any, register: Any, ask: Any
) -> None:
    await define("saver", sells=True)
    await define("mend", kind="remedy")
    frail, held, cross, shy = [await register() for _ in range(3)] + [await register(allows=())]
    body = {"vulnerabilities": ["life-event"], "external_ref": "frail"}
    assert (await staff.post(f"/v1/customers/{frail}/suitability-assessments", json=body)).status_code == 201
    await hear(service, "cxbank.risk.restriction_set.v1", held, restriction_id=str(clock.new_id()))
    case = str(clock.new_id())
    await hear(service, "cxbank.feedback.case_opened.v1", cross, case_id=case, category="complaint")
    for who, reason in ((frail, "vulnerable"), (held, "restricted"), (cross, "open-complaint"), (shy, "no-consent")):
        told = await ask(who)
        stage = "suitability" if reason == "vulnerable" else "contact-policy"
        assert (offered(told), refused(told)) == (["mend"], {"saver": (stage, reason)}), reason
    await hear(service, "cxbank.feedback.case_closed.v1", cross, 2, case_id=case, category="complaint")
    assert offered(await ask(cross)) == ["mend", "saver"]


async def test_after_a_rebuild_what_risk_says_again_keeps_from_selling_to_the_restricted(
    service: Service, define: Any, register: Any, ask: Any
) -> None:
    await define("saver", sells=True)
    await define("mend", kind="remedy")
    held, free = await register(), await register()
    restriction, over = str(clock.new_id()), str(clock.new_id())
    again = "cxbank.risk.snapshot.v1"
    await hear(service, again, held, 3, restriction_id=restriction, channels=[], state="active")
    await hear(service, again, free, 2, restriction_id=over, channels=[], state="lifted")
    assert refused(await ask(held)) == {"saver": ("contact-policy", "restricted")}
    assert offered(await ask(free)) == ["mend", "saver"]
    await hear(service, "cxbank.risk.restriction_set.v1", held, 1, restriction_id=restriction)
    await hear(service, "cxbank.risk.restriction_lifted.v1", held, 4, restriction_id=restriction, state="lifted")
    await hear(service, again, held, 3, restriction_id=restriction, channels=[], state="active")
    assert offered(await ask(held)) == ["mend", "saver"], "an older word, said again, changes nothing"


async def hear(service: Service, kind: str, who: str, version: int = 1, **data: Any) -> None:
    key = data.get("case_id") or data.get("restriction_id")
    body = {"customer_id": who, "version": version, "occurred_at": clock.now().isoformat()} | data
    await service.hear(
        kind, json.dumps(body).encode(), key=str(key), subject=str(key), sequence=version, id_=clock.new_id()
    )


async def test_quiet_hours_hold_where_we_would_go_to_the_customer_and_say_when_they_end(
    define: Any, register: Any, ask: Any
) -> None:
    await define("saver", sells=True)
    await define("help")
    with clock.frozen(NOON):
        who = await register()
        assert offered(await ask(who, "email")) == ["help", "saver"]
        assert refused(await ask(who, "wechat"))["help"] == ("contact-policy", "no-contact-point")
    with clock.frozen(NOON.replace(hour=16)):
        told = await ask(who, "email")
        assert refused(told) == dict.fromkeys(("saver", "help"), ("contact-policy", "quiet-hours"))
        assert {one["until"] for one in told["refused"]} == {
            (NOON.replace(hour=0) + timedelta(days=1)).isoformat().replace("+00:00", "Z")
        }
        assert offered(await ask(who, "app")) == ["help", "saver"]


async def test_an_answer_lets_an_entry_rest_and_what_was_shown_counts_for_the_cap(
    define: Any, register: Any, ask: Any, say: Any
) -> None:
    for place in range(9):
        await define(f"saver{place}", sells=True, rests_days=10)
    who = await register()
    told = await ask(who, limit=20)
    assert (await say(who, "declined", "saver0", told["id"])).status_code == 201
    assert refused(await ask(who, limit=20)) == {"saver0": ("contact-policy", "rests")}
    long_ago = (clock.now() - timedelta(days=11)).isoformat()
    await say(who, "declined", "saver1", told["id"], occurred_at=long_ago)
    await say(who, "shown", "saver2", told["id"], occurred_at=long_ago)
    for place in (3, 4, 5, 6):
        await say(who, "shown", f"saver{place}", told["id"])
    assert len(offered(await ask(who, limit=20))) == 8
    await say(who, "shown", "saver7", told["id"])
    held = refused(await ask(who, limit=20))
    assert (held.pop("saver0"), set(held.values())) == (
        ("contact-policy", "rests"),
        {("contact-policy", "over-the-cap")},
    )


async def test_a_customer_sees_what_is_offered_and_not_how_it_came_about(
    define: Any, register: Any, ask: Any, say: Any, themself: Any
) -> None:
    await define("help")
    await define("saver", sells=True)
    who, other = await register(), await register()
    own = await themself(who)
    told = await ask(who, caller=own)
    assert offered(told) == ["help", "saver"]
    assert [told[name] for name in ("refused", "arm", "experiment_id", "weights", "policy")] == [None] * 5
    assert all(one[name] is None for one in told["items"] for name in ("reasons", "permits", "score", "propensity"))
    assert (await own.get(f"/v1/customers/{other}/next-best-services?channel=app")).status_code == 404
    assert (await say(who, "accepted", "help", told["id"], own)).status_code == 201
    theirs = await ask(other)
    for word in (
        await say(other, "accepted", "help", theirs["id"], own),
        await say(who, "accepted", "help", theirs["id"], own),
    ):
        assert word.status_code == 404
    unasked = await say(who, "accepted", "help", None, own, channel="app")
    assert (unasked.status_code, unasked.json()["errors"][0]["pointer"]) == (422, "/decision_id")
    assert (await own.get(f"/v1/offer-decisions/{told['id']}")).status_code == 403


async def test_one_state_and_instant_have_one_answer(define: Any, register: Any, ask: Any) -> None:
    for place in range(6):
        await define(f"s{place}", urgency=1 + place % 3)
    who = await register()
    with clock.frozen(NOON):
        answers = await asyncio.gather(*(ask(who) for _ in range(20)))
    assert len({one["id"] for one in answers}) == 20
    assert {json.dumps({**one, "id": None}, sort_keys=True) for one in answers} == {
        json.dumps({**answers[0], "id": None}, sort_keys=True)
    }
    assert offered(answers[0]) == ["s2", "s5", "s1"]


async def test_who_is_held_out_is_sold_nothing_and_offered_the_rest_by_lot(
    define: Any, register: Any, ask: Any, holdout: Any
) -> None:
    for place in range(4):
        await define(f"s{place}", urgency=1 + place)
    await define("saver", sells=True)
    holdout(100)
    first = [offered(await ask(await register(), limit=4)) for _ in range(8)]
    assert all(sorted(one) == ["s0", "s1", "s2", "s3"] for one in first)
    assert len({tuple(one) for one in first}) > 1
    told = await ask(await register())
    assert (told["arm"], refused(told)["saver"]) == ("held-out", ("experiment", "held-out"))
    assert told["items"][0]["reasons"][-1]["code"] == "drawn"


async def test_the_catalogue_that_ships_is_sound_and_every_entry_answers(staff: Any, register: Any, ask: Any) -> None:
    made = await staff.post("/v1/services/presets")
    assert made.status_code == 200, made.text
    assert len(made.json()) == 16
    assert (await staff.post("/v1/services/presets")).json() == []
    told = await ask(await register(profiled=True), limit=20)
    assert len(told["items"]) + len(told["refused"]) == 16


async def test_a_preset_adopted_earlier_is_taken_further_where_nobody_changed_it(staff: httpx.AsyncClient) -> None:
    former = {one.key: one.model_dump(mode="json", by_alias=True, exclude_unset=True) for one in former_presets()}
    for body in former.values():
        assert (await staff.post("/v1/services", json=body)).status_code == 201
    changed: dict[str, dict[str, Any]] = {"credit_card": {"urgency": 3}, "personal_loan": {"state": "archived"}}
    for key, patch in changed.items():
        answer = await staff.patch(f"/v1/services/{key}", json=patch, headers={"If-Match": '"1"'})
        assert answer.status_code == 200, answer.text
    answers = await asyncio.gather(*(staff.post("/v1/services/presets") for _ in range(5)))
    assert {one.status_code for one in answers} == {200}
    made = Counter((one["key"], one["version"]) for answer in answers for one in answer.json())
    further = {"savings_account", "balanced_fund", "travel_insurance"}
    assert {key: many for (key, version), many in made.items() if version == 2} == dict.fromkeys(further, 1)
    told = {one["key"]: one for one in (await staff.get("/v1/services")).json()}
    assert {key: told[key]["product"] for key in former} == {
        "savings_account": "savings",
        "balanced_fund": "investment",
        "travel_insurance": "insurance",
        "credit_card": None,
        "personal_loan": None,
    }
    first = (await staff.get("/v1/services/savings_account", params={"version": 1})).json()
    assert (first["product"], "holds_savings" in first["applicable"]) == (None, True)


async def test_an_entry_is_checked_when_written_and_changes_in_versions_from_an_instant(
    staff: httpx.AsyncClient, define: Any, register: Any, ask: Any
) -> None:
    for more, pointer in (
        ({"eligible": "age >"}, "/eligible"),
        ({"applicable": "in_segment('nobody')"}, "/applicable"),
        ({"purposes": ["nothing"]}, "/purposes/0"),
        ({"value": {"amount": "1.00", "currency": "EUR"}}, "/value/currency"),
        ({"kind": "product"}, ""),
        ({"effective_from": "2020-01-01T00:00:00Z"}, "/effective_from"),
    ):
        answer = await define("bad", **more)
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"][0]["pointer"] in {pointer, "/"}
    assert (await define("help")).status_code == 201
    assert (await define("help")).headers["Idempotent-Replayed"] == "true"
    assert (await define("help", urgency=2)).status_code == 409
    who = await register()
    before = await ask(who)
    begins = clock.now() + timedelta(days=1)
    patch = {"needs": {"risk": 2}, "urgency": 5, "effective_from": begins.isoformat()}
    changed = await staff.patch("/v1/services/help", json=patch, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.json()["version"], changed.json()["needs"]["risk"]) == (200, 2, 2)
    assert (await staff.patch("/v1/services/help", json=patch, headers={"If-Match": '"1"'})).status_code == 412
    wrong = await staff.patch("/v1/services/help", json={"urgency": 9}, headers={"If-Match": '"2"'})
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/urgency")
    assert (await ask(who))["items"] == before["items"]
    with clock.frozen(begins):
        assert refused(await ask(who))["help"] == ("suitability", "risk-tolerance-unknown")
    assert (await staff.get("/v1/services/help?version=1")).json()["urgency"] == 1


async def test_what_is_asked_wrongly_or_by_somebody_else_is_refused(
    staff: httpx.AsyncClient, service: Service, define: Any, register: Any
) -> None:
    await define("help")
    path = f"/v1/customers/{await register()}/next-best-services"
    for query in ("", "?channel=pigeon", "?channel=app&limit=0", "?channel=app&limit=21", "?channel=app&limit=x"):
        assert (await staff.get(path + query)).status_code == 422, query
    assert (await staff.get(f"/v1/customers/{clock.new_id()}/next-best-services?channel=app")).status_code == 404
    assert (await staff.get("/v1/services/nothing")).status_code == 404
    assert (await staff.get(f"/v1/offer-decisions/{clock.new_id()}")).status_code == 404
    stranger = await service.client("customer.customers:read", actor="staff", sub="bob")
    for url in (path + "?channel=app", "/v1/services", "/v1/services/lift", "/v1/services/fairness"):
        assert (await stranger.get(url)).status_code == 403, url
    own = await service.client("customer.services:read", actor="customer", sub="c", customer_id=str(clock.new_id()))
    assert (await own.get("/v1/services/lift")).status_code == 403
    wrongs: list[dict[str, Any]] = [
        {},
        {"risk_tolerance": 6},
        {"vulnerabilities": ["poor"]},
        {"risk_tolerance": 1, "mood": 1},
        {"risk_tolerance": 1, "assessed_at": "2999-01-01T00:00:00Z"},
    ]
    for body in wrongs:
        wrong = await staff.post(
            path.replace("next-best-services", "suitability-assessments"), json=body | {"external_ref": "x"}
        )
        assert wrong.status_code == 422, body


async def test_an_assessment_is_once_by_its_key_and_the_latest_word_holds_whatever_its_order(
    staff: httpx.AsyncClient, define: Any, register: Any, ask: Any
) -> None:
    await define("saver", sells=True, needs={"risk": 2})
    who, now = await register(), clock.now()
    path = f"/v1/customers/{who}/suitability-assessments"
    words: list[dict[str, Any]] = [
        {"risk_tolerance": 3, "assessed_at": (now - timedelta(days=1)).isoformat(), "external_ref": "later"},
        {"risk_tolerance": 1, "assessed_at": (now - timedelta(days=9)).isoformat(), "external_ref": "earlier"},
        {"vulnerabilities": ["health"], "assessed_at": (now - timedelta(days=5)).isoformat(), "external_ref": "ill"},
    ]
    for word, status in ((words[0], 201), (words[0], 200), (words[0] | {"risk_tolerance": 4}, 409), (words[1], 201)):
        assert (await staff.post(path, json=word)).status_code == status
    assert offered(await ask(who)) == ["saver"]
    # The later word spoke of risk alone: it makes nobody less vulnerable.
    await staff.post(path, json=words[2])
    assert refused(await ask(who)) == {"saver": ("suitability", "vulnerable")}
    listed = (await staff.get(path)).json()
    assert [(one["risk_tolerance"], one["found"]) for one in listed] == [
        (3, ["risk_tolerance"]),
        (None, ["vulnerabilities"]),
        (1, ["risk_tolerance"]),
    ]
    await staff.post(path, json={"vulnerabilities": [], "external_ref": "well"})
    assert offered(await ask(who)) == ["saver"]
