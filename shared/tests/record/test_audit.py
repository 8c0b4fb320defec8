"""The record of acts: clean while nobody touches it, and whatever is done to it behind our back is found and named."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from shared import audit, clock, partitions
from shared.access import Caller
from shared.audit import Entry, Finding, Head, audit_tables
from shared.crypto import Keyring, Subject
from shared.db import Database, new_metadata
from shared.problems import Unavailable

metadata = new_metadata()
TABLES = audit_tables(metadata)
SOMEBODY = Caller(sub="clerk-7", actor="staff", scopes=frozenset(), branch="b1", request_id="r")


class Book:
    """A record over a database of the test's own, with what a test does to it."""

    def __init__(self, db: Database, keyring: Keyring) -> None:
        self.db = db
        self.keyring = keyring

    async def write(self, many: int, subject: UUID | None = None) -> None:
        """As many acts in one transaction."""
        async with self.db.begin() as tx:
            await audit.record(tx, TABLES, self.keyring, entries(many, subject))

    async def seal(self) -> Head | None:
        async with self.db.begin() as tx:
            return await audit.seal(tx, TABLES, self.keyring)

    async def verify(self, *anchors: Head) -> list[Finding]:
        async with self.db.read() as conn:
            return await audit.verify(conn, TABLES, self.keyring, anchors)

    async def tamper(self, statement: str, **values: object) -> None:
        async with self.db.begin() as tx:
            await tx.execute(text(statement), values)

    async def ids(self) -> list[UUID]:
        async with self.db.read() as conn:
            return list((await conn.execute(select(TABLES.audit.c.id).order_by(TABLES.audit.c.id))).scalars())

    async def links(self) -> list[UUID]:
        async with self.db.read() as conn:
            return list((await conn.execute(select(TABLES.seal.c.id).order_by(TABLES.seal.c.seq))).scalars())


def entries(many: int, subject: UUID | None = None) -> list[Entry]:
    whom = Subject("customer", subject or uuid4())
    return [Entry("customer.read", whom, "customer", whom.id, SOMEBODY, {"fields": "contact"}) for _ in range(many)]


def named(findings: Sequence[Finding]) -> set[str]:
    return {str(one.row_id) for one in findings}


@pytest.fixture
async def book(empty_database: str, keyring: Keyring) -> AsyncIterator[Book]:
    db = Database(empty_database)
    async with db.begin() as tx:
        await tx.run_sync(metadata.create_all)
        for table in ("audit", "audit_seal"):
            await partitions.ensure(tx, table, days_ahead=1)
    yield Book(db, keyring)
    await db.close()


async def test_an_empty_record_is_clean_and_has_nothing_to_seal(book: Book) -> None:
    assert await book.verify() == []
    assert await book.seal() is None


async def test_a_record_is_clean_before_and_after_sealing_and_its_heads_are_anchors(book: Book) -> None:
    await book.write(3)
    await book.write(1)
    assert await book.verify() == []
    first = await book.seal()
    await book.write(2)
    second = await book.seal()
    await book.write(2)
    assert first is not None
    assert second is not None
    assert (first.seq, second.seq) == (1, 2)
    assert await book.verify(first, second) == []
    assert len(await book.ids()) == 8


async def test_what_is_rolled_back_leaves_no_witness(book: Book) -> None:
    async with book.db.begin() as tx:
        await audit.record(tx, TABLES, book.keyring, entries(2))
        await tx.rollback()
    await book.write(1)
    await book.seal()
    assert await book.verify() == []


async def test_who_looked_at_a_subject_is_told_newest_first(book: Book) -> None:
    whom = uuid4()
    await book.write(3, whom)
    await book.write(2)
    async with book.db.read() as conn:
        told = await audit.of_subject(conn, TABLES, Subject("customer", whom), 10)
    assert [one["id"] for one in told] == [str(one) for one in reversed((await book.ids())[:3])]
    assert {(one["sub"], one["action"], one["branch"]) for one in told} == {("clerk-7", "customer.read", "b1")}


@pytest.mark.parametrize("sealed", [True, False], ids=["sealed", "unsealed"])
@pytest.mark.parametrize(
    ("statement", "what"),
    [
        (
            "UPDATE audit SET canonical = replace(convert_from(canonical, 'UTF8'), 'clerk-7', 'clerk-8')::bytea",
            "changed",
        ),
        ("UPDATE audit SET subject_id = gen_random_uuid()", "changed"),
        ("UPDATE audit SET subject_kind = NULL, subject_id = NULL", "changed"),
        ("UPDATE audit SET mac = sha256(mac)", "changed"),
        ("DELETE FROM audit", "missing"),
    ],
)
async def test_a_row_that_was_changed_or_deleted_is_named(book: Book, sealed: bool, statement: str, what: str) -> None:
    await book.write(5)
    if sealed:
        await book.seal()
    victim = (await book.ids())[2]
    await book.tamper(f"{statement} WHERE id = :id", id=victim)
    assert await book.verify() == [Finding(victim, f"the row {'is' if what == 'missing' else 'was'} {what}")]
    # The chain cannot wash it clean afterwards.
    await book.seal()
    assert str(victim) in named(await book.verify())


async def test_a_row_copied_over_another_is_named(book: Book) -> None:
    """Signed bytes are good for their own row only."""
    await book.write(4)
    await book.seal()
    ids = await book.ids()
    await book.tamper(
        "UPDATE audit SET canonical = o.canonical, mac = o.mac FROM audit o WHERE audit.id = :to AND o.id = :of",
        to=ids[1],
        of=ids[0],
    )
    assert named(await book.verify()) == {str(ids[1])}


async def test_truncating_the_record_names_every_row(book: Book) -> None:
    await book.write(3)
    await book.seal()
    await book.write(2)
    ids = await book.ids()
    await book.tamper("TRUNCATE audit")
    findings = await book.verify()
    assert named(findings) == {str(one) for one in ids}
    assert {one.what for one in findings} == {"the row is missing"}


async def test_truncating_everything_is_found_by_an_anchor_kept_outside(book: Book) -> None:
    await book.write(3)
    anchor = await book.seal()
    assert anchor is not None
    await book.tamper("TRUNCATE audit, audit_seal, audit_pending")
    assert await book.verify() == []
    assert await book.verify(anchor) == [Finding(None, "link 1, known outside, is missing")]


async def test_truncating_the_chain_names_the_rows_it_held(book: Book) -> None:
    await book.write(3)
    anchor = await book.seal()
    assert anchor is not None
    ids = await book.ids()
    await book.tamper("TRUNCATE audit_seal")
    findings = await book.verify(anchor)
    assert named(findings) == {*(str(one) for one in ids), "None"}


async def test_deleting_the_last_link_is_found_by_its_rows_and_by_the_anchor(book: Book) -> None:
    await book.write(2)
    await book.seal()
    await book.write(1)
    last = await book.seal()
    assert last is not None
    await book.tamper("DELETE FROM audit_seal WHERE seq = 2")
    row = (await book.ids())[2]
    assert await book.verify() == [Finding(row, "the row was never witnessed")]
    await book.tamper("DELETE FROM audit WHERE id = :id", id=row)
    # With its rows gone too, only who kept the head outside can tell.
    assert await book.verify() == []
    assert await book.verify(last) == [Finding(None, "link 2, known outside, is missing")]


async def test_a_chain_written_anew_differs_from_its_anchor(book: Book) -> None:
    await book.write(2)
    anchor = await book.seal()
    assert anchor is not None
    await book.tamper("TRUNCATE audit, audit_seal, audit_pending")
    await book.write(2)
    await book.seal()
    assert await book.verify(anchor) == [Finding(None, "link 1, known outside, differs")]


async def test_deleting_a_link_in_the_middle_breaks_the_chain_there(book: Book) -> None:
    for _ in range(3):
        await book.write(1)
        await book.seal()
    links, ids = await book.links(), await book.ids()
    await book.tamper("DELETE FROM audit_seal WHERE seq = 2")
    findings = await book.verify()
    assert Finding(links[2], "the chain has 3 where 2 should be") in findings
    assert Finding(ids[1], "the row was never witnessed") in findings
    # Renumbering does not close the gap.
    await book.tamper("UPDATE audit_seal SET seq = 2 WHERE seq = 3")
    assert Finding(links[2], "link 2 of the chain was changed") in await book.verify()


@pytest.mark.parametrize(
    "change",
    ["ids = ids[1:1]", "digest = sha256(digest)", "head = sha256(head)", "ids = array_append(ids, gen_random_uuid())"],
)
async def test_a_changed_link_is_named(book: Book, change: str) -> None:
    for _ in range(2):
        await book.write(2)
        await book.seal()
    first = (await book.links())[0]
    await book.tamper(f"UPDATE audit_seal SET {change} WHERE seq = 1")
    assert Finding(first, "link 1 of the chain was changed") in await book.verify()


async def test_a_row_put_in_by_another_road_is_named(book: Book) -> None:
    await book.write(2)
    await book.seal()
    stranger = clock.new_id()
    values = {"id": stranger, "canonical": b"{}", "mac": b"x"}
    async with book.db.begin() as tx:
        await tx.execute(insert(TABLES.audit).values(**values))
    assert await book.verify() == [Finding(stranger, "the row was never witnessed")]


@pytest.mark.parametrize("change", ["ids = ids[1:1]", "mac = sha256(mac)"])
async def test_a_changed_witness_is_named(book: Book, change: str) -> None:
    await book.write(2)
    async with book.db.read() as conn:
        witness = (await conn.execute(select(TABLES.pending.c.id))).scalar_one()
    await book.tamper(f"UPDATE audit_pending SET {change}")
    assert Finding(witness, "a witness that is not chained yet was changed") in await book.verify()


async def test_a_witness_changed_before_sealing_is_not_washed_clean_by_the_chain(book: Book) -> None:
    """Whoever deletes a row and its name in the witness must not get an honest link for the rest."""
    await book.write(3)
    victim = (await book.ids())[1]
    await book.tamper("UPDATE audit_pending SET ids = array_remove(ids, :id)", id=victim)
    await book.tamper("DELETE FROM audit WHERE id = :id", id=victim)
    assert await book.verify() != []
    await book.seal()
    assert await book.verify() != []


async def test_deleting_a_witness_leaves_its_rows_unwitnessed(book: Book) -> None:
    await book.write(2)
    await book.tamper("DELETE FROM audit_pending")
    assert named(await book.verify()) == {str(one) for one in await book.ids()}


async def test_another_key_confirms_nothing(book: Book) -> None:
    await book.write(2)
    await book.seal()
    book.keyring = Keyring(Keyring.generate())
    assert {str(one) for one in await book.ids()} <= named(await book.verify())


async def test_recorders_and_sealers_at_once_leave_one_whole_chain(book: Book) -> None:
    """Slow transactions commit behind faster ones: none is passed over, and no two links have one number."""
    done = asyncio.Event()

    async def record(turns: int) -> None:
        for turn in range(turns):
            async with book.db.begin() as tx:
                await audit.record(tx, TABLES, book.keyring, entries(2))
                await asyncio.sleep(0.003 * (turn % 4))

    async def keep_sealing() -> None:
        while not done.is_set():
            await book.seal()
            await asyncio.sleep(0.002)

    sealing = [asyncio.create_task(keep_sealing()) for _ in range(2)]
    await asyncio.gather(*(record(20) for _ in range(5)))
    done.set()
    await asyncio.gather(*sealing)
    head = await book.seal()
    assert await book.verify(*([head] if head else [])) == []
    assert len(await book.ids()) == 200
    async with book.db.read() as conn:
        chained = [one for ids in (await conn.execute(select(TABLES.seal.c.ids))).scalars() for one in ids]
        assert (await conn.execute(select(TABLES.pending.c.id))).all() == []
    assert sorted(chained) == await book.ids()


@pytest.mark.parametrize(
    "broken",
    ["ALTER TABLE audit RENAME TO audit_gone", "ALTER TABLE audit_pending RENAME TO gone", "DROP TABLE audit_p{today}"],
)
async def test_a_read_that_cannot_be_recorded_is_refused(book: Book, broken: str) -> None:
    async with book.db.begin() as tx:
        await tx.execute(text(broken.format(today=f"{clock.now():%Y%m%d}")))
    with pytest.raises(Unavailable):
        async with book.db.begin() as tx:
            await audit.seen(tx, TABLES, book.keyring, entries(1))


async def test_a_role_without_the_right_to_record_reads_nothing(book: Book) -> None:
    async def as_reader(tx: AsyncConnection) -> None:
        await tx.execute(text("SET LOCAL ROLE reader_only"))
        await audit.seen(tx, TABLES, book.keyring, entries(1))

    async with book.db.begin() as tx:
        await tx.execute(text("DROP ROLE IF EXISTS reader_only"))
        await tx.execute(text("CREATE ROLE reader_only"))
        await tx.execute(text("GRANT SELECT ON audit, audit_pending TO reader_only"))
    try:
        with pytest.raises(Unavailable):
            async with book.db.begin() as tx:
                await as_reader(tx)
    finally:
        async with book.db.begin() as tx:
            await tx.execute(text("DROP OWNED BY reader_only"))
            await tx.execute(text("DROP ROLE reader_only"))
    assert await book.ids() == []


async def test_rows_of_a_link_that_lies_about_its_digest_are_named(book: Book) -> None:
    """A row re-signed by someone who has the key still does not fit the link that was made before."""
    await book.write(2)
    await book.seal()
    victim = (await book.ids())[0]
    async with book.db.begin() as tx:
        row = (await tx.execute(select(TABLES.audit).where(TABLES.audit.c.id == victim))).one()
        forged = row.canonical.replace(b"clerk-7", b"clerk-8")
        signed = {"canonical": forged, "mac": book.keyring.mac("audit", forged)}
        await tx.execute(update(TABLES.audit).where(TABLES.audit.c.id == victim).values(**signed))
    assert [one.what for one in await book.verify()] == ["rows from here on do not add up to their link of the chain"]


async def test_the_order_of_deletion_and_sealing_does_not_matter(book: Book) -> None:
    """A row deleted between its act and its link is named by the link all the same."""
    await book.write(3)
    victim = (await book.ids())[0]
    async with book.db.begin() as tx:
        await tx.execute(delete(TABLES.audit).where(TABLES.audit.c.id == victim))
    await book.seal()
    assert Finding(victim, "the row is missing") in await book.verify()
