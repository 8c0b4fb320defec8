"""Judging a broken glass: the queue of those nobody has judged, and the word of a second person."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.disclosure import repository
from customer.disclosure.domain import ReviewVerdict
from customer.disclosure.problems import GrantUnknown, ReviewDone, ReviewerIsReader
from customer.disclosure.schemas import AccessReview
from customer.disclosure.tables import access_grant
from customer.disclosure.usecases.granting import entry, told_of
from shared import audit, clock
from shared.access import Caller
from shared.crypto import Subject
from shared.erasure import CUSTOMER
from shared.pagination import Page, Position, keyset
from shared.world import World


def _view(row: Row[Any], note: str | None) -> AccessReview:
    return AccessReview(
        id=row.id,
        customer_id=row.customer_id,
        version=row.version,
        reader=row.reader,
        reason=row.glass_reason,
        note=note,
        fields=row.fields,
        broken_at=row.requested_at,
        verdict=row.verdict,
        reviewed_at=row.reviewed_at,
        reviewed_by=row.reviewed_by,
    )


async def list_reviews(conn: AsyncConnection, cursor: Position, limit: int, *, open_only: bool) -> Page[AccessReview]:
    """Broken glasses, newest first, without their notes."""
    columns = (access_grant.c.requested_at, access_grant.c.id)
    chosen = repository.reviews(open_only=open_only)
    return await keyset(conn, chosen, columns, cursor, limit, lambda row: _view(row, None))


async def show_review(world: World, tx: AsyncConnection, grant_id: UUID, caller: Caller) -> AccessReview:
    """One broken glass with its note opened, which is recorded; no note is left of an erased customer."""
    for row in await repository.by_ids(tx, [grant_id]):
        if row.glass_reason is not None:
            subject = Subject(CUSTOMER, row.customer_id)
            key = (await world.vault.for_read(tx, [subject]))[subject]
            note = key.open(row.glass_note, row=row.id, field="glass_note") if key and row.glass_note else None
            told = entry("access.review_read", row.customer_id, row.id, caller, told_of(row))
            await audit.seen(tx, storage.AUDIT, world.keyring, [told])
            return _view(row, note)
    raise GrantUnknown()


async def judge(
    world: World, tx: AsyncConnection, grant_id: UUID, verdict: ReviewVerdict, caller: Caller
) -> AccessReview:
    """Say whether it was justified, once, by somebody who did not break it."""
    row = (await repository.locked(tx, [grant_id])).get(grant_id)
    if row is None or row.glass_reason is None:
        raise GrantUnknown()
    if row.reader == caller.sub:
        raise ReviewerIsReader("Somebody else has to judge it.")
    if row.verdict is not None:
        raise ReviewDone()
    values = {
        "version": row.version + 1,
        "verdict": verdict,
        "reviewed_at": clock.now(),
        "reviewed_by": caller.sub,
    }
    judged = await repository.change(tx, grant_id, values)
    told = entry("access.review", row.customer_id, grant_id, caller, told_of(row) | {"verdict": verdict})
    await audit.record(tx, storage.AUDIT, world.keyring, [told])
    return _view(judged, None)
