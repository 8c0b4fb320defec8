"""Recording interactions, for many at once: each passes the gate once, the work on one customer is in a row."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.due import usecases as due
from customer.interactions import repository
from customer.interactions.domain.facts import OPENED, Kind
from customer.interactions.events import ProductOpened
from customer.interactions.schemas import Interaction, RecordInteraction
from customer.interactions.usecases.sealing import INTERACTION, sealed, view_of, views
from customer.parties.problems import CustomerErased
from customer.parties.usecases import subject_of
from shared import audit, clock
from shared.access import Caller
from shared.crypto import DataKey
from shared.events import outbox
from shared.events.envelope import Emit
from shared.idempotency import Answer, Passage, Wish, claim
from shared.problems import Problem
from shared.world import World

Keys = Mapping[UUID, DataKey | None]
_UNSEEN: Final = Interaction.model_construct(**dict[str, Any]())


async def import_interactions(
    world: World, tx: AsyncConnection, wishes: Sequence[Wish[RecordInteraction]]
) -> list[Answer[Interaction] | Problem]:
    """The same for the lines of a file: nobody reads the views, so every new row has the same empty one."""
    return await record_interactions(world, tx, wishes, shown=False)


async def record_interactions(
    world: World, tx: AsyncConnection, wishes: Sequence[Wish[RecordInteraction]], *, shown: bool = True
) -> list[Answer[Interaction] | Problem]:
    """Record interactions, each once by its event id, whoever's it is: a customer not heard of yet is no error.

    Of somebody erased only a count is kept, once by the event id as well, and the answer is CustomerErased.
    """
    subjects = [subject_of(one) for one in {wish.body.customer_id for wish in wishes}]
    keys = {subject.id: key for subject, key in (await world.vault.for_write(tx, subjects)).items()}
    if None not in keys.values():
        return await _passed(world, tx, wishes, keys, shown)
    await _count(tx, world.settings.zone, [wish for wish in wishes if keys[wish.body.customer_id] is None])
    known = [wish for wish in wishes if keys[wish.body.customer_id] is not None]
    answers = iter(await _passed(world, tx, known, keys, shown) if known else ())
    return [CustomerErased() if keys[wish.body.customer_id] is None else next(answers) for wish in wishes]


async def _count(tx: AsyncConnection, zone: str, late: Sequence[Wish[RecordInteraction]]) -> None:
    """Reduce what comes late of the erased to counts; the gate remembers the event, so that none counts twice."""
    once = {wish.gate.key: wish for wish in reversed(late)}
    new = await claim(tx, storage.GATE, list(once.values()))
    counted = Counter(
        (clock.day_in(zone, body.occurred_at), body.kind, body.channel or "")
        for body in (wish.body for key, wish in once.items() if key in new)
    )
    rows = [
        {"day": day, "kind": kind, "channel": channel, "count": count}
        for (day, kind, channel), count in counted.items()
    ]
    await repository.tally(tx, rows)


async def _passed(
    world: World, tx: AsyncConnection, wishes: Sequence[Wish[RecordInteraction]], keys: Keys, shown: bool
) -> list[Answer[Interaction] | Problem]:
    async def do(fresh: Sequence[Wish[RecordInteraction]]) -> Sequence[Interaction | Problem]:
        await _record(world, tx, fresh, keys)
        return [view_of(wish.body, wish.id) if shown else _UNSEEN for wish in fresh]

    async def again(ids: Sequence[UUID]) -> Mapping[UUID, Interaction]:
        return await views(world, tx, ids)

    passage = Passage(
        storage.GATE,
        world.vault,
        Interaction,
        do=do,
        again=again,
        subject=lambda wish, _: subject_of(wish.body.customer_id),
    )
    return await passage.run(tx, wishes)


async def _record(world: World, tx: AsyncConnection, wishes: Sequence[Wish[RecordInteraction]], keys: Keys) -> None:
    of: dict[UUID, list[Wish[RecordInteraction]]] = {}
    for wish in wishes:
        of.setdefault(wish.body.customer_id, []).append(wish)
    activities = [_activity(customer_id, theirs) for customer_id, theirs in of.items()]
    last = await repository.advance(tx, activities)
    rows: list[tuple[Any, ...]] = []
    entries: list[audit.Entry] = []
    for customer_id, theirs in of.items():
        key = keys[customer_id]
        assert key is not None  # noqa: S101  # the erased were counted and go no further
        first = last[customer_id] - len(theirs) + 1
        rows += [_row(wish, key, number) for number, wish in enumerate(theirs, first)]
        entries += _entries(customer_id, theirs, first)
    await repository.insert_interactions(tx, rows)
    await due.note(tx, {one["customer_id"]: one["first_at"] for one in activities})
    said = [_opened(wish) for wish in wishes if wish.body.kind is Kind.ACCOUNT_CHANGED and _opens(wish.body)]
    if said:
        await outbox.emit(tx, storage.EVENTS, storage.SOURCE, said)
    await audit.record(tx, storage.AUDIT, world.keyring, entries)


def _opens(body: RecordInteraction) -> bool:
    return body.product is not None and body.change == OPENED


def _opened(wish: Wish[RecordInteraction]) -> Emit:
    body = wish.body
    event = ProductOpened(interaction_id=wish.id, customer_id=body.customer_id, occurred_at=body.occurred_at)
    return Emit(event, key=body.customer_id, subject=f"interaction:{wish.id}", sequence=1)


def _activity(customer_id: UUID, theirs: Sequence[Wish[RecordInteraction]]) -> dict[str, Any]:
    times = [wish.body.occurred_at for wish in theirs]
    return {
        "customer_id": customer_id,
        "ingest": len(theirs),
        "first_at": min(times),
        "last_at": max(times),
        "recorded_at": max(wish.at for wish in theirs),
    }


def _row(wish: Wish[RecordInteraction], key: DataKey, ingest: int) -> tuple[Any, ...]:
    """In the order of the repository's columns: a file has millions of these."""
    body = wish.body
    channel = None if body.channel is None else body.channel.value
    detail = sealed(body, wish.id, key)
    return wish.id, body.customer_id, ingest, body.kind.value, channel, body.occurred_at, detail


def _entries(customer_id: UUID, theirs: Sequence[Wish[RecordInteraction]], first: int) -> list[audit.Entry]:
    """One entry a caller and customer: which of the customer's interactions, by number, were recorded by whom."""
    told: dict[tuple[str, str], tuple[Caller, list[int]]] = {}
    for number, wish in enumerate(theirs, first):
        who = (wish.caller.sub, wish.caller.request_id)
        told.setdefault(who, (wish.caller, []))[1].append(number)
    subject = subject_of(customer_id)
    return [
        audit.Entry("interaction.record", subject, INTERACTION, None, caller, {"ingest": _listed(numbers)})
        for caller, numbers in told.values()
    ]


def _listed(numbers: Sequence[int]) -> str:
    return ",".join(map(str, numbers)) if len(numbers) < 10 else f"{numbers[0]}-{numbers[-1]}/{len(numbers)}"
