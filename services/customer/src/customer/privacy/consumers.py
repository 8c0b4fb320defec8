"""What privacy hears: the confirmations and the readiness of the other four, and what lets a waiting erasure go on."""

from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from customer.privacy import usecases
from customer.privacy.domain import Said
from shared.events.consumer import Handlers, Heard, Hears
from shared.subjects import IdentityUnlinked
from shared.world import World


class _Confirmed(Hears):
    request_id: UUID
    customer_id: UUID
    kept: bool = False
    removed: dict[str, int] = {}
    left: dict[str, int] = {}


class FeedbackConfirmed(_Confirmed):
    """feedback has forgotten."""

    type: ClassVar[str] = "cxbank.feedback.erasure_confirmed.v1"


class RouterConfirmed(_Confirmed):
    """channel-router has forgotten."""

    type: ClassVar[str] = "cxbank.channel-router.erasure_confirmed.v1"


class RiskConfirmed(_Confirmed):
    """risk has forgotten."""

    type: ClassVar[str] = "cxbank.risk.erasure_confirmed.v1"


class KpiConfirmed(_Confirmed):
    """kpi has forgotten."""

    type: ClassVar[str] = "cxbank.kpi.erasure_confirmed.v1"


class _Ready(Hears):
    request_id: UUID
    customer_id: UUID


class FeedbackReady(_Ready):
    """feedback can hand over."""

    type: ClassVar[str] = "cxbank.feedback.export_ready.v1"


class RouterReady(_Ready):
    """channel-router can hand over."""

    type: ClassVar[str] = "cxbank.channel-router.export_ready.v1"


class RiskReady(_Ready):
    """risk can hand over."""

    type: ClassVar[str] = "cxbank.risk.export_ready.v1"


class KpiReady(_Ready):
    """kpi can hand over."""

    type: ClassVar[str] = "cxbank.kpi.export_ready.v1"


class RelationClosed(Hears):
    """A relation ended: from now on it is known until when a duty keeps."""

    type: ClassVar[str] = "cxbank.customer.closed.v1"
    customer_id: UUID


def listen(handlers: Handlers, world: World) -> None:
    """Register what this capability hears."""

    @handlers.on(FeedbackConfirmed, RouterConfirmed, RiskConfirmed, KpiConfirmed)
    async def heard_confirmations(tx: AsyncConnection, events: Sequence[Heard[_Confirmed]]) -> None:
        for event in sorted(events, key=lambda event: event.data.request_id):
            told = event.data
            said = Said(event.type.split(".")[1], told.kept, told.removed, told.left)
            if await usecases.confirm_erasure(tx, told.request_id, said):
                await usecases.erased(world, tx, told.request_id)

    @handlers.on(RelationClosed)
    async def heard_closings(tx: AsyncConnection, events: Sequence[Heard[RelationClosed]]) -> None:
        await usecases.wake(tx, sorted({event.data.customer_id for event in events}))

    @handlers.on(IdentityUnlinked)
    async def heard_partings(tx: AsyncConnection, events: Sequence[Heard[IdentityUnlinked]]) -> None:
        # What is kept because of one record keeps the other no more.
        await usecases.wake(tx, sorted({event.data.member for event in events}))

    @handlers.on(FeedbackReady, RouterReady, RiskReady, KpiReady)
    async def heard_readiness(tx: AsyncConnection, events: Sequence[Heard[_Ready]]) -> None:
        for event in sorted(events, key=lambda event: event.data.request_id):
            if await usecases.ready(tx, event.data.request_id, event.type.split(".")[1]):
                await usecases.complete(world, tx, event.data.request_id)
