"""Who is in a segment, or was as recorded then: page by page, each with what that rests on; who read whom is recorded."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.consents import usecases as consents
from customer.parties.usecases import subject_of
from customer.segments import repository
from customer.segments.domain.gates import parts_of
from customer.segments.domain.memberships import Cause
from customer.segments.problems import SegmentUnknown
from customer.segments.schemas import Member
from customer.segments.usecases.library import shelf
from shared import audit, clock
from shared.access import Caller
from shared.pagination import Page, Position, keyset
from shared.problems import FieldError, Malformed
from shared.world import World


async def list_members(
    world: World,
    tx: AsyncConnection,
    segment_id: UUID,
    caller: Caller,
    cursor: Position,
    limit: int,
    as_of: datetime | None,
) -> Page[Member]:
    """A page of the members now, or of those who were in at `as_of` by what was recorded until then.

    Who is denied the segment's use by a word recorded meanwhile is left out, so that a page may be shorter than asked for.
    Raises SegmentUnknown, and Malformed for an instant that lies ahead.
    """
    at = clock.now() if as_of is None else as_of
    if at > clock.now():
        raise Malformed(errors=[FieldError("/query/as_of", "future", "nothing is recorded of the future")])
    row = await repository.by_id(tx, segment_id)
    if row is None:
        raise SegmentUnknown()
    chosen, columns = repository.listing_members(segment_id, as_of)
    page = await keyset(tx, chosen, columns, cursor, limit, member_of)
    gate = parts_of((await shelf(tx)).library.at(at)[0].gates.get(row.key, ""))
    if gate is not None:
        ids = [one.customer_id for one in page.items]
        rests = await consents.profiling_grounds(tx, ids, *gate, at=at, recorded_until=as_of)
        items = [
            one.model_copy(update={"grounds": consents.shown_grounds(rests[one.customer_id])})
            for one in page.items
            if rests[one.customer_id].value
        ]
        page = page.model_copy(update={"items": items})
    detail = {"segment": row.key, "as_of": None if as_of is None else as_of.isoformat()}
    entries = [
        audit.Entry("segment.members", subject_of(one.customer_id), "customer", one.customer_id, caller, detail)
        for one in page.items
    ]
    await audit.seen(tx, storage.AUDIT, world.keyring, entries)
    return page


def member_of(row: Row[Any]) -> Member:
    """A line of a segment's list, without what it rests on."""
    return Member(
        customer_id=row.customer_id, since=row.entered_at, by=Cause(row.entered_by), version=row.version, grounds=None
    )
