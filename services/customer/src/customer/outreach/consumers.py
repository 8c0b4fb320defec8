"""What outreach hears: the `…_due` events by which the other services ask it to write to a customer."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final
from uuid import UUID

from pydantic import AwareDatetime
from sqlalchemy.ext.asyncio import AsyncConnection

from customer.outreach import usecases
from customer.outreach.domain.messages import Category
from shared.events.consumer import Handlers, Heard, Hears
from shared.world import World

# What each asker's messages are for, and what they are, where neither the asker nor the text says it.
USUAL: Final[Mapping[str, tuple[str, Category]]] = {
    "cxbank.feedback.survey_invitation_due.v1": ("research", Category.SURVEY),
    "cxbank.feedback.notice_due.v1": ("servicing", Category.SERVICE),
    "cxbank.channel-router.reminder_due.v1": ("servicing", Category.SERVICE),
    "cxbank.risk.customer_notice_due.v1": ("fraud_prevention", Category.SERVICE),
}


class Due(Hears):
    """Somebody wants a customer written to: a template of ours, ids and codes to fill it with, nothing personal.

    Only what cannot be read at all is refused here: what is read and cannot be written is kept, for the asker to see.
    """

    customer_id: UUID
    template: str
    purpose: str | None = None
    data: dict[str, Any] | None = None
    channels: list[str] | None = None
    language: str | None = None
    urgent: bool = False
    expires_at: AwareDatetime | None = None


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


def listen(handlers: Handlers, world: World) -> None:
    """Register what this capability hears."""

    @handlers.on(SurveyInvitationDue, NoticeDue, ReminderDue, CustomerNoticeDue)
    async def heard_due(tx: AsyncConnection, events: Sequence[Heard[Due]]) -> None:
        await usecases.ask_for_messages(world, tx, [_asked(event) for event in events])


def _asked(event: Heard[Due]) -> usecases.Asked:
    said = event.data
    return usecases.Asked(
        event_id=UUID(event.id),
        event_type=event.type,
        source=event.source,
        usual=USUAL[event.type],
        customer_id=said.customer_id,
        template=said.template,
        purpose=said.purpose,
        data=said.data or {},
        channels=said.channels,
        language=said.language,
        urgent=said.urgent,
        expires_at=said.expires_at,
    )
