"""One key per subject: bound to row and field, gone for good once erased, re-wrapped under a new master beside live writes."""

import asyncio
import base64
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from sqlalchemy import Column, LargeBinary, Table, Uuid, delete, insert, select

from shared import clock
from shared.crypto import Keyring, SealBroken, Subject, Vault, blind_index, rotated, subject_key_table
from shared.db import Database, new_metadata
from shared.telemetry import configure

metadata = new_metadata()
KEYS = subject_key_table(metadata)
SEALED = Table(
    "sealed",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("subject", Uuid, nullable=False),
    Column("name", LargeBinary, nullable=False),
)


@pytest.fixture
async def db(empty_database: str) -> AsyncIterator[Database]:
    database = Database(empty_database, pool_size=25)
    async with database.begin() as tx:
        await tx.run_sync(metadata.create_all)
    yield database
    await database.close()


@pytest.fixture
def secrets() -> dict[str, Any]:
    return Keyring.generate()


@pytest.fixture
def vault(secrets: dict[str, Any]) -> Vault:
    return Vault(Keyring(secrets), KEYS)


def somebody() -> Subject:
    return Subject("customer", uuid4())


async def write(db: Database, vault: Vault, subject: Subject, text: str = "Zhang Wei") -> UUID | None:
    """Keep a sealed name; None where the subject is erased."""
    row = clock.new_id()
    async with db.begin() as tx:
        key = (await vault.for_write(tx, [subject]))[subject]
        if key is None:
            return None
        sealed = key.seal(text, row=row, field="name")
        await tx.execute(insert(SEALED).values(id=row, subject=subject.id, name=sealed))
    return row


async def read(db: Database, vault: Vault, subject: Subject) -> list[str]:
    """Every name of a subject that still opens."""
    async with db.read() as conn:
        key = (await vault.for_read(conn, [subject]))[subject]
        rows = (await conn.execute(select(SEALED).where(SEALED.c.subject == subject.id).order_by(SEALED.c.id))).all()
    return [] if key is None else [key.open(row.name, row=row.id, field="name") for row in rows]


async def erase(db: Database, vault: Vault, subject: Subject) -> bool:
    async with db.begin() as tx:
        return await vault.erase(tx, subject, clock.now())


async def test_what_is_sealed_opens_for_its_own_row_and_field_only(db: Database, vault: Vault) -> None:
    subject, row = somebody(), uuid4()
    async with db.begin() as tx:
        key = (await vault.for_write(tx, [subject]))[subject]
        other = (await vault.for_write(tx, [somebody()])).popitem()[1]
    assert key is not None
    assert other is not None
    blob = key.seal("Zhang Wei 张伟", row=row, field="name")
    assert key.open(blob, row=row, field="name") == "Zhang Wei 张伟"
    assert blob != key.seal("Zhang Wei 张伟", row=row, field="name")
    assert b"Zhang" not in blob
    for by, what, for_row, for_field in (
        (key, blob, uuid4(), "name"),
        (key, blob, row, "occupation"),
        (key, blob[:-1] + bytes([blob[-1] ^ 1]), row, "name"),
        (key, blob[:20], row, "name"),
        (key, blob[:5], row, "name"),
        (key, b"", row, "name"),
        (other, blob, row, "name"),
    ):
        with pytest.raises(SealBroken) as caught:
            by.open(what, row=for_row, field=for_field)
        assert "Zhang" not in str(caught.value)


async def test_a_subject_keeps_its_key_over_processes(db: Database, vault: Vault, secrets: dict[str, Any]) -> None:
    subject = somebody()
    await write(db, vault, subject, "a")
    await write(db, Vault(Keyring(secrets), KEYS), subject, "b")
    assert await read(db, Vault(Keyring(secrets), KEYS), subject) == ["a", "b"]


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("by_reading", [False, True])
async def test_a_key_whose_making_is_rolled_back_seals_nothing_afterwards(
    db: Database, vault: Vault, secrets: dict[str, Any], *, nested: bool, by_reading: bool
) -> None:
    """Found again in the transaction that made it, a key is not yet for good: the next one made is another."""
    subject = somebody()
    async with db.begin() as tx:
        async with tx.begin_nested() if nested else contextlib.nullcontext():
            await vault.for_write(tx, [subject])
        again = vault.for_read if by_reading else vault.for_write
        assert (await again(tx, [subject]))[subject] is not None
        await tx.rollback()
    assert await read(db, vault, subject) == []
    for name in ("a", "b", "c"):
        await write(db, vault, subject, name)
    assert await read(db, vault, subject) == ["a", "b", "c"]
    assert await read(db, Vault(Keyring(secrets), KEYS), subject) == ["a", "b", "c"]


async def test_a_database_put_back_to_before_a_subject_makes_it_a_new_key(
    db: Database, vault: Vault, secrets: dict[str, Any]
) -> None:
    subject = somebody()
    await write(db, vault, subject, "lost")
    await write(db, vault, subject, "lost too")
    async with db.begin() as tx:
        await tx.execute(delete(KEYS))
        await tx.execute(delete(SEALED))
    await write(db, vault, subject, "new")
    assert await read(db, vault, subject) == ["new"]
    assert await read(db, Vault(Keyring(secrets), KEYS), subject) == ["new"]


async def test_keys_of_two_kinds_with_one_id_are_two(db: Database, vault: Vault) -> None:
    same = uuid4()
    one, two = Subject("customer", same), Subject("feedback", same)
    async with db.begin() as tx:
        keys = await vault.for_write(tx, [one, two, one])
    first, second = keys[one], keys[two]
    assert first is not None
    assert second is not None
    with pytest.raises(SealBroken):
        second.open(first.seal("x", row=same, field="f"), row=same, field="f")


async def test_the_unknown_have_no_key_to_read(db: Database, vault: Vault) -> None:
    subject = somebody()
    async with db.read() as conn:
        assert await vault.for_read(conn, [subject]) == {subject: None}
        assert await vault.erased(conn, [subject]) == set()
        assert await vault.for_read(conn, []) == {}


async def test_an_erased_subject_gets_no_key_again(db: Database, vault: Vault) -> None:
    subject, other = somebody(), somebody()
    await write(db, vault, subject)
    await write(db, vault, other)
    assert await erase(db, vault, subject)
    assert not await erase(db, vault, subject)
    assert await write(db, vault, subject) is None
    assert await read(db, vault, subject) == []
    assert await read(db, vault, other) == ["Zhang Wei"]
    async with db.read() as conn:
        assert await vault.erased(conn, [subject, other]) == {subject}
        row = (await conn.execute(select(KEYS).where(KEYS.c.subject_id == subject.id))).one()
    assert (row.wrapped, row.master_id) == (None, None)


async def test_a_subject_never_heard_of_can_be_erased_before_it_comes(db: Database, vault: Vault) -> None:
    subject = somebody()
    assert await erase(db, vault, subject)
    assert await write(db, vault, subject) is None


async def test_an_erasure_that_is_rolled_back_erased_nothing(db: Database, vault: Vault) -> None:
    subject = somebody()
    await write(db, vault, subject)
    async with db.begin() as tx:
        await vault.erase(tx, subject, clock.now())
        await tx.rollback()
    assert await read(db, vault, subject) == ["Zhang Wei"]


@pytest.mark.parametrize("known", [True, False], ids=["known", "unknown"])
async def test_an_erasure_among_twenty_writers_leaves_nothing_readable(
    db: Database, vault: Vault, secrets: dict[str, Any], known: bool
) -> None:
    subject = somebody()
    if known:
        await write(db, vault, subject)
    writers = [Vault(Keyring(secrets), KEYS) for _ in range(20)]

    begun = asyncio.Event()

    async def keep_writing(own: Vault) -> list[UUID]:
        written: list[UUID] = []
        while (row := await write(db, own, subject)) is not None:
            written.append(row)
            begun.set()
        return written

    writing = [asyncio.create_task(keep_writing(own)) for own in writers]
    await begun.wait()
    assert await erase(db, vault, subject)
    written = [row for rows in await asyncio.gather(*writing) for row in rows]
    assert written
    # No writer comes through after it, and what came before opens for nobody who asks anew.
    assert await write(db, vault, subject) is None
    assert await read(db, Vault(Keyring(secrets), KEYS), subject) == []
    async with db.read() as conn:
        held = (await conn.execute(select(KEYS.c.wrapped).where(KEYS.c.subject_id == subject.id))).scalars().all()
    assert held == [None]


async def test_an_erasure_waits_for_a_write_under_way_and_comes_wholly_after_it(db: Database, vault: Vault) -> None:
    subject = somebody()
    await write(db, vault, subject)
    async with db.begin() as tx:
        assert (await vault.for_write(tx, [subject]))[subject] is not None
        erasing = asyncio.create_task(erase(db, vault, subject))
        await asyncio.sleep(0.1)
        assert not erasing.done()
    assert await erasing
    assert await read(db, vault, subject) == []


async def test_a_cached_key_is_dropped_when_told_and_by_itself(
    db: Database, vault: Vault, secrets: dict[str, Any]
) -> None:
    subject = somebody()
    await write(db, vault, subject)
    assert await read(db, vault, subject) == ["Zhang Wei"]
    elsewhere = Vault(Keyring(secrets), KEYS)
    await erase(db, elsewhere, subject)
    # Another process erased it: ours still has the key, until it hears of it.
    assert await read(db, vault, subject) == ["Zhang Wei"]
    vault.drop(subject)
    assert await read(db, vault, subject) == []
    hasty = Vault(Keyring(secrets), KEYS, cache_seconds=0.0)
    other = somebody()
    await write(db, hasty, other)
    assert await read(db, hasty, other) == ["Zhang Wei"]
    await erase(db, elsewhere, other)
    assert await read(db, hasty, other) == []


async def test_what_the_eraser_itself_had_cached_is_gone_at_once(db: Database, vault: Vault) -> None:
    subject = somebody()
    await write(db, vault, subject)
    await read(db, vault, subject)
    await erase(db, vault, subject)
    assert await read(db, vault, subject) == []


def with_master(secrets: dict[str, Any], name: str) -> dict[str, Any]:
    """The same secrets with a new current master beside the old ones."""
    fresh = base64.b64encode(os.urandom(32)).decode()
    return secrets | {"current": name, "masters": secrets["masters"] | {name: fresh}}


async def test_rotation_rewraps_beside_live_writes_and_the_old_master_is_needed_no_more(
    db: Database, vault: Vault, secrets: dict[str, Any]
) -> None:
    subjects = [somebody() for _ in range(60)]
    for subject in subjects:
        await write(db, vault, subject)
    turned = with_master(secrets, "m2")
    new = Vault(Keyring(turned), KEYS)
    erased = subjects[7]

    async def live(vault: Vault, mine: list[Subject]) -> None:
        for subject in mine:
            await write(db, vault, subject, "later")

    # Processes with the old keyring as current still write while the first new one re-wraps.
    both = with_master(turned, "m2") | {"masters": turned["masters"], "current": "m1"}
    late = [somebody() for _ in range(20)]
    await asyncio.gather(
        new.rewrap(db, batch=5),
        Vault(Keyring(turned), KEYS).rewrap(db, batch=7),
        live(new, subjects[:30]),
        live(Vault(Keyring(both), KEYS), [*subjects[30:], *late]),
        erase(db, vault, erased),
    )
    await new.rewrap(db)
    assert await new.rewrap(db) == 0
    only_new = Vault(Keyring(turned | {"masters": {"m2": turned["masters"]["m2"]}}), KEYS)
    for subject in subjects:
        if subject != erased:
            assert await read(db, only_new, subject) == ["Zhang Wei", "later"]
    for subject in late:
        assert await read(db, only_new, subject) == ["later"]
    assert await read(db, only_new, erased) == []


async def test_a_master_that_was_taken_away_too_early_is_said(
    db: Database, vault: Vault, secrets: dict[str, Any]
) -> None:
    subject = somebody()
    await write(db, vault, subject)
    turned = with_master(secrets, "m2")
    too_early = Vault(Keyring(turned | {"masters": {"m2": turned["masters"]["m2"]}}), KEYS)
    with pytest.raises(SealBroken, match="m1"):
        await read(db, too_early, subject)


async def test_a_wrapped_key_cannot_be_given_to_another_subject(db: Database, vault: Vault) -> None:
    one, two = somebody(), somebody()
    await write(db, vault, one)
    await write(db, vault, two)
    async with db.begin() as tx:
        wrapped = select(KEYS.c.wrapped).where(KEYS.c.subject_id == one.id).scalar_subquery()
        await tx.execute(KEYS.update().where(KEYS.c.subject_id == two.id).values(wrapped=wrapped))
    with pytest.raises(SealBroken):
        await read(db, vault, two)


def test_a_blind_index_is_equal_for_equals_and_has_a_key_for_each_field_and_service() -> None:
    one, two = Keyring(Keyring.generate()), Keyring(Keyring.generate())
    phone = blind_index(one, "phone", "+8613812345678")
    assert phone == blind_index(one, "phone", "+8613812345678")
    others = [
        blind_index(one, "phone", "+8613812345679"),
        blind_index(one, "email", "+8613812345678"),
        blind_index(one, "", "+8613812345678"),
        blind_index(two, "phone", "+8613812345678"),
        one.mac("audit", b"+8613812345678"),
    ]
    assert phone not in others
    assert len(set(others)) == len(others)


@pytest.mark.parametrize(
    "broken",
    [
        {"current": "m9"},
        {"index": "short"},
        {"masters": {"m1": base64.b64encode(b"short").decode()}},
        {"audit": base64.b64encode(b"x" * 31).decode()},
    ],
)
def test_a_keys_file_that_cannot_be_used_is_said_without_its_content(tmp_path: Path, broken: dict[str, Any]) -> None:
    path = tmp_path / "keys.json"
    secrets = Keyring.generate() | broken
    path.write_bytes(orjson.dumps(secrets))
    with pytest.raises(ValueError, match=r"keys\.json cannot be used") as caught:
        Keyring.load(path)
    assert not any(str(secrets[name]) in str(caught.value) for name in ("index", "audit", "gate", "cursor"))


def test_a_rotated_keys_file_reaches_a_process_that_runs(secrets: dict[str, Any], tmp_path: Path) -> None:
    """It opens what the new master wraps at once, and a file that cannot be used changes nothing."""
    configure("error")  # this test's own output: an earlier one may have closed what it wrote to
    path = tmp_path / "keys.json"
    path.write_bytes(orjson.dumps(secrets))
    running, subject = Keyring.load(path), Subject("customer", uuid4())
    before = running.wrap(b"k" * 32, subject)
    path.write_bytes(orjson.dumps(rotated(secrets)))
    elsewhere = Keyring.load(path)
    assert (before[0], elsewhere.current) == ("m1", "m2")
    assert running.unwrap(*elsewhere.wrap(b"n" * 32, subject), subject) == b"n" * 32
    assert running.unwrap(*before, subject) == b"k" * 32
    assert running.wrap(b"k" * 32, subject)[0] == "m2"
    path.write_text("{")
    with pytest.raises(SealBroken):
        running.unwrap("m3", before[1], subject)
    assert running.unwrap(*before, subject) == b"k" * 32
