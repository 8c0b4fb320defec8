"""What can be done with a ticket: open and import (many at once), call the next, finish; and its place in the queue."""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from channel_router import storage
from channel_router.queue import repository
from channel_router.queue.domain import (
    Channel,
    TicketState,
    expected_wait,
    gaps_between,
    may_become,
    priority_for,
    state_of,
)
from channel_router.queue.events import (
    TicketAbandoned,
    TicketCalled,
    TicketEvent,
    TicketNoShow,
    TicketOpened,
    TicketRequeued,
    TicketServed,
)
from channel_router.queue.problems import CustomerErased, NotPossibleNow, PlaceUnknown, QueueEmpty, TicketUnknown
from channel_router.queue.schemas import CallNext, ChangeTicket, ExpectedWait, OpenTicket, PastTicket, Ticket
from channel_router.supply import usecases as supply
from shared import audit, clock
from shared.access import Caller
from shared.crypto import Subject
from shared.etags import check_version
from shared.events import outbox
from shared.events.envelope import Emit
from shared.idempotency import Answer, Passage, Wish
from shared.problems import FieldError, Problem
from shared.subjects import circles, one_party
from shared.world import World

TICKET = "ticket"


def subject_of(customer_id: UUID | None, ticket_id: UUID) -> Subject:
    """Whom a ticket is about: the customer, or nobody but itself."""
    return Subject("customer", customer_id) if customer_id else Subject(TICKET, ticket_id)


async def open_tickets(
    world: World, tx: AsyncConnection, wishes: Sequence[Wish[OpenTicket]]
) -> list[Answer[Ticket] | Problem]:
    """Open tickets now, each once by its gate; a place that does not exist fails its own wish (PlaceUnknown)."""

    async def do(fresh: Sequence[Wish[OpenTicket]]) -> Sequence[Ticket | Problem]:
        return await _keep(world, tx, fresh, [_opened(wish) for wish in fresh])

    return await _passage(world, tx, do).run(tx, wishes)


async def import_tickets(
    world: World, tx: AsyncConnection, wishes: Sequence[Wish[PastTicket]]
) -> list[Answer[Ticket] | Problem]:
    """Keep past tickets with their own times, each once by its `external_ref`."""

    async def do(fresh: Sequence[Wish[PastTicket]]) -> Sequence[Ticket | Problem]:
        return await _keep(world, tx, fresh, [_past(wish) for wish in fresh])

    return await _passage(world, tx, do).run(tx, wishes)


def _passage(world: World, tx: AsyncConnection, do: Any) -> Passage[Any, Ticket]:
    async def again(ids: Sequence[UUID]) -> Mapping[UUID, Ticket]:
        return await views(tx, ids)

    return Passage(
        storage.GATE,
        world.vault,
        Ticket,
        do=do,
        again=again,
        subject=lambda wish, _: subject_of(wish.body.customer_id, wish.id),
    )


def _opened(wish: Wish[OpenTicket]) -> dict[str, Any]:
    body = wish.body
    return _row(wish, body, TicketState.WAITING, {"opened_at": wish.at})


def _past(wish: Wish[PastTicket]) -> dict[str, Any]:
    body = wish.body
    times = {
        "opened_at": body.opened_at,
        "called_at": body.called_at,
        "served_at": body.served_at,
        "abandoned_at": body.abandoned_at,
    }
    return _row(wish, body, state_of(body.called_at, body.served_at, body.abandoned_at), times)


def _row(
    wish: Wish[Any], body: OpenTicket | PastTicket, state: TicketState, times: Mapping[str, datetime | None]
) -> dict[str, Any]:
    known = {"called_at": None, "served_at": None, "abandoned_at": None} | dict(times)
    return {
        "id": wish.id,
        "version": sum(at is not None for at in known.values()),
        "place_id": body.place_id,
        "need": body.need,
        "channel": body.channel,
        "customer_id": body.customer_id,
        "state": state,
        "staff": None,
        "created_at": wish.at,
    } | known


async def _keep(
    world: World, tx: AsyncConnection, wishes: Sequence[Wish[Any]], rows: Sequence[dict[str, Any]]
) -> list[Ticket | Problem]:
    zones = await supply.zones(tx, sorted({row["place_id"] for row in rows}))
    customers = sorted({row["customer_id"] for row in rows if row["customer_id"]})
    erased = await _erased_held(world, tx, customers)
    priorities = await _priorities(tx, customers)
    refused: dict[UUID, Problem] = {}
    kept: list[dict[str, Any]] = []
    for row in rows:
        if row["place_id"] not in zones:
            refused[row["id"]] = PlaceUnknown(errors=[FieldError("/place_id", "unknown", "no such place")])
        elif row["customer_id"] in erased:
            refused[row["id"]] = CustomerErased()
        else:
            row["priority"] = priorities.get(row["customer_id"], priority_for(None))
            kept.append(row)
    views: dict[UUID, Ticket] = {}
    if kept:
        await _number(tx, kept, zones)
        await repository.insert_tickets(tx, kept)
        await outbox.emit(tx, storage.EVENTS, storage.SOURCE, [said for row in kept for said in _story(row)])
        callers = {wish.id: wish.caller for wish in wishes}
        entries = [
            audit.Entry("ticket.open", subject_of(row["customer_id"], row["id"]), TICKET, row["id"], callers[row["id"]])
            for row in kept
        ]
        await audit.record(tx, storage.AUDIT, world.keyring, entries)
        views = await _views(tx, kept)
    return [refused.get(row["id"]) or views[row["id"]] for row in rows]


async def _priorities(tx: AsyncConnection, customers: Sequence[UUID]) -> dict[UUID, int]:
    """How far ahead each waits: by the best tier heard of anybody who counts as the same party now.

    The ticket keeps it: who was called earlier because of a link was called, whatever becomes of the link.
    """
    around = await circles(tx, storage.LINKS, customers) if customers else {}
    tiers = await repository.tiers(tx, sorted({member for circle in around.values() for member in circle}))
    return {one: max(priority_for(tiers.get(member)) for member in circle) for one, circle in around.items()}


async def _number(tx: AsyncConnection, rows: Sequence[dict[str, Any]], zones: Mapping[UUID, str]) -> None:
    """Numbers count within a place and its own day, in the order the rows came."""
    days: list[tuple[UUID, date]] = [
        (row["place_id"], row["opened_at"].astimezone(ZoneInfo(zones[row["place_id"]])).date()) for row in rows
    ]
    many = Counter(days)
    last = await repository.draw_numbers(tx, many)
    for row, day in zip(rows, days, strict=True):
        row["number"] = last[day] - many[day] + 1
        many[day] -= 1


def _said(kind: type[TicketEvent], row: Mapping[str, Any], version: int, at: datetime) -> Emit:
    opened, called, served, left = (row[name] for name in ("opened_at", "called_at", "served_at", "abandoned_at"))
    ended_waiting = called or left
    event = kind(
        ticket_id=row["id"],
        place_id=row["place_id"],
        need=row["need"],
        channel=row["channel"],
        customer_id=row["customer_id"],
        state=row["state"],
        opened_at=opened,
        called_at=called,
        served_at=served,
        abandoned_at=left,
        wait_seconds=(ended_waiting - opened).total_seconds() if ended_waiting else None,
        service_seconds=(served - called).total_seconds() if served and called else None,
        version=version,
        occurred_at=at,
    )
    return Emit(event, key=row["id"], subject=row["id"], sequence=version)


def _story(row: Mapping[str, Any]) -> Iterable[Emit]:
    """What there is to say of a ticket that enters with its times: each step as of then, knowing no later one."""
    unknown = {"called_at": None, "served_at": None, "abandoned_at": None}
    opened = dict(row) | unknown | {"state": TicketState.WAITING}
    yield _said(TicketOpened, opened, 1, row["opened_at"])
    if row["abandoned_at"]:
        yield _said(TicketAbandoned, row, 2, row["abandoned_at"])
    if row["called_at"]:
        called = dict(row) | {"served_at": None, "state": TicketState.CALLED}
        yield _said(TicketCalled, called, 2, row["called_at"])
    if row["served_at"]:
        yield _said(TicketServed, row, 3, row["served_at"])


async def views(conn: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, Ticket]:
    """Tickets by id as they are now, with position and expected wait while they wait."""
    return await _views(conn, [dict(row._mapping) for row in await repository.by_ids(conn, ids)])


async def _views(conn: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> dict[UUID, Ticket]:
    waiting = [row for row in rows if row["state"] == TicketState.WAITING]
    positions, calls = await repository.lines(conn, waiting, clock.now())
    gaps = {place: gaps_between(instants) for place, instants in calls.items()}
    return {row["id"]: view_of(row, positions.get(row["id"]), gaps.get(row["place_id"], ())) for row in rows}


def view_of(row: Mapping[str, Any], position: int | None = None, gaps: Sequence[float] = ()) -> Ticket:
    """A row as callers see it."""
    wait = expected_wait(position, gaps) if position else None
    return Ticket(
        id=row["id"],
        version=row["version"],
        number=row["number"],
        place_id=row["place_id"],
        need=row["need"],
        channel=Channel(row["channel"]) if row["channel"] else None,
        customer_id=row["customer_id"],
        state=TicketState(row["state"]),
        position=position,
        expected_wait=ExpectedWait(
            seconds=wait.seconds, low=wait.low, high=wait.high, level=wait.level, method=wait.method
        )
        if wait
        else None,
        opened_at=row["opened_at"],
        called_at=row["called_at"],
        served_at=row["served_at"],
        abandoned_at=row["abandoned_at"],
    )


def line(row: Row[Any]) -> Ticket:
    """A row as a line of a list, without its position."""
    return view_of(dict(row._mapping))


async def show_tickets(
    world: World, tx: AsyncConnection, wishes: Sequence[tuple[UUID, Caller]]
) -> list[Ticket | Problem]:
    """Read tickets for many callers at once; a customer sees only their own, and who read what is recorded.

    Their own is also what was drawn under an id that counts as the same party now.
    """
    found = await views(tx, sorted({ticket_id for ticket_id, _ in wishes}))
    own = await one_party(tx, storage.LINKS, _whose(found, wishes))
    answers: list[Ticket | Problem] = []
    seen: list[audit.Entry] = []
    for ticket_id, caller in wishes:
        view = found.get(ticket_id)
        if view is None or (caller.actor == "customer" and (view.customer_id, caller.customer_id) not in own):
            answers.append(TicketUnknown())
            continue
        answers.append(view)
        if view.customer_id is not None:
            seen.append(audit.Entry("ticket.read", subject_of(view.customer_id, view.id), TICKET, view.id, caller))
    await audit.seen(tx, storage.AUDIT, world.keyring, seen)
    return answers


def _whose(found: Mapping[UUID, Ticket], wishes: Sequence[tuple[UUID, Caller]]) -> Iterable[tuple[UUID, UUID]]:
    """(customer of the ticket, customer who asks), where a customer asks for a ticket of somebody."""
    for ticket_id, caller in wishes:
        view = found.get(ticket_id)
        if caller.actor == "customer" and caller.customer_id and view and view.customer_id:
            yield view.customer_id, caller.customer_id


async def call_next(world: World, tx: AsyncConnection, wish: CallNext, caller: Caller) -> Ticket:
    """Call whoever is next; a person who has not finished a ticket gets that one again, so a repeat calls nobody twice.

    Errors: QueueEmpty.
    """
    staff = wish.staff or caller.sub
    await repository.one_staff_at_a_time(tx, wish.place_id, staff)
    busy = await repository.serving(tx, wish.place_id, staff)
    if busy is not None:
        return line(busy)
    row = await repository.next_waiting(tx, wish.place_id)
    if row is None:
        raise QueueEmpty()
    at = max(clock.now(), row.opened_at)
    changes = {"state": TicketState.CALLED, "called_at": at, "staff": staff, "version": row.version + 1}
    return await _step(world, tx, row, changes, TicketCalled, at, caller)


_SAID: Mapping[TicketState, type[TicketEvent]] = {
    TicketState.SERVED: TicketServed,
    TicketState.ABANDONED: TicketAbandoned,
    TicketState.NO_SHOW: TicketNoShow,
    TicketState.WAITING: TicketRequeued,
}


async def change_ticket(
    world: World, tx: AsyncConnection, ticket_id: UUID, wish: ChangeTicket, match: int, caller: Caller
) -> Ticket:
    """Take the step to `state` from the version the caller saw. Errors: NotPossibleNow, TicketUnknown."""
    row = await repository.locked(tx, ticket_id)
    if row is None:
        raise TicketUnknown()
    check_version(match, row.version)
    if wish.state is TicketState.CALLED or not may_become(TicketState(row.state), wish.state):
        raise NotPossibleNow(f"A {row.state} ticket cannot become {wish.state} here.")
    at = max(clock.now(), row.called_at or row.opened_at)
    changes: dict[str, Any] = {"state": wish.state, "version": row.version + 1}
    if wish.state is TicketState.SERVED:
        changes["served_at"] = at
    elif wish.state is TicketState.ABANDONED:
        changes["abandoned_at"] = at
    elif wish.state is TicketState.WAITING:
        changes |= {"called_at": None, "staff": None}
    return await _step(world, tx, row, changes, _SAID[wish.state], at, caller)


async def _step(
    world: World,
    tx: AsyncConnection,
    row: Row[Any],
    changes: Mapping[str, Any],
    said: type[TicketEvent],
    at: datetime,
    caller: Caller,
) -> Ticket:
    await repository.change(tx, row.id, changes)
    after = dict(row._mapping) | dict(changes)
    await outbox.emit(tx, storage.EVENTS, storage.SOURCE, [_said(said, after, after["version"], at)])
    entry = audit.Entry(
        "ticket.change", subject_of(row.customer_id, row.id), TICKET, row.id, caller, {"state": str(after["state"])}
    )
    await audit.record(tx, storage.AUDIT, world.keyring, [entry])
    return (await _views(tx, [after]))[row.id]


async def learn_customers(world: World, tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep tiers, but nothing of those who were erased: a late event brings nobody back."""
    if kept := await _unerased(world, tx, rows):
        await repository.learn_customers(tx, kept)


async def learn_restrictions(world: World, tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep restrictions in force and lifted, but nothing of those who were erased."""
    erased = await _erased_held(world, tx, [row["customer_id"] for row in rows])
    kept = [row for row in rows if row["customer_id"] not in erased]
    if kept:
        await repository.learn_restrictions(tx, kept)


async def _erased_held(world: World, tx: AsyncConnection, customers: Sequence[UUID]) -> set[UUID]:
    """Who of these was erased; the others cannot be until `tx` ends, for their key rows are held.

    What is not ordered with the erasure by customer's own topic needs this: else it would name somebody just forgotten.
    """
    keys = await world.vault.for_write(tx, [Subject("customer", one) for one in customers])
    return {subject.id for subject, key in keys.items() if key is None}


async def learn_cards(world: World, tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep what of routing cards anybody may keep, but nothing of those who were erased."""
    if kept := await _unerased(world, tx, rows):
        await repository.learn_cards(tx, kept)


async def _unerased(world: World, tx: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    erased = await world.vault.erased(tx, [Subject("customer", row["customer_id"]) for row in rows])
    return [row for row in rows if Subject("customer", row["customer_id"]) not in erased]


async def forget(tx: AsyncConnection, ids: Sequence[UUID]) -> None:
    """What erasure removes here: the customer is taken off their tickets, which stay as counts."""
    await repository.forget_customers(tx, ids)


async def gather(
    _: World, conn: AsyncConnection, customers: Sequence[UUID]
) -> AsyncIterator[tuple[str, Mapping[str, Any]]]:
    """Every ticket of these customers, and what is kept of their cards: for their own export."""
    for card in await repository.cards_of(conn, customers):
        yield "routing_profile", {str(name): value for name, value in card._mapping.items()}
    for row in await repository.of_customers(conn, customers):
        yield "ticket", view_of(dict(row._mapping)).model_dump(mode="json")
