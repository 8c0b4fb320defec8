"""Who looked: the record of a customer, told to staff whole and to the customer without what would tip anybody off."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.disclosure import repository
from customer.disclosure.domain import QUIET_PURPOSES, QUIET_SENDERS, tells
from customer.disclosure.schemas import AccessLine
from customer.disclosure.tables import access_grant
from customer.disclosure.usecases.granting import absence, entry, view_of
from shared import audit
from shared.access import Caller
from shared.pagination import Page, Position
from shared.subjects import circles
from shared.world import World

_BATCH: Final = 500


async def who_looked(
    world: World, tx: AsyncConnection, customer_id: UUID, caller: Caller, cursor: Position, limit: int
) -> Page[AccessLine]:
    """Every act on a customer and every reading, newest first, out of the record itself, under whichever id it stands.

    A customer is told when, why, what and by which kind of caller from which branch; not who the employee was
    (CJEU C-579/21), and not what the law keeps from whoever may be under suspicion: such lines are left out.
    """
    missing = await absence(world, tx, customer_id)
    if missing is not None:
        raise missing
    own = caller.actor == "customer"
    circle = (await circles(tx, storage.LINKS, [customer_id]))[customer_id]
    before = cursor.after[1] if cursor.after else None
    found: list[AccessLine] = []
    while len(found) <= limit:
        rows = await repository.lines(tx, circle, before, _BATCH)
        told = (orjson.loads(row.canonical) for row in rows)
        found += [_line(one, own=own) for one in told if not own or tells(one)]
        if len(rows) < _BATCH:
            break
        before = rows[-1].id
    kept = found[:limit]
    following = cursor.seal(kept[-1].at, kept[-1].id) if len(found) > limit else None
    await audit.seen(tx, storage.AUDIT, world.keyring, [entry("access.log", customer_id, None, caller)])
    return Page(items=kept, next_cursor=following)


async def gather(
    world: World, conn: AsyncConnection, customers: Sequence[UUID]
) -> AsyncIterator[tuple[str, Mapping[str, Any]]]:
    """What a person under these ids let others see, and who looked, as they are told of it: for their own export."""
    for one in sorted(customers):
        themself = Caller(sub=str(one), actor="customer", scopes=frozenset(), customer_id=one)
        chosen = repository.grants_of(one, purposes=QUIET_PURPOSES, senders=QUIET_SENDERS)
        for grant in await conn.execute(chosen.order_by(access_grant.c.id)):
            yield "access_grant", view_of(world, grant, themself).model_dump(mode="json")
    before: UUID | None = None
    while rows := await repository.lines(conn, customers, before, _BATCH):
        for told in (orjson.loads(row.canonical) for row in rows):
            if tells(told):
                yield "access", _line(told, own=True).model_dump(mode="json")
        before = rows[-1].id


def _line(told: Mapping[str, Any], *, own: bool) -> AccessLine:
    detail = told.get("detail") or {}
    opened = str(detail.get("opened") or "")
    return AccessLine(
        id=UUID(told["id"]),
        customer_id=UUID(told["subject"][1]),
        at=datetime.fromisoformat(told["at"]),
        action=told["action"],
        actor=told["actor"],
        sub=None if own and told["actor"] != "customer" else told["sub"],
        branch=told.get("branch"),
        purpose=detail.get("purpose"),
        view=detail.get("view"),
        fields=opened.split(",") if opened else [],
        broken_glass=bool(detail.get("glass")),
    )
