"""What profiling may rest on, for many people at once: the words that matter to a use, in one reading."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from customer.consents import repository
from customer.consents.domain import Entry, Grounds, ProfilingUse, Terms
from customer.consents.schemas import LegalBasis, UseGrounds
from customer.consents.usecases.catalogue import purpose_of
from customer.consents.usecases.noting import STATISTICS, purposes_profiled, uses
from customer.consents.usecases.reading import entry_of
from shared import clock


async def profiling_terms(conn: AsyncConnection) -> Terms:
    """The uses with the purposes they fall under, as they are in the catalogue now."""
    rows = await repository.rules_of(conn, sorted(purposes_profiled()))
    found = sorted((purpose_of(row) for row in rows), key=lambda one: (one.code, one.version))
    return Terms(uses(), tuple(found))


async def profiling_words(
    conn: AsyncConnection, ids: Sequence[UUID], purposes: Collection[str], recorded_until: datetime | None = None
) -> dict[UUID, list[Entry]]:
    """All words of these people about these purposes, whoever of the same person's records they were said under.

    Nothing is read where no purpose matters; who said nothing is not in the answer.
    """
    told: dict[UUID, list[Entry]] = {}
    if ids and purposes:
        for row in await repository.words_about(conn, ids, sorted(purposes), recorded_until):
            told.setdefault(row.asked, []).append(entry_of(row))
    return told


async def profiling_grounds(
    conn: AsyncConnection,
    ids: Sequence[UUID],
    use: str,
    categories: Collection[str] = (),
    *,
    at: datetime | None = None,
    recorded_until: datetime | None = None,
) -> dict[UUID, Grounds]:
    """On what a use of each of these people rests at that instant (now), or why it may not be made."""
    terms = await profiling_terms(conn)
    words = await profiling_words(conn, ids, terms.words_of([use]), recorded_until)
    then, read = at or clock.now(), frozenset(categories)
    return {one: terms.grounds(use, read, words.get(one, ()), then) for one in ids}


async def basis_of_statistics(conn: AsyncConnection) -> UseGrounds:
    """On what counting people rests now, where nobody objects: it is denied where its purpose is retired."""
    terms = await profiling_terms(conn)
    return shown_grounds(terms.grounds(STATISTICS, frozenset(), (), clock.now()))


def shown_grounds(told: Grounds) -> UseGrounds:
    """What a use rests on, as callers see it."""
    ruling, purpose = told.ruling, told.ruling.purpose
    resting = purpose is not None and ruling.allows and ruling.receipt_id is None
    return UseGrounds(
        use=told.use,
        purpose=None if purpose is None else purpose.code,
        purpose_version=None if purpose is None else purpose.version,
        decision=ruling.verdict,
        reason=ruling.reason,
        receipt_id=ruling.receipt_id,
        legal_basis=LegalBasis(gdpr=purpose.gdpr_basis, pipl=purpose.pipl_basis)
        if resting and purpose is not None
        else None,
    )


def named_uses(*, segments: bool = False) -> Mapping[str, ProfilingUse]:
    """The uses by their codes, in their newest version; those only for which segments may be told."""
    told = sorted(uses(), key=lambda one: one.effective_from)
    return {one.code: one for one in told if one.segments or not segments}
