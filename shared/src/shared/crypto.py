"""Sealing personal fields under one key per subject, wrapped by a master key; destroying that key is forgetting."""

import base64
import hashlib
import os
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from operator import attrgetter
from pathlib import Path
from typing import Any, Final, NamedTuple, Self
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import (
    Column,
    DateTime,
    LargeBinary,
    MetaData,
    Table,
    Text,
    Uuid,
    and_,
    func,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from shared import clock
from shared.db import Database, unnest
from shared.telemetry import log

NORMALISER_VERSION: Final = 1
_NONCE: Final = 12
_KEY: Final = 32
_BLOCK: Final = 64
_CACHED: Final = 20_000
# How soon a running process wraps under a new master.
_LOOK_SECONDS: Final = 30.0


class Subject(NamedTuple):
    """Whom a key belongs to: a customer, an expression, a job."""

    kind: str
    id: UUID


# As Subjects compare, but by numbers: an id's own comparison is Python, and a batch makes twenty thousand.
_IN_ORDER: Final = attrgetter("kind", "id.int")


class SealBroken(ValueError):
    """Sealed bytes do not open: another key, another row or field, or they were changed."""


@dataclass(frozen=True, slots=True)
class DataKey:
    """One subject's key: seals a text for one field of one row, and opens it only there."""

    cipher: AESGCM

    def seal(self, text: str, *, row: UUID, field: str) -> bytes:
        """AES-256-GCM under a fresh nonce; row and field are authenticated, so that no blob can be moved."""
        return self.seal_bytes(text.encode(), row=row, field=field)

    def seal_bytes(self, data: bytes, *, row: UUID, field: str) -> bytes:
        """The same for what is no text."""
        nonce = os.urandom(_NONCE)
        return nonce + self.cipher.encrypt(nonce, data, row.bytes + field.encode())

    def open(self, blob: bytes, *, row: UUID, field: str) -> str:
        """The text that was sealed for this row and field; raises SealBroken for any other."""
        return self.open_bytes(blob, row=row, field=field).decode()

    def open_bytes(self, blob: bytes, *, row: UUID, field: str) -> bytes:
        """The same for what is no text."""
        try:
            return self.cipher.decrypt(blob[:_NONCE], blob[_NONCE:], row.bytes + field.encode())
        except (InvalidTag, ValueError):  # ValueError: too short to hold a nonce
            raise SealBroken(f"field {field} does not open") from None


class _Mac:
    """HMAC-SHA-256 (RFC 2104) with its two pads hashed beforehand: a write needs half a dozen, and each costs half so."""

    def __init__(self, key: bytes) -> None:
        block = key.ljust(_BLOCK, b"\x00")
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block))
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block))

    def of(self, data: bytes) -> bytes:
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(data)
        outer.update(inner.digest())
        return outer.digest()


class Keyring:
    """The secrets of one service: master keys by id, and the keys of its HMACs.

    One that was loaded from a file looks at it again: a rotation of the master reaches a running process by itself.
    """

    def __init__(self, secrets: Mapping[str, Any], *, path: Path | None = None) -> None:
        self._path = path
        self._read_at, self._written = time.monotonic(), _written(path)
        self._take(secrets)
        self._macs = {name: _Mac(_bytes(secrets[name])) for name in ("index", "audit", "gate", "cursor")}

    def _take(self, secrets: Mapping[str, Any]) -> None:
        masters = {name: AESGCM(_bytes(key)) for name, key in secrets["masters"].items()}
        if secrets["current"] not in masters:
            raise ValueError(f"master key {secrets['current']} is named as current but not given")
        self.current: str = secrets["current"]
        self._masters = masters

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the file provider's JSON; a missing or broken file is said without its content."""
        try:
            return cls(orjson.loads(path.read_bytes()), path=path)
        except (OSError, orjson.JSONDecodeError, KeyError, ValueError) as error:
            raise ValueError(f"the keys file {path} cannot be used: {type(error).__name__}") from None

    def _look_again(self) -> None:
        """Take the masters of the file if it was written since; one that cannot be used changes nothing."""
        self._read_at = time.monotonic()
        written = _written(self._path)
        if self._path is None or written in {None, self._written}:
            return
        try:
            self._take(orjson.loads(self._path.read_bytes()))
            self._written = written
        except (OSError, orjson.JSONDecodeError, KeyError, ValueError) as error:
            log.error("keys_file_unusable", kind=type(error).__name__)

    @staticmethod
    def generate() -> dict[str, Any]:
        """Fresh secrets, for development and tests."""

        def fresh() -> str:
            return base64.b64encode(os.urandom(_KEY)).decode()

        return {"current": "m1", "masters": {"m1": fresh()}} | {
            name: fresh() for name in ("index", "audit", "gate", "cursor")
        }

    def mac(self, purpose: str, data: bytes) -> bytes:
        """HMAC-SHA-256 under the key of the purpose; `index:<field>` has a key of its own for each field."""
        keyed = self._macs.get(purpose)
        if keyed is None:
            root, _, field = purpose.partition(":")
            keyed = self._macs[purpose] = _Mac(self.mac(root, field.encode()))
        return keyed.of(data)

    def wrap(self, key: bytes, subject: Subject) -> tuple[str, bytes]:
        """The data key under the current master; the subject is authenticated."""
        if time.monotonic() - self._read_at > _LOOK_SECONDS:
            self._look_again()
        nonce = os.urandom(_NONCE)
        return self.current, nonce + self._masters[self.current].encrypt(nonce, key, _name(subject))

    def unwrap(self, master_id: str, wrapped: bytes, subject: Subject) -> bytes:
        """The data key again; raises SealBroken if the master is not ours any more."""
        if master_id not in self._masters:
            self._look_again()
        master = self._masters.get(master_id)
        if master is None:
            raise SealBroken(f"master key {master_id} is not in the keyring")
        try:
            return master.decrypt(wrapped[:_NONCE], wrapped[_NONCE:], _name(subject))
        except (InvalidTag, ValueError):  # ValueError: too short to hold a nonce
            raise SealBroken(f"a key wrapped by {master_id} does not open") from None


def rotated(secrets: Mapping[str, Any]) -> dict[str, Any]:
    """The secrets with a new master that is current from now on; the older ones still open what they wrap."""
    number = 1 + max((int(name[1:]) for name in secrets["masters"] if name[1:].isdigit()), default=0)
    fresh = base64.b64encode(os.urandom(_KEY)).decode()
    return {**secrets, "current": f"m{number}", "masters": {**secrets["masters"], f"m{number}": fresh}}


def _written(path: Path | None) -> int | None:
    """When a file was last written, or None where there is none."""
    try:
        return None if path is None else path.stat().st_mtime_ns
    except OSError:
        return None


def _bytes(text: str) -> bytes:
    key = base64.b64decode(text, validate=True)
    if len(key) != _KEY:
        raise ValueError("a key has 32 bytes")
    return key


def _name(subject: Subject) -> bytes:
    return subject.kind.encode() + subject.id.bytes


def blind_index(keyring: Keyring, field: str, normalised: str) -> bytes:
    """What a high-entropy value is looked up by: an HMAC under the field's own key."""
    return keyring.mac(f"index:{field}", normalised.encode())


def subject_key_table(metadata: MetaData) -> Table:
    """The wrapped keys on a service's own metadata; `erased_at` without a key is a tombstone."""
    return Table(
        "subject_key",
        metadata,
        Column("subject_kind", Text, primary_key=True),
        Column("subject_id", Uuid, primary_key=True),
        Column("wrapped", LargeBinary),
        Column("master_id", Text),
        Column("created_at", DateTime(timezone=True), nullable=False),
        Column("erased_at", DateTime(timezone=True)),
    )


@cache
def _create(table: Table) -> Any:
    fresh = unnest("fresh", kind=Text, id=Uuid, wrapped=LargeBinary, master_id=Text, created_at=DateTime(timezone=True))
    # Sorted by the unique key, so that two groups with the same subjects do not deadlock.
    rows = select(*fresh.c).order_by(fresh.c.kind, fresh.c.id)
    names = ["subject_kind", "subject_id", "wrapped", "master_id", "created_at"]
    return (
        insert(table)
        .from_select(names, rows)
        .on_conflict_do_nothing()
        .returning(table.c.subject_kind, table.c.subject_id)
    )


@cache
def _find(table: Table, *, lock: bool, alone: bool = False) -> Any:
    wanted = unnest("wanted", kind=Text, id=Uuid)
    matching = and_(table.c.subject_kind == wanted.c.kind, table.c.subject_id == wanted.c.id)
    # By their numbers every transaction that made a row we see has ended, save ours and its savepoints.
    settled = func.age(literal_column(f"{table.name}.xmin")) > 0
    found = select(table, settled.label("settled")).join(wanted, matching)
    # FOR SHARE meets the erasure's update, which FOR KEY SHARE would let pass.
    if not lock:
        return found
    return found.order_by(table.c.subject_kind, table.c.subject_id).with_for_update(read=not alone, of=table)


def _wanted(subjects: Sequence[Subject]) -> dict[str, list[Any]]:
    return {"kind": [one.kind for one in subjects], "id": [one.id for one in subjects]}


class Vault:
    """The data keys of one service's subjects: made at the first write, cached for a minute, destroyed for good."""

    def __init__(self, keyring: Keyring, table: Table, *, cache_seconds: float = 60.0) -> None:
        self._keyring = keyring
        self._table = table
        self._keep = cache_seconds
        self._cache: OrderedDict[Subject, tuple[float, DataKey]] = OrderedDict()

    async def for_write(self, tx: AsyncConnection, subjects: Sequence[Subject]) -> dict[Subject, DataKey | None]:
        """A key for each subject, made where there is none; None for the erased.

        The rows stay share-locked until `tx` ends, so that an erasure at the same moment comes wholly before or after.
        """
        distinct = sorted(set(subjects), key=_IN_ORDER)
        if not distinct:
            return {}
        # Whoever was opened before has a key: none need be made in case there is none.
        keys: dict[Subject, DataKey | None] = {}
        unheard = [subject for subject in distinct if subject not in self._cache]
        if unheard:
            keys |= await self._make(tx, unheard)
        known = [subject for subject in distinct if subject not in keys] if keys else distinct
        if known:
            keys |= self._opened((await tx.execute(_find(self._table, lock=True), _wanted(known))).all())
        if len(keys) < len(distinct):
            lost = [subject for subject in known if subject not in keys]
            # The database was put back to a time before them.
            for subject in lost:
                self._cache.pop(subject, None)
            keys |= dict.fromkeys(lost) | await self._make(tx, lost)
        return keys

    async def lock(self, tx: AsyncConnection, subjects: Sequence[Subject]) -> None:
        """Keep every other writer of these out until `tx` ends, to decide by what they wrote; taken before `for_write`."""
        if distinct := sorted(set(subjects), key=_IN_ORDER):
            await self._make(tx, distinct)  # a row that is not there cannot be locked
            await tx.execute(_find(self._table, lock=True, alone=True), _wanted(distinct))

    async def _make(self, tx: AsyncConnection, subjects: Sequence[Subject]) -> dict[Subject, DataKey]:
        """A new key for each of these that has none; they are not cached, since `tx` may yet be rolled back."""
        if not subjects:
            return {}
        made = {subject: os.urandom(_KEY) for subject in subjects}
        wrapped = {subject: self._keyring.wrap(key, subject) for subject, key in made.items()}
        rows = await tx.execute(
            _create(self._table),
            _wanted(subjects)
            | {
                "wrapped": [wrapped[subject][1] for subject in subjects],
                "master_id": [wrapped[subject][0] for subject in subjects],
                "created_at": [clock.now()] * len(subjects),
            },
        )
        fresh = [Subject(row.subject_kind, row.subject_id) for row in rows]
        return {subject: DataKey(AESGCM(made[subject])) for subject in fresh}

    async def for_read(self, conn: AsyncConnection, subjects: Sequence[Subject]) -> dict[Subject, DataKey | None]:
        """The key of each subject, from the cache where it is at most a minute old; None for the erased and unknown."""
        oldest = time.monotonic() - self._keep
        keys: dict[Subject, DataKey | None] = {}
        missing: list[Subject] = []
        for subject in set(subjects):
            kept = self._cache.get(subject)
            if kept is not None and kept[0] >= oldest:
                keys[subject] = kept[1]
            else:
                keys[subject] = None
                missing.append(subject)
        if missing:
            keys |= self._opened((await conn.execute(_find(self._table, lock=False), _wanted(missing))).all())
        return keys

    def _opened(self, rows: Sequence[Any]) -> dict[Subject, DataKey | None]:
        keys: dict[Subject, DataKey | None] = {}
        at = time.monotonic()
        for row in rows:
            subject = Subject(row.subject_kind, row.subject_id)
            if row.wrapped is None:
                keys[subject] = None
                continue
            # A subject has one key for life: if the row still has it, the one opened before is that one, however old.
            known = self._cache.pop(subject, None)
            key = known[1] if known else DataKey(AESGCM(self._keyring.unwrap(row.master_id, row.wrapped, subject)))
            keys[subject] = key
            # Never one whose row may yet be rolled back: another would be made, and what this one sealed could not be read.
            if row.settled:
                self._cache[subject] = (at, key)
        while len(self._cache) > _CACHED:
            self._cache.popitem(last=False)
        return keys

    async def erased(self, conn: AsyncConnection, subjects: Sequence[Subject]) -> set[Subject]:
        """Which of the subjects are tombstones."""
        if not subjects:
            return set()
        rows = await conn.execute(_find(self._table, lock=False), _wanted(list(set(subjects))))
        return {Subject(row.subject_kind, row.subject_id) for row in rows if row.erased_at is not None}

    async def erase(self, tx: AsyncConnection, subject: Subject, at: datetime) -> bool:
        """Destroy the subject's key and leave a tombstone, even for a subject never heard of; whether it is new."""
        self.drop(subject)
        tomb = insert(self._table).values(
            subject_kind=subject.kind, subject_id=subject.id, created_at=at, erased_at=at, wrapped=None, master_id=None
        )
        shredded = tomb.on_conflict_do_update(
            index_elements=["subject_kind", "subject_id"],
            set_={"wrapped": None, "master_id": None, "erased_at": tomb.excluded.erased_at},
            where=self._table.c.erased_at.is_(None),
        ).returning(self._table.c.subject_id)
        return (await tx.execute(shredded)).first() is not None

    def drop(self, subject: Subject) -> None:
        """Forget a cached key: on hearing of an erasure."""
        self._cache.pop(subject, None)

    async def rewrap(self, db: Database, *, batch: int = 500) -> int:
        """Wrap every key that an older master wraps under the current one; how many were. Safe beside everything."""
        table, total = self._table, 0
        stale = (
            select(table)
            .where(table.c.wrapped.is_not(None), table.c.master_id != self._keyring.current)
            .order_by(table.c.subject_kind, table.c.subject_id)
            .limit(batch)
            .with_for_update(skip_locked=True)
        )
        while True:
            async with db.begin() as tx:
                rows = (await tx.execute(stale)).all()
                for row in rows:
                    subject = Subject(row.subject_kind, row.subject_id)
                    key = self._keyring.unwrap(row.master_id, row.wrapped, subject)
                    master_id, wrapped = self._keyring.wrap(key, subject)
                    here = and_(table.c.subject_kind == subject.kind, table.c.subject_id == subject.id)
                    await tx.execute(update(table).where(here).values(wrapped=wrapped, master_id=master_id))
            total += len(rows)
            if not rows:
                return total
