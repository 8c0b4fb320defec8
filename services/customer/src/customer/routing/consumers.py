"""What cards hear: everything that may change one, by this service itself and by the others."""

from collections.abc import Sequence
from typing import Any, ClassVar, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from customer.routing import usecases
from shared.events.consumer import Handlers, Heard, Hears
from shared.world import World

_ACTIVE: Final = "active"


class _Touching(Hears):
    @property
    def touched(self) -> frozenset[UUID]:
        """Whose card may be another now; those who count as the same party are found when it is told."""
        raise NotImplementedError


class _OfCustomer(_Touching):
    customer_id: UUID | None = None

    @property
    def touched(self) -> frozenset[UUID]:
        """The one it names, if it names one."""
        return frozenset() if self.customer_id is None else frozenset({self.customer_id})


class Registered(_OfCustomer):
    """A party is known."""

    type: ClassVar[str] = "cxbank.customer.registered.v1"


class Changed(_OfCustomer):
    """Something recorded of it is different: tier, languages, a preferred contact point, a need."""

    type: ClassVar[str] = "cxbank.customer.changed.v1"


class Closed(_OfCustomer):
    """The relation ended."""

    type: ClassVar[str] = "cxbank.customer.closed.v1"


class Snapshot(_OfCustomer):
    """Said again: a card that was never told is told."""

    type: ClassVar[str] = "cxbank.customer.snapshot.v1"


class ConsentRecorded(_OfCustomer):
    """The customer said yes or no to something."""

    type: ClassVar[str] = "cxbank.customer.consent_recorded.v1"


class ErasureRequested(_OfCustomer):
    """Somebody is forgotten, maybe only in part: what is left makes another card."""

    type: ClassVar[str] = "cxbank.customer.erasure_requested.v1"


class SuitabilityAssessed(_OfCustomer):
    """Somebody found anew what makes the customer vulnerable, or that nothing does."""

    type: ClassVar[str] = "cxbank.customer.suitability_assessed.v1"


class Linked(_Touching):
    """The member counts as the leader. It is said of every member of a set that changed, those who stay included."""

    type: ClassVar[str] = "cxbank.customer.linked.v1"
    member: UUID

    @property
    def touched(self) -> frozenset[UUID]:
        """The member it is said of."""
        return frozenset({self.member})


class Unlinked(Linked):
    """The member stands alone again."""

    type: ClassVar[str] = "cxbank.customer.unlinked.v1"


class _Restriction(Hears):
    restriction_id: UUID
    customer_id: UUID
    channels: list[str] = []
    state: str = _ACTIVE


class RestrictionSet(_Restriction):
    """A restriction is in force."""

    type: ClassVar[str] = "cxbank.risk.restriction_set.v1"


class RestrictionLifted(_Restriction):
    """It is not any more: lifted, or its time is over, which risk says when it comes."""

    type: ClassVar[str] = "cxbank.risk.restriction_lifted.v1"


class RestrictionSnapshot(_Restriction):
    """How it stands, said again."""

    type: ClassVar[str] = "cxbank.risk.snapshot.v1"


class LevelChanged(Hears):
    """The risk level of a customer is another; which, is fetched from risk."""

    type: ClassVar[str] = "cxbank.risk.customer_level_changed.v1"
    customer_id: UUID
    version: int


class CaseOpened(_OfCustomer):
    """A case was opened."""

    type: ClassVar[str] = "cxbank.feedback.case_opened.v1"


class CaseChanged(_OfCustomer):
    """A case is about something else now."""

    type: ClassVar[str] = "cxbank.feedback.case_changed.v1"


class CaseClosed(_OfCustomer):
    """A case is closed."""

    type: ClassVar[str] = "cxbank.feedback.case_closed.v1"


class JourneyStarted(_OfCustomer):
    """A journey began."""

    type: ClassVar[str] = "cxbank.channel-router.journey_started.v1"


class JourneyFinished(_OfCustomer):
    """A journey came to its end."""

    type: ClassVar[str] = "cxbank.channel-router.journey_finished.v1"


class JourneyAbandoned(_OfCustomer):
    """A journey was given up."""

    type: ClassVar[str] = "cxbank.channel-router.journey_abandoned.v1"


def listen(handlers: Handlers, world: World) -> None:
    """Register what this capability hears; after matters, whose rows of the same events the cards are made of.

    One handler a topic: each takes the cards it tells in one order, so that two workers do not wait for each other.
    """

    async def heard(tx: AsyncConnection, events: Sequence[Heard[_Touching]]) -> None:
        await usecases.settle(world, tx, {one for event in events for one in event.data.touched})

    @handlers.on(
        Registered, Changed, Closed, Snapshot, ConsentRecorded, SuitabilityAssessed, ErasureRequested, Linked, Unlinked
    )
    async def heard_own(tx: AsyncConnection, events: Sequence[Heard[_Touching]]) -> None:
        await heard(tx, events)

    @handlers.on(CaseOpened, CaseChanged, CaseClosed)
    async def heard_cases(tx: AsyncConnection, events: Sequence[Heard[_Touching]]) -> None:
        await heard(tx, events)

    @handlers.on(JourneyStarted, JourneyFinished, JourneyAbandoned)
    async def heard_journeys(tx: AsyncConnection, events: Sequence[Heard[_Touching]]) -> None:
        await heard(tx, events)

    @handlers.on(RestrictionSet, RestrictionLifted, RestrictionSnapshot, LevelChanged)
    async def heard_risk(tx: AsyncConnection, events: Sequence[Heard[_Restriction | LevelChanged]]) -> None:
        restrictions = [_row(event) for event in events if isinstance(event.data, _Restriction)]
        levels = [
            {"customer_id": event.data.customer_id, "version": event.data.version}
            for event in events
            if isinstance(event.data, LevelChanged)
        ]
        await usecases.learn_from_risk(world, tx, restrictions, levels)


def _row(event: Heard[Any]) -> dict[str, Any]:
    said = event.data
    return {
        "restriction_id": said.restriction_id,
        "customer_id": said.customer_id,
        "version": event.sequence or 0,
        "in_force": not isinstance(said, RestrictionLifted) and said.state == _ACTIVE,
        "channels": said.channels,
    }
