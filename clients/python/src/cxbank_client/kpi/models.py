"""Generated: what kpi takes and tells."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar, Literal
from uuid import UUID

from cxbank_client.answers import Answer, Input

DeliveryState = Literal["waiting", "delivered", "parked"]

Direction = Literal["up", "down"]

Grain = Literal["hour", "day", "week", "month", "quarter", "year"]

Kind = Literal["ticket", "feedback", "screening", "customer", "restriction", "offer", "message", "sending"]

MetricKey = Literal[
    "customers_registered",
    "feedback_received",
    "complaint_share",
    "average_rating",
    "tickets_opened",
    "tickets_served",
    "tickets_abandoned",
    "abandonment_rate",
    "waiting_time_mean",
    "waiting_time_p50",
    "waiting_time_p90",
    "service_time_mean",
    "service_level_20s",
    "screenings",
    "screening_decline_rate",
    "restrictions_active",
    "offers_shown",
    "offer_acceptance_rate",
    "messages_sent",
    "messages_delivered",
    "messages_read",
    "messages_failed",
    "messages_suppressed",
    "message_delivery_rate",
    "message_read_rate",
    "message_suppression_rate",
]

MetricType = Literal["count", "ratio", "mean", "quantile", "stock"]

WebhookState = Literal["active", "paused", "ended"]


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


class Figure(Answer):
    """One period of a metric. `value` is `numerator` / `denominator` where it is a ratio or a mean."""

    period: date | datetime
    value: float | None
    numerator: int
    denominator: int
    n: int
    freshness: datetime


class MetricView(Answer):
    """What a metric means; `share` is the part of all values that a quantile reaches."""

    key: MetricKey | str
    names: dict[str, str]
    definition: str
    type: MetricType | str
    made_of: Kind | str
    measure_unit: str
    direction: Direction | str | None
    counted_on: str
    share: float | None


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
