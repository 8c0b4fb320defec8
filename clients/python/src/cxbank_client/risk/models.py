"""Generated: what risk takes and tells."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from cxbank_client.answers import Answer, Input

DeliveryState = Literal["waiting", "delivered", "parked"]

Kind = Literal["transaction", "login", "profile_change", "payee_added", "service_action", "device_change"]

Outcome = Literal["allow", "step_up", "review", "decline"]

RestrictionState = Literal["active", "lifted", "expired"]

RuleState = Literal["fired", "clear", "not_applicable", "error"]

WebhookState = Literal["active", "paused", "ended"]


class Amount(Input):
    """Money as decimal text and ISO 4217 currency, with no more digits than the currency has."""

    amount: str
    currency: str


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


class LiftRestriction(Input):
    """The one step a person can let a restriction take."""

    state: Literal["lifted"]


class Replay(Input):
    """Which deliveries to send again: those parked, or everything said since an instant that is still kept."""

    since: datetime | None = None


class Replayed(Answer):
    """How many deliveries wait again."""

    deliveries: int


class Restriction(Answer):
    """A restriction as it is now; its reason is the screening it names."""

    id: UUID
    version: int
    customer_id: UUID
    screening_id: UUID
    channels: list[str]
    services: list[str]
    state: RestrictionState | str
    until: datetime
    created_at: datetime
    updated_at: datetime


class RestrictionShort(Answer):
    """A restriction in force when the event was decided."""

    id: UUID
    channels: list[str]
    until: datetime


class RuleSeen(Answer):
    """A rule that fired, or could not run (`error`), with the values it saw: whole numbers, or decimals as text."""

    rule: str
    state: RuleState | str
    points: int
    values: dict[str, int | str | None]


class ScreenEvent(Input):
    """One event to be decided. The attributes `account`, `device`, `payee`, `place` are what windows look at."""

    natural_keys: ClassVar[tuple[str, ...]] = ("event_id", "external_ref")

    event_id: str
    kind: Kind
    customer_id: UUID
    occurred_at: datetime
    amount: Amount | None = None
    attributes: dict[str, Any] = Field(default_factory=lambda: {})
    external_ref: str | None = None


class Screening(Answer):
    """A decision with what it rests on; `ruleset` is the number of the rules that decided."""

    id: UUID
    version: int
    event_id: str
    kind: Kind | str
    customer_id: UUID
    occurred_at: datetime
    outcome: Outcome | str
    score: int
    ruleset: int
    rules: list[RuleSeen]
    restrictions: list[RestrictionShort]
    created_at: datetime


class ScreeningLine(Answer):
    """A line of a list: what was decided, without what it rests on."""

    id: UUID
    version: int
    kind: Kind | str
    customer_id: UUID
    occurred_at: datetime
    outcome: Outcome | str
    score: int
    ruleset: int
    created_at: datetime


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
