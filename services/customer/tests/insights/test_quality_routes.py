"""The quality of what is recorded over HTTP: every field as a count by hand has it, by source, and no few are told of."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from random import Random
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from customer.insights import repository
from customer.insights.domain.quality import FieldShown, Tally, shown_fields
from customer.insights.timers import judging
from customer.insights.usecases import judge_records, quality
from customer.parties.usecases import contacts_shared
from shared import clock
from shared.testing.service import Service

SCOPES = (
    "customer.insights:read",
    "customer.customers:write",
    "customer.erasures:write",
    "customer.identity-links:write",
)


@pytest.fixture
async def staff(service: Service) -> httpx.AsyncClient:
    return await service.client(*SCOPES, actor="staff", sub="anna")


async def judged(*services: Service) -> None:
    """Let the workers go on until the day's judging is done, all at once."""

    async def until_done(one: Service) -> None:
        while await judge_records(one.world):
            continue

    await asyncio.gather(*(until_done(one) for one in services))


async def told(staff: httpx.AsyncClient) -> dict[tuple[str, str], dict[str, Any]]:
    found = (await staff.get("/v1/insights/data-quality")).json()
    return {(one["field"], one["source"]): one for one in found["fields"]}


@pytest.fixture
def every_count(monkeypatch: pytest.MonkeyPatch) -> list[Tally]:
    """The tallies as they were before anything was hidden."""
    kept: list[Tally] = []
    before = shown_fields

    def noted(tally: Tally, contacts: Iterable[str], fewest: int) -> tuple[list[FieldShown], list[str]]:
        kept.append(tally)
        return before(tally, contacts, fewest)

    monkeypatch.setattr(quality, "shown_fields", noted)
    return kept


Expected = Counter[tuple[str, str, str]]


def somebody(draw: Random, number: int) -> tuple[dict[str, Any], Expected]:
    """A registration, and how each field of it has to be counted: (field, source, fault)."""
    expected: Expected = Counter()
    source = draw.choice(["customer", "import", "registry", None])
    body: dict[str, Any] = {"kind": "individual", "legal_name": draw.choice(["张伟", "未知", "Ann Lee"])}
    if source:
        body["provenance"] = {"source": source, "observed_at": (clock.now() - timedelta(days=1)).isoformat()}
    faults = {
        "region": ("CN-11", "CN-99", None), "gender": (1, 9, None), "occupation": ("baker", "n/a", None),
        "industry": (None,), "languages": (["zh-Hans"], ["xx"], None), "education": (3, None),
        "accessibility_needs": (["hearing_loop"], None), "home_branch": ("b-1", None),
        "relationship_manager": ("rm-1", "none", None), "declared_income_band": ("i1", None),
        "declared_asset_band": ("a2", None), "preferred_name": ("Lucy", "123", None), "occupation_group": ("craft", None),
        "birth_date": ("1980-02-03", "1890-01-01", None),
    }  # fmt: skip
    bad = {"CN-99": "unknown_code", 9: "not_applicable", "n/a": "placeholder", "none": "placeholder"}
    bad |= {"123": "no_letters", "未知": "placeholder", "1890-01-01": "implausible"}
    for field, values in faults.items():
        value = draw.choice(values)
        if value is not None:
            body[field] = value
            fault = "unknown_code" if value == ["xx"] else "" if isinstance(value, list) else bad.get(value, "")
            expected[field, source or "bank", fault] += 1
        elif field != "industry":
            expected[field, "missing", ""] += 1
    expected["legal_name", source or "bank", bad.get(body["legal_name"], "")] += 1
    expected["name", "missing", ""] += 1
    for kind, points in {
        "phone": {"+8613800138000": "", "+861380013": "unassigned"}, "postal": {"Beijing": ""},
        "wechat": {"lilei": ""}, "email": {"li@bank.cn": "", "li@example.com": "reserved_domain"},
    }.items():  # fmt: skip
        value = draw.choice([*points, None])
        if value is None:
            expected[kind, "missing", ""] += 1
        else:
            body.setdefault("contact_points", []).append({"kind": kind, "value": value})
            expected[kind, "bank", points[value]] += 1
    paper = draw.choice([None, "paper", "expired"])
    if paper is None:
        expected["identifier", "missing", ""] += 1
    else:
        until = clock.now().date() + timedelta(days=-2 if paper == "expired" else 400)
        one = {"type": "passport", "issuer": "HK", "value": f"K{number:07}", "expires_on": until.isoformat()}
        body["identifiers"] = [one | {"provenance": {"source": "identity_document"}}]
        expected["identifier", "identity_document", "expired" if paper == "expired" else ""] += 1
    place = draw.choice([None, "CN", "HK", "99"])
    if place is None:
        expected["address", "missing", ""] += 1
    else:
        address = {"kind": "home", "lines": ["1 Road"], "country": "CN", "postal_code": "100000"}
        address |= {"region": "HK"} if place == "HK" else {"postal_code": "99"} if place == "99" else {}
        body["addresses"] = [address]
        expected["address", "bank", {"CN": "", "HK": "region_elsewhere", "99": "postal_code"}[place]] += 1
    return body, expected


async def test_every_field_is_counted_by_source_as_a_count_by_hand_has_it(
    service: Service, staff: httpx.AsyncClient, every_count: list[Tally], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quality, "PAGE", 7)
    draw, expected = Random(20261126), Expected()  # noqa: S311  # a seed, not a secret
    for number in range(60):
        body, so = somebody(draw, number)
        made = await staff.post("/v1/customers", json=body | {"external_ref": f"q-{number}"})
        assert made.status_code == 201, made.text
        expected += so
    await judged(service)
    (tally,) = every_count
    found: Counter[tuple[str, str, str]] = Counter()
    for cell, number in tally.cells.items():
        found[cell.field, cell.source, cell.fault] += number
    assert found == expected
    assert tally.kinds == {"individual": 60}
    lines = await told(staff)
    assert lines["legal_name", "all"]["filled"] == lines["legal_name", "all"]["records"] == 60
    assert {field for field, _ in lines} >= {field for field, _, _ in expected} - {"name"}
    for (field, source), line in lines.items():
        if source != "other":
            mine = {key: n for key, n in expected.items() if key[0] == field and key[1] != "missing"}
            assert line["filled"] == sum(n for key, n in mine.items() if source in {"all", key[1]})
            if line["valid"] is not None:
                assert line["valid"] == sum(n for key, n in mine.items() if source in {"all", key[1]} and not key[2])


async def test_what_is_stale_shared_verified_and_of_which_kind_is_told_and_a_kind_of_few_is_left_out(
    service: Service, staff: httpx.AsyncClient
) -> None:
    phone = {"kind": "phone", "value": "+8613800138000", "verified": True}
    for number in range(40):
        body: dict[str, Any] = {"kind": "individual", "legal_name": "李雷", "external_ref": f"s-{number}"}
        body["contact_points"] = [phone] if number < 20 else [{"kind": "phone", "value": f"+86138001381{number}"}]
        long_ago = (clock.now() - timedelta(days=800)).isoformat()
        body |= (
            {"occupation": "baker", "provenance": {"source": "import", "observed_at": long_ago}} if number < 15 else {}
        )
        assert (await staff.post("/v1/customers", json=body)).status_code == 201
    body = {"kind": "organisation", "legal_name": "Bakery", "external_ref": "org"}
    assert (await staff.post("/v1/customers", json=body)).status_code == 201
    async with service.world.db.begin() as tx:
        await tx.execute(
            text("UPDATE customer SET updated_at = updated_at - interval '40 days' WHERE occupation IS NULL")
        )
    await judged(service)
    found = (await staff.get("/v1/insights/data-quality")).json()
    lines = {(one["field"], one["source"]): one for one in found["fields"]}
    phones = lines["phone", "all"]
    assert (phones["records"], phones["shared"], phones["verified"], phones["stale"]) == (40, 20, 20, 0)
    stale = lines["occupation", "import"]
    assert (stale["filled"], stale["completeness"], stale["stale"], stale["staleness"]) == (15, 0.375, 15, 1.0)
    assert stale["stale_after_days"] == 730
    assert lines["legal_name", "import"]["stale_after_days"] is None
    assert (found["kinds_left_out"], found["fewest"]) == (["organisation"], 10)
    assert [one for one in found["fields"] if one["field"] == "incorporation_date"] == []
    ages = {one["source"]: (one["within_30_days"], one["within_year"]) for one in found["freshness"]}
    assert ages == {"bank": (0, 25), "import": (15, 0)}
    assert found["duplicates"] == [{"kind": "phone", "values": 21, "shared_values": 1, "customers_sharing": 20}]


async def test_of_a_few_nothing_is_told(service: Service, staff: httpx.AsyncClient) -> None:
    empty = (await staff.get("/v1/insights/data-quality")).json()
    assert (empty["made_at"], empty["fields"]) == (None, [])
    body = {"kind": "individual", "legal_name": "李雷", "contact_points": [{"kind": "wechat", "value": "lilei"}]}
    for number in range(9):
        assert (await staff.post("/v1/customers", json=body | {"external_ref": f"f-{number}"})).status_code == 201
    await judged(service)
    found = (await staff.get("/v1/insights/data-quality")).json()
    assert found["made_at"] is not None
    assert (found["fields"], found["freshness"], found["duplicates"]) == ([], [], [])
    assert found["kinds_left_out"] == ["individual"]


async def test_who_is_killed_between_pages_counts_nobody_twice_and_four_workers_count_as_one(
    service: Service, twin: Service, staff: httpx.AsyncClient, every_count: list[Tally], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quality, "PAGE", 3)
    ids = []
    for number in range(20):
        body = {"kind": "individual", "legal_name": "李雷", "external_ref": f"k-{number}"}
        ids.append((await staff.post("/v1/customers", json=body)).json()["id"])
    gone = await staff.post(f"/v1/customers/{ids[1]}/erasures", headers={"Idempotency-Key": "e-1"}, json={})
    assert gone.status_code in {200, 201, 202}
    assert await judge_records(service.world)
    killed = pytest.MonkeyPatch()
    killed.setattr(repository, "keep_judging", None)  # dies after a page was read, before it is kept
    with pytest.raises(TypeError):
        await judge_records(service.world)
    killed.undo()
    await judged(service, twin, service, twin)
    assert [tally.kinds for tally in every_count] == [{"individual": 19}]
    await judged(service, twin)
    assert len(every_count) == 1, "once a day"
    with clock.frozen(clock.now() + timedelta(days=1, minutes=1)):
        await judged(service, twin)
    assert [tally.kinds for tally in every_count] == [{"individual": 19}] * 2


async def test_one_person_recorded_twice_shares_nothing_once_linked(service: Service, staff: httpx.AsyncClient) -> None:
    point = [{"kind": "phone", "value": "+8613800138000"}]
    ids = []
    for number in range(20):
        more = (
            {"contact_points": point}
            if number < 2
            else {"contact_points": [{"kind": "phone", "value": f"+86138001382{number:02}"}]}
        )
        body = {"kind": "individual", "legal_name": "李雷", "external_ref": f"l-{number}"} | more
        ids.append((await staff.post("/v1/customers", json=body)).json()["id"])
    async with service.world.db.read() as conn:
        assert [one.customers_sharing for one in await contacts_shared(conn)] == [2]
    proof = [{"kind": "identity_document", "reference": "scan/2026/80"}]
    pair = {"members": ids[:2], "leader": ids[0], "reason": "same_person", "evidence": proof, "external_ref": "pair"}
    made = await staff.post("/v1/identity-links", json=pair)
    assert made.status_code == 201, made.text
    async with service.world.db.read() as conn:
        assert [one.customers_sharing for one in await contacts_shared(conn)] == [0]
    await judged(service)
    assert (await told(staff))["phone", "all"]["shared"] == 0


async def test_the_part_of_the_worker_ends_when_it_is_told_to(service: Service, staff: httpx.AsyncClient) -> None:
    stopping = asyncio.Event()
    running = asyncio.ensure_future(judging(service.world)(stopping))
    async with asyncio.timeout(10):
        while (await staff.get("/v1/insights/data-quality")).json()["made_at"] is None:  # noqa: ASYNC110  # told by HTTP only
            await asyncio.sleep(0.02)
    stopping.set()
    await running


async def test_a_customer_is_not_told(service: Service) -> None:
    customer = await service.client(*SCOPES, actor="customer", customer_id=str(clock.new_id()))
    assert (await customer.get("/v1/insights/data-quality")).status_code == 403


async def test_a_record_that_cannot_be_read_keeps_nobody_else_from_being_judged(
    service: Service, staff: httpx.AsyncClient, every_count: list[Tally]
) -> None:
    body = {"kind": "individual", "legal_name": "李雷", "gender": 1}
    ids = [
        (await staff.post("/v1/customers", json=body | {"external_ref": f"u-{at}"})).json()["id"] for at in range(15)
    ]
    async with service.world.db.begin() as tx:
        await tx.execute(text("UPDATE customer SET legal_name = '\\x00'::bytea WHERE id = :id"), {"id": ids[7]})
        await tx.execute(text("UPDATE customer SET details = '\\x0011'::bytea WHERE id = :id"), {"id": ids[9]})
    await judged(service)
    assert [(tally.kinds, tally.unreadable) for tally in every_count] == [({"individual": 13}, 2)]
    assert (await staff.get("/v1/insights/data-quality")).json()["unreadable"] == 2
