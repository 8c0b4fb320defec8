"""Ordering that everything of a customer be kept, and lifting the order."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.parties import usecases as parties
from customer.parties.problems import CustomerErased
from customer.privacy import repository
from customer.privacy.problems import HoldUnknown
from customer.privacy.schemas import LegalHold, SetHold
from customer.privacy.usecases.forgetting import wake
from shared import audit, clock
from shared.access import Caller
from shared.crypto import Subject
from shared.etags import check_version
from shared.idempotency import Answer, Passage, Wish
from shared.problems import Problem
from shared.world import World

HOLD = "legal_hold"


async def set_hold(world: World, tx: AsyncConnection, wish: Wish[SetHold]) -> Answer[LegalHold]:
    """Keep everything of a customer from now on, once by its gate; who is unknown or erased cannot be held."""

    async def do(fresh: Sequence[Wish[SetHold]]) -> Sequence[LegalHold | Problem]:
        return [await _set(world, tx, one) for one in fresh]

    async def again(ids: Sequence[UUID]) -> Mapping[UUID, LegalHold]:
        return {row.id: hold_of(row) for row in await repository.holds_by_ids(tx, ids)}

    passage = Passage(
        storage.GATE, world.vault, LegalHold, do=do, again=again, subject=lambda one, _: Subject(HOLD, one.id)
    )
    (answer,) = await passage.run(tx, [wish])
    if isinstance(answer, Problem):
        raise answer
    return answer


async def _set(world: World, tx: AsyncConnection, wish: Wish[SetHold]) -> LegalHold | Problem:
    body = wish.body
    absent = await parties.absences(world, tx, [body.customer_id])
    if absent:
        return absent[body.customer_id]
    # An erasure holds the key row alone while it looks for holds: this one is seen by it, or comes too late and is told so.
    subject = parties.subject_of(body.customer_id)
    if (await world.vault.for_write(tx, [subject]))[subject] is None:
        return CustomerErased()
    row = {
        "id": wish.id,
        "customer_id": body.customer_id,
        "version": 1,
        "code": body.code,
        "until": body.until,
        "set_at": wish.at,
        "lifted_at": None,
    }
    await repository.insert_hold(tx, row | {"set_by": wish.caller.sub})
    entry = audit.Entry("hold.set", subject, HOLD, wish.id, wish.caller, {"code": body.code})
    await audit.record(tx, storage.AUDIT, world.keyring, [entry])
    return LegalHold.model_validate(row)


def hold_of(row: Row[Any]) -> LegalHold:
    """A row as callers see it."""
    return LegalHold.model_validate(dict(row._mapping))


async def lift_hold(world: World, tx: AsyncConnection, hold_id: UUID, match: int, caller: Caller) -> LegalHold:
    """End a hold; erasures it kept from being whole go on by themselves."""
    for known in await repository.holds_by_ids(tx, [hold_id]):
        # An erasure that still saw it is wholly before this, so that it is found waiting; and keys go before all rows.
        await world.vault.for_write(tx, [parties.subject_of(known.customer_id)])
    row = await repository.locked_hold(tx, hold_id)
    if row is None or row.lifted_at is not None:
        raise HoldUnknown()
    check_version(match, row.version)
    lifted = await repository.change_hold(tx, hold_id, {"lifted_at": clock.now()})
    await wake(tx, [row.customer_id])
    entry = audit.Entry("hold.lift", parties.subject_of(row.customer_id), HOLD, hold_id, caller)
    await audit.record(tx, storage.AUDIT, world.keyring, [entry])
    return hold_of(lifted)
