"""What became of offers, for many at once: each word once by its gate, the higher one standing, counted and said in one go."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.offers import repository
from customer.offers.domain.answers import Added, Stands, heard
from customer.offers.domain.experiments import Arm, arm_of
from customer.offers.domain.services import Outcome
from customer.offers.events import OfferAnswered, OfferEvent, OfferShown
from customer.offers.problems import DecisionUnknown, NotOffered
from customer.offers.schemas import OfferOutcome, RecordOutcome
from customer.offers.usecases.catalogue import Listed, listed_at
from customer.offers.usecases.deciding import DECISION, tallied
from customer.offers.usecases.knowing import DECIDER
from customer.offers.usecases.weighing import experiment_at
from customer.parties import usecases as parties
from customer.parties.problems import CustomerErased, CustomerUnknown
from customer.parties.schemas import Customer
from shared import audit
from shared.events import outbox
from shared.events.envelope import Emit
from shared.idempotency import Answer, Passage, Wish
from shared.problems import FieldError, Malformed, Problem
from shared.subjects import circles
from shared.world import World

OUTCOME: Final = "offer_outcome"
# A sender's clock may go ahead of ours by so much; such a word counts as said now.
_AHEAD: Final = timedelta(minutes=2)
_COUNTED: Final = ("shown", "accepted", "declined", "ignored")

Word = Wish[RecordOutcome]
Place = tuple[UUID, str]


async def say_outcomes(
    world: World, tx: AsyncConnection, wishes: Sequence[Word]
) -> list[Answer[OfferOutcome] | Problem]:
    """Keep what became of offers; of two words about one offer the higher stands, in whatever order they come."""

    async def do(fresh: Sequence[Word]) -> Sequence[OfferOutcome | Problem]:
        return await _said(world, tx, fresh)

    async def again(ids: Sequence[UUID]) -> Mapping[UUID, OfferOutcome]:
        return {row.id: _view(dict(row._mapping)) for row in await repository.outcomes(tx, ids)}

    passage = Passage(
        storage.GATE,
        world.vault,
        OfferOutcome,
        do=do,
        again=again,
        subject=lambda wish, _: parties.subject_of(wish.body.customer_id),
    )
    return await passage.run(tx, wishes)


@dataclass(frozen=True, slots=True)
class _Known:
    """What is needed to tell whether a word fits."""

    circles: Mapping[UUID, Sequence[UUID]]
    absent: Mapping[UUID, Problem]
    erased: frozenset[UUID]
    decisions: Mapping[UUID, Row[Any]]
    views: Mapping[UUID, Customer]
    listed: Mapping[str, Listed]


async def _known(
    world: World, tx: AsyncConnection, wishes: Sequence[Word], at: datetime, others: Sequence[UUID] = ()
) -> _Known:
    ids = sorted({*others, *(wish.body.customer_id for wish in wishes)})
    askers = {wish.caller.customer_id for wish in wishes if wish.caller.customer_id is not None}
    around = await circles(tx, storage.LINKS, sorted({*ids, *askers}))
    everybody = sorted({one for circle in around.values() for one in circle})
    absent = await parties.absences(world, tx, ids)
    keys = await world.vault.for_write(tx, [parties.subject_of(one) for one in everybody if one not in absent])
    named = [wish.body.decision_id for wish in wishes if wish.body.decision_id is not None]
    return _Known(
        circles=around,
        absent=absent,
        erased=frozenset(subject.id for subject, key in keys.items() if key is None),
        decisions=await repository.decisions(tx, sorted(set(named))),
        views=await parties.views(world, tx, everybody),
        listed={one.service.key: one for one in await listed_at(tx, at)},
    )


async def _said(world: World, tx: AsyncConnection, wishes: Sequence[Word]) -> list[OfferOutcome | Problem]:
    at = max(wish.at for wish in wishes)
    known = await _known(world, tx, wishes, at)
    answers: dict[UUID, OfferOutcome | Problem] = {}
    kept: list[tuple[Word, dict[str, Any]]] = []
    for wish in wishes:
        try:
            kept.append((wish, _offer(wish, known)))
        except Problem as problem:
            answers[wish.id] = problem
    if kept:
        answers |= await _write(world, tx, kept, known)
    return [answers[wish.id] for wish in wishes]


async def say_taken(
    world: World, tx: AsyncConnection, words: Sequence[Word], taken: Sequence[Mapping[str, Any]], at: datetime
) -> None:
    """Keep what was taken without a word: `words` for the offers that stood open, `taken` as `_take` takes it.

    They pass no gate: a repeat finds nothing open. Of somebody erased meanwhile nothing is kept.
    """
    known = await _known(world, tx, words, at, [row["customer"] for row in taken])
    alive = known.views.keys() - known.erased
    kept = [(word, _offer(word, known)) for word in words if word.body.customer_id in alive]
    also = [row for row in taken if row["customer"] in alive]
    if kept:
        await _write(world, tx, kept, known, also)
    else:
        await _take(world, tx, also, known, at)
    entries = [
        audit.Entry(
            "offers.take",
            parties.subject_of(row["customer"]),
            DECISION,
            None,
            DECIDER,
            {"service": row["entry"], "experiment": str(row["experiment"])},
        )
        for row in also
    ]
    await audit.record(tx, storage.AUDIT, world.keyring, entries)


def _offer(wish: Word, known: _Known) -> dict[str, Any]:
    """The row of the offer a word is of, as it would begin; raises what is wrong with the word."""
    body, caller = wish.body, wish.caller
    mine = caller.customer_id
    if caller.actor == "customer" and (mine is None or known.circles[mine] != known.circles[body.customer_id]):
        raise CustomerUnknown()
    if body.customer_id in known.absent:
        raise known.absent[body.customer_id]
    if body.customer_id in known.erased:
        raise CustomerErased()
    if body.occurred_at is not None and body.occurred_at > wish.at + _AHEAD:
        raise Malformed(errors=[FieldError("/occurred_at", "future", "more than two minutes ahead")])
    row = {"service": body.service, "outcome": None, "shown_at": None, "answered_at": None}
    if body.decision_id is not None:
        return row | _decided(body, known)
    if caller.actor == "customer":
        raise Malformed(errors=[FieldError("/decision_id", "missing", "it names the decision that offered it")])
    listed = known.listed.get(body.service)
    if listed is None:
        raise Malformed(errors=[FieldError("/service", "unknown", "no such service is in the catalogue now")])
    person = known.circles[body.customer_id][0]
    return row | {
        "id": wish.id,
        "version": listed.service.version,
        "customer_id": body.customer_id,
        "channel": body.channel,
        "tier": known.views[body.customer_id].tier,
        "sells": listed.service.sells,
        "held_out": arm_of(experiment_at(wish.at), person) is Arm.HELD_OUT,
        "unasked": True,
    }


def _decided(body: RecordOutcome, known: _Known) -> dict[str, Any]:
    decision = known.decisions.get(body.decision_id) if body.decision_id is not None else None
    if decision is None or decision.customer_id not in known.circles[body.customer_id]:
        raise DecisionUnknown()
    if decision.customer_id in known.erased or decision.customer_id not in known.views:
        raise CustomerErased()
    if body.service not in decision.offered:
        fault = FieldError("/service", "not-offered", "that decision did not offer it")
        raise NotOffered(errors=[fault])
    place = decision.offered.index(body.service)
    return {
        "id": decision.id,
        "version": decision.versions[place],
        "customer_id": decision.customer_id,
        "channel": decision.channel,
        "tier": decision.tier,
        "sells": decision.sells[place],
        "held_out": decision.arm == Arm.HELD_OUT,
        "unasked": False,
    }


async def _write(
    world: World,
    tx: AsyncConnection,
    kept: Sequence[tuple[Word, dict[str, Any]]],
    known: _Known,
    also: Sequence[Mapping[str, Any]] = (),
) -> dict[UUID, OfferOutcome]:
    first = {(row["id"], row["service"]): row for _, row in reversed(kept)}
    await repository.begin_offers(tx, [row | {"outcome": ""} for row in first.values()])
    rows = await repository.hold_offers(tx, sorted(first))
    stands = {place: _stands(row) for place, row in rows.items()}
    counts: dict[tuple[str, str, str], Counter[str]] = {}
    said: list[Emit] = []
    words: list[dict[str, Any]] = []
    taken: list[Mapping[str, Any]] = [*also]
    for wish, offer in kept:
        place = (offer["id"], offer["service"])
        at = min(wish.body.occurred_at or wish.at, wish.at)
        stands[place], added = heard(stands[place], wish.body.outcome, at)
        where = (offer["service"], offer["channel"], offer["tier"])
        counts.setdefault(where, Counter()).update({name: getattr(added, name) for name in _COUNTED})
        said += _emits(offer, wish.body.outcome, added, at)
        words.append(_word(wish, offer, at))
        if wish.body.outcome is Outcome.ACCEPTED and added.says_answered:
            taken.append(
                {
                    "experiment": experiment_at(wish.at).id,
                    "customer": offer["customer_id"],
                    "entry": offer["service"],
                    "at": at,
                }
            )
    await repository.insert_outcomes(tx, words)
    await repository.stand(tx, [_row(place, one) for place, one in stands.items()])
    await repository.add_counts(
        tx,
        [
            {**dict(zip(("service", "channel", "tier"), where, strict=True)), **{name: one[name] for name in _COUNTED}}
            for where, one in counts.items()
            if any(one.values())
        ],
    )
    await _take(world, tx, taken, known, max(wish.at for wish, _ in kept))
    await outbox.emit(tx, storage.EVENTS, storage.SOURCE, said)
    entries = [
        audit.Entry(
            "offers.answer",
            parties.subject_of(offer["customer_id"]),
            OUTCOME,
            wish.id,
            wish.caller,
            {"service": offer["service"], "outcome": wish.body.outcome},
        )
        for wish, offer in kept
    ]
    await audit.record(tx, storage.AUDIT, world.keyring, entries)
    told = {row["id"]: row for row in words}
    return {
        wish.id: _view(
            told[wish.id]
            | {"channel": offer["channel"], "unasked": offer["unasked"]}
            | {"stands": stands[offer["id"], offer["service"]].outcome}
        )
        for wish, offer in kept
    }


def _stands(row: Row[Any]) -> Stands:
    outcome = Outcome(row.outcome) if row.outcome else None
    return Stands(outcome, row.shown_at, row.answered_at, row.unasked)


def _row(place: Place, stands: Stands) -> dict[str, Any]:
    return {
        "offer_id": place[0],
        "entry": place[1],
        "stands": stands.outcome,
        "shown": stands.shown_at,
        "answered": stands.answered_at,
    }


def _word(wish: Word, offer: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    return {
        "id": wish.id,
        "customer_id": offer["customer_id"],
        "offer_id": offer["id"],
        "service": offer["service"],
        "outcome": wish.body.outcome,
        "occurred_at": at,
        "recorded_at": wish.at,
        "recorded_by": wish.caller.sub,
    }


def _view(row: Mapping[str, Any]) -> OfferOutcome:
    return OfferOutcome(
        decision_id=None if row["unasked"] else row["offer_id"],
        **{name: row[name] for name in OfferOutcome.model_fields if name != "decision_id"},
    )


def _emits(offer: Mapping[str, Any], outcome: Outcome, added: Added, at: datetime) -> list[Emit]:
    """What is said of an offer. The rank of a word is its version: words of one offer only ever rise."""

    def emit(kind: type[OfferEvent], told: Outcome) -> Emit:
        event = kind(
            offer_id=offer["id"],
            customer_id=offer["customer_id"],
            service=offer["service"],
            channel=offer["channel"],
            outcome=told,
            holdout=offer["held_out"],
            unasked=offer["unasked"],
            occurred_at=at,
        )
        subject = f"{offer['id']}/{offer['service']}"
        return Emit(event, key=offer["customer_id"], subject=subject, sequence=told.rank + 1)

    told = [emit(OfferShown, Outcome.SHOWN)] if added.says_shown else []
    return [*told, emit(OfferAnswered, outcome)] if added.says_answered else told


async def _take(
    world: World, tx: AsyncConnection, rows: Sequence[Mapping[str, Any]], known: _Known, at: datetime
) -> None:
    """Note who took what they had been considered for, for the first time, and count their groups where it was offered."""
    if not rows:
        return
    first: dict[tuple[UUID, UUID, str], Mapping[str, Any]] = {}
    for row in rows:
        place = (row["experiment"], row["customer"], row["entry"])
        if place not in first or row["at"] < first[place]["at"]:
            first[place] = row
    before = await repository.exposures_of(tx, sorted({row["customer"] for row in rows}), hold=True)
    counted = {
        _exposed(row)
        for row in before
        if row.qualified_at is not None and row.accepted_at is not None and row.accepted_at >= row.qualified_at
    }
    took = [row for row in await repository.take(tx, list(first.values())) if row.qualified_at is not None]
    fresh = [row for row in took if _exposed(row) not in counted]
    await repository.add_tally(tx, tallied(fresh, known.views, at, world.settings.zone, lambda _: {"accepted": 1}))


def _exposed(row: Row[Any]) -> tuple[UUID, UUID, str]:
    return row.experiment_id, row.customer_id, row.service
