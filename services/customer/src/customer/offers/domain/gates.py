"""The gates an entry passes before anybody compares it with another; each refusal has a stage, a reason and its end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from customer.interactions.domain.facts import Product
from customer.offers.domain.services import Channel, Service
from customer.outreach.domain import messages
from customer.outreach.domain.messages import Category, Urgency
from customer.outreach.domain.policy import (
    Cap,
    Circumstances,
    Hold,
    LastAct,
    Option,
    Permission,
    Policy,
    Rest,
    Send,
    plan,
)


class Stage(StrEnum):
    """Where an entry was refused, in the order in which it is asked."""

    ELIGIBILITY = "eligibility"
    APPLICABILITY = "applicability"
    SUITABILITY = "suitability"
    CONTACT_POLICY = "contact-policy"
    ARBITRATION = "arbitration"
    EXPERIMENT = "experiment"


class Reason(StrEnum):
    """Why an entry is not offered."""

    NOT_ON_THIS_CHANNEL = "not-on-this-channel"
    HELD_ALREADY = "held-already"
    NOT_ELIGIBLE = "not-eligible"
    ELIGIBILITY_UNKNOWN = "eligibility-unknown"
    NOT_APPLICABLE = "not-applicable"
    APPLICABILITY_UNKNOWN = "applicability-unknown"
    VULNERABLE = "vulnerable"
    TOLERANCE_UNKNOWN = "risk-tolerance-unknown"
    TOLERANCE_OUTDATED = "risk-tolerance-outdated"
    BEYOND_TOLERANCE = "beyond-risk-tolerance"
    AFFORDABILITY_UNKNOWN = "affordability-unknown"
    INCOME_TOO_LOW = "income-too-low"
    LIKELY_TO_DEFAULT = "likely-to-default"
    CHANNEL_BARRED = "channel-barred"
    RESTRICTED = "restricted"
    NO_CONSENT = "no-consent"
    OPEN_COMPLAINT = "open-complaint"
    RESTS = "rests"
    OVER_THE_CAP = "over-the-cap"
    QUIET_HOURS = "quiet-hours"
    CHANNEL_CLOSED = "channel-closed"
    REPLY_WINDOW_CLOSED = "reply-window-closed"
    NO_CONTACT_POINT = "no-contact-point"
    OUTRANKED = "outranked"
    HELD_OUT = "held-out"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an entry is not offered now; `until` is when that ends by itself, `about` the purpose a missing consent is for."""

    stage: Stage
    reason: Reason
    until: datetime | None = None
    about: str | None = None


@dataclass(frozen=True, slots=True)
class Truths:
    """What an entry's two conditions came to; None: something they ask for is not known."""

    eligible: bool | None
    applicable: bool | None


@dataclass(frozen=True, slots=True)
class Standing:
    """All that the gates ask of one customer at one instant, whichever of a person's records it was said under.

    `tolerance` is the level of risk the customer can bear, good until `tolerance_until`; `income` the lower bound of the
    declared band in minor units of `income_currency`. `held` are the products the customer holds, `barred` the channels a
    restriction of risk keeps them from. `permissions` has every purpose asked about; None is a denial.
    `rests` says until when an entry rests after it was answered. `sent` are messages that caps count, `sold` the sales
    offers shown lately; `reachable` are the channels there is a contact point for,
    `quiet` the hours the customer asked to be left alone at there, `last_acts` what opens a channel's reply window.
    """

    at: datetime
    zone: ZoneInfo
    truths: Mapping[str, Truths]
    permissions: Mapping[str, Permission | None]
    held: frozenset[Product] = frozenset()
    barred: frozenset[Channel] = frozenset()
    vulnerable: bool = False
    restricted: bool = False
    complaint_open: bool = False
    tolerance: int | None = None
    tolerance_until: datetime | None = None
    income: int | None = None
    income_currency: str | None = None
    default_chance: float | None = None
    rests: Mapping[str, datetime] | None = None
    sent: Sequence[tuple[datetime, Category]] = ()
    sold: Sequence[datetime] = ()
    reachable: frozenset[Channel] = frozenset(Channel)
    quiet: Mapping[Channel, tuple[Rest, ...]] | None = None
    last_acts: Mapping[Channel, LastAct] | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """The contact policy of outreach in force, and the cap on sales offers shown where the customer comes to us."""

    policy: Policy
    shown: Cap


# Through these we would go to the customer: what outreach holds to, holds here.
WRITTEN = {Channel(one.value): one for one in messages.Channel}
_OF_OUTREACH = {
    messages.Reason.NO_CONSENT: Reason.NO_CONSENT,
    messages.Reason.OPEN_COMPLAINT: Reason.OPEN_COMPLAINT,
    messages.Reason.NO_CONTACT_POINT: Reason.NO_CONTACT_POINT,
    messages.Reason.OVER_THE_CAP: Reason.OVER_THE_CAP,
    messages.Reason.QUIET_HOURS: Reason.QUIET_HOURS,
    messages.Reason.CHANNEL_CLOSED: Reason.CHANNEL_CLOSED,
    messages.Reason.REPLY_WINDOW_CLOSED: Reason.REPLY_WINDOW_CLOSED,
}


def refused(service: Service, channel: Channel, standing: Standing, terms: Terms) -> Refusal | None:
    """The first gate that an entry does not pass on that channel at that instant; None where it may be offered."""
    return (
        _eligibility(service, channel, standing)
        or _applicability(service, standing)
        or _suitability(service, standing)
        or _contact(service, channel, standing, terms)
    )


def _eligibility(service: Service, channel: Channel, standing: Standing) -> Refusal | None:
    if service.channels and channel not in service.channels:
        return Refusal(Stage.ELIGIBILITY, Reason.NOT_ON_THIS_CHANNEL)
    if service.product in standing.held:
        return Refusal(Stage.ELIGIBILITY, Reason.HELD_ALREADY)
    told = standing.truths[service.key].eligible
    if told:
        return None
    return Refusal(Stage.ELIGIBILITY, Reason.ELIGIBILITY_UNKNOWN if told is None else Reason.NOT_ELIGIBLE)


def _applicability(service: Service, standing: Standing) -> Refusal | None:
    told = standing.truths[service.key].applicable
    if told:
        return None
    return Refusal(Stage.APPLICABILITY, Reason.APPLICABILITY_UNKNOWN if told is None else Reason.NOT_APPLICABLE)


def _suitability(service: Service, standing: Standing) -> Refusal | None:
    if service.sells and standing.vulnerable:
        return Refusal(Stage.SUITABILITY, Reason.VULNERABLE)
    reason = _beyond(service, standing) or _not_afforded(service, standing)
    return None if reason is None else Refusal(Stage.SUITABILITY, reason)


def _beyond(service: Service, standing: Standing) -> Reason | None:
    if service.needs.risk is None:
        return None
    if standing.tolerance is None:
        return Reason.TOLERANCE_UNKNOWN
    if standing.tolerance_until is not None and standing.tolerance_until <= standing.at:
        return Reason.TOLERANCE_OUTDATED
    return Reason.BEYOND_TOLERANCE if service.needs.risk > standing.tolerance else None


def _not_afforded(service: Service, standing: Standing) -> Reason | None:
    needs = service.needs
    if not needs.affordability:
        return None
    # Incomes in two currencies are not compared: there is no rate here that anybody would answer for.
    income = standing.income if standing.income_currency == needs.currency else None
    if needs.income is None:
        income = None
    chance = None if needs.default_chance is None else standing.default_chance
    if income is not None and needs.income is not None and income < needs.income:
        return Reason.INCOME_TOO_LOW
    if chance is not None and needs.default_chance is not None and chance > needs.default_chance:
        return Reason.LIKELY_TO_DEFAULT
    return Reason.AFFORDABILITY_UNKNOWN if income is None and chance is None else None


def _contact(service: Service, channel: Channel, standing: Standing, terms: Terms) -> Refusal | None:
    written = WRITTEN.get(channel)
    if channel in standing.barred or (written is not None and terms.policy.bars(written, standing.barred)):
        return _no(Reason.CHANNEL_BARRED)
    return _allowed(service, standing) or _rested(service, standing) or _reached(service, channel, standing, terms)


def _no(reason: Reason, until: datetime | None = None, about: str | None = None) -> Refusal:
    return Refusal(Stage.CONTACT_POLICY, reason, until, about)


def _allowed(service: Service, standing: Standing) -> Refusal | None:
    if service.sells and standing.restricted:
        return _no(Reason.RESTRICTED)
    denied = next((one for one in service.purposes if standing.permissions.get(one) is None), None)
    if denied is not None:
        return _no(Reason.NO_CONSENT, about=denied)
    return _no(Reason.OPEN_COMPLAINT) if service.sells and standing.complaint_open else None


def _rested(service: Service, standing: Standing) -> Refusal | None:
    rests = (standing.rests or {}).get(service.key)
    return _no(Reason.RESTS, rests) if rests is not None and rests > standing.at else None


def _reached(service: Service, channel: Channel, standing: Standing, terms: Terms) -> Refusal | None:
    """Where the customer comes to us only sales are capped; where we would go to them, what outreach would do holds."""
    if channel in WRITTEN:
        return _written_to(service, WRITTEN[channel], standing, terms.policy)
    if not service.sells:
        return None
    free = terms.shown.free_at([(moment, Category.SALES) for moment in standing.sold], standing.at)
    return _no(Reason.OVER_THE_CAP, free) if free > standing.at else None


def _written_to(service: Service, channel: messages.Channel, standing: Standing, policy: Policy) -> Refusal | None:
    """What outreach would do with a message of this kind through this channel now: the one contact policy of the bank."""
    permission = next((standing.permissions[one] for one in service.purposes), None)
    here = Channel(channel.value)
    option = Option(
        channel,
        permission,
        reachable=here in standing.reachable,
        rank=0,
        quiet=(standing.quiet or {}).get(here, ()),
        last_act=(standing.last_acts or {}).get(here),
    )
    now = Circumstances(standing.at, standing.zone, standing.sent, complaint_open=standing.complaint_open)
    category = Category.SALES if service.sells else Category.SERVICE
    told = plan(category, Urgency.ROUTINE, [option], policy, now)
    if isinstance(told, Send):
        return None
    until = told.until if isinstance(told, Hold) else None
    return _no(_OF_OUTREACH[told.reason], until)


def resting(service: Service, answered: Sequence[datetime]) -> datetime | None:
    """Until when an entry rests after its answers."""
    return max(answered) + timedelta(days=service.rests_days) if answered and service.rests_days else None
