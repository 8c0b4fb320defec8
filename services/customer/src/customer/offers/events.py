"""What is said of offers: which service, where, and what became of it; never a score, a reason or a delicate fact."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from shared.events.envelope import Event


class OfferEvent(Event):
    """What is said of an offer whenever something is said; `holdout` is whether the person is in the control group."""

    offer_id: UUID
    customer_id: UUID
    service: str
    channel: str
    outcome: str
    holdout: bool
    unasked: bool
    occurred_at: datetime


class OfferShown(OfferEvent):
    """It was shown: once for each offer, before anything else is said of it."""

    type: ClassVar[str] = "cxbank.customer.offer_shown.v1"


class OfferAnswered(OfferEvent):
    """It was ignored, declined or accepted; said again when a higher word comes later."""

    type: ClassVar[str] = "cxbank.customer.offer_answered.v1"


class SuitabilityAssessed(Event):
    """Somebody was assessed; what was found is delicate, and is fetched with the scope for it."""

    type: ClassVar[str] = "cxbank.customer.suitability_assessed.v1"
    assessment_id: UUID
    customer_id: UUID
    occurred_at: datetime
