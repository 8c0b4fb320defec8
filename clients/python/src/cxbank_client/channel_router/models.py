"""Generated: what channel-router takes and tells."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from cxbank_client.answers import Answer, Input

Channel = Literal["app", "web", "wechat", "phone", "video", "branch", "atm", "kiosk"]

DeliveryState = Literal["waiting", "delivered", "parked"]

PlaceKind = Literal["branch", "atm", "kiosk", "contact_centre"]

PlaceState = Literal["open", "closed", "out_of_order"]

TicketState = Literal["waiting", "called", "served", "abandoned", "no_show"]

WebhookState = Literal["active", "paused", "ended"]


class AddPlace(Input):
    """A branch, ATM, kiosk or contact centre; `names` by BCP 47 language, `opening_hours` in OpenStreetMap
    grammar.
    """

    natural_keys: ClassVar[tuple[str, ...]] = ("external_ref",)

    kind: PlaceKind
    names: dict[str, str] = Field(default_factory=lambda: {})
    latitude: float | None = None
    longitude: float | None = None
    zone: str | None = None
    opening_hours: str | None = None
    operator: str | None = None
    wheelchair: bool | None = None
    external_ref: str | None = None


class CallNext(Input):
    """Who is free to serve, and where; `staff` is the caller where it is not said."""

    place_id: UUID
    staff: str | None = None


class ChangePlace(Input):
    """An RFC 7396 merge patch of a place."""

    state: PlaceState | None = None
    opening_hours: str | None = None


class ChangeTicket(Input):
    """The step a called or waiting ticket takes: served, abandoned, no_show, or back to waiting."""

    state: TicketState


class ChangeWebhook(Input):
    """A merge patch: what is not named stays."""

    url: str | None = None
    types: list[str] | None = None
    state: WebhookState | None = None


class Delivery(Answer):
    """One event on its way to one subscriber: `status` is the last HTTP status, `cause` why it waits or is parked."""

    event_id: UUID
    said_at: datetime
    state: DeliveryState | str
    attempts: int
    due_at: datetime
    status: int | None
    cause: str | None
    done_at: datetime | None


class ExpectedWait(Answer):
    """Seconds until service is to be expected, with the interval that holds it at `level`, and how it was found."""

    seconds: float
    low: float
    high: float
    level: float
    method: str


class Job(Answer):
    """Long work: `done` of `total` lines, `rate` a second, `eta_seconds` to go (null before it starts)."""

    id: UUID
    kind: str
    state: Literal["queued", "running", "done", "failed"] | str
    total: int
    done: int
    created: int
    unchanged: int
    rejected: int
    rate: float | None
    eta_seconds: float | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class OpenTicket(Input):
    """A customer (or nobody known) asks for a service at a place, now."""

    natural_keys: ClassVar[tuple[str, ...]] = ("external_ref",)

    place_id: UUID
    need: str
    customer_id: UUID | None = None
    channel: Channel | None = None
    external_ref: str | None = None


class Place(Answer):
    """A place as it is recorded."""

    id: UUID
    version: int
    kind: PlaceKind | str
    state: PlaceState | str
    names: dict[str, str]
    latitude: float | None
    longitude: float | None
    zone: str
    opening_hours: str | None
    operator: str | None
    wheelchair: bool | None
    external_ref: str | None
    created_at: datetime
    updated_at: datetime


class Replay(Input):
    """Which deliveries to send again: those parked, or everything said since an instant that is still kept."""

    since: datetime | None = None


class Replayed(Answer):
    """How many deliveries wait again."""

    deliveries: int


class Subscribe(Input):
    """A wish to be told of this service's events."""

    natural_keys: ClassVar[tuple[str, ...]] = ("external_ref",)

    url: str
    types: list[str]
    external_ref: str | None = None


class Ticket(Answer):
    """A ticket as it is now; `position` and `expected_wait` only while it waits."""

    id: UUID
    version: int
    number: int
    place_id: UUID
    need: str
    channel: Channel | str | None
    customer_id: UUID | None
    state: TicketState | str
    position: int | None
    expected_wait: ExpectedWait | None
    opened_at: datetime
    called_at: datetime | None
    served_at: datetime | None
    abandoned_at: datetime | None


class Webhook(Answer):
    """A subscription. `secret` is told once, to whoever subscribed or changed it."""

    id: UUID
    version: int
    url: str
    types: list[str]
    state: WebhookState | str
    secret: str | None
    failures: int
    retry_at: datetime | None
    created_at: datetime
    updated_at: datetime
