"""What is said of memberships: which segment, since when, and through what; never why."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel

from shared.events.envelope import Event


class MembershipEvent(Event):
    """What is said whenever somebody enters or leaves; `by` is `event`, `time` or `rule`.

    `use` is for what the segment is told. `receipt_id` is that of the consent on which that rested when they entered, or
    until they left; else `legal_basis` names the articles. Neither: it was told before that was asked.
    """

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


class SegmentEntered(MembershipEvent):
    """A customer is in a segment from `since` on."""

    type: ClassVar[str] = "cxbank.customer.segment_entered.v1"


class SegmentLeft(MembershipEvent):
    """A customer is not in a segment any more from `since` on."""

    type: ClassVar[str] = "cxbank.customer.segment_left.v1"


class Standing(BaseModel):
    """One membership of a snapshot, with what its use rested on when it began."""

    segment_id: UUID
    segment: str
    since: datetime
    by: str
    rule_version: int
    use: str | None = None
    receipt_id: UUID | None = None
    legal_basis: str | None = None


class SegmentSnapshot(Event):
    """All segments a customer is in, said again for a newcomer: what is not in it the customer is not in.

    Its sequence is that of the last word on any of the customer's memberships: an older snapshot overrules no newer word.
    """

    type: ClassVar[str] = "cxbank.customer.segment_snapshot.v1"
    customer_id: UUID
    segments: list[Standing]
    occurred_at: datetime
