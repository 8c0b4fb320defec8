"""Customers multiplied in SQL are rows like those that came through the front door: as many, as long, in order, found."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

import customer.main
import customer.settings
import customer.worker
from cxbank_local.bench.growth import TABLES, multiply
from cxbank_local.bench.routes import GRANT, customer_body
from cxbank_local.state import CHECKOUT
from shared.testing.service import Service, running
from shared.testing.tokens import Issuer

PEOPLE, COPIES = 3, 4


@pytest.fixture
async def filled(database_for: Callable[[Path], str], issuer: Issuer) -> AsyncIterator[tuple[Service, str]]:
    url = database_for(CHECKOUT / "services" / "customer")
    made = running(
        url,
        settings=customer.settings.Settings,
        app=customer.main.app,
        work=customer.worker.work,
        issuer=issuer,
    )
    async with made as service:
        scopes = ("customer.customers:write", "customer.customers:read", "customer.consents:write")
        client = await service.client(*scopes, actor="client", sub="bench")
        for _ in range(PEOPLE):
            who = (await client.post("/v1/customers", json=dict(customer_body()))).json()["id"]
            said = await client.post(f"/v1/customers/{who}/consents", json=GRANT, headers={"Idempotency-Key": who})
            assert said.status_code == 201, said.text
        yield service, url.replace("+asyncpg", "")


async def rows(service: Service, sql: str) -> list[Any]:
    async with service.world.db.read() as conn:
        return list(await conn.execute(text(sql)))


async def test_every_table_of_a_customer_grows_alike_and_the_first_are_read_as_before(
    filled: tuple[Service, str],
) -> None:
    service, url = filled
    before = {table: (await rows(service, f"SELECT count(*) FROM {table}"))[0][0] for table in TABLES}
    kept = await rows(service, "SELECT id FROM customer ORDER BY id")
    assert {"customer", "contact_point", "gate", "subject_key", "consent_head"} <= {
        one for one in before if before[one]
    }
    held = await multiply(url, COPIES)
    assert held == {table: many * (COPIES + 1) for table, many in before.items()}
    # Ids are of version 7 and of the hours before, so that the first customers are still the last by id.
    ids = [row[0] for row in await rows(service, "SELECT id FROM customer ORDER BY id")]
    assert ids[-PEOPLE:] == [row[0] for row in kept]
    assert {one.version for one in ids} == {7}
    # Rows that belong together still do.
    lost = "SELECT count(*) FROM contact_point p LEFT JOIN customer c ON c.id = p.customer_id WHERE c.id IS NULL"
    assert (await rows(service, lost))[0][0] == 0
    sizes = "SELECT DISTINCT pg_column_size(legal_name) FROM customer"
    assert len(await rows(service, sizes)) == 1
    reader: httpx.AsyncClient = await service.client("customer.customers:read", actor="client", sub="bench")
    for one in kept:
        assert (await reader.get(f"/v1/customers/{one[0]}")).json()["legal_name"] == "Benchmark Caller"
