"""Generated: what feedback takes and tells."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from cxbank_client.answers import Answer, Input

DeliveryState = Literal["waiting", "delivered", "parked"]

Kind = Literal["complaint", "suggestion", "praise", "question", "request", "incident"]

Source = Literal[
    "app",
    "web",
    "wechat",
    "social",
    "app_store",
    "phone",
    "email",
    "letter",
    "branch_desk",
    "suggestion_box",
    "atm",
    "kiosk",
    "forum",
    "interview",
    "survey",
    "regulator",
]

SubjectKind = Literal["product", "branch", "staff", "channel", "journey_step"]

WebhookState = Literal["active", "paused", "ended"]


class About(Input):
    """What an expression is about."""

    kind: SubjectKind
    id: str


class AboutView(Answer):
    """What an expression is about, as it is kept."""

    kind: SubjectKind | str
    id: str


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


class Feedback(Answer):
    """An expression with its own words. `customer_tier` is what we last heard of the customer, null if not yet."""

    id: UUID
    version: int
    source: Source | str
    source_ref: str | None
    text: str | None
    redacted_text: str | None
    rating: int | None
    language: str | None
    kind: Kind | str | None
    customer_id: UUID | None
    customer_tier: str | None
    subject: AboutView | None
    captured_at: datetime
    received_at: datetime


class FeedbackLine(Answer):
    """A line of a list: the redacted words only."""

    id: UUID
    version: int
    source: Source | str
    redacted_text: str | None
    rating: int | None
    language: str | None
    kind: Kind | str | None
    customer_id: UUID | None
    customer_tier: str | None
    subject: AboutView | None
    captured_at: datetime
    received_at: datetime


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


class Replay(Input):
    """Which deliveries to send again: those parked, or everything said since an instant that is still kept."""

    since: datetime | None = None


class Replayed(Answer):
    """How many deliveries wait again."""

    deliveries: int


class SubmitFeedback(Input):
    """One expression: words, a rating, or both; `captured_at` is when it was said (tablets are offline for days)."""

    natural_keys: ClassVar[tuple[str, ...]] = ("source_ref", "external_ref")

    source: Source
    source_ref: str | None = None
    text: str | None = None
    rating: int | None = None
    language: str | None = None
    customer_id: UUID | None = None
    subject: About | None = None
    captured_at: datetime | None = None
    external_ref: str | None = None


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
