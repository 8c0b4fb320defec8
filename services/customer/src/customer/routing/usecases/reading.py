"""Reading cards: one row each, opened and recorded before the answer leaves, and shown as far as the caller may see."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.offers.schemas.offering import Vulnerability
from customer.parties import usecases as parties
from customer.parties.domain.details import AccessibilityNeed
from customer.parties.problems import CustomerUnknown
from customer.routing import repository
from customer.routing.access import DETAILS
from customer.routing.domain import Alert, Card
from customer.routing.events import RoutingProfileSnapshot
from customer.routing.problems import CardNotTold
from customer.routing.schemas import BarredChannel, LevelMark, RiskLevel, RoutingProfile
from customer.routing.usecases.sealing import unsealed, unsealed_note
from customer.routing.usecases.settling import said_of, settle
from shared import audit
from shared.access import Caller
from shared.events.envelope import Emit
from shared.problems import Problem
from shared.subjects import resolve
from shared.world import World

RESOURCE: Final = "routing_profile"
DELICATE: Final = ("accessibility_needs", "vulnerabilities", "alerts", "restrictions", "risk_level")
# A customer's needs are their own words.
_NOT_FOR_CUSTOMERS: Final = ("rating", "vulnerabilities", "alerts", "restrictions", "risk_level")


@dataclass(frozen=True, slots=True)
class Told:
    """A card as it was last said, with its two versions."""

    version: int
    own_version: int
    changed_at: datetime
    card: Card


async def show_profiles(
    world: World, tx: AsyncConnection, wishes: Sequence[tuple[UUID, Caller]]
) -> list[RoutingProfile | Problem]:
    """The cards many callers ask for at once; who read whose is recorded in the same transaction.

    A customer sees only their own party's (else CustomerUnknown), without what would tip them off. Of a party whose card
    nobody has told yet it is CardNotTold: telling it takes a transaction, and a reading has none.
    """
    ids = sorted({customer_id for customer_id, _ in wishes})
    told = await cards_told(world, tx, ids)
    missing: Mapping[UUID, Problem] = {}
    untold = [one for one in ids if one not in told]
    if untold:
        missing = await parties.absences(world, tx, untold)
    own = await _own(tx, wishes)
    answers: list[RoutingProfile | Problem] = []
    seen: list[audit.Entry] = []
    for customer_id, caller in wishes:
        if caller.actor == "customer" and (caller.customer_id, customer_id) not in own:
            answers.append(CustomerUnknown())
        elif customer_id not in told:
            answers.append(missing.get(customer_id) or CardNotTold())
        else:
            view = as_seen(customer_id, told[customer_id], caller)
            answers.append(view)
            detail = {"delicate": not view.withheld}
            subject = parties.subject_of(customer_id)
            seen.append(audit.Entry("routing_profile.read", subject, RESOURCE, customer_id, caller, detail))
    await audit.seen(tx, storage.AUDIT, world.keyring, seen)
    return answers


def as_seen(customer_id: UUID, told: Told, caller: Caller) -> RoutingProfile:
    """A card for that caller: their own part for a customer, what is delicate only with the scope for it."""
    if caller.actor == "customer":
        return _shown(customer_id, told.own_version, told.card.own, _NOT_FOR_CUSTOMERS, reasons=True)
    detailed = DETAILS in caller.scopes
    return _shown(customer_id, told.version, told.card, () if detailed else DELICATE, reasons=detailed)


def _shown(customer_id: UUID, version: int, card: Card, withheld: Sequence[str], *, reasons: bool) -> RoutingProfile:
    marks = [LevelMark(customer_id=one, version=number) for one, number in card.levels]
    closed: dict[str, Any] = {
        "rating": card.rating,
        "accessibility_needs": [AccessibilityNeed(need) for need in card.accessibility_needs],
        "vulnerabilities": [Vulnerability(driver) for driver in card.vulnerabilities],
        "alerts": list(card.alerts),
        "restrictions": list(card.restrictions),
        "risk_level": RiskLevel(level=None, marks=marks) if marks else None,
    }
    return RoutingProfile(
        customer_id=customer_id,
        version=version,
        leader_id=card.leader_id,
        tier=card.tier,
        languages=list(card.languages),
        preferred_channels=list(card.preferred_channels),
        barred_channels=[
            BarredChannel(channel=bar.channel, extent=bar.extent, reason=bar.reason if reasons else None)
            for bar in card.barred
        ],
        open_case=card.open_case,
        open_complaint=card.open_complaint,
        open_journey=card.open_journey,
        **(closed | dict.fromkeys(withheld)),
        withheld=list(withheld),
    )


async def cards_told(world: World, conn: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, Told]:
    """The cards of these as they were last said; nobody's who has none, or was erased."""
    rows = await repository.cards(conn, ids)
    keys = await world.vault.for_read(conn, [parties.subject_of(row.customer_id) for row in rows])
    told: dict[UUID, Told] = {}
    for row in rows:
        key = keys[parties.subject_of(row.customer_id)]
        if key is not None:
            card = unsealed(row.content, row.customer_id, key)
            told[row.customer_id] = Told(row.version, row.own_version, row.changed_at, card)
    return told


async def channels_barred(conn: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, frozenset[str]]:
    """The channels that restrictions of risk in force bar, by the record they were set on; none of who has none."""
    told: dict[UUID, frozenset[str]] = {}
    for row in await repository.restrictions_of(conn, ids):
        told[row.customer_id] = told.get(row.customer_id, frozenset()) | frozenset(row.channels)
    return told


async def _own(conn: AsyncConnection, wishes: Sequence[tuple[UUID, Caller]]) -> set[tuple[UUID | None, UUID]]:
    """Which of the asked cards are the asking customer's: their own, or of a record that counts as the same party."""
    asked = {(caller.customer_id, one) for one, caller in wishes if caller.actor == "customer"}
    others = {one for pair in asked if pair[0] != pair[1] for one in pair if one is not None}
    leaders = await resolve(conn, storage.LINKS, sorted(others)) if others else {}
    return {(own, one) for own, one in asked if own == one or (own is not None and leaders[own] == leaders[one])}


async def everybody(world: World) -> AsyncIterator[list[Emit]]:
    """Every party's card said again, page by page; those that were never told are told first."""
    async for page in parties.everybody(world):
        ids = [view.id for view in page]
        async with world.db.begin() as tx:
            told = await cards_told(world, tx, ids)
            untold = [one for one in ids if one not in told]
            if untold:
                await settle(world, tx, untold)
                told |= await cards_told(world, tx, untold)
        yield [
            said_of(RoutingProfileSnapshot, one, card.version, card.card, card.changed_at) for one, card in told.items()
        ]


async def gather(
    world: World, conn: AsyncConnection, customers: Sequence[UUID]
) -> AsyncIterator[tuple[str, Mapping[str, Any]]]:
    """What of their cards people under these ids may see, and what the bank noted of them: for their own export.

    Of the notes all but a suspicion, which would tip them off (GDPR Art. 15(4); AML laws forbid it).
    """
    for one, told in sorted((await cards_told(world, conn, customers)).items()):
        own = _shown(one, told.own_version, told.card.own, _NOT_FOR_CUSTOMERS, reasons=True)
        yield "routing_profile", own.model_dump(mode="json", exclude={*_NOT_FOR_CUSTOMERS, "withheld"})
    keys = await world.vault.for_read(conn, [parties.subject_of(one) for one in customers])
    for row in await repository.notes_of(conn, customers):
        key = keys[parties.subject_of(row.customer_id)]
        if key is not None:
            note = unsealed_note(row.content, row.customer_id, key)
            alerts = [one for one in note.alerts if one is not Alert.POSSIBLE_FRAUD]
            yield "routing_note", {"customer_id": str(row.customer_id), "rating": note.rating, "alerts": alerts}
