"""Generated: what customer says on its topic."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from cxbank_client.answers import Said


class AuditAnchored(Said):
    """AuditAnchored"""

    event_type: ClassVar[str] = "cxbank.customer.audit_anchored.v1"

    seq: int
    head: str


class CustomerChanged(Said):
    """Something recorded of a party is different now, or its age band is, by a birthday."""

    event_type: ClassVar[str] = "cxbank.customer.changed.v1"

    customer_id: UUID
    kind: str
    state: str
    tier: str
    age_band: str | None
    region: str | None
    version: int
    occurred_at: datetime
    language: str | None = None
    home_branch: str | None = None
    occupation_group: str | None = None


class CustomerClosed(Said):
    """The relation ended."""

    event_type: ClassVar[str] = "cxbank.customer.closed.v1"

    customer_id: UUID
    kind: str
    state: str
    tier: str
    age_band: str | None
    region: str | None
    version: int
    occurred_at: datetime
    language: str | None = None
    home_branch: str | None = None
    occupation_group: str | None = None


class ConsentRecorded(Said):
    """A word of a customer is in the ledger; one event a channel, null where it speaks of every channel or of
    none.

    `stands` is false for a word that came late: a later one was known already, and that one still decides. A
    listener
    folds by (`customer_id`, `purpose`, `channel`) and `occurred_at`, the denial winning a tie; a denial with a
    null
    channel is about every channel of which nothing was said later.
    """

    event_type: ClassVar[str] = "cxbank.customer.consent_recorded.v1"

    customer_id: UUID
    purpose: str
    purpose_version: int
    channel: str | None
    decision: str
    stands: bool
    receipt_id: UUID
    occurred_at: datetime


class ErasureCompleted(Said):
    """All five services have confirmed."""

    event_type: ClassVar[str] = "cxbank.customer.erasure_completed.v1"

    request_id: UUID
    customer_id: UUID
    occurred_at: datetime


class ErasureRequested(Said):
    """Forget this customer: destroy the key, drop what finds them, keep a tombstone, confirm."""

    event_type: ClassVar[str] = "cxbank.customer.erasure_requested.v1"

    request_id: UUID
    customer_id: UUID
    kept: list[str] | None = None
    occurred_at: datetime


class ExportRequested(Said):
    """A customer asked for what is held of them; each service says when it can hand it over."""

    event_type: ClassVar[str] = "cxbank.customer.export_requested.v1"

    request_id: UUID
    customer_id: UUID
    customer_ids: list[UUID]
    expires_at: datetime
    occurred_at: datetime


class GlassBroken(Said):
    """Somebody opened a customer's fields without the customer's authorisation; a review is due."""

    event_type: ClassVar[str] = "cxbank.customer.glass_broken.v1"

    grant_id: UUID
    customer_id: UUID
    reader: str
    reason: str
    fields: list[str]
    occurred_at: datetime


class LinkSnapshot(Said):
    """How the member stands at present, said again for a newcomer."""

    event_type: ClassVar[str] = "cxbank.customer.link_snapshot.v1"

    member: UUID
    leader: UUID
    version: int
    occurred_at: datetime
    linked: bool


class Linked(Said):
    """The member counts as the leader from now on."""

    event_type: ClassVar[str] = "cxbank.customer.linked.v1"

    member: UUID
    leader: UUID
    version: int
    occurred_at: datetime


class MessageDelivered(Said):
    """It has arrived, as far as the gateway can tell."""

    event_type: ClassVar[str] = "cxbank.customer.message_delivered.v1"

    message_id: UUID
    customer_id: UUID
    template: str
    purpose: str
    category: str
    channel: str | None
    campaign_id: UUID | None
    variant: str | None
    reason: str | None
    detail: str | None
    asked_in: UUID | None
    version: int
    occurred_at: datetime


class MessageFailed(Said):
    """It did not arrive and will not."""

    event_type: ClassVar[str] = "cxbank.customer.message_failed.v1"

    message_id: UUID
    customer_id: UUID
    template: str
    purpose: str
    category: str
    channel: str | None
    campaign_id: UUID | None
    variant: str | None
    reason: str | None
    detail: str | None
    asked_in: UUID | None
    version: int
    occurred_at: datetime


class MessageRead(Said):
    """It was opened."""

    event_type: ClassVar[str] = "cxbank.customer.message_read.v1"

    message_id: UUID
    customer_id: UUID
    template: str
    purpose: str
    category: str
    channel: str | None
    campaign_id: UUID | None
    variant: str | None
    reason: str | None
    detail: str | None
    asked_in: UUID | None
    version: int
    occurred_at: datetime


class MessageSent(Said):
    """A gateway has taken it."""

    event_type: ClassVar[str] = "cxbank.customer.message_sent.v1"

    message_id: UUID
    customer_id: UUID
    template: str
    purpose: str
    category: str
    channel: str | None
    campaign_id: UUID | None
    variant: str | None
    reason: str | None
    detail: str | None
    asked_in: UUID | None
    version: int
    occurred_at: datetime


class MessageSuppressed(Said):
    """It must not be sent."""

    event_type: ClassVar[str] = "cxbank.customer.message_suppressed.v1"

    message_id: UUID
    customer_id: UUID
    template: str
    purpose: str
    category: str
    channel: str | None
    campaign_id: UUID | None
    variant: str | None
    reason: str | None
    detail: str | None
    asked_in: UUID | None
    version: int
    occurred_at: datetime


class OfferAnswered(Said):
    """It was ignored, declined or accepted; said again when a higher word comes later."""

    event_type: ClassVar[str] = "cxbank.customer.offer_answered.v1"

    offer_id: UUID
    customer_id: UUID
    service: str
    channel: str
    outcome: str
    holdout: bool
    unasked: bool
    occurred_at: datetime


class OfferShown(Said):
    """It was shown: once for each offer, before anything else is said of it."""

    event_type: ClassVar[str] = "cxbank.customer.offer_shown.v1"

    offer_id: UUID
    customer_id: UUID
    service: str
    channel: str
    outcome: str
    holdout: bool
    unasked: bool
    occurred_at: datetime


class PrivacyClockBreached(Said):
    """The period has ended, and the request is not answered."""

    event_type: ClassVar[str] = "cxbank.customer.privacy_clock_breached.v1"

    request_id: UUID
    customer_id: UUID
    kind: str
    regime: str
    clock: str
    due_at: datetime
    occurred_at: datetime


class PrivacyClockWarned(Said):
    """A request is not answered yet, and the end of its period comes near."""

    event_type: ClassVar[str] = "cxbank.customer.privacy_clock_warned.v1"

    request_id: UUID
    customer_id: UUID
    kind: str
    regime: str
    clock: str
    due_at: datetime
    occurred_at: datetime


class ProductOpened(Said):
    """An account of some product was opened at `occurred_at`; said when it was recorded, which may be much later."""

    event_type: ClassVar[str] = "cxbank.customer.product_opened.v1"

    interaction_id: UUID
    customer_id: UUID
    occurred_at: datetime


class CustomerRegistered(Said):
    """A party is known from now on."""

    event_type: ClassVar[str] = "cxbank.customer.registered.v1"

    customer_id: UUID
    kind: str
    state: str
    tier: str
    age_band: str | None
    region: str | None
    version: int
    occurred_at: datetime
    language: str | None = None
    home_branch: str | None = None
    occupation_group: str | None = None


class RoutingProfileChanged(Said):
    """Something on the card is different now; what, it may only tell by its version."""

    event_type: ClassVar[str] = "cxbank.customer.routing_profile_changed.v1"

    customer_id: UUID
    version: int
    tier: str
    languages: list[str]
    preferred_channels: list[str]
    occurred_at: datetime


class RoutingProfileSnapshot(Said):
    """The card as it is, said again for a newcomer; guarded by its version."""

    event_type: ClassVar[str] = "cxbank.customer.routing_profile_snapshot.v1"

    customer_id: UUID
    version: int
    tier: str
    languages: list[str]
    preferred_channels: list[str]
    occurred_at: datetime


class SegmentEntered(Said):
    """A customer is in a segment from `since` on."""

    event_type: ClassVar[str] = "cxbank.customer.segment_entered.v1"

    customer_id: UUID
    segment_id: UUID
    segment: str
    since: datetime
    by: str
    rule_version: int
    occurred_at: datetime
    use: str | None = None
    receipt_id: UUID | None = None
    legal_basis: str | None = None


class SegmentLeft(Said):
    """A customer is not in a segment any more from `since` on."""

    event_type: ClassVar[str] = "cxbank.customer.segment_left.v1"

    customer_id: UUID
    segment_id: UUID
    segment: str
    since: datetime
    by: str
    rule_version: int
    occurred_at: datetime
    use: str | None = None
    receipt_id: UUID | None = None
    legal_basis: str | None = None


class SegmentSnapshotStanding(Said):
    """One membership of a snapshot, with what its use rested on when it began."""

    segment_id: UUID
    segment: str
    since: datetime
    by: str
    rule_version: int
    use: str | None = None
    receipt_id: UUID | None = None
    legal_basis: str | None = None


class SegmentSnapshot(Said):
    """All segments a customer is in, said again for a newcomer: what is not in it the customer is not in.

    Its sequence is that of the last word on any of the customer's memberships: an older snapshot overrules no
    newer word.
    """

    event_type: ClassVar[str] = "cxbank.customer.segment_snapshot.v1"

    customer_id: UUID
    segments: list[SegmentSnapshotStanding]
    occurred_at: datetime


class CustomerSnapshot(Said):
    """The present state, said again for a newcomer; guarded by its version."""

    event_type: ClassVar[str] = "cxbank.customer.snapshot.v1"

    customer_id: UUID
    kind: str
    state: str
    tier: str
    age_band: str | None
    region: str | None
    version: int
    occurred_at: datetime
    language: str | None = None
    home_branch: str | None = None
    occupation_group: str | None = None


class SuitabilityAssessed(Said):
    """Somebody was assessed; what was found is delicate, and is fetched with the scope for it."""

    event_type: ClassVar[str] = "cxbank.customer.suitability_assessed.v1"

    assessment_id: UUID
    customer_id: UUID
    occurred_at: datetime


class Unlinked(Said):
    """The member stands alone again."""

    event_type: ClassVar[str] = "cxbank.customer.unlinked.v1"

    member: UUID
    leader: UUID
    version: int
    occurred_at: datetime


EVENTS: dict[str, type[Said]] = {
    "cxbank.customer.audit_anchored.v1": AuditAnchored,
    "cxbank.customer.changed.v1": CustomerChanged,
    "cxbank.customer.closed.v1": CustomerClosed,
    "cxbank.customer.consent_recorded.v1": ConsentRecorded,
    "cxbank.customer.erasure_completed.v1": ErasureCompleted,
    "cxbank.customer.erasure_requested.v1": ErasureRequested,
    "cxbank.customer.export_requested.v1": ExportRequested,
    "cxbank.customer.glass_broken.v1": GlassBroken,
    "cxbank.customer.link_snapshot.v1": LinkSnapshot,
    "cxbank.customer.linked.v1": Linked,
    "cxbank.customer.message_delivered.v1": MessageDelivered,
    "cxbank.customer.message_failed.v1": MessageFailed,
    "cxbank.customer.message_read.v1": MessageRead,
    "cxbank.customer.message_sent.v1": MessageSent,
    "cxbank.customer.message_suppressed.v1": MessageSuppressed,
    "cxbank.customer.offer_answered.v1": OfferAnswered,
    "cxbank.customer.offer_shown.v1": OfferShown,
    "cxbank.customer.privacy_clock_breached.v1": PrivacyClockBreached,
    "cxbank.customer.privacy_clock_warned.v1": PrivacyClockWarned,
    "cxbank.customer.product_opened.v1": ProductOpened,
    "cxbank.customer.registered.v1": CustomerRegistered,
    "cxbank.customer.routing_profile_changed.v1": RoutingProfileChanged,
    "cxbank.customer.routing_profile_snapshot.v1": RoutingProfileSnapshot,
    "cxbank.customer.segment_entered.v1": SegmentEntered,
    "cxbank.customer.segment_left.v1": SegmentLeft,
    "cxbank.customer.segment_snapshot.v1": SegmentSnapshot,
    "cxbank.customer.snapshot.v1": CustomerSnapshot,
    "cxbank.customer.suitability_assessed.v1": SuitabilityAssessed,
    "cxbank.customer.unlinked.v1": Unlinked,
}
