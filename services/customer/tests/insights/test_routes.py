"""Insight over HTTP: signals once and dated, tables that tell of no few, quality counted without opening anything."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx
import pytest

from customer.insights.usecases import learn_people
from shared import clock
from shared.events.envelope import Record
from shared.testing.service import Service

SIGNAL = {
    "observed_on": "2026-10-01",
    "topic": "rate",
    "competitor": "Bank of Elsewhere",
    "product": "savings",
    "value": "2.35",
    "measure_unit": "percent",
    "source": "their price list",
}
SCOPES = (
    "customer.insights:read",
    "customer.market-signals:write",
    "customer.market-signals:read",
    "customer.customers:write",
    "customer.customers:read",
    "customer.erasures:write",
    "customer.identity-links:write",
)

People = Callable[..., Awaitable[list[str]]]
Tell = Callable[..., Awaitable[None]]


@pytest.fixture
async def staff(service: Service) -> httpx.AsyncClient:
    return await service.client(*SCOPES, actor="staff", sub="anna")


@pytest.fixture
def people(service: Service, staff: httpx.AsyncClient) -> People:
    """Register so many of one kind, and let the service hear its own words about them."""

    async def make(count: int, **words: Any) -> list[str]:
        made = [
            await staff.post(
                "/v1/customers",
                json={"kind": "individual", "legal_name": "李雷", "external_ref": str(uuid4())} | words,
            )
            for _ in range(count)
        ]
        assert {one.status_code for one in made} == {201}
        # Partition by partition, as ears are given them, and none twice.
        fresh: dict[int, list[Record]] = {}
        for record in await service.relay():
            if (record.partition, record.offset) not in heard:
                heard.add((record.partition, record.offset))
                fresh.setdefault(record.partition, []).append(record)
        for records in fresh.values():
            await service.consumer().hear(records, await service.bus.cluster_id())
        return [one.json()["id"] for one in made]

    heard: set[tuple[int, int]] = set()
    return make


@pytest.fixture
def told(service: Service) -> Callable[..., Awaitable[None]]:
    """Let the service know of so many people of one kind, as it would by event, all at once."""

    async def tell(count: int, **words: Any) -> None:
        plain = {
            "version": 1,
            "kind": "individual",
            "state": "active",
            "tier": "mass",
            "age_band": None,
            "region": None,
        }
        async with service.world.db.begin() as tx:
            await learn_people(service.world, tx, [plain | {"customer_id": uuid4()} | words for _ in range(count)])

    return tell


async def table(staff: httpx.AsyncClient, rows: str = "region", columns: str = "tier") -> httpx.Response:
    return await staff.get("/v1/insights/tables", params={"rows": rows, "columns": columns})


async def test_two_records_of_one_person_are_one_person_in_every_table(
    staff: httpx.AsyncClient, people: People
) -> None:
    mass = await people(22, region="CN-11")
    rich = await people(21, tier_hint="affluent", region="CN-31")
    pair: dict[str, Any] = {
        "members": [mass[0], rich[0]],
        "leader": rich[0],
        "reason": "same_person",
        "external_ref": "pair",
    }
    pair |= {"evidence": [{"kind": "identity_document", "reference": "scan/2026/78"}]}
    made = await staff.post("/v1/identity-links", json=pair)
    assert made.status_code == 201, made.text
    found = (await table(staff)).json()
    assert (found["total"], found["names"], found["totals"]) == (42, ["affluent", "mass"], [21, 21])
    assert {line["group"]: line["total"] for line in found["lines"]} == {"CN-11": 21, "CN-31": 21}
    parted = await staff.delete(f"/v1/identity-links/{made.json()['id']}", headers={"If-Match": '"1"'})
    assert parted.status_code < 300, parted.text
    assert (await table(staff)).json()["totals"] == [21, 22], "and two again when they are told apart"


async def test_a_signal_is_recorded_once_and_found_by_its_words_and_days(staff: httpx.AsyncClient) -> None:
    made = await staff.post("/v1/market-signals", json=SIGNAL | {"external_ref": "s-1"})
    assert made.status_code == 201, made.text
    again = await staff.post("/v1/market-signals", json=SIGNAL | {"external_ref": "s-1"})
    assert (again.status_code, again.json()) == (200, made.json())
    other = await staff.post("/v1/market-signals", json=SIGNAL | {"external_ref": "s-1", "value": "2.4"})
    assert other.status_code == 409
    assert (await staff.get(made.headers["location"])).json() == made.json()
    for query, found in (({}, 1), ({"topic": "fee"}, 0), ({"from": "2026-10-02"}, 0), ({"to": "2026-10-02"}, 1)):
        listed = await staff.get("/v1/market-signals", params=query)
        assert len(listed.json()["items"]) == found, query


@pytest.mark.parametrize(
    "wrong",
    [
        {"observed_on": "2999-01-01"},
        {"observed_on": "1066-10-14"},
        {"value": None},
        {"measure_unit": None},
        {"value": "1e40"},
        {"value": "NaN"},
        {"topic": "gossip"},
        {"region": "Paris"},
        {"source": "  "},
        {"mood": "bad"},
    ],
    ids=str,
)
async def test_a_signal_that_cannot_be_is_malformed(staff: httpx.AsyncClient, wrong: dict[str, Any]) -> None:
    answer = await staff.post("/v1/market-signals", json=SIGNAL | {"external_ref": "s-2"} | wrong)
    assert answer.status_code == 422, answer.text
    assert (await staff.get("/v1/market-signals")).json()["items"] == []


async def test_a_signal_of_today_where_the_bank_is_stands_beside_the_tables_of_today(service: Service) -> None:
    staff = await service.client(*SCOPES, actor="staff", sub="anna", lifetime=9 * 86_400)
    day = clock.day_in("Asia/Shanghai", clock.now()) + timedelta(days=1)
    for hour, seen, status in ((6, day, 201), (20, day, 201), (20, day + timedelta(days=1), 422)):
        with clock.frozen(datetime(day.year, day.month, day.day, hour, tzinfo=ZoneInfo("Asia/Shanghai"))):
            ref = {"observed_on": str(seen), "external_ref": f"{hour} {seen}"}
            answer = await staff.post("/v1/market-signals", json=SIGNAL | ref)
            assert answer.status_code == status, answer.text
            beside = (await table(staff)).json()["signals"]
            assert [one["observed_on"] for one in beside] == [str(day)] * (1 if hour == 6 else 2)


async def test_without_any_key_or_scope_nothing_is_recorded(service: Service, staff: httpx.AsyncClient) -> None:
    assert (await staff.post("/v1/market-signals", json=SIGNAL)).status_code == 422
    assert (await staff.get(f"/v1/market-signals/{uuid4()}")).status_code == 404
    reader = await service.client("customer.market-signals:read", actor="staff")
    assert (await reader.post("/v1/market-signals", json=SIGNAL | {"external_ref": "x"})).status_code == 403
    customer = await service.client(*SCOPES, actor="customer", customer_id=str(uuid4()))
    assert (await customer.get("/v1/insights/data-quality")).status_code == 403
    assert (await table(customer)).status_code == 403


async def test_a_few_are_hidden_behind_others_and_the_margins_are_true(staff: httpx.AsyncClient, told: Tell) -> None:
    for region, tier, count in (
        ("CN-11", "mass", 14), ("CN-11", "affluent", 12), ("CN-11", "private", 3),
        ("CN-31", "mass", 12), ("CN-31", "affluent", 11), ("CN-31", "private", 13),
    ):  # fmt: skip
        await told(count, region=region, tier=tier)
    found = (await table(staff)).json()
    assert found["names"] == ["affluent", "mass", "private"]
    lines = {line["group"]: line for line in found["lines"]}
    assert lines["CN-11"]["counts"] == [None, 14, None]
    assert lines["CN-31"]["counts"] == [None, 12, None]
    assert (lines["CN-11"]["total"], found["totals"], found["total"], found["fewest"]) == (29, [23, 26, 16], 65, 10)


async def test_regions_of_a_few_are_joined_and_a_table_of_few_is_withheld(staff: httpx.AsyncClient, told: Tell) -> None:
    assert (await table(staff)).json()["lines"] == []
    await told(4, region="CN-54")
    assert (await table(staff)).status_code == 409
    await told(30, region="CN-11")
    await told(12)
    found = (await table(staff)).json()
    assert {line["group"]: line["total"] for line in found["lines"]} == {"CN-11": 30, "other": 16}
    assert (await table(staff, "tier", "tier")).status_code == 422
    assert (await table(staff, "tier", "salary")).status_code == 422


async def test_who_is_erased_is_counted_no_more_and_late_words_bring_nobody_back(
    service: Service, staff: httpx.AsyncClient, people: People, told: Tell
) -> None:
    (first,) = await people(1, region="CN-11")
    await told(11, region="CN-11")
    assert (await table(staff)).json()["total"] == 12
    gone = await staff.post(f"/v1/customers/{first}/erasures", headers={"Idempotency-Key": "e-1"}, json={})
    assert gone.status_code in {200, 201, 202}, gone.text
    assert (await table(staff)).json()["total"] == 11
    words = f'{{"customer_id":"{first}","kind":"individual","state":"active","tier":"mass","version":9}}'
    await service.hear("cxbank.customer.changed.v1", words.encode(), key=first, subject=first, sequence=9, id_=uuid4())
    assert (await table(staff)).json()["total"] == 11


async def test_an_older_word_does_not_overrule_a_newer_one(
    service: Service, staff: httpx.AsyncClient, told: Tell
) -> None:
    who = uuid4()
    await told(11, region="CN-11")
    for version, state in ((5, "active"), (4, "closed")):
        await told(1, customer_id=who, version=version, state=state)
    assert [line["group"] for line in (await table(staff, "state", "tier")).json()["lines"]] == ["active"]
