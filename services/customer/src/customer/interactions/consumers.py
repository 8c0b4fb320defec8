"""What interactions hear: the bank's own systems, and what the other services of the suite saw a customer do."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Final
from uuid import UUID

from pydantic import AwareDatetime, BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection

from customer.interactions.domain.facts import Channel, Kind
from customer.interactions.schemas import RecordInteraction
from customer.interactions.usecases import INTERACTION, record_interactions
from shared.access import Caller
from shared.events.consumer import Handlers, Heard, Hears
from shared.idempotency import wish_for
from shared.problems import Problem
from shared.telemetry import log
from shared.world import World

EXTERNAL: Final = Caller(sub="external", actor="service", scopes=frozenset())
SUITE: Final = Caller(sub="suite", actor="service", scopes=frozenset())


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


_FIELDS: Final = (
    "direction",
    "channel",
    "account",
    "category",
    "product",
    "change",
    "initiated_by",
    "source",
    "sequence",
)
_ATTRIBUTES: Final = ("device", "payee", "place")


def body_of(event: Heard[External]) -> RecordInteraction:
    """The event as the route would have got it: set is only what was said, so that both doors have one content."""
    data = event.data
    said: dict[str, Any] = {
        "event_id": data.event_id,
        "kind": data.kind,
        "customer_id": data.customer_id,
        "occurred_at": data.occurred_at or event.time,
    }
    said |= {name: told for name in _FIELDS if (told := getattr(data, name)) is not None}
    said |= {name: told.model_dump() for name in ("amount", "balance") if (told := getattr(data, name)) is not None}
    attributes = {name: told for name in _ATTRIBUTES if (told := getattr(data, name)) is not None}
    if attributes:
        said["attributes"] = attributes
    return RecordInteraction.model_validate(said)


class FeedbackReceived(Hears):
    """A customer told the bank something; what, stays with feedback."""

    type: ClassVar[str] = "cxbank.feedback.received.v1"
    customer_id: UUID | None = None
    source: str
    kind: str | None = None
    rating: int | None = None
    occurred_at: AwareDatetime


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


# The doors of feedback that are channels of ours; a social network or an app store is none.
_DOORS: Final = {
    "app": Channel.APP,
    "web": Channel.WEB,
    "wechat": Channel.WECHAT,
    "phone": Channel.PHONE,
    "email": Channel.EMAIL,
    "letter": Channel.POST,
    "branch_desk": Channel.BRANCH,
    "suggestion_box": Channel.BRANCH,
    "atm": Channel.ATM,
    "kiosk": Channel.ATM,
}


def _feedback(data: FeedbackReceived) -> dict[str, Any]:
    attributes: dict[str, Any] = {"feedback_source": data.source}
    attributes |= {name: told for name in ("kind", "rating") if (told := getattr(data, name)) is not None}
    return {"kind": Kind.FEEDBACK, "channel": _DOORS.get(data.source), "attributes": attributes}


def _ticket(data: Ticket) -> dict[str, Any]:
    channel = data.channel if data.channel in set(Channel) else Channel.BRANCH
    attributes = {"ticket": str(data.ticket_id), "place": str(data.place_id), "need": data.need}
    return {"kind": Kind.TICKET, "channel": channel, "step": data.step, "attributes": attributes}


def _appointment(data: Appointment) -> dict[str, Any]:
    # A time at a place is kept there, whatever it was booked through.
    channel = data.channel if data.channel in set(Channel) else Channel.BRANCH if data.place_id is not None else None
    attributes = {"appointment": str(data.appointment_id)}
    attributes |= {} if data.place_id is None else {"place": str(data.place_id)}
    attributes |= {} if data.need is None else {"need": data.need}
    return {"kind": Kind.APPOINTMENT, "channel": channel, "step": data.step, "attributes": attributes}


def _journey(data: Journey) -> dict[str, Any]:
    attributes = {"journey": str(data.journey_id)} | (
        {} if data.definition is None else {"definition": data.definition[:120]}
    )
    channel = data.channel if data.channel in set(Channel) else None
    return {"kind": Kind.JOURNEY, "channel": channel, "step": data.step, "attributes": attributes}


def _screening(data: Screened) -> dict[str, Any]:
    attributes = {"screening": str(data.screening_id), "screened": data.kind, "outcome": data.outcome}
    return {"kind": Kind.SCREENING, "attributes": attributes}


_SUITE: Final[dict[type[Hears], Callable[[Any], dict[str, Any]]]] = {
    FeedbackReceived: _feedback,
    TicketOpened: _ticket,
    TicketCalled: _ticket,
    TicketServed: _ticket,
    TicketAbandoned: _ticket,
    TicketNoShow: _ticket,
    TicketTransferred: _ticket,
    **dict.fromkeys(
        (AppointmentBooked, AppointmentMoved, AppointmentCancelled, AppointmentKept, AppointmentMissed), _appointment
    ),
    **dict.fromkeys((JourneyStarted, JourneyStepDone, JourneyHandedOff, JourneyFinished, JourneyAbandoned), _journey),
    Screened: _screening,
}


def body_of_ours(event: Heard[Any]) -> RecordInteraction | None:
    """What another service said as an interaction; None where it names no customer."""
    data = event.data
    if data.customer_id is None:
        return None
    return RecordInteraction.model_validate(
        {
            "event_id": f"{event.source}#{event.id}",
            "customer_id": data.customer_id,
            "occurred_at": data.occurred_at or event.time,
            **_SUITE[type(data)](data),
        }
    )


def listen(handlers: Handlers, world: World) -> None:
    """Register what this capability hears."""

    async def record(tx: AsyncConnection, bodies: Sequence[RecordInteraction], caller: Caller) -> None:
        wishes = [wish_for(world.keyring, INTERACTION, body, caller) for body in bodies]
        for answer in await record_interactions(world, tx, wishes) if wishes else ():
            # An erased customer's event, or a known id with other content: the first word stands. Parking it would
            # hold back every later event of this customer.
            if isinstance(answer, Problem):
                log.warning("interaction_refused", problem=answer.code())

    @handlers.on(ExternalTransaction, ExternalLogin, ExternalAccountChanged)
    async def heard_externals(tx: AsyncConnection, events: Sequence[Heard[External]]) -> None:
        await record(tx, [body_of(event) for event in events], EXTERNAL)

    @handlers.on(*_SUITE)
    async def heard_ours(tx: AsyncConnection, events: Sequence[Heard[Any]]) -> None:
        bodies = [body for event in events if (body := body_of_ours(event)) is not None]
        await record(tx, bodies, SUITE)
