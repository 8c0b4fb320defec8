"""Inputs and outputs of a ticket; routes and imports build the same ones."""

from datetime import datetime, timedelta
from typing import Annotated, Self
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints, model_validator

from channel_router.queue.domain import Channel, TicketState, in_order
from shared import clock
from shared.schemas import Body, View

Ref = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Need = Annotated[
    str, StringConstraints(pattern=r"^[a-z][a-z0-9_.-]{0,79}$"), Field(description="the code of a service")
]


class OpenTicket(Body):
    """A customer (or nobody known) asks for a service at a place, now."""

    place_id: UUID
    need: Need
    customer_id: UUID | None = None
    channel: Channel | None = None
    external_ref: Ref | None = None


class PastTicket(Body):
    """A ticket of the past with its own times: `called_at` is when service began, `served_at` when it ended."""

    external_ref: Ref
    place_id: UUID
    need: Need
    opened_at: AwareDatetime
    called_at: AwareDatetime | None = None
    served_at: AwareDatetime | None = None
    abandoned_at: AwareDatetime | None = None
    customer_id: UUID | None = None
    channel: Channel | None = None

    @model_validator(mode="after")
    def _plausible(self) -> Self:
        if not in_order(self.opened_at, self.called_at, self.served_at, self.abandoned_at):
            raise ValueError("opened_at, called_at, served_at and abandoned_at contradict one another")
        last = self.abandoned_at or self.served_at or self.called_at or self.opened_at
        if last > clock.now() + timedelta(minutes=2):
            raise ValueError("a past ticket lies more than two minutes ahead")
        return self


class CallNext(Body):
    """Who is free to serve, and where; `staff` is the caller where it is not said."""

    place_id: UUID
    staff: Ref | None = None


class ChangeTicket(Body):
    """The step a called or waiting ticket takes: served, abandoned, no_show, or back to waiting."""

    state: TicketState


class ExpectedWait(View):
    """Seconds until service is to be expected, with the interval that holds it at `level`, and how it was found."""

    seconds: float
    low: float
    high: float
    level: float
    method: str


class Ticket(View):
    """A ticket as it is now; `position` and `expected_wait` only while it waits."""

    id: UUID
    version: int
    number: int
    place_id: UUID
    need: str
    channel: Channel | None
    customer_id: UUID | None
    state: TicketState
    position: int | None
    expected_wait: ExpectedWait | None
    opened_at: datetime
    called_at: datetime | None
    served_at: datetime | None
    abandoned_at: datetime | None
