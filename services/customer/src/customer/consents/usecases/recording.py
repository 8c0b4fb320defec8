"""Recording what customers say, for many at once: each word once, with its evidence, and the word that stands after it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.consents import repository
from customer.consents.domain import GivenBy, Language, Purpose, Word, in_force
from customer.consents.events import ConsentRecorded
from customer.consents.problems import PurposeTakesNoConsent
from customer.consents.schemas import ConsentRecord, Evidence, RecordConsent
from customer.consents.usecases.catalogue import purpose_of
from customer.consents.usecases.noting import note_words
from customer.parties import usecases as parties
from shared import audit
from shared.crypto import DataKey
from shared.events import outbox
from shared.events.envelope import Emit
from shared.idempotency import Answer, Passage, Wish
from shared.problems import FieldError, Gone, Malformed, NotFound, Problem
from shared.subjects import reached
from shared.world import World

EVERY: Final = "*"
UNBOUND: Final = ""
# A sender's clock may go ahead of ours by so much; such a word counts as said now.
_AHEAD: Final = timedelta(minutes=2)
_BY: Final = {"customer": GivenBy.CUSTOMER, "staff": GivenBy.STAFF}

Outcome = list[Answer[ConsentRecord] | Problem]


async def record_consents(world: World, tx: AsyncConnection, wishes: Sequence[Wish[RecordConsent]]) -> Outcome:
    """Keep words that customers, or others for them, say now; each once by its key."""
    return await _record(world, tx, wishes, imported=False)


async def import_consents(world: World, tx: AsyncConnection, wishes: Sequence[Wish[RecordConsent]]) -> Outcome:
    """The same for rows of a file: words said earlier, known from elsewhere."""
    return await _record(world, tx, wishes, imported=True)


async def _record(
    world: World, tx: AsyncConnection, wishes: Sequence[Wish[RecordConsent]], *, imported: bool
) -> Outcome:
    async def do(fresh: Sequence[Wish[RecordConsent]]) -> Sequence[ConsentRecord | Problem]:
        return await _kept(world, tx, fresh, imported=imported)

    async def again(ids: Sequence[UUID]) -> Mapping[UUID, ConsentRecord]:
        return await opened(world, tx, await repository.records(tx, ids))

    passage = Passage(
        storage.GATE,
        world.vault,
        ConsentRecord,
        do=do,
        again=again,
        subject=lambda wish, _: parties.subject_of(wish.body.customer_id),
    )
    return await passage.run(tx, wishes)


async def _kept(
    world: World, tx: AsyncConnection, wishes: Sequence[Wish[RecordConsent]], *, imported: bool
) -> list[ConsentRecord | Problem]:
    ids = sorted({wish.body.customer_id for wish in wishes})
    absent = await parties.absences(world, tx, ids)
    mine = await reached(tx, storage.LINKS, [(wish.caller, wish.body.customer_id) for wish in wishes])
    rows = await repository.rules_of(tx, sorted({wish.body.purpose for wish in wishes}))
    lives: dict[tuple[str, int], int | None] = {(row.code, row.version): row.valid_days for row in rows}
    versions: dict[str, list[Purpose]] = {}
    for row in rows:
        versions.setdefault(row.code, []).append(purpose_of(row))
    keys = await world.vault.for_write(tx, [parties.subject_of(one) for one in ids if one not in absent])
    answers: list[ConsentRecord | Problem] = []
    kept: list[tuple[Wish[RecordConsent], ConsentRecord, DataKey]] = []
    for wish, own in zip(wishes, mine, strict=True):
        key = keys.get(parties.subject_of(wish.body.customer_id))
        try:
            if not own:
                raise NotFound()
            if wish.body.customer_id in absent:
                raise absent[wish.body.customer_id]
            if key is None:
                raise Gone()
            record = _made(wish, versions.get(wish.body.purpose, ()), lives, imported=imported)
        except Problem as problem:
            answers.append(problem)
        else:
            answers.append(record)
            kept.append((wish, record, key))
    if kept:
        await _write(world, tx, kept)
    return answers


async def _write(
    world: World, tx: AsyncConnection, kept: Sequence[tuple[Wish[RecordConsent], ConsentRecord, DataKey]]
) -> None:
    await repository.insert_records(tx, [_row(record, key) for _, record, key in kept])
    heads: dict[tuple[UUID, str, str], dict[str, Any]] = {}
    for _, record, _ in kept:
        for head in _heads(record):
            place = (head["customer_id"], head["purpose"], head["channel"])
            if place not in heads or _rank(heads[place]) < _rank(head):
                heads[place] = head
    stands = await _stands(tx, await repository.advance_heads(tx, list(heads.values())), list(heads.values()))
    said = [one for _, record, _ in kept for one in _said(record, stands)]
    await outbox.emit(tx, storage.EVENTS, storage.SOURCE, said)
    entries = [
        audit.Entry(
            "consent.record",
            parties.subject_of(record.customer_id),
            "consent",
            record.id,
            wish.caller,
            {"purpose": record.purpose, "version": record.purpose_version, "decision": record.decision},
        )
        for wish, record, _ in kept
    ]
    await audit.record(tx, storage.AUDIT, world.keyring, entries)
    await note_words(tx, [(record.customer_id, record.purpose, record.occurred_at) for _, record, _ in kept])


async def _stands(
    tx: AsyncConnection, advanced: set[tuple[UUID, str]], heads: Sequence[Mapping[str, Any]]
) -> set[tuple[UUID, str]]:
    """Of the words that took the place of their channel those that no later word about every channel overrules."""
    ids = sorted({head["customer_id"] for head in heads})
    widest: dict[tuple[UUID, str], tuple[datetime, bool, UUID]] = {}
    for row in await repository.heads_of(tx, ids, sorted({head["purpose"] for head in heads}), [EVERY]):
        place, rank = (row.asked, row.purpose), (row.occurred_at, row.denies, row.record_id)
        widest[place] = max(widest.get(place, rank), rank)
    overruled = {
        (head["record_id"], head["channel"])
        for head in heads
        if (every := widest.get((head["customer_id"], head["purpose"]))) is not None and every > _rank(head)
    }
    return advanced - overruled


def _malformed(field: str, code: str, detail: str) -> Malformed:
    return Malformed(errors=[FieldError(f"/{field}", code, detail)])


def _made(
    wish: Wish[RecordConsent],
    versions: Sequence[Purpose],
    lives: Mapping[tuple[str, int], int | None],
    *,
    imported: bool,
) -> ConsentRecord:
    """The record a wish becomes; raises what is wrong with it."""
    body, at = wish.body, wish.at
    occurred = body.occurred_at or at
    if occurred > at + _AHEAD:
        raise _malformed("occurred_at", "future", "more than two minutes ahead")
    occurred = min(occurred, at)
    shown = _shown(body, versions, occurred)
    if not (shown.asks or shown.objectable) or (shown.retired and body.decision is Word.GRANTED):
        raise PurposeTakesNoConsent("It rests on another legal basis, or is retired.")
    granted = body.decision is Word.GRANTED
    days = lives[(shown.code, shown.version)]
    return ConsentRecord(
        id=wish.id,
        customer_id=body.customer_id,
        purpose=shown.code,
        purpose_version=shown.version,
        decision=body.decision,
        channels=_channels(body, shown),
        data_categories=_within(body.data_categories, shown.data_categories, "data_categories") if granted else [],
        separate_categories=_within(body.separate_categories, shown.sensitive_categories, "separate_categories"),
        language=body.language,
        given_by=GivenBy.IMPORT if imported else _BY.get(wish.caller.actor, GivenBy.CLIENT),
        evidence=body.evidence,
        occurred_at=occurred,
        recorded_at=at,
        expires_at=occurred + timedelta(days=days) if granted and days is not None else None,
    )


def _shown(body: RecordConsent, versions: Sequence[Purpose], occurred: datetime) -> Purpose:
    """The version the customer saw: the one named, else the one in force then."""
    if not versions:
        raise _malformed("purpose", "unknown", "no such purpose")
    if body.purpose_version is None:
        present = in_force(versions, occurred)
        if present is None and body.decision is not Word.GRANTED:
            present = min(versions, key=lambda one: one.version)
        if present is None:
            raise _malformed("purpose_version", "missing", "none was in force then; name the version that was shown")
        return present
    for one in versions:
        if one.version == body.purpose_version:
            return one
    raise _malformed("purpose_version", "unknown", "the purpose never had that version")


def _channels(body: RecordConsent, shown: Purpose) -> list[str] | None:
    """The channels a word speaks of. A grant names its own outright; a denial without any is for every one there is."""
    if body.decision is not Word.GRANTED:
        # Where nothing is bound to channels, a denial that names some is taken in its widest sense.
        return sorted(set(body.channels)) if body.channels and shown.channels else None
    return _within(body.channels, shown.channels, "channels")


def _within(chosen: Iterable[str] | None, allowed: frozenset[str], field: str) -> list[str]:
    if chosen is None:
        return sorted(allowed)
    if not set(chosen) <= allowed:
        raise _malformed(field, "not-covered", "not one of those of the version shown")
    return sorted(set(chosen))


def _row(record: ConsentRecord, key: DataKey) -> dict[str, Any]:
    evidence = record.evidence.model_dump_json() if record.evidence else ""
    told = record.model_dump(exclude={"decision", "evidence"})
    return told | {
        "word": record.decision,
        "evidence": key.seal(evidence, row=record.id, field="consent_evidence"),
    }


def _rank(head: Mapping[str, Any]) -> tuple[datetime, bool, UUID]:
    return (head["occurred_at"], head["denies"], head["record_id"])


def keys_of(channels: Sequence[str] | None) -> list[str]:
    """Under which keys of the head a word stands."""
    return [EVERY] if channels is None else list(channels) or [UNBOUND]


def _heads(record: ConsentRecord) -> list[dict[str, Any]]:
    shared = record.model_dump(
        include={
            "customer_id",
            "purpose",
            "purpose_version",
            "data_categories",
            "separate_categories",
            "occurred_at",
            "expires_at",
        }
    ) | {"record_id": record.id, "word": record.decision, "denies": record.decision is not Word.GRANTED}
    return [shared | {"channel": channel} for channel in keys_of(record.channels)]


def _said(record: ConsentRecord, stands: set[tuple[UUID, str]]) -> list[Emit]:
    return [
        Emit(
            ConsentRecorded(
                customer_id=record.customer_id,
                purpose=record.purpose,
                purpose_version=record.purpose_version,
                channel=None if channel in (EVERY, UNBOUND) else channel,
                decision=record.decision,
                stands=(record.id, channel) in stands,
                receipt_id=record.id,
                occurred_at=record.occurred_at,
            ),
            key=record.customer_id,
            subject=record.id,
            sequence=number,
        )
        for number, channel in enumerate(keys_of(record.channels), 1)
    ]


def view_of(row: Row[Any], key: DataKey) -> ConsentRecord:
    """A ledger row with its evidence opened."""
    evidence = key.open(row.evidence, row=row.id, field="consent_evidence")
    return ConsentRecord(
        id=row.id,
        customer_id=row.customer_id,
        purpose=row.purpose,
        purpose_version=row.purpose_version,
        decision=Word(row.word),
        channels=row.channels,
        data_categories=row.data_categories,
        separate_categories=row.separate_categories,
        language=None if row.language is None else Language(row.language),
        given_by=GivenBy(row.given_by),
        evidence=Evidence.model_validate_json(evidence) if evidence else None,
        occurred_at=row.occurred_at,
        recorded_at=row.recorded_at,
        expires_at=row.expires_at,
    )


async def opened(world: World, conn: AsyncConnection, rows: Sequence[Row[Any]]) -> dict[UUID, ConsentRecord]:
    """Ledger rows by id, opened; those of erased customers are not in the answer."""
    keys = await world.vault.for_read(conn, [parties.subject_of(row.customer_id) for row in rows])
    found: dict[UUID, ConsentRecord] = {}
    for row in rows:
        key = keys[parties.subject_of(row.customer_id)]
        if key is not None:
            found[row.id] = view_of(row, key)
    return found


async def forget(tx: AsyncConnection, ids: Sequence[UUID]) -> None:
    """What erasure removes here besides the key: the standing words.

    The ledger keeps that somebody said yes or no to which text (GDPR Art. 7(1) asks for proof); how and where was under
    the key, and who it was is a tombstone.
    """
    await repository.forget_heads(tx, ids)
