"""What matters hear: cases of feedback and journeys of channel-router, opened, changed, closed."""

from collections.abc import Sequence
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from customer.matters import usecases
from customer.matters.domain import MatterKind
from shared.events.consumer import Handlers, Heard, Hears
from shared.world import World


class _Case(Hears):
    case_id: UUID
    customer_id: UUID | None = None
    category: str | None = None


class CaseOpened(_Case):
    """A case was opened."""

    type: ClassVar[str] = "cxbank.feedback.case_opened.v1"


class CaseChanged(_Case):
    """A case is another than before, and open."""

    type: ClassVar[str] = "cxbank.feedback.case_changed.v1"


class CaseClosed(_Case):
    """A case is closed."""

    type: ClassVar[str] = "cxbank.feedback.case_closed.v1"


class _Journey(Hears):
    journey_id: UUID
    customer_id: UUID | None = None
    definition: str | None = None


class JourneyStarted(_Journey):
    """A journey began."""

    type: ClassVar[str] = "cxbank.channel-router.journey_started.v1"


class JourneyFinished(_Journey):
    """A journey came to its end."""

    type: ClassVar[str] = "cxbank.channel-router.journey_finished.v1"


class JourneyAbandoned(_Journey):
    """A journey was given up."""

    type: ClassVar[str] = "cxbank.channel-router.journey_abandoned.v1"


def listen(handlers: Handlers, world: World) -> None:
    """Register what this capability hears."""

    @handlers.on(CaseOpened, CaseChanged, CaseClosed)
    async def heard_cases(tx: AsyncConnection, events: Sequence[Heard[_Case]]) -> None:
        rows = [
            _row(event, MatterKind.CASE, event.data.case_id, event.data.category, event.type != CaseClosed.type)
            for event in events
            if event.data.customer_id is not None
        ]
        await usecases.learn_matters(world, tx, rows)

    @handlers.on(JourneyStarted, JourneyFinished, JourneyAbandoned)
    async def heard_journeys(tx: AsyncConnection, events: Sequence[Heard[_Journey]]) -> None:
        rows = [
            _row(
                event,
                MatterKind.JOURNEY,
                event.data.journey_id,
                event.data.definition,
                event.type == JourneyStarted.type,
            )
            for event in events
            if event.data.customer_id is not None
        ]
        await usecases.learn_matters(world, tx, rows)


def _row(event: Heard[Any], kind: MatterKind, matter: UUID, category: str | None, is_open: bool) -> dict[str, Any]:
    return {
        "kind": kind,
        "matter_id": matter,
        "customer_id": event.data.customer_id,
        "version": event.sequence or 0,
        "open": is_open,
        "category": category,
    }
