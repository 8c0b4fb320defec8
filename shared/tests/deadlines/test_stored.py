"""Clocks in PostgreSQL: kept, said once, recomputed without blocking anybody, and right afterwards."""

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import Row, func, insert, select, text, update

from shared import clock
from shared.db import Database, new_metadata
from shared.deadlines.calendars import Calendar, Day, Week
from shared.deadlines.clocks import read
from shared.deadlines.profiles import statutory
from shared.deadlines.rules import Edition, Kind, Policy, Rule, Term, Unit
from shared.deadlines.state import Granted, Pause, State
from shared.deadlines.statements import ahead
from shared.deadlines.stored import Basis, Clock, Said, keep, read_stale, recompute_stale, to_say, write_back
from shared.deadlines.tables import deadline_table
from shared.deadlines.timeline import Almanac

metadata = new_metadata()
TABLE = deadline_table(metadata)
HOUR = 3_600
MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
EDITION = date(2026, 1, 1)
ANSWER = Rule(
    "answer", Kind.SERVICE, ("receipt",), ("answer",), Term(8 * HOUR, Unit.OPEN_SECONDS),
    pauses_for=frozenset({"customer"}),
    warnings=(Term(2 * HOUR, Unit.OPEN_SECONDS), Term(HOUR, Unit.OPEN_SECONDS)),
)  # fmt: skip
SUPPORT = Policy("support", "Support", (Edition(EDITION, (ANSWER,)),))
OFFICE = Calendar.weekly("office", "Europe/London", Week.weekdays("09:00-17:00"))
BASIS = Basis.of([SUPPORT, *statutory().values()], [OFFICE])
CLOSED = Basis.of(BASIS.policies.values(), [OFFICE.with_days([Day(date(2026, 3, 3), "Added holiday")])])
HOURS = (Week.weekdays("10:00-12:00"), Week.always(), Week.weekdays("09:00-17:00"), Week.weekdays("08:00-20:00"))
FIRST, LAST = UUID(int=0), UUID(int=(1 << 128) - 1)


@pytest.fixture
async def db(empty_database: str) -> AsyncIterator[Database]:
    database = Database(empty_database)
    async with database.begin() as tx:
        await tx.run_sync(metadata.create_all)
    yield database
    await database.close()


def one(state: State, policy: str = "support", name: str = "answer", identity: UUID | None = None) -> Clock:
    return Clock(identity or clock.new_id(), clock.new_id(), policy, EDITION, name, "office", state)


def some(many: int) -> list[Clock]:
    """Service and statutory clocks, a third of them paused, extended, or standing still."""
    told, found = random.Random(5), []  # noqa: S311  # test data
    for number in range(many):
        start = MONDAY + timedelta(seconds=told.randrange(20 * 86_400))
        since = start + timedelta(seconds=told.randrange(86_400))
        reason = "customer" if number % 2 else "identity_check"
        pauses = (
            (Pause(reason, since, None if number % 5 == 0 else since + timedelta(hours=7)),) if number % 3 == 0 else ()
        )
        granted = (Granted("complex_or_many", start + timedelta(days=3)),) if number % 7 == 0 else ()
        kind = ("support", "answer") if number % 2 else ("eu-data-protection", "data_subject_request")
        found.append(one(State(start, pauses, granted), *kind))
    return found


async def rows(db: Database) -> dict[UUID, Row[tuple[object, ...]]]:
    async with db.read() as conn:
        return {row.id: row for row in await conn.execute(select(TABLE))}


async def check(db: Database, clocks: list[Clock], basis: Basis) -> None:
    """Every row says what its intervals mean on that basis."""
    held = await rows(db)
    for kept in clocks:
        row, rule = held[kept.id], basis.rule(kept.policy, kept.edition, kept.clock)
        assert rule is not None
        told = read(rule, kept.state, basis.calendars["office"], Almanac(), at=kept.state.started_at)
        assert (row.due_at, row.warn_at) == (told.due_at, told.warnings[0] if told.warnings else None)
        assert row.calendar_revision == basis.calendars["office"].revision


async def test_what_is_kept_says_what_a_single_clock_says(db: Database) -> None:
    clocks = some(60)
    async with db.begin() as tx:
        await keep(tx, TABLE, clocks, BASIS)
        await keep(tx, TABLE, [], BASIS)
    await check(db, clocks, BASIS)


async def test_a_changed_state_replaces_what_was_computed(db: Database) -> None:
    begun = one(State(MONDAY))
    paused = replace(begun, state=State(MONDAY, (Pause("customer", MONDAY + timedelta(hours=1)),)))
    async with db.begin() as tx:
        await keep(tx, TABLE, [begun], BASIS)
        await keep(tx, TABLE, [paused], BASIS)
    row = (await rows(db))[begun.id]
    assert (row.due_at, row.warn_at, row.version) == (None, None, 2)


async def test_a_new_calendar_moves_every_open_clock_and_no_other(db: Database) -> None:
    clocks = some(500)
    done = one(State(MONDAY, satisfied_at=MONDAY + timedelta(hours=1)))
    async with db.begin() as tx:
        await keep(tx, TABLE, [*clocks, done], BASIS)
    before = (await rows(db))[done.id]
    told = await recompute_stale(db, TABLE, CLOSED, batch=37, lanes=3)
    assert (told.written, told.left) == (500, 0)
    await check(db, clocks, CLOSED)
    assert (await rows(db))[done.id] == before
    assert (await recompute_stale(db, TABLE, CLOSED)).written == 0, "what is up to date is left alone"


async def test_a_corrected_policy_is_found_by_its_revision_and_a_rule_taken_out_is_due_no_more(db: Database) -> None:
    kept = one(State(MONDAY))
    async with db.begin() as tx:
        await keep(tx, TABLE, [kept], BASIS)
    shorter = replace(
        SUPPORT, revision=2, editions=(Edition(EDITION, (replace(ANSWER, term=Term(HOUR, Unit.OPEN_SECONDS)),)),)
    )
    await recompute_stale(db, TABLE, Basis.of([shorter], [OFFICE]))
    assert (await rows(db))[kept.id].due_at == MONDAY + timedelta(hours=1)
    await recompute_stale(
        db, TABLE, Basis.of([replace(SUPPORT, revision=3, editions=(Edition(EDITION, ()),))], [OFFICE])
    )
    assert (await rows(db))[kept.id].due_at is None


async def test_a_row_that_somebody_holds_is_skipped_and_met_again(db: Database) -> None:
    clocks = some(50)
    async with db.begin() as tx:
        await keep(tx, TABLE, clocks, BASIS)
    async with db.stream() as holder:
        await holder.execute(select(TABLE.c.id).where(TABLE.c.id == clocks[7].id).with_for_update())
        told = await asyncio.wait_for(recompute_stale(db, TABLE, CLOSED), 10)
        await holder.rollback()
    assert (told.written, told.left) == (49, 1)
    assert (await recompute_stale(db, TABLE, CLOSED)).written == 1
    await check(db, clocks, CLOSED)


async def test_a_sweep_that_is_broken_off_leaves_each_row_whole_and_the_next_one_ends_it(db: Database) -> None:
    clocks = some(300)
    async with db.begin() as tx:
        await keep(tx, TABLE, clocks, BASIS)
    sweep = asyncio.create_task(recompute_stale(db, TABLE, CLOSED, batch=10, rest_seconds=0.02))
    done = set[UUID]()
    while len(done) < 50:
        done = {row.id for row in (await rows(db)).values() if row.calendar_revision == 2}
    sweep.cancel()
    await asyncio.gather(sweep, return_exceptions=True)
    done = {row.id for row in (await rows(db)).values() if row.calendar_revision == 2}
    await check(db, [kept for kept in clocks if kept.id in done], CLOSED)
    await check(db, [kept for kept in clocks if kept.id not in done], BASIS)
    assert 0 < (await recompute_stale(db, TABLE, CLOSED)).written == 300 - len(done)
    await check(db, clocks, CLOSED)


async def test_what_changed_between_reading_and_writing_is_left_for_the_next_pass(db: Database) -> None:
    paused, warned, untouched = (one(State(MONDAY)) for _ in range(3))
    async with db.begin() as tx:
        await keep(tx, TABLE, [paused, warned, untouched], BASIS)
    async with db.read() as conn:
        stale = await read_stale(conn, TABLE, CLOSED, FIRST, LAST)
    assert stale is not None
    changed = replace(paused, state=State(MONDAY, (Pause("customer", MONDAY + timedelta(hours=1)),)))
    async with db.begin() as tx:
        await keep(tx, TABLE, [changed], CLOSED)
        await tx.execute(update(TABLE).where(TABLE.c.id == warned.id).values(warned=1, warn_at=None))
    async with db.begin() as tx:
        assert await write_back(tx, TABLE, stale) == 1
    held = await rows(db)
    assert (held[paused.id].due_at, held[warned.id].warn_at) == (None, None)
    assert held[untouched.id].calendar_revision == 2


async def test_intervals_that_change_meanwhile_are_never_overwritten_by_what_they_were(db: Database) -> None:
    """Writers pause clocks while everything is computed anew, again and again; afterwards every row is right."""
    clocks = {kept.id: kept for kept in (one(State(MONDAY + timedelta(hours=n))) for n in range(120))}
    async with db.begin() as tx:
        await keep(tx, TABLE, list(clocks.values()), BASIS)
    told = random.Random(11)  # noqa: S311  # test data

    async def write(basis: Basis) -> None:
        for _ in range(60):
            kept = told.choice(list(clocks.values()))
            since = kept.state.started_at + timedelta(minutes=told.randrange(300))
            changed = replace(
                kept, state=State(kept.state.started_at, (Pause("customer", since, since + timedelta(hours=2)),))
            )
            async with db.begin() as tx:
                await tx.execute(select(TABLE.c.id).where(TABLE.c.id == kept.id).with_for_update())
                await keep(tx, TABLE, [changed], basis)
                clocks[kept.id] = changed

    await asyncio.gather(write(BASIS), write(CLOSED), recompute_stale(db, TABLE, CLOSED, batch=10))
    await recompute_stale(db, TABLE, CLOSED)
    await check(db, list(clocks.values()), CLOSED)


async def test_a_warning_said_while_everything_is_computed_anew_is_not_said_again(db: Database) -> None:
    clocks = [one(State(MONDAY)) for _ in range(200)]
    async with db.begin() as tx:
        await keep(tx, TABLE, clocks, BASIS)
    at = MONDAY + timedelta(hours=6, minutes=1)

    async def say() -> list[Said]:
        return [entry for _ in range(8) for entry in await said(db, at)]

    found, again, _ = await asyncio.gather(say(), say(), recompute_stale(db, TABLE, CLOSED, batch=10))
    await recompute_stale(db, TABLE, CLOSED)
    assert len(found) + len(again) + len(await said(db, at)) == 200


async def test_what_the_basis_does_not_know_is_left_alone(db: Database) -> None:
    async with db.begin() as tx:
        await keep(tx, TABLE, some(20), BASIS)
    before = await rows(db)
    foreign = Calendar.weekly("elsewhere", "UTC", Week.always()).with_days([])
    assert (await recompute_stale(db, TABLE, Basis.of([replace(SUPPORT, revision=9)], [foreign]))).written == 0
    assert await rows(db) == before


async def said(db: Database, at: datetime, basis: Basis = BASIS) -> list[Said]:
    async with db.begin() as tx:
        return await to_say(tx, TABLE, basis, at=at)


async def test_each_warning_and_the_breach_are_said_once(db: Database) -> None:
    """Due on Monday 17:00; two warnings, at 15:00 and 16:00."""
    async with db.begin() as tx:
        await keep(tx, TABLE, [one(State(MONDAY))], BASIS)
    hours = [MONDAY + timedelta(hours=n) for n in (5, 6, 6, 7, 8)]
    found = [[entry.breached for entry in await said(db, at)] for at in hours]
    assert found == [[], [False], [], [False], []]
    assert await said(db, MONDAY + timedelta(hours=8, milliseconds=900)) == [], "the last second is in time"
    late = MONDAY + timedelta(hours=8, seconds=1)
    assert [[entry.breached for entry in await said(db, late)] for _ in range(2)] == [[True], []]


async def test_after_a_night_of_silence_a_clock_is_said_once_and_not_for_each_warning(db: Database) -> None:
    async with db.begin() as tx:
        await keep(tx, TABLE, [one(State(MONDAY))], BASIS)
    night = MONDAY + timedelta(days=1)
    found = await said(db, night)
    assert [entry.breached for entry in found] == [True]
    assert await said(db, night) == []


async def test_twenty_at_once_say_it_once(db: Database) -> None:
    async with db.begin() as tx:
        await keep(tx, TABLE, [one(State(MONDAY)) for _ in range(30)], BASIS)
    found = await asyncio.gather(*(said(db, MONDAY + timedelta(days=1)) for _ in range(20)))
    assert sorted(len(each) for each in found)[-1] <= 30
    assert sum(len(each) for each in found) == 30


async def test_a_deadline_that_moved_on_can_be_breached_anew(db: Database) -> None:
    async with db.begin() as tx:
        await keep(tx, TABLE, [one(State(MONDAY + timedelta(hours=2)))], BASIS)
    tuesday = datetime(2026, 3, 3, 12, tzinfo=UTC)
    assert [entry.breached for entry in await said(db, tuesday)] == [True]
    await recompute_stale(db, TABLE, CLOSED)
    assert await said(db, tuesday, CLOSED) == [], "due on Wednesday at eleven now"
    assert [entry.breached for entry in await said(db, tuesday + timedelta(days=1), CLOSED)] == [True]


async def test_beyond_the_known_holidays_a_stored_deadline_is_an_estimate_until_they_are_known(db: Database) -> None:
    known = replace(OFFICE, covers=(date(2026, 1, 1), date(2026, 3, 31)))
    kept = one(State(datetime(2026, 3, 31, 15, tzinfo=UTC)))
    async with db.begin() as tx:
        await keep(tx, TABLE, [kept], Basis.of([SUPPORT], [known]))
    assert [(row.estimated, row.due_at) for row in (await rows(db)).values()] == [
        (True, datetime(2026, 4, 1, 15, tzinfo=UTC))
    ]
    more = replace(
        known.with_days([Day(date(2026, 4, 1), "Added holiday")]), covers=(date(2026, 1, 1), date(2026, 12, 31))
    )
    await recompute_stale(db, TABLE, Basis.of([SUPPORT], [more]))
    assert [(row.estimated, row.due_at) for row in (await rows(db)).values()] == [
        (False, datetime(2026, 4, 2, 15, tzinfo=UTC))
    ]


def open_at(week: Week, revision: int) -> Calendar:
    return replace(Calendar.weekly("office", "Europe/London", week), revision=revision)


async def unsaid(db: Database, at: datetime) -> list[UUID]:
    """What should have been said by then and was not, found without looks: by what each row is due and warns at."""
    async with db.read() as conn:
        return list(
            (await conn.execute(select(TABLE.c.id).where(TABLE.c.satisfied_at.is_(None), ahead(TABLE) <= at))).scalars()
        )


async def test_no_look_is_late_whatever_moves_the_deadlines(db: Database) -> None:
    """Hours change, clocks stand still and go on; every few hours all that has come is said, and all of it."""
    told, office, clocks, spoken = random.Random(3), OFFICE, some(150), 0  # noqa: S311  # test data
    async with db.begin() as tx:
        await keep(tx, TABLE, clocks, BASIS)
    for turn in range(200):
        at = MONDAY + timedelta(hours=5 * turn, minutes=told.randrange(60))
        if turn % 20 == 19:
            office = open_at(told.choice(HOURS), office.revision + 1)
            await recompute_stale(db, TABLE, Basis.of(BASIS.policies.values(), [office]), batch=40)
        basis = Basis.of(BASIS.policies.values(), [office])
        changed = told.choice(clocks)
        pause = Pause("customer", max(at, changed.state.started_at), None if turn % 3 else at + timedelta(days=60))
        async with db.begin() as tx:
            held = (pause,) if turn % 2 else ()
            await keep(tx, TABLE, [replace(changed, state=State(changed.state.started_at, held))], basis)
        spoken += len(await said(db, at, basis))
        assert await unsaid(db, at) == []
    assert spoken > 150


async def test_no_look_is_late_when_saying_moving_and_pausing_meet(db: Database) -> None:
    told, clocks = random.Random(13), some(120)  # noqa: S311  # test data
    policies = BASIS.policies.values()
    async with db.begin() as tx:
        await keep(tx, TABLE, clocks, BASIS)

    async def say() -> None:
        for turn in range(40):
            await said(db, MONDAY + timedelta(hours=6 * turn))

    async def pause() -> None:
        for turn in range(80):
            kept, since = told.choice(clocks), MONDAY + timedelta(hours=told.randrange(200))
            held = (Pause("customer", since, since + timedelta(days=told.randrange(9))),) if turn % 2 else ()
            async with db.begin() as tx:
                await keep(tx, TABLE, [replace(kept, state=State(kept.state.started_at, held))], BASIS)

    async def move() -> None:
        for revision, week in enumerate(HOURS * 2, 2):
            await recompute_stale(db, TABLE, Basis.of(policies, [open_at(week, revision)]), batch=15)

    await asyncio.gather(say(), say(), pause(), move())
    late = select(TABLE.c.id).where(func.coalesce(TABLE.c.look_at, text("'infinity'")) > ahead(TABLE))
    async with db.read() as conn:
        assert list(await conn.execute(late)) == []


async def test_early_looks_do_not_take_the_place_of_what_is_to_be_said(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a migration all are to be looked at at once: what has come is said first, and the others are planned anew."""
    monkeypatch.setattr("shared.deadlines.stored.EARLY", 7)
    kept = one(State(MONDAY))
    async with db.begin() as tx:
        await keep(tx, TABLE, [*(one(State(MONDAY + timedelta(hours=4))) for _ in range(40)), kept], BASIS)
        await tx.execute(update(TABLE).values(look_at=text("'-infinity'")))
    at = MONDAY + timedelta(hours=6, minutes=1)
    waiting = select(func.count()).where(TABLE.c.look_at <= at)
    for turn in range(1, 7):
        assert [entry.id for entry in await said(db, at)] == ([kept.id] if turn == 1 else [])
        async with db.read() as conn:
            assert (await conn.execute(waiting)).scalar_one() == max(0, 40 - 7 * turn)


async def test_computing_all_anew_touches_no_index(db: Database) -> None:
    """The new row of each stands beside the old one, and no look moves when deadlines move on."""
    async with db.begin() as tx:
        await keep(tx, TABLE, [one(State(MONDAY + timedelta(hours=n))) for n in range(400)], BASIS)
    async with db.read() as conn:
        stale = await read_stale(conn, TABLE, Basis.of(BASIS.policies.values(), [open_at(HOURS[0], 2)]), FIRST, LAST)
    assert stale is not None
    async with db.begin() as tx:
        assert await write_back(tx, TABLE, stale) == 400
        counted = (func.pg_stat_get_xact_tuples_updated, func.pg_stat_get_xact_tuples_hot_updated)
        table = text(f"'{TABLE.name}'::regclass")
        assert (await tx.execute(select(*(count(table) for count in counted)))).one() == (400, 400)


async def test_what_a_process_of_the_version_before_wrote_is_looked_at_all_the_same(db: Database) -> None:
    """It knows no looks: what it adds is looked at at once, what it moves is mended by the next sweep."""
    added, moved, standing = one(State(MONDAY)), one(State(MONDAY)), one(State(MONDAY, (Pause("customer", MONDAY),)))
    async with db.begin() as tx:
        await keep(tx, TABLE, [added, moved, standing], BASIS)
        row = (await tx.execute(select(TABLE).where(TABLE.c.id == added.id))).one()
        await tx.execute(TABLE.delete().where(TABLE.c.id == added.id))
        await tx.execute(
            insert(TABLE).values({name: value for name, value in row._mapping.items() if name != "look_at"})
        )
        earlier = {"warn_at": MONDAY + timedelta(minutes=1), "due_at": MONDAY + timedelta(minutes=2)}
        await tx.execute(update(TABLE).where(TABLE.c.id.in_([moved.id, standing.id])).values(earlier))
    assert await said(db, MONDAY + timedelta(minutes=5)) == []
    assert (await recompute_stale(db, TABLE, BASIS)).written == 2
    await check(db, [added, moved, standing], BASIS)
    found = await said(db, MONDAY + timedelta(hours=6))
    assert {entry.id for entry in found} == {added.id, moved.id}
