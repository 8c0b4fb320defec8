"""Asking whether a use is allowed, for many at once: one reading of purposes and standing words, each answer recorded."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.consents import repository
from customer.consents.domain import Entry, Purpose, Reason, Ruling, Use, Verdict, Word, decide
from customer.consents.domain import refused_channels as channels_refused
from customer.consents.schemas import AskDecision, ConsentDecision, LegalBasis
from customer.consents.usecases.catalogue import purpose_of
from customer.consents.usecases.recording import EVERY, UNBOUND
from customer.parties import usecases as parties
from customer.parties.problems import CustomerErased
from shared import audit, clock
from shared.access import Caller
from shared.world import World


async def decide_uses(
    world: World, tx: AsyncConnection, wishes: Sequence[tuple[AskDecision, Caller]]
) -> list[ConsentDecision]:
    """The answer to each wish, read and recorded in `tx`; a decision that begins after a withdrawal committed sees it."""
    asked = [(wish.customer_id, Use(wish.purpose, wish.channel, frozenset(wish.data_categories))) for wish, _ in wishes]
    rulings = await _rulings(world, tx, asked)
    at = clock.now()
    entries = [
        _entry(customer_id, use, ruling, caller)
        for (customer_id, use), ruling, (_, caller) in zip(asked, rulings, wishes, strict=True)
    ]
    await audit.seen(tx, storage.AUDIT, world.keyring, entries)
    return [
        ConsentDecision(
            customer_id=customer_id,
            purpose=use.purpose,
            purpose_version=None if ruling.purpose is None else ruling.purpose.version,
            channel=use.channel,
            decision=ruling.verdict,
            reason=ruling.reason,
            receipt_id=ruling.receipt_id,
            legal_basis=_basis(ruling),
            decided_at=at,
        )
        for (customer_id, use), ruling in zip(asked, rulings, strict=True)
    ]


async def may(
    world: World,
    tx: AsyncConnection,
    customer_ids: Collection[UUID],
    purpose: str,
    channel: str | None = None,
    data_categories: Collection[str] = (),
    *,
    caller: Caller,
) -> dict[UUID, Ruling]:
    """For other capabilities: whether each customer may be contacted, profiled or offered something so, recorded.

    The ruling's `receipt_id`, or the legal basis of its `purpose`, belongs to whatever is then done.
    """
    ids = sorted(set(customer_ids))
    use = Use(purpose, channel, frozenset(data_categories))
    rulings = await _rulings(world, tx, [(one, use) for one in ids])
    entries = [_entry(one, use, ruling, caller) for one, ruling in zip(ids, rulings, strict=True)]
    await audit.seen(tx, storage.AUDIT, world.keyring, entries)
    return dict(zip(ids, rulings, strict=True))


async def _rulings(world: World, conn: AsyncConnection, asked: Sequence[tuple[UUID, Use]]) -> list[Ruling]:
    ids = sorted({customer_id for customer_id, _ in asked})
    codes = sorted({use.purpose for _, use in asked})
    absent = await parties.absences(world, conn, ids)
    versions: dict[str, list[Purpose]] = {}
    for row in await repository.rules_of(conn, codes):
        versions.setdefault(row.code, []).append(purpose_of(row))
    words: dict[tuple[UUID, str], list[Entry]] = {}
    channels = sorted({EVERY, UNBOUND} | {use.channel for _, use in asked if use.channel})
    for row in await repository.heads_of(conn, ids, codes, channels):
        words.setdefault((row.asked, row.purpose), []).append(_word(row))
    at = clock.now()
    rulings = []
    for customer_id, use in asked:
        if customer_id in absent:
            erased = isinstance(absent[customer_id], CustomerErased)
            rulings.append(Ruling(Verdict.DENY, Reason.CUSTOMER_ERASED if erased else Reason.CUSTOMER_UNKNOWN))
        else:
            entries = words.get((customer_id, use.purpose), ())
            rulings.append(decide(entries, versions.get(use.purpose, ()), use, at))
    return rulings


async def refused_channels(conn: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, frozenset[str]]:
    """On which channels each of these parties has said no and allows nothing; who said nothing is not in the answer."""
    words: dict[UUID, list[Entry]] = {}
    for row in await repository.all_heads_of(conn, ids):
        words.setdefault(row.asked, []).append(_word(row))
    return {one: channels_refused(entries) for one, entries in words.items()}


def _word(row: Row[Any]) -> Entry:
    """A standing word as the rules see it: it speaks of the one channel it stands for."""
    channels = None if row.channel == EVERY else frozenset(() if row.channel == UNBOUND else (row.channel,))
    return Entry(
        id=row.record_id,
        purpose=row.purpose,
        version=row.purpose_version,
        word=Word(row.word),
        channels=channels,
        data_categories=frozenset(row.data_categories),
        separate_categories=frozenset(row.separate_categories),
        occurred_at=row.occurred_at,
        expires_at=row.expires_at,
    )


def _basis(ruling: Ruling) -> LegalBasis | None:
    if ruling.purpose is None or ruling.reason is not Reason.LEGAL_BASIS:
        return None
    return LegalBasis(gdpr=ruling.purpose.gdpr_basis, pipl=ruling.purpose.pipl_basis)


def _entry(customer_id: UUID, use: Use, ruling: Ruling, caller: Caller) -> audit.Entry:
    detail: Mapping[str, str | None] = {
        "purpose": use.purpose,
        "channel": use.channel,
        "decision": ruling.verdict,
        "reason": ruling.reason,
    }
    return audit.Entry("consent.decide", parties.subject_of(customer_id), "consent", ruling.receipt_id, caller, detail)
