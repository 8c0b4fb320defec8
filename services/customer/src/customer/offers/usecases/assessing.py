"""What somebody who may found of a customer: the risk they can bear and what makes them vulnerable, under their seal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.offers import repository
from customer.offers.events import SuitabilityAssessed
from customer.offers.schemas import Assessment, Finding, RecordAssessment
from customer.offers.schemas.offering import Vulnerability
from customer.offers.usecases.weighing import arbitration_at
from customer.parties import usecases as parties
from customer.parties.problems import CustomerErased
from shared import audit, clock
from shared.access import Caller
from shared.crypto import DataKey
from shared.events import outbox
from shared.events.envelope import Emit
from shared.idempotency import Answer, Passage, Wish
from shared.problems import FieldError, Malformed, Problem
from shared.subjects import circles
from shared.world import World

ASSESSMENT: Final = "suitability_assessment"
_FINDINGS: Final[tuple[Finding, ...]] = ("risk_tolerance", "vulnerabilities")
_AHEAD: Final = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Borne:
    """What holds of a person: the level of risk they can bear and until when, and whether anything makes them vulnerable."""

    tolerance: int | None = None
    tolerance_until: datetime | None = None
    vulnerable: bool = False


async def assess(world: World, tx: AsyncConnection, wish: Wish[RecordAssessment]) -> Answer[Assessment]:
    """Keep an assessment, once by its gate."""

    async def do(fresh: Sequence[Wish[RecordAssessment]]) -> Sequence[Assessment | Problem]:
        return [await _keep(world, tx, one) for one in fresh]

    async def again(ids: Sequence[UUID]) -> Mapping[UUID, Assessment]:
        return {one.id: one for one in await _opened(world, tx, await repository.assessments_by_ids(tx, ids))}

    passage = Passage(
        storage.GATE,
        world.vault,
        Assessment,
        do=do,
        again=again,
        subject=lambda one, _: parties.subject_of(one.body.customer_id),
    )
    (answer,) = await passage.run(tx, [wish])
    if isinstance(answer, Problem):
        raise answer
    return answer


async def _keep(world: World, tx: AsyncConnection, wish: Wish[RecordAssessment]) -> Assessment | Problem:
    customer_id = wish.body.customer_id
    absent = await parties.absences(world, tx, [customer_id])
    if absent:
        return absent[customer_id]
    subject = parties.subject_of(customer_id)
    key = (await world.vault.for_write(tx, [subject]))[subject]
    if key is None:
        return CustomerErased()
    assessed_at = wish.body.assessed_at or wish.at
    if assessed_at > wish.at + _AHEAD:
        return Malformed(errors=[FieldError("/assessed_at", "future", "more than two minutes ahead")])
    found = {
        "risk_tolerance": wish.body.risk_tolerance,
        "vulnerabilities": None if wish.body.vulnerabilities is None else sorted(set(wish.body.vulnerabilities)),
    }
    row = {
        "id": wish.id,
        "customer_id": customer_id,
        "assessed_at": min(assessed_at, wish.at),
        "findings": key.seal_bytes(orjson.dumps(found), row=wish.id, field="findings"),
        "recorded_at": wish.at,
        "recorded_by": wish.caller.sub,
    }
    await repository.insert_assessments(tx, [row])
    said = SuitabilityAssessed(assessment_id=wish.id, customer_id=customer_id, occurred_at=row["assessed_at"])
    emit = Emit(said, key=customer_id, subject=wish.id, sequence=1)
    await outbox.emit(tx, storage.EVENTS, storage.SOURCE, [emit])
    entry = audit.Entry("suitability.assess", subject, ASSESSMENT, wish.id, wish.caller)
    await audit.record(tx, storage.AUDIT, world.keyring, [entry])
    return _view(row, found)


async def list_assessments(world: World, tx: AsyncConnection, customer_id: UUID, caller: Caller) -> list[Assessment]:
    """Every assessment of a person, whichever record it was made under, latest first; the reading is recorded."""
    absent = await parties.absences(world, tx, [customer_id])
    if absent:
        raise absent[customer_id]
    around = await circles(tx, storage.LINKS, [customer_id])
    told = await assessments_of(world, tx, around[customer_id])
    entry = audit.Entry("suitability.read", parties.subject_of(customer_id), ASSESSMENT, customer_id, caller)
    await audit.seen(tx, storage.AUDIT, world.keyring, [entry])
    return told


async def assessments_of(world: World, conn: AsyncConnection, ids: Sequence[UUID]) -> list[Assessment]:
    """Every assessment of these records, latest first; whoever asks records why."""
    return await _opened(world, conn, await repository.assessments_of(conn, ids))


async def borne_by(world: World, conn: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, Borne]:
    """What holds of each of these records by its own latest word; whoever asks records why."""
    told: dict[UUID, Borne] = {}
    for one in reversed(await assessments_of(world, conn, ids)):
        before = told.get(one.customer_id, Borne())
        # What a word does not speak of stays as an earlier one left it: a questionnaire on risk makes nobody less vulnerable.
        said = one.risk_tolerance is not None
        told[one.customer_id] = Borne(
            one.risk_tolerance if said else before.tolerance,
            one.risk_tolerance_until if said else before.tolerance_until,
            bool(one.vulnerabilities) if "vulnerabilities" in one.found else before.vulnerable,
        )
    return told


async def vulnerabilities_of(
    world: World, conn: AsyncConnection, ids: Sequence[UUID]
) -> dict[UUID, tuple[Vulnerability, ...]]:
    """What makes each of these records vulnerable by its latest word that speaks of it; whoever asks records why."""
    told = reversed(await assessments_of(world, conn, ids))
    latest = {one.customer_id: one for one in told if "vulnerabilities" in one.found}
    return {one: tuple(told.vulnerabilities) for one, told in latest.items() if told.vulnerabilities}


def together(found: Sequence[Borne]) -> Borne:
    """What holds of several records that count as one person: the most cautious word of each."""
    known = [one for one in found if one.tolerance is not None]
    if not known:
        return Borne(vulnerable=any(one.vulnerable for one in found))
    most_cautious = min(known, key=lambda one: (one.tolerance or 0, one.tolerance_until or clock.now()))
    return Borne(most_cautious.tolerance, most_cautious.tolerance_until, any(one.vulnerable for one in found))


async def _opened(world: World, conn: AsyncConnection, rows: Sequence[Row[Any]]) -> list[Assessment]:
    keys = await world.vault.for_read(conn, [parties.subject_of(row.customer_id) for row in rows])
    opened = [(row, keys[parties.subject_of(row.customer_id)]) for row in rows]
    return [_view(dict(row._mapping), _findings(row, key)) for row, key in opened if key is not None]


def _findings(row: Row[Any], key: DataKey) -> Mapping[str, Any]:
    told: Mapping[str, Any] = orjson.loads(key.open_bytes(row.findings, row=row.id, field="findings"))
    return told


def _view(row: Mapping[str, Any], found: Mapping[str, Any]) -> Assessment:
    days = timedelta(days=arbitration_at(row["recorded_at"]).tolerance_days)
    tolerance = found["risk_tolerance"]
    return Assessment(
        id=row["id"],
        customer_id=row["customer_id"],
        risk_tolerance=tolerance,
        risk_tolerance_until=None if tolerance is None else row["assessed_at"] + days,
        vulnerabilities=found["vulnerabilities"] or [],
        found=[name for name in _FINDINGS if found[name] is not None],
        assessed_at=row["assessed_at"],
        recorded_at=row["recorded_at"],
    )
