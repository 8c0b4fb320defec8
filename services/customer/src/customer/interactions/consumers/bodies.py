"""An event as the interaction that the route would have got: whichever door it comes by, it has one content."""

import re
from collections.abc import Callable
from typing import Any, Final

from customer.interactions.consumers.said import (
    Appointment,
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentKept,
    AppointmentMissed,
    AppointmentMoved,
    External,
    FeedbackReceived,
    Journey,
    JourneyAbandoned,
    JourneyFinished,
    JourneyHandedOff,
    JourneyStarted,
    JourneyStepDone,
    Screened,
    SurveyAnswered,
    Ticket,
    TicketAbandoned,
    TicketCalled,
    TicketNoShow,
    TicketOpened,
    TicketServed,
    TicketTransferred,
)
from customer.interactions.domain.facts import Channel, Kind
from customer.interactions.schemas import RecordInteraction
from shared.events.consumer import Heard, Hears

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


_SCORE: Final = re.compile(r"[a-z][a-z0-9_]{0,40}", re.ASCII)
_MOST_SCORES: Final = 20
_LARGEST_SCORE: Final = 1_000_000
_CHARACTERS: Final = 120


def _words(data: Hears, *names: str) -> dict[str, Any]:
    """What is said under these names, as attributes are kept: what would not fit is cut, for it must hold back nothing else."""
    told = {name: getattr(data, name) for name in names}
    told |= {name: " ".join(value.split())[:_CHARACTERS] for name, value in told.items() if isinstance(value, str)}
    return {name: value for name, value in told.items() if value not in {None, ""}}


def _feedback(data: FeedbackReceived) -> dict[str, Any]:
    attributes = {"feedback_source": data.source} | _words(data, "kind", "rating", "topic", "sentiment")
    return {"kind": Kind.FEEDBACK, "channel": _DOORS.get(data.source), "attributes": attributes}


def _survey(data: SurveyAnswered) -> dict[str, Any]:
    scores = {
        name: value
        for name, value in data.scores.items()
        if type(value) is int and abs(value) <= _LARGEST_SCORE and _SCORE.fullmatch(name)
    }
    attributes = {"feedback_source": "survey"} | _words(data, "questionnaire", "topic")
    attributes |= {f"score_{name}": value for name, value in sorted(scores.items())[:_MOST_SCORES]}
    if 1 <= scores.get("csat", 0) <= 5:
        attributes["rating"] = scores["csat"]
    channel = data.channel if data.channel in set(Channel) else None
    return {"kind": Kind.FEEDBACK, "channel": channel, "attributes": attributes}


def _ticket(data: Ticket) -> dict[str, Any]:
    channel = data.channel if data.channel in set(Channel) else Channel.BRANCH
    attributes = {"ticket": str(data.ticket_id), "place": str(data.place_id), "need": data.need}
    return {"kind": Kind.TICKET, "channel": channel, "step": data.step, "attributes": attributes}


def _appointment(data: Appointment) -> dict[str, Any]:
    # A time at a place is kept there, whatever it was booked through.
    channel = data.channel if data.channel in set(Channel) else Channel.BRANCH if data.place_id is not None else None
    attributes = {"appointment": str(data.appointment_id)} | _words(data, "need")
    attributes |= {} if data.place_id is None else {"place": str(data.place_id)}
    return {"kind": Kind.APPOINTMENT, "channel": channel, "step": data.step, "attributes": attributes}


def _journey(data: Journey) -> dict[str, Any]:
    attributes = {"journey": str(data.journey_id)} | _words(data, "definition")
    channel = data.channel if data.channel in set(Channel) else None
    return {"kind": Kind.JOURNEY, "channel": channel, "step": data.step, "attributes": attributes}


def _screening(data: Screened) -> dict[str, Any]:
    attributes = {"screening": str(data.screening_id), "screened": data.kind, "outcome": data.outcome}
    return {"kind": Kind.SCREENING, "attributes": attributes}


SUITE_BODIES: Final[dict[type[Hears], Callable[[Any], dict[str, Any]]]] = {
    FeedbackReceived: _feedback,
    SurveyAnswered: _survey,
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
            **SUITE_BODIES[type(data)](data),
        }
    )
