"""Telling cards: whatever the cause, what is known now is put together, and what really differs is written and said."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.consents import usecases as consents
from customer.matters import usecases as matters
from customer.offers import usecases as offers
from customer.outreach import usecases as outreach
from customer.parties import usecases as parties
from customer.parties.schemas import Customer
from customer.routing import repository
from customer.routing.domain import Card, Record, Restriction, Sources, card_of
from customer.routing.events import RoutingProfileChanged, RoutingProfileEvent
from customer.routing.usecases.sealing import Note, sealed, unsealed, unsealed_note
from shared import clock
from shared.crypto import DataKey
from shared.events import outbox
from shared.events.envelope import Emit
from shared.subjects import circles
from shared.world import World

Circles = Mapping[UUID, Sequence[UUID]]


async def settle(world: World, tx: AsyncConnection, ids: Iterable[UUID]) -> None:
    """Tell the cards of these, and of all who count as the same parties, as everything stands now.

    The cards are held before anything they are made of is read: of two causes at one moment the later holder sees both.
    Where risk bars fewer channels than before, what waited for one is decided anew.
    Nobody has a card who is no party, or was erased.
    """
    around, rows, keys = await _held(world, tx, sorted(set(ids)))
    if not rows:
        return
    made = await _cards(world, tx, around, keys)
    at = clock.now()
    changed: list[dict[str, Any]] = []
    unbarred: list[UUID] = []
    for one, row in sorted(rows.items()):
        if one not in made:
            continue
        before = None if row.content is None else unsealed(row.content, row.customer_id, keys[one])
        if before == made[one]:
            continue
        changed.append(_next(row, before, made[one], keys[one], at))
        if before is not None and not before.barred_by_risk <= made[one].barred_by_risk:
            unbarred.append(one)
    if unbarred:
        await outreach.unbarred(tx, unbarred)
    if changed:
        await repository.write(tx, changed)
        said = [
            said_of(RoutingProfileChanged, one["customer_id"], one["version"], made[one["customer_id"]], at)
            for one in changed
        ]
        await outbox.emit(tx, storage.EVENTS, storage.SOURCE, said)


async def _held(
    world: World, tx: AsyncConnection, ids: Sequence[UUID]
) -> tuple[Circles, dict[UUID, Row[Any]], dict[UUID, DataKey]]:
    """The circles of these with the rows of all in them, held.

    Looked at again once they are held: a link that was made meanwhile is heard by somebody who waits for one of these
    rows, or has been heard by somebody who could not see what brought us here; its other end is then told by us.
    """
    asked: set[UUID] = set()
    rows: dict[UUID, Row[Any]] = {}
    keys: dict[UUID, DataKey] = {}
    while True:
        around = await circles(tx, storage.LINKS, ids) if ids else {}
        fresh = {one for circle in around.values() for one in circle} - asked
        if not fresh:
            return around, rows, keys
        asked |= fresh
        present = sorted(fresh - set(await parties.absences(world, tx, sorted(fresh))))
        # Keys before rows, as an erasure takes them: in the other order the two would deadlock.
        opened = await world.vault.for_write(tx, [parties.subject_of(one) for one in present])
        keys |= {subject.id: key for subject, key in opened.items() if key is not None}
        living = [one for one in present if one in keys]
        if living:
            rows |= {row.customer_id: row for row in await repository.hold(tx, living)}


async def _cards(world: World, tx: AsyncConnection, around: Circles, keys: Mapping[UUID, DataKey]) -> dict[UUID, Card]:
    """The card of everybody in these circles, made of all that is known of the circle."""
    everyone = sorted({one for circle in around.values() for one in circle})
    records = await parties.views(world, tx, everyone)
    restrictions = await repository.restrictions_of(tx, everyone)
    notes = {
        row.customer_id: unsealed_note(row.content, row.customer_id, keys[row.customer_id])
        for row in await repository.notes_of(tx, everyone)
        if row.customer_id in keys
    }
    vulnerable = await offers.vulnerabilities_of(world, tx, everyone)
    levels = {row.customer_id: row.version for row in await repository.levels_of(tx, everyone)}
    leaders = sorted({circle[0] for circle in around.values()})
    refused = await consents.refused_channels(tx, leaders)
    matter = await matters.open_matters(tx, leaders)
    made: dict[UUID, Card] = {}
    for circle in around.values():
        leader = circle[0]
        known = [records[one] for one in circle if one in records]
        if not known:
            continue
        card = card_of(
            Sources(
                records=[_record(one, notes.get(one.id, Note()), vulnerable.get(one.id, ())) for one in known],
                leader_id=leader if len(circle) > 1 else None,
                restrictions=[
                    Restriction(row.restriction_id, frozenset(row.channels))
                    for row in restrictions
                    if row.customer_id in circle
                ],
                refused=refused.get(leader, frozenset()),
                matters=matter[leader],
                levels={one: levels[one] for one in circle if one in levels},
            )
        )
        made |= dict.fromkeys(circle, card)
    return made


def _record(view: Customer, note: Note, vulnerabilities: Sequence[str]) -> Record:
    return Record(
        tier=view.tier,
        state=view.state,
        languages=tuple(view.languages),
        preferred=tuple(point.kind for point in view.contact_points if point.preferred),
        needs=tuple(view.accessibility_needs),
        rating=note.rating,
        noted=note.alerts,
        vulnerabilities=tuple(vulnerabilities),
    )


def _next(row: Row[Any], before: Card | None, card: Card, key: DataKey, at: datetime) -> dict[str, Any]:
    """The next version of a card that says something else than before."""
    seen_too = before is None or before.own != card.own
    return {
        "customer_id": row.customer_id,
        "version": row.version + 1,
        "own_version": row.own_version + seen_too,
        "content": sealed(card, row.customer_id, key),
        "changed_at": at,
    }


def said_of(kind: type[RoutingProfileEvent], customer_id: UUID, version: int, card: Card, at: datetime) -> Emit:
    """An event of a card: ordered with its customer's others; the card is a subject of its own, for its versions are."""
    event = kind(
        customer_id=customer_id,
        version=version,
        tier=card.tier,
        languages=list(card.languages),
        preferred_channels=list(card.preferred_channels),
        occurred_at=at,
    )
    return Emit(event, key=customer_id, subject=f"routing-profile:{customer_id}", sequence=version)
