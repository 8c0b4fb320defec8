"""Sight over HTTP: masked by default, opened by the customer alone, for one reader, some fields and a time."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from customer.disclosure import usecases
from customer.disclosure.domain import QUIET_PURPOSES, AccessPurpose, GlassReason
from shared import clock
from shared.clock import Frozen
from shared.testing.service import Service

PARTIES = ("customer.customers:write", "customer.customers:read")
GRANTS = ("customer.access-grants:write", "customer.access-grants:read", "customer.access-grants:approve")
REVIEWS = ("customer.access-reviews:read", "customer.access-reviews:approve")
LOG = "customer.access-log:read"
LIU = {
    "kind": "individual",
    "legal_name": "刘洋",
    "birth_date": "1985-05-05",
    "occupation": "teacher",
    "contact_points": [{"kind": "phone", "value": "+8613700004321"}, {"kind": "email", "value": "liu@example.com"}],
    "identifiers": [{"type": "national_id", "issuer": "CN", "value": "110105198505050011"}],
    "region": "CN-BJ",
    "external_ref": "crm-1",
}
NAME = {"purpose": "correction", "fields": ["legal_name"], "change": True}


@pytest.fixture
async def staff(service: Service) -> httpx.AsyncClient:
    scopes = (*PARTIES, *GRANTS, *REVIEWS, LOG, "customer.profiles:read")
    return await service.client(*scopes, actor="staff", sub="anna", branch="b-1")


@pytest.fixture
async def other(service: Service) -> httpx.AsyncClient:
    claims = {"actor": "staff", "sub": "ben", "roles": ["break_glass"]}
    return await service.client(*PARTIES, *GRANTS, *REVIEWS, LOG, "customer.erasures:write", **claims)


@pytest.fixture
async def who(service: Service) -> str:
    gateway = await service.client(*PARTIES, actor="client", sub="gateway")
    return str((await gateway.post("/v1/customers", json=LIU)).json()["id"])


@pytest.fixture
async def own(service: Service, who: str) -> httpx.AsyncClient:
    scopes = ("customer.customers:read", "customer.access-grants:approve", "customer.access-grants:read", LOG)
    return await service.client(*scopes, actor="customer", sub="liu", customer_id=who)


@pytest.fixture
def ask(who: str) -> Callable[..., Awaitable[dict[str, Any]]]:
    async def post(client: httpx.AsyncClient, **other: Any) -> dict[str, Any]:
        head = {"Idempotency-Key": uuid4().hex}
        made = await client.post(f"/v1/customers/{who}/access-grants", json=NAME | other, headers=head)
        assert made.status_code == 201, made.text
        assert made.json()["state"] == "requested"
        return dict(made.json())

    return post


Ask = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
async def held() -> AsyncIterator[Frozen]:
    with clock.frozen(clock.now()) as frozen:
        yield frozen


async def confirm(client: httpx.AsyncClient, grant: dict[str, Any], code: str | None = None) -> httpx.Response:
    path = f"/v1/customers/{grant['customer_id']}/access-grants/{grant['id']}/confirmations"
    return await client.post(path, json={} if code is None else {"code": code})


async def code_of(service: Service) -> str:
    async with service.world.db.begin() as tx:
        (due,) = await usecases.hand_out_codes(service.world, tx)
    return due.code


async def test_staff_see_masks_and_everybody_else_what_is_theirs(
    service: Service, staff: httpx.AsyncClient, own: httpx.AsyncClient, who: str
) -> None:
    seen = (await staff.get(f"/v1/customers/{who}")).json()
    assert (seen["legal_name"], seen["birth_date"], seen["occupation"]) == ("刘***", None, None)
    assert [one["value"] for one in seen["contact_points"]] == ["***4321", "l***@example.com"]
    assert seen["identifiers"][0]["value"] == "***0011"
    assert seen["masked"] == ["birth_date", "contact_points", "identifiers", "legal_name", "occupation"]
    assert (seen["tier"], seen["region"], seen["age_band"]) == ("mass", "CN-BJ", "35-44")
    for client in (own, await service.client("customer.customers:read", actor="client", sub="gateway")):
        full = (await client.get(f"/v1/customers/{who}")).json()
        assert (full["legal_name"], full["birth_date"], full["masked"]) == ("刘洋", "1985-05-05", [])


async def test_no_door_shows_staff_what_the_first_one_masks(staff: httpx.AsyncClient, who: str) -> None:
    path = f"/v1/customers/{who}"
    changed = await staff.patch(path, json={"tier": "private"}, headers={"If-Match": '"1"'})
    assert changed.status_code == 200
    register = {"kind": "individual", "legal_name": "刘洋", "external_ref": "crm-7", "tier_hint": "mass"}
    await staff.post("/v1/customers", json=register)
    answers = [
        changed,
        await staff.get(path),
        await staff.get(path, params={"as_of": changed.json()["created_at"]}),
        await staff.get(f"{path}/history"),
        await staff.get(path, params={"view": "servicing"}),
        await staff.get(f"{path}/provenance"),
        await staff.get(f"{path}/name", params={"language": "en"}),
        await staff.get(f"{path}/profile"),
        await staff.post("/v1/customers", json=register),
    ]
    for answer in answers:
        assert answer.status_code == 200, answer.text
        assert not [
            one
            for one in ("刘洋", "Liu", "Yang", "1985-05-05", "teacher", "13700004321", "198505")
            if one in answer.text
        ]


@pytest.mark.parametrize("view", ["routing", "servicing", "risk", "marketing"])
async def test_a_view_holds_no_more_than_its_purpose_needs_and_bumps_no_version(
    service: Service, who: str, view: str
) -> None:
    needed = {
        "routing": {"age_band", "region", "restricted"},
        "servicing": {"legal_name", "contact_points", "region", "restricted"},
        "risk": {"occupation", "identifiers", "age_band", "region", "restricted"},
        "marketing": {"age_band", "region"},
    }[view]
    gateway = await service.client("customer.customers:read", actor="client", sub="gateway")
    answer = await gateway.get(f"/v1/customers/{who}", params={"view": view})
    shown = answer.json()
    personal = {
        "legal_name",
        "birth_date",
        "occupation",
        "contact_points",
        "identifiers",
        "region",
        "age_band",
        "restricted",
    }
    assert {name for name in personal if shown[name] not in (None, "", [])} == needed
    assert set(shown["withheld"]) & personal == personal - needed
    assert all(shown[name] in (None, "", []) for name in shown["withheld"])
    assert answer.headers["etag"] == '"1"'
    assert (await gateway.get(f"/v1/customers/{who}", params={"view": "everything"})).status_code == 422


async def test_the_customer_opens_some_fields_for_one_reader_and_a_time(
    staff: httpx.AsyncClient, other: httpx.AsyncClient, own: httpx.AsyncClient, who: str, ask: Ask, held: Frozen
) -> None:
    grant = await ask(staff, fields=["legal_name", "birth_date"], change=False, duration_seconds=600)
    path = f"/v1/customers/{who}"
    assert (await staff.get(path)).json()["legal_name"] == "刘***"
    confirmed = await confirm(own, grant)
    assert (confirmed.status_code, confirmed.json()["state"]) == (200, "active")
    seen = (await staff.get(path)).json()
    assert (seen["legal_name"], seen["birth_date"], seen["occupation"]) == ("刘洋", "1985-05-05", None)
    assert (await other.get(path)).json()["legal_name"] == "刘***"
    shut = await staff.patch(path, json={"legal_name": "刘阳"}, headers={"If-Match": '"1"'})
    assert (shut.status_code, shut.json()["type"]) == (403, "/problems/field-not-opened")
    held.move(timedelta(seconds=600))
    assert (await staff.get(path)).json()["legal_name"] == "刘***"
    assert (await own.get(f"{path}/access-grants/{grant['id']}")).json()["state"] == "expired"


async def test_changing_needs_an_authorisation_for_that_field_that_reader_and_changing(
    staff: httpx.AsyncClient, other: httpx.AsyncClient, own: httpx.AsyncClient, who: str, ask: Ask
) -> None:
    path, head = f"/v1/customers/{who}", {"If-Match": '"1"'}
    await confirm(own, await ask(staff))
    refused = [
        await other.patch(path, json={"legal_name": "刘阳"}, headers=head),
        await staff.patch(path, json={"birth_date": None}, headers=head),
        await staff.patch(path, json={"legal_name": "刘阳", "occupation": "spy"}, headers=head),
    ]
    assert [one.status_code for one in refused] == [403] * 3
    assert refused[2].json()["errors"] == [
        {"pointer": "/occupation", "code": "not-opened", "detail": "ask by POST …/access-grants with change"}
    ]
    assert (await own.get(path)).headers["etag"] == '"1"'
    done = await staff.patch(path, json={"legal_name": "刘阳"}, headers=head)
    assert (done.status_code, done.json()["legal_name"], done.json()["birth_date"]) == (200, "刘阳", None)


async def test_a_code_read_out_opens_once_and_is_kept_as_a_hash_alone(
    service: Service,
    staff: httpx.AsyncClient,
    who: str,
    ask: Ask,
    stored: Callable[[Service], Awaitable[bytes]],
    unsealed: Callable[[bytes, list[str]], list[str]],
) -> None:
    grant = await ask(staff, send_code=True)
    everything = await stored(service)
    code = await code_of(service)
    assert unsealed(everything, [f'"{code}"', f"{{{code}}}", f",{code},"]) == []
    twins = await asyncio.gather(*(confirm(staff, grant, code) for _ in range(2)))
    assert sorted(one.status_code for one in twins) == [200, 409]
    assert (await staff.get(f"/v1/customers/{who}")).json()["legal_name"] == "刘洋"


async def test_a_code_is_guessed_five_times_at_most_however_many_guess_at_once(
    service: Service, staff: httpx.AsyncClient, ask: Ask
) -> None:
    grant = await ask(staff, send_code=True)
    code = await code_of(service)
    wrong = [f"{(int(code) + step) % 10**6:06d}" for step in range(1, 11)]
    answers = await asyncio.gather(*(confirm(staff, grant, one) for one in wrong))
    assert sorted(one.status_code for one in answers) == [403] * 5 + [409] * 5
    assert {one.json()["type"] for one in answers} == {"/problems/code-wrong", "/problems/code-locked"}
    late = await confirm(staff, grant, code)
    assert (late.status_code, late.json()["type"]) == (409, "/problems/code-locked")


async def test_what_is_late_declined_or_anothers_does_not_open(
    staff: httpx.AsyncClient,
    other: httpx.AsyncClient,
    own: httpx.AsyncClient,
    service: Service,
    who: str,
    ask: Ask,
    held: Frozen,
) -> None:
    coded, declined, plain = await ask(staff, send_code=True), await ask(staff), await ask(staff)
    code = await code_of(service)
    assert (await confirm(other, coded, code)).status_code == 403
    assert (await confirm(staff, coded)).status_code == 422
    assert (await confirm(staff, plain, code)).json()["type"] == "/problems/grant-not-waiting"
    assert (await confirm(own, plain | {"customer_id": str(uuid4())})).status_code == 404
    revoked = await own.post(f"/v1/customers/{who}/access-grants/{declined['id']}/revocations")
    assert revoked.json()["state"] == "revoked"
    assert (await confirm(own, declined)).json()["type"] == "/problems/grant-not-waiting"
    held.move(timedelta(seconds=600))
    assert (await confirm(staff, coded, code)).json()["type"] == "/problems/grant-expired"
    assert (await staff.get(f"/v1/customers/{who}")).json()["masked"] != []


async def test_codes_to_one_customer_are_few_within_an_hour(staff: httpx.AsyncClient, who: str, ask: Ask) -> None:
    path = f"/v1/customers/{who}/access-grants"
    wish = NAME | {"send_code": True}
    answers = await asyncio.gather(
        *(staff.post(path, json=wish, headers={"Idempotency-Key": f"k-{number}"}) for number in range(8))
    )
    assert sorted(one.status_code for one in answers) == [201] * 5 + [429] * 3


async def test_breaking_the_glass_is_loud_short_and_judged_by_another(
    service: Service, staff: httpx.AsyncClient, other: httpx.AsyncClient, own: httpx.AsyncClient, who: str, held: Frozen
) -> None:
    path = f"/v1/customers/{who}/break-glass"
    note = "Ambulance on the line, 刘洋 has collapsed in the branch."
    body = {"reason": "customer_in_danger", "note": note, "fields": ["contact_points"]}
    assert (await staff.post(path, json=body, headers={"Idempotency-Key": "g-1"})).status_code == 403
    broken = await other.post(path, json=body, headers={"Idempotency-Key": "g-1"})
    assert (broken.status_code, broken.json()["state"], broken.json()["broken_glass"]) == (201, "active", True)
    assert (await other.get(f"/v1/customers/{who}")).json()["contact_points"][0]["value"] == "+8613700004321"
    said = [json.loads(one.value) for one in await service.relay() if b"glass_broken" in dict(one.headers)["ce_type"]]
    assert [(one["reader"], one["reason"]) for one in said] == [("ben", "customer_in_danger")]
    (queued,) = (await staff.get("/v1/access-reviews")).json()["items"]
    review = f"/v1/access-reviews/{queued['id']}"
    assert (queued["note"], (await staff.get(review)).json()["note"]) == (None, note)
    verdict = {"verdict": "justified"}
    assert (await other.post(f"{review}/verdicts", json=verdict)).json()["type"] == "/problems/reviewer-is-reader"
    both = await asyncio.gather(*(staff.post(f"{review}/verdicts", json=verdict) for _ in range(2)))
    assert sorted(one.status_code for one in both) == [200, 409]
    assert (await staff.get("/v1/access-reviews")).json()["items"] == []
    held.move(timedelta(seconds=900))
    assert (await other.get(f"/v1/customers/{who}")).json()["contact_points"][0]["value"] == "***4321"
    lines = (await own.get(f"/v1/customers/{who}/access-log")).json()["items"]
    assert ("access.break_glass", "customer_in_danger", True) in {
        (one["action"], one["purpose"], one["broken_glass"]) for one in lines
    }


async def test_a_customer_reads_who_looked_at_what_and_why_without_what_would_tip_them_off(
    service: Service, staff: httpx.AsyncClient, own: httpx.AsyncClient, who: str, ask: Ask
) -> None:
    path = f"/v1/customers/{who}"
    await confirm(own, await ask(staff, purpose="complaint"))
    await staff.get(path)
    await staff.get(path, params={"view": "risk"})
    quiet = await ask(staff, purpose="fraud_inquiry", fields=["identifiers"], send_code=True)
    assert (await confirm(staff, quiet, await code_of(service))).status_code == 200
    await staff.get(path)
    risk = await service.client("customer.customers:read", actor="service", sub="risk")
    await risk.get(path)
    lines = (await own.get(f"{path}/access-log", params={"limit": 500})).json()["items"]
    reads = [one for one in lines if one["action"] == "customer.read"]
    assert [(one["actor"], one["sub"], one["branch"], one["purpose"], one["fields"]) for one in reads] == [
        ("staff", None, "b-1", "complaint", ["legal_name"])
    ]
    assert not [one for one in lines if one["purpose"] == "fraud_inquiry" or one["view"] == "risk"]
    whole = (await staff.get(f"{path}/access-log", params={"limit": 500})).json()["items"]
    assert {one["sub"] for one in whole} == {"gateway", "anna", "liu", "risk"}
    assert len([one for one in whole if one["action"] == "customer.read"]) == 4
    stranger = await service.client(LOG, actor="customer", sub="x", customer_id=str(uuid4()))
    assert (await stranger.get(f"{path}/access-log")).status_code == 404


async def test_an_opening_that_would_tip_a_customer_off_does_not_exist_for_them(
    staff: httpx.AsyncClient, other: httpx.AsyncClient, own: httpx.AsyncClient, who: str, ask: Ask
) -> None:
    glass = f"/v1/customers/{who}/break-glass"
    told, quiet = dict[str, str](), dict[str, str]()
    for reason in GlassReason:
        body = {"reason": reason, "note": "Somebody has to look at this now.", "fields": ["contact_points"]}
        made = await other.post(glass, json=body, headers={"Idempotency-Key": reason})
        (quiet if reason in QUIET_PURPOSES else told)[made.json()["id"]] = reason
    for purpose in AccessPurpose:
        (quiet if purpose in QUIET_PURPOSES else told)[(await ask(staff, purpose=purpose))["id"]] = purpose
    assert {"money_at_risk", "fraud_inquiry"} <= set(quiet.values())
    path = f"/v1/customers/{who}/access-grants"
    listed = (await own.get(path)).json()["items"]
    assert {one["id"] for one in listed} == set(told)
    assert {one["reader"] for one in listed if one["broken_glass"]} == {"staff"}
    assert {one["id"] for one in (await staff.get(path)).json()["items"]} == set(told) | set(quiet)
    never = (await own.get(f"{path}/{uuid4()}")).json()
    for one in quiet:
        for answer in (
            await own.get(f"{path}/{one}"),
            await own.post(f"{path}/{one}/revocations"),
            await own.post(f"{path}/{one}/confirmations", json={}),
        ):
            assert answer.status_code == 404
            assert answer.json() | {"instance": ""} == never | {"instance": ""}
    states = {one["id"]: one["state"] for one in (await staff.get(path)).json()["items"]}
    assert {states[one] for one in quiet} == {"active", "requested"}


async def test_the_log_does_not_tell_by_its_review_that_a_glass_was_broken(
    staff: httpx.AsyncClient, other: httpx.AsyncClient, own: httpx.AsyncClient, who: str
) -> None:
    body = {"reason": "money_at_risk", "note": "A mule account, frozen tonight.", "fields": ["contact_points"]}
    head = {"Idempotency-Key": "g-1"}
    broken = (await other.post(f"/v1/customers/{who}/break-glass", json=body, headers=head)).json()
    review = f"/v1/access-reviews/{broken['id']}"
    await staff.get(review)
    assert (await staff.post(f"{review}/verdicts", json={"verdict": "justified"})).status_code == 200
    lines = (await own.get(f"/v1/customers/{who}/access-log")).json()["items"]
    assert not [one for one in lines if one["action"].startswith("access.") and one["action"] != "access.log"]
    whole = (await staff.get(f"/v1/customers/{who}/access-log")).json()["items"]
    assert {"access.break_glass", "access.review", "access.review_read"} <= {one["action"] for one in whole}


async def test_the_log_turns_its_pages_without_losing_or_repeating_a_line(
    staff: httpx.AsyncClient, own: httpx.AsyncClient, who: str
) -> None:
    for number in range(7):
        await staff.get(f"/v1/customers/{who}", params={"view": "risk"} if number % 2 else {})
    path, seen, cursor = f"/v1/customers/{who}/access-log", list[str](), None
    whole = [one["id"] for one in (await own.get(path)).json()["items"]]
    while True:
        page = (await own.get(path, params={"limit": 2} | ({"cursor": cursor} if cursor else {}))).json()
        seen += [one["id"] for one in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen[-len(whole) :] == whole
    assert len(seen) == len(set(seen))


async def test_nothing_is_opened_of_who_is_unknown_or_erased(
    service: Service, staff: httpx.AsyncClient, other: httpx.AsyncClient, own: httpx.AsyncClient, who: str, ask: Ask
) -> None:
    head = {"Idempotency-Key": "k-1"}
    assert (await staff.post(f"/v1/customers/{uuid4()}/access-grants", json=NAME, headers=head)).status_code == 404
    grant = await ask(staff, send_code=True)
    assert (await other.post(f"/v1/customers/{who}/erasures", json={})).status_code == 201
    assert (await confirm(own, grant)).status_code == 404
    async with service.world.db.begin() as tx:
        assert await usecases.hand_out_codes(service.world, tx) == []
    head = {"Idempotency-Key": "k-2"}
    assert (await staff.post(f"/v1/customers/{who}/access-grants", json=NAME, headers=head)).status_code == 410
    assert (await staff.get(f"/v1/customers/{who}/access-log")).status_code == 410
