"""What is said of memberships: which segment, since when, and through what; never why."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from shared.events.envelope import Event


class MembershipEvent(Event):
    """What is said whenever somebody enters or leaves; `by` is `event`, `time` or `rule`."""

    customer_id: UUID
    segment_id: UUID
    segment: str
    since: datetime
    by: str
    rule_version: int
    occurred_at: datetime


class SegmentEntered(MembershipEvent):
    """A customer is in a segment from `since` on."""

    type: ClassVar[str] = "cxbank.customer.segment_entered.v1"


class SegmentLeft(MembershipEvent):
    """A customer is not in a segment any more from `since` on."""

    type: ClassVar[str] = "cxbank.customer.segment_left.v1"
