"""What privacy hears: the confirmations of the other four."""

from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from customer.privacy import usecases
from shared.events.consumer import Handlers, Heard, Hears


class _Confirmed(Hears):
    request_id: UUID
    customer_id: UUID


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


def listen(handlers: Handlers) -> None:
    """Register what this capability hears."""

    @handlers.on(FeedbackConfirmed, RouterConfirmed, RiskConfirmed, KpiConfirmed)
    async def heard_confirmations(tx: AsyncConnection, events: Sequence[Heard[_Confirmed]]) -> None:
        for event in sorted(events, key=lambda event: event.data.request_id):
            await usecases.confirm_erasure(tx, event.data.request_id, event.type.split(".")[1])
