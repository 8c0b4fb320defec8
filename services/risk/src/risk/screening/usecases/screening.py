"""What can be done with an event: decide it (many at once, each once by its event id) and read the decision again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from risk import storage
from risk.screening import repository
from risk.screening.domain.rules import Decision, Outcome, Result, Ruleset, RuleState, Seen, evaluate
from risk.screening.domain.ruleset import AMOUNT, ruleset_at
from risk.screening.domain.windows import HASHED, Kind, Number
from risk.screening.events import Screened
from risk.screening.problems import CustomerErased, ScreeningUnknown
from risk.screening.schemas import (
    Detail,
    RestrictionShort,
    RuleSeen,
    ScreenEvent,
    Screening,
    ScreeningLine,
    SealedAmount,
)
from risk.screening.usecases import restrictions
from shared import audit, clock
from shared.access import Caller
from shared.crypto import DataKey, Keyring, Subject, blind_index
from shared.events import outbox
from shared.events.envelope import Emit
from shared.idempotency import Answer, Passage, Wish
from shared.money import minor_units
from shared.problems import Problem
from shared.subjects import circles
from shared.world import World

SCREENING: Final = "screening"
_DETAIL: Final = "detail"
_TOLD: Final = (RuleState.FIRED, RuleState.ERROR)
_MILLIONTHS: Final = 10**6
_WIDE: Final = Context(prec=100)


def subject_of(customer_id: UUID) -> Subject:
    """Whose key seals what a decision saw."""
    return Subject("customer", customer_id)


async def screen_events(
    world: World, tx: AsyncConnection, wishes: Sequence[Wish[ScreenEvent]]
) -> list[Answer[Screening] | Problem]:
    """Decide events, each once by its gate; those of an erased customer are refused (CustomerErased)."""

    async def do(fresh: Sequence[Wish[ScreenEvent]]) -> Sequence[Screening | Problem]:
        return await _screen(world, tx, fresh)

    async def again(ids: Sequence[UUID]) -> Mapping[UUID, Screening]:
        return await views(world, tx, ids)

    passage = Passage(
        storage.GATE,
        world.vault,
        Screening,
        do=do,
        again=again,
        subject=lambda wish, _: subject_of(wish.body.customer_id),
    )
    return await passage.run(tx, wishes)


@dataclass(frozen=True, slots=True)
class _Decided:
    """One decision on its way into the tables."""

    wish: Wish[ScreenEvent]
    ruleset: Ruleset
    decision: Decision
    detail: Detail


async def _screen(world: World, tx: AsyncConnection, wishes: Sequence[Wish[ScreenEvent]]) -> list[Screening | Problem]:
    keys = await world.vault.for_write(tx, sorted({subject_of(wish.body.customer_id) for wish in wishes}))
    taken = [wish for wish in wishes if keys[subject_of(wish.body.customer_id)] is not None]
    views_: dict[UUID, Screening] = {}
    if taken:
        decided = await _decide(world, tx, taken)
        views_ = {one.wish.id: _made(one) for one in decided}
        await _keep(world, tx, decided, keys)
    return [views_.get(wish.id) or CustomerErased("What an erased customer does is not screened.") for wish in wishes]


async def _decide(world: World, tx: AsyncConnection, wishes: Sequence[Wish[ScreenEvent]]) -> list[_Decided]:
    """Facts first, then their windows, then the rules: one statement each, whatever the number of wishes.

    Each event sees those of the group before it, for they have smaller ingest numbers; restrictions that the group
    sets are seen by the later events of the same customer. Who counts as the same party is resolved now: their events
    and restrictions count for one another as long as the link stands, and what was decided meanwhile stands for good.
    """
    around = await circles(tx, storage.LINKS, sorted({wish.body.customer_id for wish in wishes}))
    await repository.one_customer_at_a_time(tx, [member for circle in around.values() for member in circle])
    facts = {wish.id: _fact(world.keyring, wish) for wish in wishes}
    for id_, ingest in (await repository.insert_facts(tx, list(facts.values()))).items():
        facts[id_]["ingest"] = ingest
    rulesets = {wish.id: ruleset_at(wish.at) for wish in wishes}
    seen: dict[UUID, dict[str, Number | None]] = {}
    for ruleset in {one.version: one for one in rulesets.values()}.values():
        asked = [facts[id_] for id_, one in rulesets.items() if one is ruleset]
        seen |= await repository.windows(tx, ruleset.features, asked, around)
    now = clock.now()
    in_force = await restrictions.in_force(tx, around.values(), now)
    fresh: list[restrictions.Fresh] = []
    decided: list[_Decided] = []
    for wish in wishes:
        body, ruleset = wish.body, rulesets[wish.id]
        features = seen[wish.id] | {AMOUNT: facts[wish.id]["amount"]}
        decision = evaluate(ruleset, features)
        standing = in_force.setdefault(around[body.customer_id][0], [])
        made = restrictions.due(wish, ruleset, decision, now) if not standing else None
        if made is not None:
            standing.append(made.short)
            fresh.append(made)
        decided.append(_Decided(wish, ruleset, decision, _detail(wish, facts[wish.id], decision, features, standing)))
    await restrictions.keep(world, tx, fresh)
    return decided


def _fact(keyring: Keyring, wish: Wish[ScreenEvent]) -> dict[str, Any]:
    body = wish.body
    hashes = {
        pivot.value: blind_index(keyring, pivot.value, str(body.attributes[pivot]))
        if pivot in body.attributes
        else None
        for pivot in HASHED
    }
    return hashes | {
        "id": wish.id,
        "customer_id": body.customer_id,
        "kind": body.kind,
        "occurred_at": body.occurred_at,
        "amount": minor_units(body.amount.amount, body.amount.currency) if body.amount else None,
        "currency": body.amount.currency if body.amount else None,
    }


def _detail(
    wish: Wish[ScreenEvent],
    fact: Mapping[str, Any],
    decision: Decision,
    features: Seen,
    standing: Sequence[RestrictionShort],
) -> Detail:
    body = wish.body
    return Detail(
        event_id=body.event_id,
        external_ref=body.external_ref,
        amount=SealedAmount(minor=fact["amount"], currency=fact["currency"]) if body.amount else None,
        attributes=dict(body.attributes),
        rules=[_told(result) for result in decision.results if result.state in _TOLD],
        restrictions=list(standing),
        features={name: str(value) if isinstance(value, Fraction) else value for name, value in features.items()},
    )


def _told(result: Result) -> RuleSeen:
    values = {name: _readable(value) for name, value in result.values.items()}
    return RuleSeen(rule=result.rule, state=result.state, points=result.points, values=values)


def _readable(value: Number | None) -> int | str | None:
    """A fraction as a decimal to six places; the exact one is kept among the features."""
    if not isinstance(value, Fraction):
        return value
    # By whole numbers: a decimal context has 28 digits, the variance of large amounts has more.
    return str(Decimal(round(value * _MILLIONTHS)).scaleb(-6, _WIDE))


def _made(one: _Decided) -> Screening:
    body = one.wish.body
    return Screening(
        id=one.wish.id,
        version=1,
        event_id=body.event_id,
        kind=body.kind,
        customer_id=body.customer_id,
        occurred_at=body.occurred_at,
        outcome=one.decision.outcome,
        score=one.decision.score,
        ruleset=one.ruleset.version,
        rules=one.detail.rules,
        restrictions=one.detail.restrictions,
        created_at=one.wish.at,
    )


async def _keep(
    world: World, tx: AsyncConnection, decided: Sequence[_Decided], keys: Mapping[Subject, DataKey | None]
) -> None:
    rows: list[dict[str, Any]] = []
    said: list[Emit] = []
    entries: list[audit.Entry] = []
    for one in decided:
        wish, subject = one.wish, subject_of(one.wish.body.customer_id)
        key = keys[subject]
        if key is None:
            raise AssertionError("an event of an erased customer was decided")
        rows.append(
            {
                "id": wish.id,
                "version": 1,
                "customer_id": wish.body.customer_id,
                "kind": wish.body.kind,
                "occurred_at": wish.body.occurred_at,
                "outcome": one.decision.outcome,
                "score": one.decision.score,
                "ruleset": one.ruleset.version,
                "detail": key.seal(one.detail.model_dump_json(), row=wish.id, field=_DETAIL),
                "created_at": wish.at,
            }
        )
        said.append(_said_of(one))
        told = {"outcome": str(one.decision.outcome)}
        entries.append(audit.Entry("screening.decide", subject, SCREENING, wish.id, wish.caller, told))
    await repository.insert_screenings(tx, rows)
    await outbox.emit(tx, storage.EVENTS, storage.SOURCE, said)
    await audit.record(tx, storage.AUDIT, world.keyring, entries)


def _said_of(one: _Decided) -> Emit:
    """Ordered with its customer's others, told of by its own id: a screening is no version of the customer."""
    body = one.wish.body
    event = Screened(
        screening_id=one.wish.id,
        customer_id=body.customer_id,
        kind=body.kind,
        outcome=one.decision.outcome,
        score=one.decision.score,
        rules=[result.rule for result in one.decision.results if result.state is RuleState.FIRED],
        latency_seconds=max(0.0, (clock.now() - one.wish.at).total_seconds()),
        version=1,
        occurred_at=body.occurred_at,
    )
    return Emit(event, key=body.customer_id, subject=one.wish.id, sequence=1)


def line(row: Row[Any]) -> ScreeningLine:
    """A row as a line of a list."""
    return ScreeningLine(
        id=row.id,
        version=row.version,
        kind=Kind(row.kind),
        customer_id=row.customer_id,
        occurred_at=row.occurred_at,
        outcome=Outcome(row.outcome),
        score=row.score,
        ruleset=row.ruleset,
        created_at=row.created_at,
    )


async def details(world: World, conn: AsyncConnection, rows: Sequence[Row[Any]]) -> dict[UUID, Detail]:
    """What these decisions rest on, opened; those of erased customers are not in the answer."""
    keys = await world.vault.for_read(conn, sorted({subject_of(row.customer_id) for row in rows}))
    opened: dict[UUID, Detail] = {}
    for row in rows:
        key = keys.get(subject_of(row.customer_id))
        if key is not None and row.detail is not None:
            opened[row.id] = Detail.model_validate_json(key.open(row.detail, row=row.id, field=_DETAIL))
    return opened


async def views(world: World, conn: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, Screening]:
    """Screenings by id, as they were decided; those of erased customers are not in the answer."""
    if not ids:
        return {}
    rows = await repository.by_ids(conn, ids)
    opened = await details(world, conn, rows)
    return {
        row.id: Screening(
            **line(row).model_dump(),
            event_id=opened[row.id].event_id,
            rules=opened[row.id].rules,
            restrictions=opened[row.id].restrictions,
        )
        for row in rows
        if row.id in opened
    }


async def show_screenings(
    world: World, tx: AsyncConnection, wishes: Sequence[tuple[UUID, Caller]]
) -> list[Screening | Problem]:
    """Read decisions for many callers at once; who read what is recorded in the same transaction.

    Errors: ScreeningUnknown; CustomerErased for what was decided of an erased customer.
    """
    ids = sorted({screening_id for screening_id, _ in wishes})
    found = await views(world, tx, ids)
    missing = [one for one in ids if one not in found]
    erased = {row.id for row in await repository.by_ids(tx, missing)} if missing else set()
    answers: list[Screening | Problem] = []
    seen: list[audit.Entry] = []
    for screening_id, caller in wishes:
        view = found.get(screening_id)
        if view is None:
            answers.append(CustomerErased() if screening_id in erased else ScreeningUnknown())
            continue
        answers.append(view)
        seen.append(audit.Entry("screening.read", subject_of(view.customer_id), SCREENING, screening_id, caller))
    await audit.seen(tx, storage.AUDIT, world.keyring, seen)
    return answers
