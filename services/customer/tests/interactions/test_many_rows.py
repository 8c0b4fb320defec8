"""Rows that come by the thousand are copied in, and are kept as each alone would be."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from customer.interactions.usecases import facts_of
from shared import clock
from shared.db import copy
from shared.testing.service import Service

WHO = UUID(int=7)
BEGIN = datetime(2026, 1, 5, tzinfo=UTC)


def row(number: int, event: str) -> dict[str, Any]:
    said = {
        "event_id": f"{event}-{number}",
        "customer_id": str(WHO),
        "kind": "transaction",
        "occurred_at": (BEGIN + timedelta(minutes=number)).isoformat(),
        "amount": {"amount": "12.50", "currency": "CNY"},
        "attributes": {"payee": "角店"},
    }
    return said if number % 3 else said | {"channel": "app", "category": "groceries"}


async def test_a_thousand_rows_at_once_are_kept_as_each_alone_would_be(service: Service) -> None:
    here = await service.client("customer.interactions:write", "customer.customers:read", actor="client", sub="core")
    lines = "\n".join(json.dumps(row(number, "many")) for number in range(1_100)).encode()
    head = {"content-type": "application/x-ndjson"}
    taken = await here.post("/v1/interactions/imports", content=lines, headers=head)
    await service.run_jobs()
    assert (await here.get(taken.headers["location"])).json()["created"] == 1_100
    few = [row(number, "few") for number in range(6)]
    assert {(await here.post("/v1/interactions", json=one)).status_code for one in few} == {201}
    async with service.world.db.read() as conn:
        _, facts = await facts_of(service.world, conn, WHO)
    assert [fact.ingest for fact in sorted(facts, key=lambda fact: fact.id)] == list(range(1, 1_107))
    # Whichever way it came: a fact is equal but for its id and its number.
    told = [replace(fact, id=WHO, ingest=0) for fact in facts]
    assert all(told.count(one) == 2 for one in told if one.occurred_at < BEGIN + timedelta(minutes=6))
    assert len({repr(one) for one in told}) == 1_100


async def test_a_copy_that_is_taken_back_leaves_nothing_and_one_outside_a_transaction_is_refused(
    service: Service,
) -> None:
    sealed = (clock.new_id(), WHO, 1, "login", None, clock.now(), b"sealed")
    names = ("id", "customer_id", "ingest", "kind", "channel", "occurred_at", "detail")
    async with service.world.db.engine.connect() as conn:
        await conn.execute(text("SELECT 1"))
        await copy(conn, "interaction", names, [sealed])
        await conn.rollback()
        with pytest.raises(AssertionError, match="would stay"):
            await copy(conn, "interaction", names, [sealed])
        assert (await conn.execute(text("SELECT count(*) FROM interaction"))).scalar_one() == 0
