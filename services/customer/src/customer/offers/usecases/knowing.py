"""Everything a decision rests on, read for many customers together in the transaction that decides."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.consents import usecases as consents
from customer.matters import usecases as matters
from customer.offers import repository
from customer.offers.domain.gates import WRITTEN, Standing, Terms, Truths, resting
from customer.offers.domain.learning import Counts, Leaning, Propensity, lot, propensity
from customer.offers.domain.scoring import Client, Offers, default_row, product_row
from customer.offers.domain.services import Channel, Outcome, Service
from customer.offers.schemas import Arbitration
from customer.offers.usecases import scoring
from customer.offers.usecases.assessing import Borne, borne_by, together
from customer.offers.usecases.catalogue import Listed, listed_at
from customer.offers.usecases.weighing import arbitration_at
from customer.outreach import usecases as outreach
from customer.outreach.domain.policy import Permission, Policy, Rest, in_force
from customer.outreach.usecases import Barred
from customer.parties import usecases as parties
from customer.parties.domain import ContactKind
from customer.parties.domain.details import band_begins
from customer.parties.schemas import Customer
from customer.parties.usecases import Reach
from customer.segments import usecases as segments
from shared.access import Caller
from shared.subjects import circles
from shared.world import World

# Whoever asks is recorded with the decision; the consents it rests on are asked for by the decision itself.
DECIDER: Final = Caller(sub="customer-offers", actor="service", scopes=frozenset())
PROFILING: Final = "profiling"
_REACHED_BY: Final[Mapping[Channel, ContactKind]] = {
    Channel.EMAIL: ContactKind.EMAIL,
    Channel.SMS: ContactKind.PHONE,
    Channel.WECHAT: ContactKind.WECHAT,
}

Place = tuple[UUID, Channel]


@dataclass(frozen=True)
class Known:
    """What was read: by customer, and by customer and channel where that matters."""

    at: datetime
    listed: Sequence[Listed]
    arbitration: Arbitration
    terms: Terms
    circles: Mapping[UUID, Sequence[UUID]]
    views: Mapping[UUID, Customer]
    standing: Mapping[Place, Standing]
    likely: Mapping[Place, Mapping[str, Propensity]]

    @property
    def services(self) -> list[Service]:
        """The entries as the rules see them."""
        return [one.service for one in self.listed]


async def known_of(world: World, tx: AsyncConnection, places: Sequence[Place], at: datetime, barred: Barred) -> Known:
    """All of it for these customers on these channels; who is erased or unknown is not in it."""
    places = sorted(set(places))
    views = await parties.views(world, tx, sorted({one for one, _ in places}))
    places = [place for place in places if place[0] in views]
    ids = sorted(views)
    around = await circles(tx, storage.LINKS, ids)
    everybody = sorted({one for circle in around.values() for one in circle})
    listed = await listed_at(tx, at)
    services = [one.service for one in listed]
    arbitration = arbitration_at(at)
    terms = Terms(in_force(outreach.policies(), at), arbitration.cap())
    conditions = [text for one in services for text in (one.eligible, one.applicable)]
    judged = await segments.judge(world, tx, ids, conditions, at)
    products = {one.product for one in services if one.product is not None}
    held = {one: judged[one].holds(products) for one in ids}
    bars = await barred(tx, everybody)
    permissions = await _permissions(world, tx, places, services)
    opened = await matters.open_matters(tx, ids)
    sent = await outreach.contacts_of(tx, everybody, at - terms.policy.longest)
    past = _Past(await repository.offers_of(tx, everybody))
    borne = await borne_by(world, tx, everybody)
    # Only where we would go to the customer does it matter how they are reached.
    written = sorted({one for one, channel in places if channel in WRITTEN})
    theirs = sorted({other for one in written for other in around[one]})
    reach = await parties.reach_of(world, tx, theirs) if written else {}
    acts = await outreach.acts_of(world, tx, terms.policy, theirs, at) if written else {}
    marks = await outreach.marks_of(tx, theirs, at - terms.policy.longest) if acts else []
    chances = await _default_chances(world, places, judged, permissions, arbitration)
    standing = {
        (one, channel): Standing(
            at=at,
            zone=ZoneInfo(world.settings.zone),
            truths={
                service.key: Truths(judged[one].truths[service.eligible], judged[one].truths[service.applicable])
                for service in services
            },
            permissions=permissions[one, channel],
            held=held[one],
            barred=frozenset(way for way in Channel for member in around[one] if way in bars.get(member, ())),
            restricted=bool(views[one].restricted),
            complaint_open=opened[one].complaint,
            default_chance=chances.get((one, channel)),
            rests=past.rests(around[one], services),
            sent=[mark for member in around[one] for mark in sent[member]],
            sold=past.sold(around[one], at - timedelta(days=terms.shown.days)),
            reachable=_reachable(views[one]),
            quiet=_quiet(terms.policy, reach.get(one), [reach[other] for other in around[one] if other in reach]),
            last_acts={
                Channel(way.value): act
                for way in WRITTEN.values()
                if (act := outreach.last_act(way, around[one], acts, marks)) is not None
            },
            **_borne(together([borne[member] for member in around[one] if member in borne])),
            **_income(views[one]),
        )
        for one, channel in places
    }
    leanings = await _leanings(world, places, services, judged, views, around, past, permissions, arbitration)
    experiment, day = arbitration.experiment.id, at.astimezone(ZoneInfo(world.settings.zone)).date()
    counts = await _counts(tx, sorted({channel for _, channel in places}))
    likely = {
        (one, channel): {
            service.key: propensity(
                service.prior,
                counts.get((service.key, channel), {}),
                views[one].tier,
                arbitration.weights.between,
                leanings.get((one, channel, service.key)),
                lot(experiment, around[one][0], service.key, day) if arbitration.weights.explores else None,
            )
            for service in services
        }
        for one, channel in places
    }
    return Known(at, listed, arbitration, terms, around, views, standing, likely)


def _borne(borne: Borne) -> dict[str, Any]:
    return {
        "tolerance": borne.tolerance,
        "tolerance_until": borne.tolerance_until,
        "vulnerable": borne.vulnerable,
    }


def _income(view: Customer) -> dict[str, Any]:
    if view.declared_income_band is None:
        return {}
    low, currency = band_begins("income", view.declared_income_band)
    return {"income": low, "income_currency": currency}


def _reachable(view: Customer) -> frozenset[Channel]:
    """Where there is something to reach the customer by; whether a device takes a push is the gateway's to know."""
    kinds = {point.kind for point in view.contact_points}
    return frozenset(one for one in Channel if one not in _REACHED_BY or _REACHED_BY[one] in kinds)


def _quiet(policy: Policy, own: Reach | None, theirs: Sequence[Reach]) -> dict[Channel, tuple[Rest, ...]]:
    """The hours somebody asked to be left alone at, on each channel by which we would go to them, as outreach has it."""
    if own is None:
        return {}
    ways = {channel: outreach.point_for(own, way, delicate=False) for channel, way in WRITTEN.items()}
    return {channel: outreach.rests_of(policy, WRITTEN[channel], theirs, point) for channel, point in ways.items()}


async def _permissions(
    world: World, tx: AsyncConnection, places: Sequence[Place], services: Sequence[Service]
) -> dict[Place, dict[str, Permission | None]]:
    """What each purpose in the catalogue rests on for each customer on each channel; None where it is denied."""
    told: dict[Place, dict[str, Permission | None]] = {place: {} for place in places}
    for channel in sorted({channel for _, channel in places}):
        ids = [one for one, where in places if where is channel]
        # Whether somebody may be profiled is asked even where no entry rests on it: the models ask.
        for purpose in sorted({PROFILING, *(purpose for one in services for purpose in one.purposes)}):
            rulings = await consents.may(world, tx, ids, purpose, channel, caller=DECIDER)
            for one, ruling in rulings.items():
                told[one, channel][purpose] = outreach.permission_of(ruling)
    return told


class _Past:
    """What was offered before, by record, so that it is everybody's who counts as the same person now."""

    def __init__(self, rows: Sequence[Row[Any]]) -> None:
        self._of: dict[UUID, list[Row[Any]]] = {}
        for row in rows:
            self._of.setdefault(row.customer_id, []).append(row)

    def _rows(self, circle: Sequence[UUID], service: str | None = None) -> list[Row[Any]]:
        return [row for one in circle for row in self._of.get(one, ()) if service in {None, row.service}]

    def rests(self, circle: Sequence[UUID], services: Sequence[Service]) -> dict[str, datetime]:
        """Until when each entry rests, of those that do."""
        told = {}
        for service in services:
            answers = [row.answered_at for row in self._rows(circle, service.key) if row.answered_at is not None]
            until = resting(service, answers)
            if until is not None:
                told[service.key] = until
        return told

    def sold(self, circle: Sequence[UUID], since: datetime) -> list[datetime]:
        """When sales offers were shown since then."""
        return [row.shown_at for row in self._rows(circle) if row.sells and row.shown_at and row.shown_at > since]

    def of(self, circle: Sequence[UUID], service: str) -> Offers:
        """How an entry was offered before, in the words of the product model."""
        shown = [row for row in self._rows(circle, service) if row.shown_at is not None]
        answered = [row for row in shown if row.answered_at is not None]
        last = max(answered, key=lambda row: (row.answered_at, row.id), default=None)
        if last is None:
            return Offers(shown=len(shown))
        return Offers(len(shown), len(answered), last.answered_at, last.outcome == Outcome.ACCEPTED)


async def _default_chances(
    world: World,
    places: Sequence[Place],
    judged: Mapping[UUID, segments.Judged],
    permissions: Mapping[Place, Mapping[str, Permission | None]],
    arbitration: Arbitration,
) -> dict[Place, float]:
    """How likely those fail to pay whose statements say enough, and who allow that they are profiled."""
    told = arbitration.models.get(scoring.DEFAULT)
    if told is None:
        return {}
    rows = {}
    for place in places:
        one = judged[place[0]]
        row = default_row(one.facts, one.at, told.currency) if permissions[place].get(PROFILING) else None
        if row is not None:
            rows[place] = row
    found = await scoring.chances(world, scoring.DEFAULT, list(rows.values()))
    return {place: chance for place, chance in zip(rows, found, strict=True) if chance is not None}


async def _leanings(
    world: World,
    places: Sequence[Place],
    services: Sequence[Service],
    judged: Mapping[UUID, segments.Judged],
    views: Mapping[UUID, Customer],
    around: Mapping[UUID, Sequence[UUID]],
    past: _Past,
    permissions: Mapping[Place, Mapping[str, Permission | None]],
    arbitration: Arbitration,
) -> dict[tuple[UUID, Channel, str], Leaning]:
    """What the product model says of those who allow that they are profiled, as far as it is believed."""
    told = arbitration.models.get(scoring.PRODUCT)
    if told is None or told.base is None:
        return {}
    rows = {}
    zone = ZoneInfo(world.settings.zone)
    for one, channel in places:
        client = _client(judged[one], views[one], told.currency) if permissions[one, channel].get(PROFILING) else None
        for service in services if client is not None else ():
            if service.model == scoring.PRODUCT and client is not None:
                before = past.of(around[one], service.key)
                rows[one, channel, service.key] = product_row(client, before, judged[one].at, zone)
    found = await scoring.chances(world, scoring.PRODUCT, list(rows.values()))
    return {
        place: Leaning(chance, told.base, told.slope)
        for place, chance in zip(rows, found, strict=True)
        if chance is not None
    }


def _client(judged: segments.Judged, view: Customer, currency: str) -> Client | None:
    """The customer as the product model sees them; None without an age and a balance in the model's own currency."""
    age, balance = judged.value("age"), judged.value("balance")
    if not isinstance(age, int) or not isinstance(balance, int) or judged.value("currency") != currency:
        return None
    return Client(
        age=age,
        occupation=view.occupation_group,
        education=view.education,
        balance=balance,
        currency=currency,
        mortgage=judged.value("holds_mortgage") is True,
        loan=judged.value("holds_loan") is True,
        phone=any(point.kind is ContactKind.PHONE for point in view.contact_points),
    )


async def _counts(tx: AsyncConnection, channels: Sequence[Channel]) -> dict[tuple[str, Channel], dict[str, Counts]]:
    told: dict[tuple[str, Channel], dict[str, Counts]] = {}
    for row in await repository.counts_on(tx, channels):
        by_tier = told.setdefault((row.service, Channel(row.channel)), {})
        by_tier[row.tier] = Counts(row.shown, row.accepted)
    return told
