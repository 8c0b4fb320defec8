"""A segment has only members of whom its use is allowed, until a consent is withdrawn or runs out, or somebody objects."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import orjson
import pytest
from sqlalchemy import text

from customer.consents.usecases import stop
from customer.segments.usecases import settle
from customer.segments.usecases.library import vocabulary
from shared import clock
from shared.access import Caller
from shared.testing.service import Service

Link = Callable[..., Awaitable[None]]
Told = Callable[..., Awaitable[int]]
Define = Callable[..., Awaitable[httpx.Response]]
Say = Callable[..., Awaitable[str]]
Register = Callable[..., Awaitable[UUID]]
OFFICER = Caller(sub="officer", actor="staff", scopes=frozenset())
# The latest word, of two at one instant the denial.
LAST = "ORDER BY customer_id, occurred_at DESC, denies DESC, record_id DESC"
CONTRACT = {"gdpr": "6(1)(b)", "pipl": "13(2)"}


@pytest.fixture
async def consenting(service: Service) -> httpx.AsyncClient:
    scopes = ("customer.consents:write", "customer.consents:read", "customer.purposes:write")
    return await service.client(*scopes, actor="staff", sub="carla")


@pytest.fixture
def say(consenting: httpx.AsyncClient) -> Say:
    """Let somebody say a word about profiling, or another purpose: its receipt id. A yes is for account data as well."""

    async def said(who: UUID, decision: str, purpose: str = "profiling", **more: Any) -> str:
        body: dict[str, Any] = {"purpose": purpose, "decision": decision, "external_ref": str(clock.new_id())}
        if decision == "granted":
            body |= {"language": "en", "evidence": {"method": "click"}}
            body |= {"separate_categories": ["financial_account"]} if purpose == "profiling" else {}
        answer = await consenting.post(f"/v1/customers/{who}/consents", json=body | more)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    return said


async def of(staff: httpx.AsyncClient, who: UUID, **query: Any) -> dict[str, dict[str, Any]]:
    """A customer's segments by key."""
    answer = await staff.get(f"/v1/customers/{who}/segments", params=query)
    assert answer.status_code == 200, answer.text
    return {one["segment"]: one for one in answer.json()["items"]}


async def said_of(service: Service) -> list[dict[str, Any]]:
    """What was said of memberships, each with `type`."""
    found = []
    for record in await service.relay():
        kind = dict(record.headers)["ce_type"].decode()
        if ".segment_" in kind:
            found.append(orjson.loads(record.value) | {"type": kind.split(".")[2].removeprefix("segment_")})
    return found


async def test_a_segment_without_a_use_serves_and_says_by_which_article(
    service: Service, staff: httpx.AsyncClient, who: UUID, define: Define, told: Told
) -> None:
    made = (await define("grown", "age >= 18")).json()
    assert (made["use"], made["purpose"], made["data_categories"]) == ("servicing", "servicing", ["demographics"])
    assert (await define("grown", "age >= 18", use="servicing")).status_code == 200
    await told()
    grounds = (await of(staff, who))["grown"]["grounds"]
    assert (grounds["reason"], grounds["legal_basis"], grounds["receipt_id"]) == ("legal-basis", CONTRACT, None)
    (event,) = await said_of(service)
    assert (event["use"], event["receipt_id"]) == ("servicing", None)
    assert event["legal_basis"] == "GDPR Art. 6(1)(b); PIPL Art. 13(2)"


async def test_consent_lets_somebody_in_at_its_instant_and_its_withdrawal_out(
    service: Service, staff: httpx.AsyncClient, who: UUID, define: Define, told: Told, say: Say
) -> None:
    await define("prospects", "age >= 18", use="marketing")
    await told()
    assert await of(staff, who) == {}
    receipt = await say(who, "granted")
    await told()
    member = (await of(staff, who))["prospects"]
    assert (member["grounds"]["receipt_id"], member["by"]) == (receipt, "event")
    renewed = await say(who, "granted")
    withdrawn = await say(who, "withdrawn")
    # At once: the word is recorded, and nobody had the time to tell.
    assert await of(staff, who) == {}
    await told()
    entered, left = await said_of(service)
    assert [(one["type"], one["receipt_id"]) for one in (entered, left)] == [("entered", receipt), ("left", renewed)]
    async with service.world.db.read() as conn:
        rows = await conn.execute(text("SELECT id::text, occurred_at FROM consent_record"))
        words = {row.id: row.occurred_at for row in rows}
    assert datetime.fromisoformat(entered["since"]) == words[receipt]
    assert datetime.fromisoformat(left["since"]) == words[withdrawn]


async def test_a_consent_runs_out_on_the_very_instant_and_nobody_does_anything(
    service: Service, who: UUID, define: Define, told: Told, say: Say
) -> None:
    await define("prospects", "age >= 18", use="marketing")
    almost = clock.now() - timedelta(days=729)
    receipt = await say(who, "granted", purpose_version=1, occurred_at=almost.isoformat())
    await told()
    async with service.world.db.read() as conn:
        ends = (await conn.execute(text("SELECT expires_at FROM consent_record"))).scalar_one()
    await told(ends - timedelta(milliseconds=1))
    assert [one["type"] for one in await said_of(service)] == ["entered"]
    await told(ends + timedelta(hours=3))
    left = (await said_of(service))[-1]
    assert (left["type"], left["by"], left["receipt_id"]) == ("left", "time", receipt)
    assert datetime.fromisoformat(left["since"]) == ends


async def test_an_objection_to_profiling_ends_what_rests_on_an_interest_and_not_on_a_contract(
    service: Service, staff: httpx.AsyncClient, who: UUID, define: Define, told: Told
) -> None:
    for use in ("servicing", "improvement"):
        await define(f"for_{use}", "age >= 18", use=use)
    await told()
    assert (await of(staff, who)).keys() == {"for_servicing", "for_improvement"}
    async with service.world.db.begin() as tx:
        await stop(service.world, tx, who, "profiling", uuid4(), OFFICER)
    await told()
    found = await of(staff, who, explain=True)
    assert {key: one["member"] for key, one in found.items()} == {"for_servicing": True, "for_improvement": False}
    assert found["for_improvement"]["grounds"]["reason"] == "objected"
    left = (await said_of(service))[-1]
    assert (left["type"], left["segment"], left["legal_basis"]) == ("left", "for_improvement", "GDPR Art. 6(1)(f)")


async def test_whoever_wants_no_marketing_anywhere_is_not_profiled_for_it(
    staff: httpx.AsyncClient, who: UUID, define: Define, told: Told, say: Say
) -> None:
    await define("prospects", "age >= 18", use="marketing")
    await say(who, "granted")
    for channels, member in ((["email"], True), (None, False)):
        await say(who, "refused", "marketing", **({"channels": channels} if channels else {}))
        await told()
        assert (await of(staff, who, explain=True))["prospects"]["member"] is member
    await say(who, "granted", "marketing", channels=["sms"])
    await told()
    assert (await of(staff, who))["prospects"]["member"]


async def test_an_explanation_tells_the_missing_consent_from_the_missing_condition(
    service: Service, staff: httpx.AsyncClient, who: UUID, define: Define, told: Told
) -> None:
    await define("grown", "age >= 18", use="marketing")
    await told()
    (item,) = (await of(staff, who, explain=True)).values()
    assert (item["member"], item["explanation"]["outcome"]) == (False, "true")
    assert (item["grounds"]["decision"], item["grounds"]["reason"]) == ("deny", "no-consent")
    assert item["grounds"]["purpose"] == "profiling"
    own = await service.client("customer.segments:read", actor="customer", sub="c", customer_id=str(who))
    assert await of(own, who, explain=True) == {}


async def test_account_data_needs_a_separate_consent_also_through_another_segment(
    staff: httpx.AsyncClient, who: UUID, define: Define, told: Told, say: Say
) -> None:
    await define("rich", "!known('balance')")
    await define("asks", "in_segment('rich')", use="marketing")
    await define("plain", "age >= 18", use="marketing")
    await say(who, "granted", separate_categories=[])
    await told()
    found = await of(staff, who, explain=True)
    assert {key for key, one in found.items() if one["member"]} == {"rich", "plain"}
    assert found["asks"]["grounds"]["reason"] == "separate-consent-missing"
    await say(who, "granted")
    await told()
    assert (await of(staff, who)).keys() == {"rich", "plain", "asks"}


async def test_a_new_version_of_the_purpose_asks_again_from_its_own_day_on(
    service: Service,
    staff: httpx.AsyncClient,
    consenting: httpx.AsyncClient,
    who: UUID,
    define: Define,
    told: Told,
    say: Say,
) -> None:
    await define("prospects", "age >= 18", use="marketing")
    receipt = await say(who, "granted")
    await told()
    day = clock.now() + timedelta(days=3)
    patch = {"valid_days": 90, "effective_from": day.isoformat()}
    changed = await consenting.patch("/v1/purposes/profiling", json=patch, headers={"If-Match": '"1"'})
    assert changed.status_code == 200, changed.text
    await told()
    assert (await of(staff, who)).keys() == {"prospects"}
    await told(day + timedelta(hours=1))
    left = (await said_of(service))[-1]
    assert (left["type"], left["by"], left["receipt_id"]) == ("left", "rule", receipt)
    assert datetime.fromisoformat(left["since"]) == day


async def test_a_changed_use_judges_from_its_own_instant_on(
    service: Service, staff: httpx.AsyncClient, who: UUID, define: Define, told: Told
) -> None:
    made = (await define("grown", "age >= 18")).json()
    await told()
    path = f"/v1/segments/{made['id']}"
    unknown = await staff.patch(path, json={"use": "spying"}, headers={"If-Match": '"1"'})
    assert (unknown.status_code, unknown.json()["errors"][0]["code"]) == (422, "unknown-use")
    changed = await staff.patch(path, json={"use": "marketing"}, headers={"If-Match": '"1"'})
    assert (changed.json()["use"], changed.json()["purpose"]) == ("marketing", "profiling")
    await told()
    assert [(one["type"], one["by"]) for one in await said_of(service)] == [("entered", "rule"), ("left", "rule")]
    back = await staff.patch(path, json={"use": None}, headers={"If-Match": '"2"'})
    assert (back.json()["use"], back.json()["version"]) == ("servicing", 3)


async def test_a_preview_says_how_many_hold_and_may_not_be_told(
    staff: httpx.AsyncClient, register: Register, say: Say
) -> None:
    people = [await register(birth_date="1990-05-01") for _ in range(3)]
    await say(people[0], "granted")
    body = {"rule": "age >= 18", "use": "marketing"}
    shown = (await staff.post("/v1/segments/previews", json=body)).json()
    assert (shown["members"], shown["denied"], shown["sample"]) == (1, 2, [str(people[0])])
    assert (await staff.post("/v1/segments/previews", json=body | {"use": "statistics"})).status_code == 422


async def test_linked_ids_share_their_words_and_an_unlink_leaves_no_trace(
    staff: httpx.AsyncClient, register: Register, define: Define, told: Told, say: Say, link: Link
) -> None:
    one, other = await register(birth_date="1990-05-01"), await register(birth_date="1990-05-01")
    await define("prospects", "age >= 18", use="marketing")
    await say(other, "granted")
    for version, linked, found in ((1, True, {"prospects"}), (2, False, set[str]())):
        await link(one, other, version, linked=linked)
        await told()
        assert [{*await of(staff, one)}, {*await of(staff, other)}] == [found, {"prospects"}]


async def test_words_said_by_twenty_at_once_while_workers_tell_end_as_the_ledger_has_it(
    service: Service, twin: Service, register: Register, define: Define, say: Say
) -> None:
    await define("prospects", "age >= 18", use="marketing")
    people = [await register(birth_date="1990-05-01") for _ in range(4)]
    dice = random.Random(3)  # noqa: S311  # a test's dice
    for _ in range(3):
        words = [say(dice.choice(people), dice.choice(["granted", "withdrawn"])) for _ in range(20)]
        await asyncio.gather(*words, *(settle(one.world) for one in (service, twin, service, twin)))
    await settle(twin.world)
    async with service.world.db.read() as conn:
        said = await conn.execute(text("SELECT DISTINCT ON (customer_id) customer_id, word FROM consent_head " + LAST))
        granted = {row.customer_id for row in said if row.word == "granted"}
        members = {row.customer_id for row in await conn.execute(text("SELECT customer_id FROM segment_member"))}
    assert members == granted
    last = {event["customer_id"]: event["type"] for event in await said_of(service)}
    assert {UUID(one) for one, kind in last.items() if kind == "entered"} == members


def test_every_word_of_a_rule_is_read_from_one_category_of_data() -> None:
    words = [*vocabulary().specs, *(f"{stem}_17d" for stem in vocabulary().windows)]
    told = {word: vocabulary().categories([word]) for word in words}
    assert {one for many in told.values() for one in many} == {
        *("demographics", "product_holdings", "interactions", "financial_account")
    }
    minor = {name for name, spec in vocabulary().specs.items() if spec.unit.startswith("minor")}
    assert all(told[name] == {"financial_account"} for name in minor)
    assert [told[name] for name in ("holds_loan", "count_visit_17d")] == [{"product_holdings"}, {"interactions"}]
