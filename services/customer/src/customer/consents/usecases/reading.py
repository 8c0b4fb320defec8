"""Reading consent: what may be done now or could be done then, every word that was said, and the receipt of each."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.consents import repository
from customer.consents.domain import Entry, Language, Purpose, Use, Word, decide, in_force
from customer.consents.problems import ReceiptUnknown
from customer.consents.schemas import (
    ConsentReceipt,
    ConsentRecord,
    Consents,
    ConsentState,
    PurposeView,
    ReceiptEvent,
    ReceiptNotice,
    ReceiptParty,
    ReceiptPurpose,
)
from customer.consents.tables import consent_record
from customer.consents.usecases.catalogue import purpose_of, show_purpose
from customer.consents.usecases.recording import opened, view_of
from customer.parties import usecases as parties
from customer.settings import Settings
from shared import audit, clock, subjects
from shared.access import Caller
from shared.pagination import Page, Position, keyset
from shared.world import World

SCHEMA: Final = "ISO/IEC TS 27560:2023"


async def show_consents(
    world: World,
    tx: AsyncConnection,
    customer_id: UUID,
    caller: Caller,
    *,
    as_of: datetime | None,
    valid_at: datetime | None,
) -> Consents:
    """What every purpose in force allows for a customer, channel by channel, and why.

    As recorded until `as_of` and as true at `valid_at`; both are now where they are not given.
    """
    await _present(world, tx, customer_id)
    now = clock.now()
    recorded, true = as_of or now, valid_at or now
    rows = await repository.ledger_of(tx, customer_id, recorded)
    # Asked about now, a word that a faster clock just wrote counts; asked about then, only what was said by then.
    entries = [entry_of(row) for row in rows if valid_at is None or row.occurred_at <= true]
    versions = [purpose_of(row) for row in await repository.rules(tx) if row.recorded_at <= recorded]
    await _seen(world, tx, "consent.read", customer_id, None, caller)
    states = [
        _state(entries, versions, Use(purpose.code, channel), true)
        for purpose in _present_versions(versions, true)
        for channel in purpose.ways
    ]
    return Consents(customer_id=customer_id, as_of=recorded, valid_at=true, items=states)


def _present_versions(versions: Sequence[Purpose], at: datetime) -> list[Purpose]:
    of_code: dict[str, list[Purpose]] = {}
    for one in versions:
        of_code.setdefault(one.code, []).append(one)
    chosen = [in_force(many, at) for _, many in sorted(of_code.items())]
    return [one for one in chosen if one is not None and not one.retired]


def _state(entries: Sequence[Entry], versions: Sequence[Purpose], use: Use, at: datetime) -> ConsentState:
    ruling = decide(entries, versions, use, at)
    assert ruling.purpose is not None  # noqa: S101  # only purposes in force are asked about
    return ConsentState(
        purpose=use.purpose,
        purpose_version=ruling.purpose.version,
        channel=use.channel,
        decision=ruling.verdict,
        reason=ruling.reason,
        receipt_id=ruling.receipt_id,
    )


def entry_of(row: Row[Any]) -> Entry:
    """A row of the ledger as the rules see it."""
    return Entry(
        id=row.id,
        purpose=row.purpose,
        version=row.purpose_version,
        word=Word(row.word),
        channels=None if row.channels is None else frozenset(row.channels),
        data_categories=frozenset(row.data_categories),
        separate_categories=frozenset(row.separate_categories),
        occurred_at=row.occurred_at,
        expires_at=row.expires_at,
        recorded_at=row.recorded_at,
    )


async def history(
    world: World, tx: AsyncConnection, customer_id: UUID, caller: Caller, cursor: Position, limit: int
) -> Page[ConsentRecord]:
    """Every word of a customer, newest recorded first, with its evidence."""
    await _present(world, tx, customer_id)
    leader = (await subjects.resolve(tx, storage.LINKS, [customer_id]))[customer_id]
    circle = {customer_id, *await subjects.members(tx, storage.LINKS, leader)}
    keys = await world.vault.for_read(tx, [parties.subject_of(one) for one in circle])
    open_to_us = {subject.id: key for subject, key in keys.items() if key is not None}
    chosen = repository.history(sorted(open_to_us))
    page = await keyset(
        tx,
        chosen,
        (consent_record.c.recorded_at, consent_record.c.id),
        cursor,
        limit,
        lambda row: view_of(row, open_to_us[row.customer_id]),
    )
    await _seen(world, tx, "consent.history", customer_id, None, caller)
    return page


async def show_receipt(world: World, tx: AsyncConnection, receipt_id: UUID, caller: Caller) -> ConsentReceipt:
    """The receipt of a word; another customer's is ReceiptUnknown, as one that never was."""
    rows = await repository.records(tx, [receipt_id])
    if not rows or not all(await subjects.reached(tx, storage.LINKS, [(caller, rows[0].customer_id)])):
        raise ReceiptUnknown()
    await _present(world, tx, rows[0].customer_id)
    record = (await opened(world, tx, rows)).get(receipt_id)
    if record is None:
        raise ReceiptUnknown()
    purpose = await show_purpose(tx, record.purpose, record.purpose_version)
    await _seen(world, tx, "consent.receipt", record.customer_id, receipt_id, caller)
    settings = world.settings
    assert isinstance(settings, Settings)  # noqa: S101  # this service is started with its own settings
    controller = ReceiptParty(
        party_id="controller",
        party_role="pii_controller",
        party_name=settings.controller_name,
        party_contact=settings.controller_contact,
    )
    return _receipt(record, purpose, controller)


def _receipt(record: ConsentRecord, purpose: PurposeView, controller: ReceiptParty) -> ConsentReceipt:
    text = purpose.texts[record.language or Language.EN]
    bases = [f"GDPR Art. {purpose.gdpr_basis}"] if purpose.gdpr_basis else []
    bases += [f"PIPL Art. {purpose.pipl_basis}"] if purpose.pipl_basis else []
    return ConsentReceipt(
        schema_version=SCHEMA,
        receipt_id=record.id,
        consent_record_id=record.id,
        pii_principal_id=record.customer_id,
        pii_controllers=[controller],
        notice=ReceiptNotice(version=purpose.version, language=record.language, text=text.text),
        purposes=[
            ReceiptPurpose(
                purpose=purpose.code,
                title=text.title,
                lawful_basis=bases,
                pii_information=record.data_categories,
                sensitive_pii_information=record.separate_categories,
                channels=record.channels,
                retention_period=f"P{purpose.retention_days}D",
                recipient_third_parties=purpose.recipients,
                withdrawal_method=f"POST /v1/customers/{record.customer_id}/consents",
            )
        ],
        consent_event=ReceiptEvent(
            event_type=record.decision,
            event_time=record.occurred_at,
            recorded_time=record.recorded_at,
            valid_until=record.expires_at,
            given_by=record.given_by,
            method=record.evidence.method if record.evidence else None,
            place=record.evidence.place if record.evidence else None,
        ),
    )


async def _present(world: World, conn: AsyncConnection, customer_id: UUID) -> None:
    absent = await parties.absences(world, conn, [customer_id])
    if absent:
        raise absent[customer_id]


async def _seen(
    world: World, tx: AsyncConnection, act: str, customer_id: UUID, receipt_id: UUID | None, caller: Caller
) -> None:
    entry = audit.Entry(act, parties.subject_of(customer_id), "consent", receipt_id, caller)
    await audit.seen(tx, storage.AUDIT, world.keyring, [entry])


async def gather(
    world: World, conn: AsyncConnection, customers: Sequence[UUID]
) -> AsyncIterator[tuple[str, Mapping[str, Any]]]:
    """Every word of a person under these ids, with its evidence: for their own export."""
    rows = await repository.words_of(conn, customers)
    for record in (await opened(world, conn, rows)).values():
        yield "consent", record.model_dump(mode="json")
