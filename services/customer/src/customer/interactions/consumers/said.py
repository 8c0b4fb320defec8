"""What is heard of what customers do, word by word: only what is used of it, and nothing that may be missing is needed."""

from typing import Any, ClassVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel

from customer.interactions.domain.facts import Kind
from shared.events.consumer import Hears


class ExternalAmount(BaseModel):
    """Money as the bank's systems say it: decimal text and ISO 4217 currency."""

    amount: str
    currency: str


class External(Hears):
    """What the bank's systems saw. Without `occurred_at` the event's own time counts."""

    kind: ClassVar[Kind]
    event_id: str
    customer_id: UUID
    occurred_at: AwareDatetime | None = None
    amount: ExternalAmount | None = None
    direction: str | None = None
    balance: ExternalAmount | None = None
    channel: str | None = None
    account: str | None = None
    category: str | None = None
    product: str | None = None
    change: str | None = None
    initiated_by: str | None = None
    source: str | None = None
    sequence: int | None = None
    device: str | None = None
    payee: str | None = None
    place: str | None = None


class ExternalTransaction(External):
    """Money was moved."""

    type: ClassVar[str] = "cxbank.external.transaction.v1"
    kind: ClassVar[Kind] = Kind.TRANSACTION


class ExternalLogin(External):
    """A customer signed in."""

    type: ClassVar[str] = "cxbank.external.login.v1"
    kind: ClassVar[Kind] = Kind.LOGIN


class ExternalAccountChanged(External):
    """Something about an account is different now."""

    type: ClassVar[str] = "cxbank.external.account_changed.v1"
    kind: ClassVar[Kind] = Kind.ACCOUNT_CHANGED


class FeedbackReceived(Hears):
    """A customer told the bank something; what, stays with feedback."""

    type: ClassVar[str] = "cxbank.feedback.received.v1"
    customer_id: UUID | None = None
    source: str
    kind: str | None = None
    rating: int | None = None
    topic: str | None = None
    sentiment: str | None = None
    occurred_at: AwareDatetime


class SurveyAnswered(Hears):
    """A customer answered a survey; `scores` are by name, and `csat` is a rating like any other."""

    type: ClassVar[str] = "cxbank.feedback.survey_answered.v1"
    customer_id: UUID | None = None
    questionnaire: str | None = None
    channel: str | None = None
    topic: str | None = None
    scores: dict[str, Any] = {}
    occurred_at: AwareDatetime | None = None


class Ticket(Hears):
    """A step of a ticket."""

    step: ClassVar[str]
    customer_id: UUID | None = None
    ticket_id: UUID
    place_id: UUID
    need: str
    channel: str | None = None
    occurred_at: AwareDatetime


class TicketOpened(Ticket):
    """Somebody asked for a service."""

    type: ClassVar[str] = "cxbank.channel-router.ticket_opened.v1"
    step: ClassVar[str] = "opened"


class TicketCalled(Ticket):
    """Service began."""

    type: ClassVar[str] = "cxbank.channel-router.ticket_called.v1"
    step: ClassVar[str] = "called"


class TicketServed(Ticket):
    """Service ended."""

    type: ClassVar[str] = "cxbank.channel-router.ticket_served.v1"
    step: ClassVar[str] = "served"


class TicketAbandoned(Ticket):
    """Whoever waited left."""

    type: ClassVar[str] = "cxbank.channel-router.ticket_abandoned.v1"
    step: ClassVar[str] = "abandoned"


class TicketNoShow(Ticket):
    """Whoever was called did not come."""

    type: ClassVar[str] = "cxbank.channel-router.ticket_no_show.v1"
    step: ClassVar[str] = "no_show"


class TicketTransferred(Ticket):
    """Whoever waits was sent on to another queue."""

    type: ClassVar[str] = "cxbank.channel-router.ticket_transferred.v1"
    step: ClassVar[str] = "transferred"


class Appointment(Hears):
    """A step of an appointment. Only the booking is an act of the customer's own."""

    step: ClassVar[str]
    customer_id: UUID | None = None
    appointment_id: UUID
    place_id: UUID | None = None
    need: str | None = None
    channel: str | None = None
    occurred_at: AwareDatetime | None = None


class AppointmentBooked(Appointment):
    """A time was taken."""

    type: ClassVar[str] = "cxbank.channel-router.appointment_booked.v1"
    step: ClassVar[str] = "booked"


class AppointmentMoved(Appointment):
    """Another time was taken instead."""

    type: ClassVar[str] = "cxbank.channel-router.appointment_moved.v1"
    step: ClassVar[str] = "moved"


class AppointmentCancelled(Appointment):
    """The time was given back."""

    type: ClassVar[str] = "cxbank.channel-router.appointment_cancelled.v1"
    step: ClassVar[str] = "cancelled"


class AppointmentKept(Appointment):
    """They came."""

    type: ClassVar[str] = "cxbank.channel-router.appointment_kept.v1"
    step: ClassVar[str] = "kept"


class AppointmentMissed(Appointment):
    """They did not come."""

    type: ClassVar[str] = "cxbank.channel-router.appointment_missed.v1"
    step: ClassVar[str] = "missed"


class Journey(Hears):
    """A step of a journey. Only its start is an act of the customer's own."""

    step: ClassVar[str]
    customer_id: UUID | None = None
    journey_id: UUID
    definition: str | None = None
    channel: str | None = None
    occurred_at: AwareDatetime | None = None


class JourneyStarted(Journey):
    """A journey began."""

    type: ClassVar[str] = "cxbank.channel-router.journey_started.v1"
    step: ClassVar[str] = "started"


class JourneyStepDone(Journey):
    """A step was done."""

    type: ClassVar[str] = "cxbank.channel-router.journey_step_done.v1"
    step: ClassVar[str] = "step_done"


class JourneyHandedOff(Journey):
    """It goes on through another channel."""

    type: ClassVar[str] = "cxbank.channel-router.journey_handed_off.v1"
    step: ClassVar[str] = "handed_off"


class JourneyFinished(Journey):
    """It came to its end."""

    type: ClassVar[str] = "cxbank.channel-router.journey_finished.v1"
    step: ClassVar[str] = "finished"


class JourneyAbandoned(Journey):
    """It was given up."""

    type: ClassVar[str] = "cxbank.channel-router.journey_abandoned.v1"
    step: ClassVar[str] = "abandoned"


class Screened(Hears):
    """An event of the customer was decided; how, is for staff only."""

    type: ClassVar[str] = "cxbank.risk.screened.v1"
    customer_id: UUID
    screening_id: UUID
    kind: str
    outcome: str
    occurred_at: AwareDatetime
