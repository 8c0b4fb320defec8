"""What segments hear, said by this service itself: that ids count as one person, or do not any more."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import ClassVar, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.due import usecases as due
from shared.events.consumer import Handlers, Heard, Hears
from shared.subjects import circles

# With a link the whole past is another one, and so is all that follows from it.
_EVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


class _Joined(Hears):
    member: UUID
    leader: UUID


class Linked(_Joined):
    """The member counts as the leader."""

    type: ClassVar[str] = "cxbank.customer.linked.v1"


class Unlinked(_Joined):
    """The member stands alone again."""

    type: ClassVar[str] = "cxbank.customer.unlinked.v1"


def listen(handlers: Handlers) -> None:
    """Register what this capability hears."""

    @handlers.on(Linked, Unlinked)
    async def heard_links(tx: AsyncConnection, events: Sequence[Heard[_Joined]]) -> None:
        touched = sorted({one for event in events for one in (event.data.member, event.data.leader)})
        # Whoever stands in one circle with them shares what they did, too.
        same = await circles(tx, storage.LINKS, touched)
        await due.note(tx, dict.fromkeys({one for circle in same.values() for one in circle}, _EVER))
