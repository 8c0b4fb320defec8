"""What outreach hears: the `…_due` events by which the other services ask it to write to a customer."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from customer.outreach import usecases
from customer.outreach.domain.messages import Channel, Urgency
from customer.outreach.schemas import SubmitMessage
from shared import clock
from shared.access import Caller
from shared.events.consumer import Handlers, Heard, Hears
from shared.idempotency import Wish, gate_for
from shared.problems import Gone, NotFound, Problem
from shared.world import World

# What each asker's messages are for, where the asker does not say it.
_PURPOSE: Final = {
    "cxbank.feedback.survey_invitation_due.v1": "research",
    "cxbank.feedback.notice_due.v1": "servicing",
    "cxbank.channel-router.reminder_due.v1": "servicing",
    "cxbank.risk.customer_notice_due.v1": "fraud_prevention",
}


class Due(Hears):
    """Somebody wants a customer written to: a template of ours, ids and codes to fill it with, nothing personal."""

    customer_id: UUID
    template: str
    purpose: str | None = None
    data: dict[str, str | int | bool] = {}
    channels: list[Channel] | None = None
    urgent: bool = False
    expires_at: datetime | None = None


class SurveyInvitationDue(Due):
    """Feedback invites to a survey."""

    type: ClassVar[str] = "cxbank.feedback.survey_invitation_due.v1"


class NoticeDue(Due):
    """Feedback has news about a case."""

    type: ClassVar[str] = "cxbank.feedback.notice_due.v1"


class ReminderDue(Due):
    """An appointment or a ticket comes near."""

    type: ClassVar[str] = "cxbank.channel-router.reminder_due.v1"


class CustomerNoticeDue(Due):
    """Risk has something to tell, truthfully and without tipping off."""

    type: ClassVar[str] = "cxbank.risk.customer_notice_due.v1"


class CannotBeWritten(ValueError):
    """What was asked fits no template: it parks, with this as its cause."""


def listen(handlers: Handlers, world: World) -> None:
    """Register what this capability hears."""

    @handlers.on(SurveyInvitationDue, NoticeDue, ReminderDue, CustomerNoticeDue)
    async def heard_due(tx: AsyncConnection, events: Sequence[Heard[Due]]) -> None:
        wishes = [_wish(world, event) for event in events]
        for answer in await usecases.submit_messages(world, tx, wishes):
            # Whoever is gone or not there is simply not written to; a wish that fits no template is somebody's mistake.
            if isinstance(answer, Problem) and not isinstance(answer, Gone | NotFound):
                raise CannotBeWritten("; ".join(f"{one.pointer} {one.code}" for one in answer.errors))


def _wish(world: World, event: Heard[Due]) -> Wish[SubmitMessage]:
    asked = event.data
    body = SubmitMessage(
        customer_id=asked.customer_id,
        template=asked.template,
        purpose=asked.purpose or _PURPOSE[event.type],
        data=asked.data,
        urgency=Urgency.URGENT if asked.urgent else Urgency.ROUTINE,
        channels=asked.channels,
        expires_at=asked.expires_at,
        external_ref=event.id,
    )
    caller = Caller(sub=event.source, actor="service", scopes=frozenset())
    return Wish(clock.new_id(), body, gate_for(world.keyring, "message", body, caller), caller, clock.now())
