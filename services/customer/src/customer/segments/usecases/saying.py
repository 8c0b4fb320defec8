"""Saying memberships again: of every customer all they are in now, page by page, for a newcomer or a rebuilt copy."""

from collections.abc import AsyncIterator
from uuid import UUID

from customer.due import usecases as due
from customer.segments import repository
from customer.segments.events import SegmentSnapshot, Standing
from customer.segments.usecases.library import DEFAULT_USE
from shared import clock
from shared.events.envelope import Emit
from shared.world import World


async def everybody_in(world: World, size: int = 500) -> AsyncIterator[list[Emit]]:
    """The snapshots of all customers in the order of their ids; who is in nothing is said to be in nothing."""
    last: UUID | None = None
    while True:
        async with world.db.read() as conn:
            # The due rows first: a membership that changes in between is said again with a higher sequence.
            rows = await due.after(conn, last, size)
            members = await repository.members_of(conn, [row.customer_id for row in rows]) if rows else []
            named = {row.id: row for row in await repository.every(conn)}
        of: dict[UUID, list[Standing]] = {}
        for row in sorted(members, key=lambda one: (one.entered_at, one.segment_id)):
            of.setdefault(row.customer_id, []).append(
                Standing(
                    segment_id=row.segment_id,
                    segment=named[row.segment_id].key,
                    since=row.entered_at,
                    by=row.entered_by,
                    rule_version=row.version,
                    use=named[row.segment_id].use or DEFAULT_USE,
                    receipt_id=row.receipt_id,
                    legal_basis=row.legal_basis,
                )
            )
        at = clock.now()
        yield [
            Emit(
                SegmentSnapshot(customer_id=one.customer_id, segments=of.get(one.customer_id, []), occurred_at=at),
                key=one.customer_id,
                # Not the customer itself: versions of memberships are not versions of the record.
                subject=f"memberships:{one.customer_id}",
                sequence=one.version,
            )
            for one in rows
        ]
        if len(rows) < size:
            return
        last = rows[-1].customer_id
