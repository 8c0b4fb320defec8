"""The next best services of customers, decided for many callers at once: kept, counted and recorded before the answer leaves."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.offers import repository
from customer.offers.domain.arbitration import Moment
from customer.offers.domain.engine import Decision, Offered, Question, decide
from customer.offers.domain.experiments import Arm, arm_of
from customer.offers.domain.gates import Reason, Refusal
from customer.offers.domain.services import Channel
from customer.offers.problems import DecisionUnknown
from customer.offers.schemas import (
    Dimension,
    NextBest,
    OfferedService,
    Permit,
    PropensityView,
    RefusedService,
    ScoreView,
)
from customer.offers.usecases.knowing import Known, known_of
from customer.offers.usecases.weighing import because, becauses, experiment_at
from customer.outreach.usecases import Barred
from customer.parties import usecases as parties
from customer.parties.problems import CustomerErased, CustomerUnknown
from customer.parties.schemas import Customer
from shared import audit, clock
from shared.access import Caller
from shared.crypto import DataKey, Subject
from shared.problems import Problem
from shared.subjects import circles
from shared.world import World

DECISION: Final = "offer_decision"
UNKNOWN: Final = "unknown"
_OWN_TO_THE_BANK: Final = ("refused", "arm", "experiment_id", "weights", "policy")
_OF_AN_ITEM: Final = ("reasons", "permits", "score", "propensity")


@dataclass(frozen=True, slots=True)
class Ask:
    """One caller's question: what is best for this customer on this channel, at most so many."""

    customer_id: UUID
    channel: Channel
    most: int
    caller: Caller


async def next_best(world: World, tx: AsyncConnection, asks: Sequence[Ask], barred: Barred) -> list[NextBest | Problem]:
    """What is best for each, with why all else is not; each decision is kept with the receipts it rests on.

    A customer reaches the person they are themself, and sees what is offered, nothing of how it came about.
    """
    at = clock.now()
    ids = sorted({one.customer_id for one in asks})
    askers = {one.caller.customer_id for one in asks if one.caller.customer_id is not None}
    of = await circles(tx, storage.LINKS, sorted({*ids, *askers}))
    absent = await parties.absences(world, tx, ids)
    # Held until the end: an erasure at this moment comes wholly before or after.
    keys = await world.vault.for_write(tx, [parties.subject_of(one) for one in ids if one not in absent])
    problems = [_refusal(one, of, absent, keys) for one in asks]
    heard = [one for one, problem in zip(asks, problems, strict=True) if problem is None]
    known = await known_of(world, tx, [(one.customer_id, one.channel) for one in heard], at, barred)
    made = [_made(one, known, at) for one in heard]
    await _keep(world, tx, made, known, keys)
    told = iter([_seen_by(one.ask.caller, one.view) for one in made])
    return [problem if problem is not None else next(told) for problem in problems]


def _refusal(
    ask: Ask,
    of: Mapping[UUID, Sequence[UUID]],
    absent: Mapping[UUID, Problem],
    keys: Mapping[Subject, DataKey | None],
) -> Problem | None:
    mine = ask.caller.customer_id
    if ask.caller.actor == "customer" and (mine is None or of[mine] != of[ask.customer_id]):
        return CustomerUnknown()
    if ask.customer_id in absent:
        return absent[ask.customer_id]
    return CustomerErased() if keys[parties.subject_of(ask.customer_id)] is None else None


@dataclass(frozen=True, slots=True)
class _Made:
    """A decision on its way: what was asked, what was decided, and how it is told to the bank's own people."""

    ask: Ask
    decision: Decision
    person: UUID
    arm: Arm
    view: NextBest


def _made(ask: Ask, known: Known, at: datetime) -> _Made:
    experiment = experiment_at(at)
    person = known.circles[ask.customer_id][0]
    arm = arm_of(experiment, person)
    place = (ask.customer_id, ask.channel)
    standing = known.standing[place]
    question = Question(
        customer_id=person,
        channel=ask.channel,
        standing=standing,
        moment=Moment(standing.complaint_open, standing.vulnerable),
        likely=known.likely[place],
        most=ask.most,
        experiment_id=experiment.id,
        arm=arm,
    )
    decision = decide(known.services, question, known.terms, known.arbitration.rules())
    view = NextBest(
        id=clock.new_id(),
        customer_id=ask.customer_id,
        channel=ask.channel,
        decided_at=at,
        items=[_offered(one, known, place, arm) for one in decision.offered],
        refused=[
            _refused(one.service.kind, one.service.version, key, decision.refused[key])
            for one in known.listed
            if (key := one.service.key) in decision.refused
        ],
        arm=arm,
        experiment_id=experiment.id,
        weights=known.arbitration.version,
        policy=known.terms.policy.version,
    )
    return _Made(ask, decision, person, arm, view)


def _offered(one: Offered, known: Known, place: tuple[UUID, Channel], arm: Arm) -> OfferedService:
    service = one.service
    entry = next(listed.entry for listed in known.listed if listed.service.key == service.key)
    permits = known.standing[place].permissions
    codes = ["eligible", "applicable", "suitable", "allowed", "ranked" if arm is Arm.TREATED else "drawn"]
    if one.likely.tilt:
        codes.append("leant-on-model")
    return OfferedService(
        service=service.key,
        version=service.version,
        kind=service.kind,
        names=entry.names.model_dump(by_alias=True),
        descriptions=None if entry.descriptions is None else entry.descriptions.model_dump(by_alias=True),
        reasons=becauses(codes),
        permits=[
            Permit(purpose=purpose, receipt_id=permit.receipt_id, basis=permit.basis)
            for purpose in service.purposes
            if (permit := permits[purpose]) is not None
        ],
        score=ScoreView(
            total=one.score.total,
            propensity=one.score.propensity,
            context=one.score.context,
            value=one.score.value,
            urgency=one.score.urgency,
        ),
        propensity=PropensityView(
            mean=one.likely.mean,
            drawn=one.likely.drawn,
            shown=one.likely.counts.shown,
            accepted=one.likely.counts.accepted,
            tilt=one.likely.tilt,
        ),
    )


def _refused(kind: Any, version: int, key: str, refusal: Refusal) -> RefusedService:
    return RefusedService(
        service=key,
        version=version,
        kind=kind,
        stage=refusal.stage,
        reason=because(refusal.reason),
        until=refusal.until,
        purpose=refusal.about,
    )


def _seen_by(caller: Caller, view: NextBest) -> NextBest:
    if caller.actor != "customer":
        return view
    items = [one.model_copy(update=dict.fromkeys(_OF_AN_ITEM)) for one in view.items]
    return view.model_copy(update={**dict.fromkeys(_OWN_TO_THE_BANK), "items": items})


async def _keep(
    world: World, tx: AsyncConnection, made: Sequence[_Made], known: Known, keys: Mapping[Subject, DataKey | None]
) -> None:
    if not made:
        return
    rows = []
    for one in made:
        key = keys[parties.subject_of(one.ask.customer_id)]
        assert key is not None  # noqa: S101  # the erased were refused
        rows.append(
            {
                "id": one.view.id,
                "customer_id": one.ask.customer_id,
                "channel": one.ask.channel,
                "tier": known.views[one.ask.customer_id].tier,
                "experiment_id": one.view.experiment_id,
                "arm": one.arm,
                "weights": one.view.weights,
                "policy": one.view.policy,
                "offered": [item.service.key for item in one.decision.offered],
                "versions": [item.service.version for item in one.decision.offered],
                "sells": [item.service.sells for item in one.decision.offered],
                "told": key.seal(one.view.model_dump_json(), row=one.view.id, field="told"),
            }
        )
    await repository.insert_decisions(tx, rows)
    await _count(world, tx, made, known)
    entries = [
        audit.Entry(
            "offers.decide",
            parties.subject_of(one.ask.customer_id),
            DECISION,
            one.view.id,
            one.ask.caller,
            {"channel": one.ask.channel, "offered": ",".join(item.service for item in one.view.items)},
        )
        for one in made
    ]
    await audit.seen(tx, storage.AUDIT, world.keyring, entries)


async def _count(world: World, tx: AsyncConnection, made: Sequence[_Made], known: Known) -> None:
    """Note who was considered for what and who qualified, each for the first time only, and count their groups."""
    exposures: dict[tuple[UUID, UUID, str], dict[str, Any]] = {}
    for one in made:
        assert one.view.experiment_id is not None  # noqa: S101  # null for customers only
        for service in known.services:
            refusal = one.decision.refused.get(service.key)
            if refusal is not None and refusal.reason is Reason.NOT_ON_THIS_CHANNEL:
                continue
            place = (one.view.experiment_id, one.ask.customer_id, service.key)
            qualified = known.at if service.key in one.decision.qualified else None
            row = exposures.setdefault(
                place,
                {
                    **dict(zip(("experiment_id", "customer_id", "service"), place, strict=True)),
                    "person": one.person,
                    "arm": one.arm,
                    "sells": service.sells,
                    "first_at": known.at,
                    "qualified_at": None,
                },
            )
            row["qualified_at"] = row["qualified_at"] or qualified
    fresh = await repository.expose(tx, list(exposures.values()))
    await repository.add_tally(tx, tallied(fresh, known.views, known.at, world.settings.zone, _of_exposure))


def _of_exposure(row: Row[Any]) -> dict[str, int]:
    return {"considered": int(row.new), "offered": int(row.qualified_at is not None), "accepted": 0}


def tallied(
    rows: Sequence[Row[Any]], views: Mapping[UUID, Customer], at: datetime, zone: str, counted: Any
) -> list[dict[str, Any]]:
    """What rows of treated people add to the counts of their groups; nothing of it says whose row it was."""
    sums: dict[tuple[date, str, str, str], Counter[str]] = {}
    month = at.astimezone(ZoneInfo(zone)).date().replace(day=1)
    for row in rows:
        view = views.get(row.customer_id)
        if row.arm != Arm.TREATED or view is None:
            continue
        for dimension, name in groups_of(view).items():
            sums.setdefault((month, row.service, dimension, name), Counter()).update(counted(row))
    return [
        {
            **dict(zip(("month", "service", "dimension", "group_name"), place, strict=True)),
            **{name: counts[name] for name in ("considered", "offered", "accepted")},
        }
        for place, counts in sums.items()
    ]


def groups_of(view: Customer) -> dict[Dimension, str]:
    """The groups somebody belongs to."""
    return {
        Dimension.AGE_BAND: view.age_band or UNKNOWN,
        Dimension.GENDER: UNKNOWN if view.gender is None else view.gender.name.lower().replace("_", "-"),
        Dimension.REGION: view.region or UNKNOWN,
    }


async def show_decision(world: World, tx: AsyncConnection, decision_id: UUID, caller: Caller) -> NextBest:
    """A decision as it was made, with every reason and receipt; the reading is recorded. Raises DecisionUnknown."""
    row = (await repository.decisions(tx, [decision_id])).get(decision_id)
    if row is None:
        raise DecisionUnknown()
    subject = parties.subject_of(row.customer_id)
    key = (await world.vault.for_read(tx, [subject]))[subject]
    if key is None or not row.told:
        raise CustomerErased()
    entry = audit.Entry("offers.read", subject, DECISION, decision_id, caller)
    await audit.seen(tx, storage.AUDIT, world.keyring, [entry])
    return NextBest.model_validate_json(key.open(row.told, row=row.id, field="told"))
