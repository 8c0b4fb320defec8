"""What subscribers send and see."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from shared.schemas import Body, View

Url = Annotated[str, StringConstraints(max_length=2_000)]
Types = Annotated[
    list[Annotated[str, StringConstraints(max_length=120)]],
    Field(min_length=1, max_length=100, description="event types, or `*` for all"),
]


class WebhookState(StrEnum):
    """Whether deliveries go out: paused ones are kept; ended is what the other side asked for by answering 410."""

    ACTIVE = "active"
    PAUSED = "paused"
    ENDED = "ended"


class DeliveryState(StrEnum):
    """What has become of a delivery."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    PARKED = "parked"


class Subscribe(Body):
    """A wish to be told of this service's events."""

    url: Url
    types: Types
    external_ref: str | None = Field(None, min_length=1, max_length=200)


class ChangeWebhook(Body):
    """A merge patch: what is not named stays."""

    url: Url | None = None
    types: Types | None = None
    state: WebhookState | None = Field(None, description="`active` or `paused`")


class Webhook(View):
    """A subscription. `secret` is told once, to whoever subscribed or changed it."""

    id: UUID
    version: int
    url: str
    types: list[str]
    state: WebhookState
    secret: str | None
    failures: int
    retry_at: datetime | None
    created_at: datetime
    updated_at: datetime


class Delivery(View):
    """One event on its way to one subscriber: `status` is the last HTTP status, `cause` why it waits or is parked."""

    event_id: UUID
    said_at: datetime
    state: DeliveryState
    attempts: int
    due_at: datetime
    status: int | None
    cause: str | None
    done_at: datetime | None


class Replay(Body):
    """Which deliveries to send again: those parked, or everything said since an instant that is still kept."""

    since: datetime | None = None


class Replayed(View):
    """How many deliveries wait again."""

    deliveries: int
