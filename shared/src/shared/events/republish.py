"""Saying the present state of everything again, for a listener that is new or was restored from too old a copy."""

from collections.abc import AsyncIterator, Sequence

from shared.events import outbox
from shared.events.envelope import Emit
from shared.events.tables import EventTables
from shared.world import World


async def republish(world: World, tables: EventTables, source: str, pages: AsyncIterator[Sequence[Emit]]) -> int:
    """Put a snapshot of each thing into the outbox, a page to a transaction; how many. Their versions keep old from
    overwriting new, so it may run beside live writes and as often as one likes.
    """
    said = 0
    async for page in pages:
        if page:
            async with world.db.begin() as tx:
                await outbox.emit(tx, tables, source, page)
        said += len(page)
    return said
