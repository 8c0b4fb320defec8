"""What identity hears: parties, which may be second records, and what others decide about people who are or were linked."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime
from sqlalchemy.ext.asyncio import AsyncConnection

from customer.identity import usecases
from customer.identity.usecases.reviewing import Decision
from shared.events.consumer import Handlers, Heard, Hears
from shared.world import World


class _Decided(Hears):
    customer_id: UUID | None = None
    occurred_at: AwareDatetime | None = None

    @property
    def resource_id(self) -> UUID:
        """What was made by the decision."""
        raise NotImplementedError

    def decided_at(self, said_at: datetime) -> datetime:
        """When it was decided, where that is not the instant it was said."""
        return self.occurred_at or said_at

    @property
    def counts(self) -> bool:
        """Whether it did anything to a customer that somebody should look at again."""
        return self.customer_id is not None


class Screened(_Decided):
    """risk answered what to do about an event; letting it pass decided nothing against anybody."""

    type: ClassVar[str] = "cxbank.risk.screened.v1"
    screening_id: UUID
    outcome: str

    def decided_at(self, said_at: datetime) -> datetime:
        """The instant it was said: `occurred_at` is when the customer did what was screened, perhaps days before."""
        return said_at

    @property
    def resource_id(self) -> UUID:
        """The screening."""
        return self.screening_id

    @property
    def counts(self) -> bool:
        """Whether the event was not simply let pass."""
        return super().counts and self.outcome != "allow"


class RestrictionSet(_Decided):
    """risk set a restriction."""

    type: ClassVar[str] = "cxbank.risk.restriction_set.v1"
    restriction_id: UUID

    @property
    def resource_id(self) -> UUID:
        """The restriction."""
        return self.restriction_id


class RestrictionLifted(RestrictionSet):
    """risk lifted it."""

    type: ClassVar[str] = "cxbank.risk.restriction_lifted.v1"


class DoorChosen(_Decided):
    """channel-router decided where somebody is served."""

    type: ClassVar[str] = "cxbank.channel-router.decision_made.v1"
    decision_id: UUID

    @property
    def resource_id(self) -> UUID:
        """The decision."""
        return self.decision_id


class DoorOverruled(DoorChosen):
    """A member of staff decided otherwise."""

    type: ClassVar[str] = "cxbank.channel-router.override_made.v1"


class CaseOpened(_Decided):
    """feedback took what somebody said for a complaint of some category and severity."""

    type: ClassVar[str] = "cxbank.feedback.case_opened.v1"
    case_id: UUID

    @property
    def resource_id(self) -> UUID:
        """The case."""
        return self.case_id


class CaseClosed(CaseOpened):
    """feedback decided it, with redress or without."""

    type: ClassVar[str] = "cxbank.feedback.case_closed.v1"


class PartyRegistered(Hears):
    """A party of ours is known from now on: it may be somebody we know."""

    type: ClassVar[str] = "cxbank.customer.registered.v1"
    customer_id: UUID


class PartyChanged(PartyRegistered):
    """Something recorded of it is different."""

    type: ClassVar[str] = "cxbank.customer.changed.v1"


class PartySnapshot(PartyRegistered):
    """Said again: blocks are made anew."""

    type: ClassVar[str] = "cxbank.customer.snapshot.v1"


def listen(handlers: Handlers, world: World) -> None:
    """Register what this capability hears."""

    @handlers.on(PartyRegistered, PartyChanged, PartySnapshot)
    async def heard_parties(tx: AsyncConnection, events: Sequence[Heard[PartyRegistered]]) -> None:
        # As they are now, whatever the event said: the last of several is enough.
        await usecases.find_duplicates(world, tx, [event.data.customer_id for event in events])

    @handlers.on(Screened, RestrictionSet, RestrictionLifted, DoorChosen, DoorOverruled, CaseOpened, CaseClosed)
    async def heard_decisions(tx: AsyncConnection, events: Sequence[Heard[_Decided]]) -> None:
        decisions = [
            Decision(
                event.data.customer_id,
                event.type.split(".")[1],
                event.type.split(".")[2],
                str(event.data.resource_id),
                f"{event.source}:{event.id}",
                event.data.decided_at(event.time),
            )
            for event in events
            if event.data.counts and event.data.customer_id is not None
        ]
        await usecases.learn_decisions(world, tx, decisions)
