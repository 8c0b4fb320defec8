"""What a card says: one party out of all its records, what bars a channel, what a customer may see of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final
from uuid import UUID

from customer.matters.domain import OpenMatters
from customer.parties.domain import State, Tier


class Extent(StrEnum):
    """What a bar forbids: any use of the channel, or that we turn to the customer there of our own accord."""

    USE = "use"
    APPROACH = "approach"


class BarReason(StrEnum):
    """Who barred a channel."""

    RISK_RESTRICTION = "risk_restriction"
    CUSTOMER_REFUSAL = "customer_refusal"


class Alert(StrEnum):
    """What whoever meets the customer should know first, the most pressing first."""

    RESTRICTED = "restricted"
    POSSIBLE_FRAUD = "possible_fraud"
    COMPLAINT_OPEN = "complaint_open"
    ARREARS = "arrears"
    HIGH_VALUE = "high_value"
    DORMANT = "dormant"
    CLOSED = "closed"


class Rating(StrEnum):
    """The bank's own grade of a relation, the best first; what it rests on is the bank's affair."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"
    E = "E"


# What the bank's own systems and people note; the other alerts follow from what is recorded elsewhere.
NOTED: Final = (Alert.POSSIBLE_FRAUD, Alert.ARREARS, Alert.HIGH_VALUE)
_BY_EXTENT: Final[Mapping[BarReason, Extent]] = {
    BarReason.RISK_RESTRICTION: Extent.USE,
    BarReason.CUSTOMER_REFUSAL: Extent.APPROACH,
}
_HIGHEST_FIRST: Final = (Tier.PRIVATE, Tier.AFFLUENT, Tier.MASS)


@dataclass(frozen=True, slots=True)
class Bar:
    """A channel that is not open to this customer, and why."""

    channel: str
    reason: BarReason

    @property
    def extent(self) -> Extent:
        """What it forbids: risk bars the use; a person's word is about being approached."""
        return _BY_EXTENT[self.reason]


@dataclass(frozen=True, slots=True)
class Record:
    """What one record of a party says that a card uses; `preferred` are the kinds of its preferred contact points."""

    tier: Tier
    state: State
    languages: tuple[str, ...] = ()
    preferred: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    rating: Rating | None = None
    noted: tuple[Alert, ...] = ()
    vulnerabilities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Restriction:
    """A restriction of risk that is in force: its id, under which the reason is fetched, and the channels it bars."""

    id: UUID
    channels: frozenset[str]


@dataclass(frozen=True, slots=True)
class Sources:
    """Everything a card is made of. `records` has the leader's first; `levels` who of them risk has a level of."""

    records: Sequence[Record]
    leader_id: UUID | None = None
    restrictions: Sequence[Restriction] = ()
    refused: frozenset[str] = frozenset()
    matters: OpenMatters | None = None
    levels: Mapping[UUID, int] | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """A party as whoever serves it needs it. Every list has one order, so that equal cards are equal bytes.

    `levels` are ids with the version of the risk level that risk last said changed.
    """

    leader_id: UUID | None
    tier: Tier
    languages: tuple[str, ...]
    preferred_channels: tuple[str, ...]
    barred: tuple[Bar, ...]
    accessibility_needs: tuple[str, ...]
    alerts: tuple[Alert, ...]
    restrictions: tuple[UUID, ...]
    levels: tuple[tuple[UUID, int], ...]
    open_case: bool
    open_complaint: bool
    open_journey: bool
    rating: Rating | None = None
    vulnerabilities: tuple[str, ...] = ()

    @property
    def own(self) -> "Card":
        """What the customer themself may see: nothing that risk did, nothing the bank thinks of them."""
        barred = tuple(bar for bar in self.barred if bar.reason is BarReason.CUSTOMER_REFUSAL)
        return replace(self, barred=barred, alerts=(), restrictions=(), levels=(), rating=None, vulnerabilities=())

    @property
    def barred_by_risk(self) -> frozenset[str]:
        """The channels that restrictions of risk bar."""
        return frozenset(bar.channel for bar in self.barred if bar.reason is BarReason.RISK_RESTRICTION)


def card_of(told: Sources) -> Card:
    """The card of a party: the highest tier of its records, what any of them asks for, what anything bars.

    The rating is the leader's, else of the first record that has one.
    """
    matters = told.matters or OpenMatters()
    bars = {Bar(channel, BarReason.RISK_RESTRICTION) for one in told.restrictions for channel in one.channels}
    alerts = set(_alerts(told, matters))
    bars |= {Bar(channel, BarReason.CUSTOMER_REFUSAL) for channel in told.refused}
    return Card(
        leader_id=told.leader_id,
        tier=min((one.tier for one in told.records), key=_HIGHEST_FIRST.index),
        languages=_each_once(language for one in told.records for language in one.languages),
        preferred_channels=_each_once(kind for one in told.records for kind in one.preferred),
        barred=tuple(sorted(bars, key=lambda bar: (bar.channel, bar.reason))),
        accessibility_needs=tuple(sorted({need for one in told.records for need in one.needs})),
        alerts=tuple(one for one in Alert if one in alerts),
        restrictions=tuple(sorted(one.id for one in told.restrictions)),
        levels=tuple(sorted((told.levels or {}).items())),
        open_case=bool(matters.cases),
        open_complaint=matters.complaint,
        open_journey=bool(matters.journeys),
        rating=next((one.rating for one in told.records if one.rating is not None), None),
        vulnerabilities=tuple(sorted({driver for one in told.records for driver in one.vulnerabilities})),
    )


def _alerts(told: Sources, matters: OpenMatters) -> Iterable[Alert]:
    yield from (alert for one in told.records for alert in one.noted)
    if told.restrictions:
        yield Alert.RESTRICTED
    if matters.complaint:
        yield Alert.COMPLAINT_OPEN
    states = {one.state for one in told.records}
    if states == {State.CLOSED}:
        yield Alert.CLOSED
    elif states <= {State.DORMANT, State.CLOSED}:
        yield Alert.DORMANT


def _each_once(told: Iterable[str]) -> tuple[str, ...]:
    """In the order in which they were told first."""
    return tuple(dict.fromkeys(told))
