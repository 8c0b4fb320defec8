"""`cxbank accounts`: the real accounts in as interactions, then features through the front door against the raw files."""

import random
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from rich.console import Console

from cxbank_client.customer.client import Customer
from cxbank_client.rows import ndjson
from cxbank_client.tokens import ClientCredentials
from cxbank_local.administration import NotRunning
from cxbank_local.demo import accounts, sources
from cxbank_local.demo.run import BESIDE
from cxbank_local.issuer import scopes_of
from cxbank_local.state import State
from cxbank_local.suite import answers

IMPORT_SECONDS: Final = 1_800.0
SAMPLE: Final = 60
YEAR: Final = 365
NAMES: Final = ("count_transaction_365d", "inflow_365d", "outflow_365d", "balance", "holds_loan", "currency")


@dataclass(frozen=True, slots=True)
class Expected:
    """What a customer's features must be at an instant, counted in the raw files without the service's code."""

    customer: UUID
    values: Mapping[str, Any]


def expected(folder: Path, at: datetime) -> Iterator[Expected]:
    """For every owner of an account with transactions."""
    owner = accounts.owners(folder)
    borrowers = {
        row["account_id"] for row in sources.raw(folder, accounts.FILES[3]) if _noon(accounts.day_of(row["date"])) <= at
    }
    rows: dict[str, list[Mapping[str, str]]] = {}
    for account, _, row in accounts.transactions(folder):
        if _noon(date.fromisoformat(row["date"])) <= at:
            rows.setdefault(account, []).append(row)
    for account, theirs in sorted(rows.items()):
        year = [row for row in theirs if _noon(date.fromisoformat(row["date"])) > at - timedelta(days=YEAR)]
        yield Expected(
            accounts.customer_of(owner[account]),
            {
                "count_transaction_365d": len(year),
                "inflow_365d": _minor(row["amount"] for row in year if row["type"] == "credit"),
                "outflow_365d": _minor(row["amount"] for row in year if row["type"] != "credit"),
                "balance": _minor([theirs[-1]["balance"]]),
                "holds_loan": account in borrowers,
                "currency": accounts.CURRENCY,
            },
        )


def _noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def _minor(amounts: Any) -> int:
    return int(sum((Decimal(amount) for amount in amounts), Decimal(0)) * 100)


async def compared(customer: Customer, wanted: list[Expected], at: datetime) -> list[str]:
    """What differs between the features the service tells and those counted in the files; nothing if all is well."""
    wrong = []
    for one in wanted:
        told = await customer.show_profile(one.customer, features=list(NAMES), valid_at=at)
        for name, value in one.values.items():
            if told.features[name].value != value:
                wrong.append(f"{one.customer} {name}: {told.features[name].value} for {value}")
    return wrong


async def bring_accounts(state: State, out: Console, data: Path | None) -> None:
    """Bring the files in and compare; raises NotRunning where it cannot, or where a feature is not what the files say."""
    folder = data or BESIDE
    if not all((folder / name).exists() for name in accounts.FILES):
        raise NotRunning("the files of the accounts are not here: set CXBANK_DATA")
    if not answers(state.ports.of("customer", "api"), "/health/ready"):
        raise NotRunning("the suite does not run: make up")
    issuer, secret = f"http://127.0.0.1:{state.ports.issuer}/token", state.secrets["client:demo"]
    scope = " ".join(scopes_of("customer"))
    credentials = ClientCredentials(issuer, "demo", secret, audience="customer", scope=scope)
    rows = list(accounts.interactions(folder))
    async with Customer(f"http://127.0.0.1:{state.ports.of('customer', 'api')}", credentials, timeout=60) as customer:
        began = time.perf_counter()
        job = await customer.import_interactions(ndjson(rows), pack=True)
        job = await customer.wait_for_job(job.id, within=IMPORT_SECONDS)
        rate = len(rows) / (time.perf_counter() - began)
        out.print(
            f"{len(rows)} interactions: {job.created} new, {job.unchanged} known, {job.rejected} rejected; {rate:,.0f}/s"
        )
        at = datetime(1994, 6, 30, 12, tzinfo=UTC)
        every = list(expected(folder, at))
        # The same customers every time.
        sample = random.Random(1).sample(every, min(SAMPLE, len(every)))  # noqa: S311
        wrong = await compared(customer, sample, at)
    for one in wrong[:20]:
        out.print(f"[red]{one}[/red]")
    out.print(f"features of {len(sample)} customers at {at:%Y-%m-%d}: {len(wrong)} differ from the files")
    if job.rejected or wrong:
        raise NotRunning("what came in is not what the files say")
