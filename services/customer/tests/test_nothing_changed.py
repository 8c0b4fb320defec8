"""What cannot be is answered by a clear problem at every door, and not one row of any table is another for it."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text

from shared import clock
from shared.clock import Frozen
from shared.testing.service import Service

SCOPES: Final = tuple(
    f"customer.{one}"
    for one in (
        "customers:write",
        "customers:read",
        "relationships:write",
        "segments:write",
        "interactions:write",
        "access-grants:write",
        "access-grants:approve",
    )
)
UNBORN: Final = (clock.now() + timedelta(days=3)).date().isoformat()
SPENT: Final = {"kind": "transaction", "occurred_at": "2026-01-05T09:30:00Z"}
# What is refused may be on record, and a file that was brought is a job; of the customers nothing is another.
KEPT: Final = """SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename !~ '^(audit|job)'"""


@dataclass
class Bank:
    """A family of three, a firm that owns another, a segment, and staff whose authorisation has just run out."""

    service: Service
    system: httpx.AsyncClient
    staff: httpx.AsyncClient
    own: httpx.AsyncClient
    who: str
    ids: dict[str, str] = field(default_factory=dict)

    async def state(self) -> dict[str, str]:
        """A hash of all rows of every table; but for the key under which the lines of a file wait."""
        hashed = """SELECT count(*) || ' ' || coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '')
                    FROM {} t WHERE to_jsonb(t)->>'subject_kind' IS DISTINCT FROM 'job'"""
        async with self.service.world.db.read() as conn:
            tables = [str(table) for table in (await conn.execute(text(KEPT))).scalars()]
            return {table: str((await conn.execute(text(hashed.format(table)))).scalar_one()) for table in tables}

    async def relate(self, kind: str, one: str, other: str) -> httpx.Response:
        """Let one be to the other what `kind` says."""
        body = {"kind": kind, "other_id": self.ids[other], "external_ref": uuid4().hex}
        return await self.system.post(f"/v1/customers/{self.ids[one]}/relationships", json=body)

    async def patch(self, client: httpx.AsyncClient, **change: Any) -> httpx.Response:
        """Change the customer on the version there is."""
        return await client.patch(f"/v1/customers/{self.who}", json=change, headers={"If-Match": '"1"'})

    async def define(self, rule: str) -> httpx.Response:
        """Define one more segment."""
        names = dict.fromkeys(("en", "zh-Hans", "zh-Hant"), "x")
        return await self.system.post("/v1/segments", json={"key": "more", "names": names, "rule": rule})

    async def bring(self, what: str, row: dict[str, Any]) -> list[dict[str, Any]]:
        """Bring a file of one row in; what came back of it."""
        head = {"content-type": "application/x-ndjson"}
        taken = await self.system.post(f"/v1/{what}/imports", content=json.dumps(row).encode(), headers=head)
        assert taken.status_code == 202, taken.text
        await self.service.run_jobs()
        job = (await self.system.get(taken.headers["location"])).json()
        assert (job["state"], job["created"], job["rejected"]) == ("done", 0, 1)
        rejects = await self.system.get(f"{taken.headers['location']}/rejects")
        return [json.loads(line) for line in rejects.text.splitlines()]


@pytest.fixture
async def held() -> AsyncIterator[Frozen]:
    with clock.frozen(clock.now()) as frozen:
        yield frozen


@pytest.fixture
async def bank(service: Service, held: Frozen) -> Bank:
    system = await service.client(*SCOPES, actor="client", sub="core", lifetime=7 * 86_400)
    ids = {}
    for name in ("head", "child", "other", "firm", "daughter"):
        kind = "organisation" if name in {"firm", "daughter"} else "individual"
        made = await system.post("/v1/customers", json={"kind": kind, "legal_name": "李", "external_ref": name})
        assert made.status_code == 201, made.text
        ids[name] = made.json()["id"]
    staff = await service.client(*SCOPES, actor="staff", sub="anna", lifetime=7 * 86_400)
    own = await service.client(*SCOPES, actor="customer", sub="li", customer_id=ids["other"], lifetime=7 * 86_400)
    bank = Bank(service, system, staff, own, ids["other"], ids)
    assert (await bank.relate("household", "head", "child")).status_code == 201
    assert (await bank.relate("owner", "firm", "daughter")).status_code == 201
    path, wish = f"/v1/customers/{bank.who}/access-grants", {"purpose": "correction", "fields": ["legal_name"]}
    for name in ("confirmed", "waiting"):
        body = wish | {"change": True, "duration_seconds": 600}
        asked = await staff.post(path, json=body, headers={"Idempotency-Key": name})
        assert asked.status_code == 201, asked.text
        ids[name] = f"{path}/{asked.json()['id']}"
    assert (await own.post(f"{ids['confirmed']}/confirmations", json={})).json()["state"] == "active"
    held.move(timedelta(days=1))
    return bank


Ask = Callable[[Bank], Awaitable[httpx.Response]]
REFUSED: Final[dict[str, tuple[Ask, int, str, str | None]]] = {
    "registered before birth": (
        lambda b: b.system.post(
            "/v1/customers",
            json={"kind": "individual", "legal_name": "李", "birth_date": UNBORN, "external_ref": "unborn"},
        ),
        422,
        "malformed",
        "/birth_date",
    ),
    "born in the future by a change": (lambda b: b.patch(b.system, birth_date=UNBORN), 422, "malformed", "/birth_date"),
    "an unknown currency": (
        lambda b: b.system.post(
            "/v1/interactions",
            json=SPENT | {"event_id": "x", "customer_id": b.who, "amount": {"amount": "1.00", "currency": "XQQ"}},
        ),
        422,
        "malformed",
        "/amount",
    ),
    "a household within a household": (
        lambda b: b.relate("household", "child", "other"),
        409,
        "household-within-household",
        None,
    ),
    "a household that is its own": (
        lambda b: b.relate("household", "child", "head"),
        409,
        "cyclic-relationship",
        None,
    ),
    "a firm that owns its owner": (lambda b: b.relate("owner", "daughter", "firm"), 409, "cyclic-relationship", None),
    "a rule that does not type-check": (lambda b: b.define("age >= '18'"), 422, "refused", "/rule"),
    "a rule that costs too much": (
        lambda b: b.define("occupation.matches('(a{100}){10}')"),
        422,
        "refused",
        "/rule",
    ),
    "a change under an authorisation that ran out": (
        lambda b: b.patch(b.staff, legal_name="王"),
        403,
        "field-not-opened",
        "/legal_name",
    ),
    "a yes to an authorisation that nobody waits for": (
        lambda b: b.own.post(f"{b.ids['waiting']}/confirmations", json={}),
        409,
        "grant-expired",
        None,
    ),
}


async def test_what_cannot_be_is_a_clear_problem_and_changes_nothing(bank: Bank) -> None:
    before = await bank.state()
    for name, (ask, status, problem, pointer) in REFUSED.items():
        answer = await ask(bank)
        told = answer.json()
        assert (answer.status_code, told["type"]) == (status, f"/problems/{problem}"), (name, told)
        assert answer.headers["content-type"] == "application/problem+json"
        assert told["detail"], name
        assert [one["pointer"] for one in told.get("errors", [])] == ([pointer] if pointer else []), (name, told)
        assert await bank.state() == before, name


async def test_a_row_of_a_file_that_cannot_be_comes_back_with_its_reason_and_changes_nothing(bank: Bank) -> None:
    spent = SPENT | {"event_id": "x", "customer_id": bank.who, "amount": {"amount": "1.00", "currency": "XQQ"}}
    unborn = {"kind": "individual", "legal_name": "李", "birth_date": UNBORN, "external_ref": "unborn"}
    before = await bank.state()
    (money,) = await bank.bring("interactions", spent)
    (birth,) = await bank.bring("customers", unborn)
    assert (money["line"], birth["line"]) == (1, 1)
    assert [(one["code"], one["pointer"]) for one in (money, birth)] == [
        ("value-error", "/amount"),
        ("value-error", "/birth_date"),
    ]
    assert await bank.state() == before


async def test_the_search_for_a_difference_finds_one(bank: Bank) -> None:
    before = await bank.state()
    assert (await bank.patch(bank.system, birth_date="1990-01-01")).status_code == 200
    changed = {table for table, rows in (await bank.state()).items() if rows != before[table]}
    assert {"customer", "customer_history"} <= changed
