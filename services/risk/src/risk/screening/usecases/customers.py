"""What is kept of customers here: what was heard of them, until they are erased."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from risk.screening import repository
from shared.crypto import Subject
from shared.world import World


async def learn_customers(world: World, tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep what was heard of customers, but nothing of those who were erased: a late event brings nobody back."""
    subjects = [Subject("customer", row["customer_id"]) for row in rows]
    erased = await world.vault.erased(tx, subjects)
    kept = [row for row, subject in zip(rows, subjects, strict=True) if subject not in erased]
    if kept:
        await repository.learn_customers(tx, kept)


async def forget(tx: AsyncConnection, ids: Sequence[UUID]) -> None:
    """What erasure removes here besides the key: hashes of what is theirs, sealed details, what was heard."""
    await repository.forget_customers(tx, ids)


async def gather(
    _: World, conn: AsyncConnection, customers: Sequence[UUID]
) -> AsyncIterator[tuple[str, Mapping[str, Any]]]:
    """What was observed of these customers, and what restricts them: for their own export.

    Scores, rules, outcomes and reasons stay here: telling them would tip off (GDPR Art. 15(4) and 23(1)(d); Directive (EU)
    2015/849 Art. 39), and they are the bank's judgement, not what the customer gave or did.
    """
    for fact in await repository.facts_of(conn, customers):
        yield "event", {name: getattr(fact, name) for name in ("kind", "occurred_at", "amount_minor", "currency")}
    for row in await repository.restrictions_of(conn, customers):
        yield (
            "restriction",
            {name: getattr(row, name) for name in ("channels", "services", "state", "until", "created_at")},
        )
