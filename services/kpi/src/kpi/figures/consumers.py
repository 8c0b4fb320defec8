"""What figures are made of: the few fields of others' events that say what happened, where and when."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID, uuid5

from pydantic import StringConstraints
from sqlalchemy.ext.asyncio import AsyncConnection

from kpi.figures import usecases
from kpi.figures.domain.facts import Fact, Kind, whole_seconds
from kpi.figures.usecases import PlaceTold
from shared.events.consumer import Handlers, Heard, Hears
from shared.subjects import IdentityLinked, IdentitySnapshot, IdentityUnlinked
from shared.world import World


class Happened(Hears):
    """What is heard of a thing that counts; `type` is set by those below."""

    occurred_at: datetime

    def fact(self, version: int) -> Fact:
        """The thing as this event tells it."""
        raise NotImplementedError


class CustomerRegistered(Happened):
    """A customer is known from now on."""

    type: ClassVar[str] = "cxbank.customer.registered.v1"
    customer_id: UUID
    state: str | None = None

    def fact(self, version: int) -> Fact:
        """The customer: the earliest word of it is its registration."""
        return Fact(
            kind=Kind.CUSTOMER,
            id=self.customer_id,
            version=version,
            begun_at=self.occurred_at,
            occurred_at=self.occurred_at,
            state=self.state,
            customer_id=self.customer_id,
        )


class CustomerChanged(CustomerRegistered):
    """Something of it is different."""

    type: ClassVar[str] = "cxbank.customer.changed.v1"


class CustomerClosed(CustomerRegistered):
    """The relation ended."""

    type: ClassVar[str] = "cxbank.customer.closed.v1"


class CustomerSnapshot(CustomerRegistered):
    """Said again for a newcomer."""

    type: ClassVar[str] = "cxbank.customer.snapshot.v1"


class FeedbackReceived(Happened):
    """A customer told the bank something."""

    type: ClassVar[str] = "cxbank.feedback.received.v1"
    feedback_id: UUID
    source: str
    rating: int | None = None
    kind: str | None = None
    customer_id: UUID | None = None

    def fact(self, version: int) -> Fact:
        """The expression; its state is what kind it is."""
        return Fact(
            kind=Kind.FEEDBACK,
            id=self.feedback_id,
            version=version,
            begun_at=self.occurred_at,
            occurred_at=self.occurred_at,
            state=self.kind,
            customer_id=self.customer_id,
            source=self.source,
            rating=self.rating,
        )


class FeedbackSnapshot(FeedbackReceived):
    """Said again for a newcomer."""

    type: ClassVar[str] = "cxbank.feedback.snapshot.v1"


class TicketOpened(Happened):
    """Somebody asked for a service. Every event of a ticket carries all its times known by then."""

    type: ClassVar[str] = "cxbank.channel-router.ticket_opened.v1"
    ticket_id: UUID
    place_id: UUID
    state: str
    opened_at: datetime
    called_at: datetime | None = None
    served_at: datetime | None = None
    customer_id: UUID | None = None

    def fact(self, version: int) -> Fact:
        """The ticket; whoever did not come when called has not waited until then, as far as anyone knows."""
        answered = self.called_at if self.state in {"called", "served"} else None
        ended = self.served_at if self.state == "served" else None
        return Fact(
            kind=Kind.TICKET,
            id=self.ticket_id,
            version=version,
            begun_at=self.opened_at,
            occurred_at=self.occurred_at,
            state=self.state,
            customer_id=self.customer_id,
            place_id=self.place_id,
            waited=whole_seconds(self.opened_at, answered) if answered else None,
            served=whole_seconds(answered, ended) if answered and ended else None,
        )


class TicketCalled(TicketOpened):
    """Service began."""

    type: ClassVar[str] = "cxbank.channel-router.ticket_called.v1"


class TicketServed(TicketOpened):
    """Service ended."""

    type: ClassVar[str] = "cxbank.channel-router.ticket_served.v1"


class TicketAbandoned(TicketOpened):
    """Whoever waited left."""

    type: ClassVar[str] = "cxbank.channel-router.ticket_abandoned.v1"


class TicketNoShow(TicketOpened):
    """Whoever was called did not come."""

    type: ClassVar[str] = "cxbank.channel-router.ticket_no_show.v1"


class TicketRequeued(TicketOpened):
    """A called ticket waits again."""

    type: ClassVar[str] = "cxbank.channel-router.ticket_requeued.v1"


class PlaceChanged(Hears):
    """Of a place, the zone its days are counted in."""

    type: ClassVar[str] = "cxbank.channel-router.place_changed.v1"
    place_id: UUID
    zone: str


class PlaceSnapshot(PlaceChanged):
    """Said again for a newcomer."""

    type: ClassVar[str] = "cxbank.channel-router.snapshot.v1"


class Screened(Happened):
    """An event was screened for risk."""

    type: ClassVar[str] = "cxbank.risk.screened.v1"
    screening_id: UUID
    outcome: str
    customer_id: UUID | None = None

    def fact(self, version: int) -> Fact:
        """The screening; its state is its outcome."""
        return Fact(
            kind=Kind.SCREENING,
            id=self.screening_id,
            version=version,
            begun_at=self.occurred_at,
            occurred_at=self.occurred_at,
            state=self.outcome,
            customer_id=self.customer_id,
        )


class RestrictionSet(Happened):
    """A restriction is in force, for ever or until a moment."""

    type: ClassVar[str] = "cxbank.risk.restriction_set.v1"
    restriction_id: UUID
    customer_id: UUID
    until: datetime | None = None

    def fact(self, version: int) -> Fact:
        """The restriction; it ends by itself where an end was set."""
        return self._fact(version, "set", self.until)

    def _fact(self, version: int, state: str, ended_at: datetime | None) -> Fact:
        return Fact(
            kind=Kind.RESTRICTION,
            id=self.restriction_id,
            version=version,
            begun_at=self.occurred_at,
            occurred_at=self.occurred_at,
            state=state,
            customer_id=self.customer_id,
            ended_at=ended_at,
        )


class RestrictionLifted(RestrictionSet):
    """A restriction is not in force any more."""

    type: ClassVar[str] = "cxbank.risk.restriction_lifted.v1"

    def fact(self, version: int) -> Fact:
        """The restriction, ended now, or before that by itself."""
        ended = self.occurred_at if self.until is None else min(self.until, self.occurred_at)
        return self._fact(version, "lifted", ended)


class OfferShown(Happened):
    """A service was offered to a customer, or answered; the version of what is said of an offer only rises."""

    type: ClassVar[str] = "cxbank.customer.offer_shown.v1"
    offer_id: UUID
    service: str
    outcome: str
    customer_id: UUID
    unasked: bool

    def fact(self, version: int) -> Fact:
        """The offer; one decision offers several services, so that its id and the service are the id together."""
        return Fact(
            kind=Kind.OFFER,
            id=uuid5(self.offer_id, self.service),
            version=version,
            begun_at=self.occurred_at,
            occurred_at=self.occurred_at,
            state=self.outcome,
            customer_id=self.customer_id,
        )


class OfferAnswered(OfferShown):
    """It was ignored, declined or accepted."""

    type: ClassVar[str] = "cxbank.customer.offer_answered.v1"


# What names a unit is a code: whatever else stood there would be kept in every figure of it.
Channel = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{0,39}$")]
Purpose = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]


class MessageSent(Happened):
    """A gateway has taken a message; `state` is what those below say has become of it."""

    type: ClassVar[str] = "cxbank.customer.message_sent.v1"
    state: ClassVar[str] = "sent"
    message_id: UUID
    customer_id: UUID
    purpose: Purpose
    channel: Channel | None
    campaign_id: UUID | None

    def fact(self, version: int) -> Fact:
        """The message, whatever channels it went through: its earliest word is its sending, or that it never was sent."""
        return Fact(
            kind=Kind.MESSAGE,
            id=self.message_id,
            version=version,
            begun_at=self.occurred_at,
            occurred_at=self.occurred_at,
            state=self.state,
            customer_id=self.customer_id,
            sent=self.state in {"sent", "delivered", "read"},
            purpose=self.purpose,
            campaign_id=self.campaign_id,
        )

    def facts(self, version: int) -> list[Fact]:
        """The message, and its way through this channel; a suppressed one has only been through others, if any."""
        whole = self.fact(version)
        if self.channel is None or self.state == "suppressed":
            return [whole]
        sending = replace(
            whole,
            kind=Kind.SENDING,
            id=uuid5(self.message_id, self.channel),
            channel=self.channel,
            purpose=None,
            campaign_id=None,
        )
        return [whole, sending]


class MessageDelivered(MessageSent):
    """It has arrived."""

    type: ClassVar[str] = "cxbank.customer.message_delivered.v1"
    state: ClassVar[str] = "delivered"


class MessageRead(MessageSent):
    """It was opened."""

    type: ClassVar[str] = "cxbank.customer.message_read.v1"
    state: ClassVar[str] = "read"


class MessageFailed(MessageSent):
    """It did not arrive and will not."""

    type: ClassVar[str] = "cxbank.customer.message_failed.v1"
    state: ClassVar[str] = "failed"


class MessageSuppressed(MessageSent):
    """It must not be sent."""

    type: ClassVar[str] = "cxbank.customer.message_suppressed.v1"
    state: ClassVar[str] = "suppressed"


HEARD: tuple[type[Hears], ...] = (
    *(CustomerRegistered, CustomerChanged, CustomerClosed, CustomerSnapshot),
    *(FeedbackReceived, FeedbackSnapshot),
    *(TicketOpened, TicketCalled, TicketServed, TicketAbandoned, TicketNoShow, TicketRequeued),
    *(PlaceChanged, PlaceSnapshot),
    *(Screened, RestrictionSet, RestrictionLifted),
    *(OfferShown, OfferAnswered),
    *(MessageSent, MessageDelivered, MessageRead, MessageFailed, MessageSuppressed),
    *(IdentityLinked, IdentityUnlinked, IdentitySnapshot),
)


def listen(handlers: Handlers, world: World) -> None:
    """Register what this capability hears: one handler for all of it, so that a batch takes its locks in one order."""

    @handlers.on(*HEARD)
    async def heard(tx: AsyncConnection, events: Sequence[Heard[Any]]) -> None:
        facts: list[Fact] = []
        places: list[PlaceTold] = []
        links: list[Mapping[str, Any]] = []
        for event in events:
            data, version = event.data, event.sequence or 0
            if isinstance(data, PlaceChanged):
                places.append(PlaceTold(data.place_id, data.zone, version))
            elif isinstance(data, IdentityLinked):
                said = data.model_dump(include={"member", "leader", "version"})
                links.append(said | {"linked": data.stands_linked})
            elif isinstance(data, OfferShown) and data.unasked:
                continue  # taken without having been offered: no offer to count
            elif isinstance(data, MessageSent):
                facts += data.facts(version)
            elif isinstance(data, Happened):
                facts.append(data.fact(version))
        await usecases.hear(world, tx, facts, places, links)
