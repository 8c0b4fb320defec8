"""N9, the wide profile: facts, features of half a year and every section of a customer, at half of what the api can do."""

import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import uuid4

from cxbank_client.customer.client import Customer
from cxbank_client.rows import ndjson
from cxbank_local.bench.alone import alone
from cxbank_local.bench.load import Measured, run
from cxbank_local.bench.routes import CALLERS, ROUNDS, SECONDS, WARM_SECONDS, gets, head
from cxbank_local.bench.rows import Row
from cxbank_local.suite import Suite
from shared import clock

PEOPLE: Final = 500
EACH: Final = 60
DAYS: Final = 180
MOST_MS: Final = 50.0


def history(ids: Sequence[str]) -> list[dict[str, Any]]:
    """Half a year of payments, logins and calls of each of these customers."""
    told = random.Random(9)  # noqa: S311  # a bench repeats itself
    now = clock.now()
    rows = []
    for one in ids:
        for _ in range(EACH):
            kind = told.choice(("transaction", "transaction", "login", "call"))
            row: dict[str, Any] = {
                "customer_id": one,
                "kind": kind,
                "event_id": uuid4().hex,
                "occurred_at": (now - timedelta(seconds=told.randrange(DAYS * 86_400))).isoformat(),
                "channel": told.choice(("app", "web")) if kind != "call" else "phone",
            }
            if kind == "transaction":
                row |= {
                    "amount": {"amount": f"{told.randrange(100, 90_000) / 100:.2f}", "currency": "CNY"},
                    "direction": told.choice(("debit", "debit", "credit")),
                    "category": told.choice(("groceries", "travel", "salary")),
                }
            rows.append(row)
    return rows


async def profile_row(suite: Suite, ids: Sequence[str]) -> Row:
    """Profiles of customers with half a year behind them: first as fast as they come, then at half of that pace."""
    address = f"http://127.0.0.1:{suite.state.ports.of('customer', 'api')}"
    headers = head(suite, "customer")
    people = list(ids[:PEOPLE])
    async with Customer(address, headers["Authorization"].removeprefix("Bearer "), timeout=120) as customer:
        job = await customer.import_interactions(ndjson(history(people)))
        job = await customer.wait_for_job(job.id, within=300)
    if job.rejected:
        raise RuntimeError(f"{job.rejected} interactions were rejected")
    wires = gets([f"{address}/v1/customers/{one}/profile" for one in people], headers)
    with alone(suite, ("customer", "api")):
        await run(address, wires, callers=CALLERS, seconds=WARM_SECONDS)
        full = max([await run(address, wires, callers=CALLERS, seconds=SECONDS) for _ in range(2)], key=_rate)
        paced = [await run(address, wires, callers=CALLERS, seconds=SECONDS, pace=full.rate / 2) for _ in range(ROUNDS)]
    wrong = sorted({status for one in (full, *paced) for status in one.statuses if status != 200})
    if wrong:
        raise RuntimeError(f"profiles: answers {wrong} were among those measured")
    typical = sorted(paced, key=lambda one: one.quantile(0.99))[len(paced) // 2]
    p99 = typical.quantile(0.99)
    return Row(
        "N9",
        f"`GET /v1/customers/{{id}}/profile`, {EACH} interactions each, at half load",
        "",
        f"{typical.rate:,.0f}/s of {full.rate:,.0f}/s",
        None,
        f"{typical.quantile(0.5):.1f} ms",
        f"{p99:.1f} ms",
        "",
        f"p99 < {MOST_MS:.0f} ms at half load",
        p99 < MOST_MS,
    )


def _rate(one: Measured) -> float:
    return one.rate
