"""Reading what customers did: facts for features, resolved through identity links as they are now."""

from collections import Counter
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.interactions import repository
from customer.interactions.domain.facts import HIDDEN_FROM_CUSTOMERS, Fact, Kind, is_own, opens_product
from customer.interactions.problems import InteractionUnknown
from customer.interactions.schemas import Interaction
from customer.interactions.usecases.sealing import INTERACTION, fact_of, opened, views
from customer.parties.usecases import subject_of
from shared import audit
from shared.access import Caller
from shared.problems import Problem
from shared.subjects import circles, resolve
from shared.world import World

# Interactions of a person looked at together: the first of a kind is mostly an act already, and a row read is a row paid for.
MOST_TOGETHER: Final = 64


async def facts_of_ids(
    world: World, conn: AsyncConnection, ids: Sequence[UUID], as_of: datetime | None = None
) -> dict[UUID, list[Fact]]:
    """What arrived under each of these very ids, in event order; nothing of the erased.

    With `as_of` only what had been recorded by then: the time a row's id was given, which may lie before its commit.
    """
    rows = await repository.of_customers(conn, ids, as_of) if ids else []
    keys = await world.vault.for_read(conn, [subject_of(one) for one in ids])
    found: dict[UUID, list[Fact]] = {one: [] for one in ids}
    for row in rows:
        key = keys[subject_of(row.customer_id)]
        if key is not None:
            found[row.customer_id].append(fact_of(row, key))
    return found


async def openings_of(world: World, conn: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, list[Fact]]:
    """The facts by which products were opened under each of these very ids, in event order; nothing of the erased."""
    rows = await repository.of_kind(conn, ids, Kind.ACCOUNT_CHANGED) if ids else []
    keys = await world.vault.for_read(conn, [subject_of(one) for one in {row.customer_id for row in rows}])
    found: dict[UUID, list[Fact]] = {one: [] for one in ids}
    for row in rows:
        key = keys[subject_of(row.customer_id)]
        if key is not None and opens_product(fact := fact_of(row, key)):
            found[row.customer_id].append(fact)
    return found


async def facts_of(
    world: World, conn: AsyncConnection, customer_id: UUID, as_of: datetime | None = None
) -> tuple[list[UUID], list[Fact]]:
    """Who counts for this customer now (the leader first), and everything they did, in event order."""
    everybody = (await circles(conn, storage.LINKS, [customer_id]))[customer_id]
    found = await facts_of_ids(world, conn, everybody, as_of)
    facts = [fact for one in everybody for fact in found[one]]
    facts.sort(key=lambda fact: fact.occurred_at)
    return everybody, facts


async def ingest_of(conn: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, int]:
    """How many interactions were recorded under each id: two readings with equal numbers saw the same."""
    return {row.customer_id: row.ingest for row in await repository.activity_of(conn, ids)}


async def show_interactions(
    world: World, tx: AsyncConnection, wishes: Sequence[tuple[UUID, Caller]]
) -> list[Interaction | Problem]:
    """Read interactions for many callers at once; who read whose is recorded in the same transaction.

    A customer reaches what arrived under their own id or under one that counts for them now.
    """
    found = await views(world, tx, sorted({identity for identity, _ in wishes}))
    own = [caller.customer_id for _, caller in wishes if caller.customer_id is not None]
    leaders = await resolve(tx, storage.LINKS, [*own, *(view.customer_id for view in found.values())])
    answers: list[Interaction | Problem] = []
    seen: list[audit.Entry] = []
    for identity, caller in wishes:
        view = found.get(identity)
        if view is None or (caller.actor == "customer" and not _shows(view, caller, leaders)):
            answers.append(InteractionUnknown())
            continue
        answers.append(view)
        seen.append(audit.Entry("interaction.read", subject_of(view.customer_id), INTERACTION, identity, caller))
    await audit.seen(tx, storage.AUDIT, world.keyring, seen)
    return answers


def _shows(view: Interaction, caller: Caller, leaders: Mapping[UUID, UUID]) -> bool:
    own = caller.customer_id is not None and leaders[view.customer_id] == leaders[caller.customer_id]
    return own and view.kind not in HIDDEN_FROM_CUSTOMERS


async def gather(
    world: World, conn: AsyncConnection, customers: Sequence[UUID]
) -> AsyncIterator[tuple[str, Mapping[str, Any]]]:
    """What a person did under these ids, in event order, without what would tip off: for their own export."""
    keys = await world.vault.for_read(conn, [subject_of(one) for one in customers])
    for row in await repository.of_customers(conn, customers):
        key = keys[subject_of(row.customer_id)]
        if key is not None and row.kind not in HIDDEN_FROM_CUSTOMERS:
            yield "interaction", opened(row, key).model_dump(mode="json")


async def last_own_acts(
    world: World,
    conn: AsyncConnection,
    ids: Sequence[UUID],
    kinds: Collection[str],
    channel: str,
    since: datetime,
    until: datetime,
) -> dict[UUID, datetime]:
    """When each of these very ids last did something of these kinds itself through a channel, in [since, until)."""
    rows = await repository.of_kinds(conn, ids, kinds, channel, since, until) if ids else []
    keys = await world.vault.for_read(conn, [subject_of(one) for one in {row.customer_id for row in rows}])
    found: dict[UUID, datetime] = {}
    for row in reversed(rows):
        key = keys[subject_of(row.customer_id)]
        if row.customer_id not in found and key is not None and is_own(fact_of(row, key)):
            found[row.customer_id] = row.occurred_at
    return found


async def first_own_acts(
    world: World,
    conn: AsyncConnection,
    ids: Sequence[UUID],
    kind: str,
    channel: str | None,
    product: str | None,
    since: datetime,
    until: datetime,
) -> dict[UUID, datetime]:
    """When each of these very ids first did something of a kind itself in [since, until), by event time.

    What the bank did (interest, fees) is nobody's act, and of several steps only the first is one. With `product` only the
    opening of one counts. Facts are opened in event order until one does, of each person one at first and then more at a
    time. Who is erased did nothing that can be read.
    """
    keys = await world.vault.for_read(conn, [subject_of(one) for one in ids])
    behind = {one: (since, UUID(int=0)) for one in ids if keys[subject_of(one)] is not None}
    found: dict[UUID, datetime] = {}
    most = 1
    while behind:
        rows = await repository.next_of_kind(conn, behind, kind, channel, since, until, most)
        many: Counter[UUID] = Counter()
        for row in rows:
            many[row.customer_id] += 1
            behind[row.customer_id] = (row.occurred_at, row.id)
            key = keys[subject_of(row.customer_id)]
            if row.customer_id not in found and key is not None and _is_act(fact_of(row, key), product):
                found[row.customer_id] = row.occurred_at
        behind = {one: last for one, last in behind.items() if many[one] == most and one not in found}
        most = min(4 * most, MOST_TOGETHER)
    return found


def _is_act(fact: Fact, product: str | None) -> bool:
    return is_own(fact) and (product is None or (opens_product(fact) and fact.attributes["product"] == product))


async def first_of_kind(
    conn: AsyncConnection, ids: Sequence[UUID], kind: str, channel: str | None, since: datetime, until: datetime
) -> dict[UUID, datetime]:
    """When each of these very ids first did something of a kind in [since, until), by event time, however late it was told.

    For what only counts: kinds and times stand in the clear, nothing of a person is opened.
    """
    rows = await repository.first_of_kind(conn, ids, kind, channel, since, until) if ids else ()
    return {row.customer_id: row.first_at for row in rows}


async def contacts_by_month(
    conn: AsyncConnection, since: datetime, until: datetime, zone: str
) -> list[tuple[date, str, int]]:
    """How many contacts there were in [since, until), by month (its first day) and channel, in that zone."""
    rows = await repository.contacts_by_month(conn, since, until, zone)
    return [(row.month, row.channel, row.contacts) for row in rows]


async def contacts_by_hour(
    conn: AsyncConnection, since: datetime, until: datetime, zone: str
) -> list[tuple[date, int, str, int]]:
    """Contacts in [since, until) as (day, hour, channel, number), by the wall clock of a zone; nobody is told of."""
    rows = await repository.contacts_by_hour(conn, since, until, zone)
    return [(row.day, int(row.hour), row.channel, row.contacts) for row in rows]
