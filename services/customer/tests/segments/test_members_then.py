"""Who was in a segment, as recorded then: the list of any past instant is what each customer came to from scratch, page by page."""

import random
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import text

from customer.consents.schemas import RecordConsent
from customer.consents.usecases import record_consents
from customer.interactions.domain.facts import Kind
from customer.interactions.schemas import RecordInteraction
from customer.interactions.usecases import INTERACTION, record_interactions
from customer.segments.usecases import list_members
from customer.segments.usecases.library import shelf
from customer.segments.usecases.sources import sources
from shared import clock
from shared.access import Caller
from shared.idempotency import wish_for
from shared.pagination import Position
from shared.testing.service import Service

Told = Callable[..., Awaitable[int]]
Define = Callable[..., Awaitable[httpx.Response]]
Register = Callable[..., Awaitable[UUID]]
CORE = Caller(sub="core", actor="client", scopes=frozenset())
GRANT: dict[str, Any] = {"decision": "granted", "language": "en", "evidence": {"method": "click"}}
RULES = {
    "busy": ("count_login(2) >= 2 || count_visit(3) == 1", "marketing"),
    "quiet": ("!in_segment('busy')", "improvement"),
    "plain": ("count_login(1) >= 1", "servicing"),
}


async def listed(service: Service, segment: str, as_of: datetime) -> list[str]:
    """All members of that instant, two a page; tokens live by the real time, so that no route is asked."""
    found: list[str] = []
    after: tuple[datetime, UUID] | None = None
    while True:
        position = Position(lambda at, one: f"{at.isoformat()} {one}", after)
        async with service.world.db.begin() as tx:
            page = await list_members(service.world, tx, UUID(segment), CORE, position, 2, as_of)
        found += [str(one.customer_id) for one in page.items]
        if page.next_cursor is None:
            return found
        at, _, one = page.next_cursor.partition(" ")
        after = datetime.fromisoformat(at), UUID(one)


async def does_something(service: Service, chance: random.Random, who: UUID, look: datetime, start: datetime) -> None:
    """A login or a visit, or a word of consent, by now: half of them come late."""
    at = look if chance.random() < 0.5 else min(look, start + timedelta(hours=chance.randint(0, 100)))
    async with service.world.db.begin() as tx:
        if chance.random() < 0.5:
            done = RecordInteraction(
                event_id=str(clock.new_id()),
                customer_id=who,
                kind=chance.choice([Kind.LOGIN, Kind.VISIT]),
                occurred_at=at,
            )
            await record_interactions(service.world, tx, [wish_for(service.world.keyring, INTERACTION, done, CORE)])
            return
        word = RecordConsent.model_validate(
            {"customer_id": who, "purpose": "profiling", "occurred_at": at, "external_ref": str(clock.new_id())}
            | chance.choice([GRANT, GRANT, {"decision": "refused"}, {"decision": "withdrawn"}])
        )
        await record_consents(service.world, tx, [wish_for(service.world.keyring, "consent", word, CORE)])


async def from_scratch(service: Service, whom: list[UUID], at: datetime) -> dict[str, set[str]]:
    """Who is in by all that is known now, judged at that instant alone."""
    async with service.world.db.read() as conn:
        on_shelf = await shelf(conn)
        known = await sources(service.world, conn, whom, on_shelf)
    book, *_ = on_shelf.library.at(at)
    members = {one: book.judge(source.read(book.reads, at)).members for one, source in known.items()}
    return {key: {str(one) for one, keys in members.items() if key in keys} for key in RULES}


async def test_the_members_of_any_instant_are_those_that_were_recorded_then(
    service: Service, register: Register, define: Define, told: Told
) -> None:
    chance = random.Random(11)  # noqa: S311  # reproducible, not secret
    ids = {key: (await define(key, rule, use=use)).json()["id"] for key, (rule, use) in RULES.items()}
    start = clock.now()
    whom = [await register() for _ in range(7)]
    came: dict[datetime, dict[str, set[str]]] = {}
    for look in sorted(start + timedelta(hours=chance.randint(1, 100)) for _ in range(9)):
        with clock.frozen(look):
            for who in whom:
                await does_something(service, chance, who, look, start)
        await told(look)
        came[look] = await from_scratch(service, whom, look)
    with clock.frozen(look + timedelta(hours=1)):
        for at, expected in came.items():
            for key, identity in ids.items():
                found = await listed(service, identity, at)
                assert (len(found), set(found)) == (len(expected[key]), expected[key]), (at, key)
        # Over all of it each segment had somebody and lacked somebody, so that there was something to be wrong about.
        assert all(0 < sum(len(one[key]) for one in came.values()) < 7 * len(came) for key in RULES)


async def test_a_list_says_on_what_each_rests_and_is_recorded_of_whom(
    service: Service, staff: httpx.AsyncClient, who: UUID, define: Define, told: Told
) -> None:
    made = (await define("grown", "age >= 18", use="improvement")).json()
    await told()
    path = f"/v1/segments/{made['id']}/members"
    ahead = (clock.now() + timedelta(days=1)).isoformat()
    assert (await staff.get(path, params={"as_of": ahead})).status_code == 422
    assert (await staff.get(f"/v1/segments/{who}/members")).status_code == 404
    (item,) = (await staff.get(path)).json()["items"]
    assert item["grounds"]["legal_basis"] == {"gdpr": "6(1)(f)", "pipl": None}
    then = await staff.get(path, params={"as_of": clock.now().isoformat()})
    assert then.json()["items"] == [item]
    async with service.world.db.read() as conn:
        seen = "SELECT count(*) FROM audit WHERE convert_from(canonical, 'UTF8') LIKE '%segment.members%'"
        assert (await conn.execute(text(seen))).scalar_one() == 2
