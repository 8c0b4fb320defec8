"""An interaction in and out of its seal: one blob under the customer's key holds what it says."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from customer.interactions import repository
from customer.interactions.domain.facts import Channel, Fact, Kind
from customer.interactions.schemas import Interaction, RecordInteraction, decimal
from customer.parties.usecases import subject_of
from shared import clock
from shared.crypto import DataKey
from shared.world import World

INTERACTION = "interaction"
_FIELD = "interaction.detail"


def sealed(body: RecordInteraction, identity: UUID, key: DataKey) -> bytes:
    """What an interaction says, under seal."""
    money = body.amount or body.balance
    detail: dict[str, Any] = {"event": body.event_id, "words": body.words}
    if body.amount is not None:
        detail["minor"] = body.amount.minor
    if body.balance is not None:
        detail["balance"] = body.balance.minor
    if money is not None:
        detail["currency"] = money.currency
    return key.seal_bytes(orjson.dumps(detail), row=identity, field=_FIELD)


def view_of(body: RecordInteraction, identity: UUID) -> Interaction:
    """What was just recorded, as its reader will see it."""
    # Built from what was validated when it came in: a file's rows are many, and nobody reads these.
    return Interaction.model_construct(
        id=identity,
        version=1,
        event_id=body.event_id,
        customer_id=body.customer_id,
        kind=body.kind,
        channel=body.channel,
        occurred_at=body.occurred_at,
        recorded_at=clock.time_of(identity),
        amount=None if body.amount is None else decimal(body.amount.minor, body.amount.currency),
        balance=None if body.balance is None else decimal(body.balance.minor, body.balance.currency),
        attributes=body.words,
    )


def _detail(row: Row[Any], key: DataKey) -> dict[str, Any]:
    detail: dict[str, Any] = orjson.loads(key.open_bytes(row.detail, row=row.id, field=_FIELD))
    return detail


def opened(row: Row[Any], key: DataKey) -> Interaction:
    """A kept row as its reader sees it."""
    detail = _detail(row, key)
    code: str = detail.get("currency", "")
    return Interaction(
        id=row.id,
        version=1,
        event_id=detail["event"],
        customer_id=row.customer_id,
        kind=Kind(row.kind),
        channel=None if row.channel is None else Channel(row.channel),
        occurred_at=row.occurred_at,
        recorded_at=clock.time_of(row.id),
        amount=decimal(detail["minor"], code) if "minor" in detail else None,
        balance=decimal(detail["balance"], code) if "balance" in detail else None,
        attributes=detail["words"],
    )


def fact_of(row: Row[Any], key: DataKey) -> Fact:
    """A kept row as the features see it."""
    detail = _detail(row, key)
    words = detail["words"]
    if "balance" in detail:
        words = {**words, "balance_minor": detail["balance"]}
    return Fact(
        id=row.id,
        kind=row.kind,
        occurred_at=row.occurred_at,
        ingest=row.ingest,
        amount_minor=detail.get("minor"),
        currency=detail.get("currency"),
        channel=row.channel,
        attributes=words,
    )


async def views(world: World, conn: AsyncConnection, ids: Sequence[UUID]) -> Mapping[UUID, Interaction]:
    """Interactions by id, opened; those of the erased are not in the answer."""
    rows = await repository.by_ids(conn, ids) if ids else []
    keys = await world.vault.for_read(conn, [subject_of(row.customer_id) for row in rows])
    found = {}
    for row in rows:
        key = keys[subject_of(row.customer_id)]
        if key is not None:
            found[row.id] = opened(row, key)
    return found
