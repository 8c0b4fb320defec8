"""Generated: what customer takes and tells."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from cxbank_client.answers import Answer, Input

ContactKind = Literal["phone", "email", "wechat", "postal"]

DeliveryState = Literal["waiting", "delivered", "parked"]

ErasureState = Literal["requested", "completed"]

Kind = Literal["individual", "organisation"]

State = Literal["prospect", "active", "dormant", "closed"]

Tier = Literal["private", "affluent", "mass"]

WebhookState = Literal["active", "paused", "ended"]


class ChangeCustomer(Input):
    """An RFC 7396 merge patch: what is absent stays, what is null is removed (a name or a state cannot be)."""

    legal_name: str | None = None
    birth_date: date | None = None
    occupation: str | None = None
    region: str | None = None
    tier: Tier | None = None
    state: State | None = None


class ChangeWebhook(Input):
    """A merge patch: what is not named stays."""

    url: str | None = None
    types: list[str] | None = None
    state: WebhookState | None = None


class Confirmation(Answer):
    """One service has destroyed its key of the subject and what could be found by it."""

    service: str
    confirmed_at: datetime


class ContactPoint(Answer):
    """A contact point as it is kept."""

    id: UUID
    kind: ContactKind | str
    value: str


class ContactPointIn(Input):
    """Where a party can be reached; a value may be shared by several parties (a family's phone)."""

    kind: ContactKind
    value: str


class Customer(Answer):
    """A party as recorded. `restricted` says that a restriction of the risk service is in force (staff and
    clients).
    """

    id: UUID
    version: int
    kind: Kind | str
    state: State | str
    tier: Tier | str
    legal_name: str
    birth_date: date | None
    occupation: str | None
    region: str | None
    age_band: str | None
    contact_points: list[ContactPoint]
    identifiers: list[Identifier]
    restricted: bool | None
    created_at: datetime
    updated_at: datetime


class CustomerSummary(Answer):
    """A line of a list: nothing in it names a person."""

    id: UUID
    version: int
    kind: Kind | str
    state: State | str
    tier: Tier | str
    region: str | None
    created_at: datetime
    updated_at: datetime


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


class Erasure(Answer):
    """How far an erasure has come."""

    id: UUID
    customer_id: UUID
    version: int
    state: ErasureState | str
    requested_at: datetime
    completed_at: datetime | None
    confirmations: list[Confirmation]


class Found(Answer):
    """The parties a look-up found; a shared contact point may find several."""

    customer_ids: list[UUID]


class Identifier(Answer):
    """An identifier as it is kept."""

    id: UUID
    type: str
    issuer: str
    value: str


class IdentifierIn(Input):
    """A number somebody issued; (type, issuer, value) belongs to one party."""

    type: str
    issuer: str
    value: str


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


class LookUp(Input):
    """Exactly one of the two: through what the party is looked for."""

    contact_point: ContactPointIn | None = None
    identifier: IdentifierIn | None = None


class PastVersion(Answer):
    """How a party was recorded from `recorded_at` until `superseded_at` (null: still), and who changed it then."""

    version: int
    recorded_at: datetime
    superseded_at: datetime | None
    recorded_by: str
    customer: Customer


class RegisterCustomer(Input):
    """A new party. For an organisation `birth_date` is its day of incorporation."""

    natural_keys: ClassVar[tuple[str, ...]] = ("external_ref",)

    kind: Kind
    legal_name: str
    birth_date: date | None = None
    contact_points: list[ContactPointIn] = Field(default_factory=lambda: [])
    identifiers: list[IdentifierIn] = Field(default_factory=lambda: [])
    occupation: str | None = None
    region: str | None = None
    tier_hint: Tier | None = None
    external_ref: str | None = None


class Replay(Input):
    """Which deliveries to send again: those parked, or everything said since an instant that is still kept."""

    since: datetime | None = None


class Replayed(Answer):
    """How many deliveries wait again."""

    deliveries: int


class RequestErasure(Input):
    """A request to forget a customer; the customer is its natural key, so a repeat changes nothing."""

    natural_keys: ClassVar[tuple[str, ...]] = ("external_ref",)

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
