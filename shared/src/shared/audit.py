"""Append-only record of every act on a person: signed as written, witnessed at once, chained seconds later, verifiable."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    LargeBinary,
    MetaData,
    Table,
    Text,
    Uuid,
    any_,
    bindparam,
    delete,
    func,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from shared import clock
from shared.access import Caller
from shared.crypto import Keyring, Subject
from shared.db import Record, leave, unnest
from shared.telemetry import log

_START: Final = b"\x00" * 32
_BATCHES: Final = 2_000
_VERIFY_ROWS: Final = 5_000


@dataclass(frozen=True, slots=True)
class AuditTables:
    """The record, its witnesses until they are chained, and the chain."""

    audit: Table
    pending: Table
    seal: Table


@dataclass(frozen=True, slots=True)
class Entry:
    """One act: what was done to whom and to which resource, by which caller. `detail` holds ids and words, no values."""

    action: str
    subject: Subject | None
    resource: str
    resource_id: UUID | None
    caller: Caller
    detail: Mapping[str, str | int | bool | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the chain: an anchor when it is kept outside."""

    seq: int
    head: bytes


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: the row it is about and what."""

    row_id: UUID | None
    what: str


def audit_tables(metadata: MetaData) -> AuditTables:
    """The audit tables on a service's own metadata; record and chain are partitioned by day."""
    return AuditTables(
        audit=Table(
            "audit",
            metadata,
            Column("id", Uuid, primary_key=True),
            Column("subject_kind", Text),
            Column("subject_id", Uuid, index=True),
            Column("canonical", LargeBinary, nullable=False),
            Column("mac", LargeBinary, nullable=False),
            postgresql_partition_by="RANGE (id)",
        ),
        pending=Table(
            "audit_pending",
            metadata,
            Column("id", Uuid, primary_key=True),
            Column("ids", ARRAY(Uuid), nullable=False),
            Column("mac", LargeBinary, nullable=False),
        ),
        seal=Table(
            "audit_seal",
            metadata,
            Column("id", Uuid, primary_key=True),
            Column("seq", BigInteger, nullable=False, index=True),
            Column("sealed_at", DateTime(timezone=True), nullable=False),
            Column("ids", ARRAY(Uuid), nullable=False),
            Column("digest", LargeBinary, nullable=False),
            Column("head", LargeBinary, nullable=False),
            postgresql_partition_by="RANGE (id)",
        ),
    )


@cache
def _kept(tables: AuditTables, keyring: Keyring) -> Record:
    """The record and the witness of all that one transaction did, so that neither can be without the other."""
    columns: dict[str, Any] = {"id": Uuid, "subject_kind": Text, "subject_id": Uuid, "canonical": LargeBinary}

    def statements(prefix: str) -> Sequence[Any]:
        rows = unnest("entry", prefix, **columns, mac=LargeBinary)
        witness = {
            "id": bindparam(f"{prefix}batch", type_=Uuid),
            "ids": bindparam(f"{prefix}ids", type_=ARRAY(Uuid)),
            "mac": bindparam(f"{prefix}witness", type_=LargeBinary),
        }
        chosen = select(*rows.c).order_by(rows.c.id)
        return [
            insert(tables.audit).from_select([*columns, "mac"], chosen),
            insert(tables.pending).values(witness),
        ]

    def finished(rows: Mapping[str, Any]) -> dict[str, Any]:
        batch, ids = clock.new_id(), rows["id"]
        macs = [keyring.mac("audit", text) for text in rows["canonical"]]
        return {**rows, "mac": macs, "batch": batch, "ids": ids, "witness": _witness(keyring, batch, ids)}

    return Record("audit", statements, finished)


def _canonical(identity: UUID, at: datetime, entry: Entry) -> bytes:
    caller = entry.caller
    return orjson.dumps(
        {
            "id": identity,
            "at": at,
            "action": entry.action,
            "subject": None if entry.subject is None else [entry.subject.kind, entry.subject.id],
            "resource": entry.resource,
            "resource_id": entry.resource_id,
            "sub": caller.sub,
            "actor": caller.actor,
            "on_behalf_of": caller.on_behalf_of,
            "branch": caller.branch,
            "request_id": caller.request_id,
            "detail": entry.detail,
        },
        default=str,  # the driver has a UUID of its own
        option=orjson.OPT_SORT_KEYS,
    )


def _witness(keyring: Keyring, batch: UUID, ids: Sequence[UUID]) -> bytes:
    return keyring.mac("audit", b"witness" + batch.bytes + b"".join(one.bytes for one in ids))


async def record(tx: AsyncConnection, tables: AuditTables, keyring: Keyring, entries: Sequence[Entry]) -> None:
    """Keep what was done, in the transaction that did it, which fails (Unavailable) when it cannot be kept."""
    if not entries:
        return
    at = clock.now()
    ids = clock.new_ids(len(entries))
    values: dict[str, Sequence[Any]] = {
        "id": ids,
        "subject_kind": [None if entry.subject is None else entry.subject.kind for entry in entries],
        "subject_id": [None if entry.subject is None else entry.subject.id for entry in entries],
        "canonical": [_canonical(identity, at, entry) for identity, entry in zip(ids, entries, strict=True)],
    }
    await leave(tx, _kept(tables, keyring), values)


async def seen(tx: AsyncConnection, tables: AuditTables, keyring: Keyring, entries: Sequence[Entry]) -> None:
    """Keep who read what; the answer may leave only when the transaction has committed."""
    await record(tx, tables, keyring, entries)


def _digest(macs: Iterable[bytes]) -> bytes:
    return hashlib.sha256(b"".join(macs)).digest()


def _head(keyring: Keyring, before: bytes, seq: int, ids: Sequence[UUID], digest: bytes) -> bytes:
    named = b"".join(one.bytes for one in ids)
    return keyring.mac("audit", b"seal" + before + seq.to_bytes(8, "big") + named + digest)


async def seal(tx: AsyncConnection, tables: AuditTables, keyring: Keyring) -> Head | None:
    """Chain what is not chained yet; the new head, or None when there was nothing. One sealer at a time.

    Found by its witness, never by "id greater than the last": a slow transaction would be passed over.
    """
    audit, pending, chain = tables.audit, tables.pending, tables.seal
    if not (await tx.execute(select(func.pg_try_advisory_xact_lock(func.hashtext("audit_seal"))))).scalar_one():
        return None
    waiting = (await tx.execute(select(pending).order_by(pending.c.id).limit(_BATCHES))).all()
    # A witness that was changed is left where it is, for verify to name: chained, it would look honest.
    batches = [batch for batch in waiting if _witness(keyring, batch.id, batch.ids) == batch.mac]
    if len(batches) < len(waiting):
        log.error("audit_witness_changed", batches=len(waiting) - len(batches))
    if not batches:
        return None
    ids = [one for batch in batches for one in batch.ids]
    wanted = select(audit.c.id, audit.c.mac).where(audit.c.id == any_(bindparam("ids", type_=ARRAY(Uuid))))
    macs = {row.id: row.mac for row in await tx.execute(wanted, {"ids": ids})}
    last = (await tx.execute(select(chain.c.seq, chain.c.head).order_by(chain.c.seq.desc()).limit(1))).one_or_none()
    seq, before = (last.seq + 1, last.head) if last is not None else (1, _START)
    # A row that vanished before it was chained stays named by the chain, with nothing for its mac: verify finds it.
    digest = _digest(macs.get(one, b"") for one in ids)
    head = _head(keyring, before, seq, ids, digest)
    await tx.execute(
        insert(chain).values(id=clock.new_id(), seq=seq, sealed_at=clock.now(), ids=ids, digest=digest, head=head)
    )
    done = delete(pending).where(pending.c.id == any_(bindparam("batches", type_=ARRAY(Uuid))))
    await tx.execute(done, {"batches": [batch.id for batch in batches]})
    return Head(seq, head)


async def verify(
    conn: AsyncConnection, tables: AuditTables, keyring: Keyring, anchors: Sequence[Head] = ()
) -> list[Finding]:
    """Everything that is wrong with the record: changed, missing, foreign rows, a broken or shortened chain."""
    findings: list[Finding] = []
    witnessed: set[UUID] = set()
    heads: dict[int, bytes] = {}
    before, expected = _START, 1
    seals = await conn.execute(select(tables.seal).order_by(tables.seal.c.seq))
    for link in seals:
        if link.seq != expected:
            findings.append(Finding(link.id, f"the chain has {link.seq} where {expected} should be"))
        if _head(keyring, before, link.seq, link.ids, link.digest) != link.head:
            findings.append(Finding(link.id, f"link {link.seq} of the chain was changed"))
        before, expected = link.head, link.seq + 1
        heads[link.seq] = link.head
        witnessed.update(link.ids)
        findings += await _rows(conn, tables, keyring, link.ids, link.digest)
    for batch in await conn.execute(select(tables.pending)):
        if _witness(keyring, batch.id, batch.ids) != batch.mac:
            findings.append(Finding(batch.id, "a witness that is not chained yet was changed"))
        witnessed.update(batch.ids)
        findings += await _rows(conn, tables, keyring, batch.ids, None)
    findings += await _foreign(conn, tables, witnessed)
    for anchor in anchors:
        if heads.get(anchor.seq) != anchor.head:
            what = "is missing" if anchor.seq not in heads else "differs"
            findings.append(Finding(None, f"link {anchor.seq}, known outside, {what}"))
    return findings


async def _rows(
    conn: AsyncConnection, tables: AuditTables, keyring: Keyring, ids: Sequence[UUID], digest: bytes | None
) -> list[Finding]:
    findings = []
    found = select(tables.audit).where(tables.audit.c.id == any_(bindparam("ids", type_=ARRAY(Uuid))))
    rows = {row.id: row for row in await conn.execute(found, {"ids": list(ids)})}
    for one in ids:
        row = rows.get(one)
        if row is None:
            findings.append(Finding(one, "the row is missing"))
        elif keyring.mac("audit", row.canonical) != row.mac or not _agrees(row):
            findings.append(Finding(one, "the row was changed"))
    if digest is not None and not findings and _digest(rows[one].mac for one in ids) != digest:
        findings.append(Finding(ids[0], "rows from here on do not add up to their link of the chain"))
    return findings


def _agrees(row: Any) -> bool:
    """Whether the columns say what the signed bytes say."""
    told = orjson.loads(row.canonical)
    subject = None if row.subject_kind is None else [row.subject_kind, str(row.subject_id)]
    return bool(told["id"] == str(row.id) and told["subject"] == subject)


async def _foreign(conn: AsyncConnection, tables: AuditTables, witnessed: set[UUID]) -> list[Finding]:
    """Rows that nobody witnessed: they were put in by another road."""
    findings: list[Finding] = []
    audit, last = tables.audit, None
    while True:
        page = select(audit.c.id).order_by(audit.c.id).limit(_VERIFY_ROWS)
        ids = list((await conn.execute(page if last is None else page.where(audit.c.id > last))).scalars())
        findings += [Finding(one, "the row was never witnessed") for one in ids if one not in witnessed]
        if len(ids) < _VERIFY_ROWS:
            return findings
        last = ids[-1]


async def of_subject(conn: AsyncConnection, tables: AuditTables, subject: Subject, limit: int) -> list[dict[str, Any]]:
    """What was done to and read of a subject, newest first: the "who looked" list."""
    audit = tables.audit
    mine = select(audit.c.canonical).where(audit.c.subject_id == subject.id, audit.c.subject_kind == subject.kind)
    rows = await conn.execute(mine.order_by(audit.c.id.desc()).limit(limit))
    return [orjson.loads(row.canonical) for row in rows]


async def size(conn: AsyncConnection, tables: AuditTables) -> int:
    """How many rows the record holds."""
    return int((await conn.execute(select(func.count(literal_column("1"))).select_from(tables.audit))).scalar_one())
