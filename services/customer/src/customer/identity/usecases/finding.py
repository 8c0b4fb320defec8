"""Finding second records: who meets in a block is opened, compared in memory, and listed for a person; nothing is linked."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from prometheus_client import Counter
from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.identity import repository
from customer.identity.domain.comparison import Record, Verdict, compared, shipped
from customer.identity.domain.evidence import Band, CandidateState
from customer.identity.domain.sound import soundings, surname_sounds
from customer.identity.problems import CandidateDecided, CandidateUnknown
from customer.identity.schemas import DecideCandidate, DuplicateCandidate, LinkIdentities
from customer.identity.usecases.linking import LINK, link_identities
from customer.parties import usecases as parties
from customer.parties.domain import ContactKind
from customer.parties.domain.names import NameParts
from customer.parties.schemas import Customer
from customer.settings import Settings
from shared import audit, clock
from shared.access import Caller
from shared.crypto import Keyring, blind_index
from shared.etags import check_version
from shared.idempotency import wish_for
from shared.subjects import resolve
from shared.world import World

COMPARED: Final = Counter(
    "duplicate_pairs_total", "Pairs of records that met in a block, by what became of them", ["band"]
)
_CONTACT: Final = "contact"


def record_of(view: Customer) -> Record:
    """What of a party is compared."""
    points = {
        kind: frozenset(one.value for one in view.contact_points if one.kind is kind)
        for kind in (ContactKind.PHONE, ContactKind.EMAIL)
    }
    return Record(
        kind=view.kind,
        ways=soundings(view.legal_name, NameParts(**view.name.model_dump()) if view.name else None),
        birth_date=view.birth_date,
        phones=points[ContactKind.PHONE],
        emails=points[ContactKind.EMAIL],
        identifiers=frozenset((one.type, one.issuer, one.value) for one in view.identifiers),
        region=view.region,
        gender=view.gender,
    )


def _blocks(keyring: Keyring, view: Customer, record: Record) -> Iterable[dict[str, Any]]:
    """Under what a party may be met; every kind has a key of its own, and a person never meets an organisation."""

    def block(kind: str, text: str) -> dict[str, Any]:
        key = blind_index(keyring, f"duplicate_{kind}", f"{view.kind}|{text}")
        return {"customer_id": view.id, "key": key, "kind": kind}

    for point in view.contact_points:
        yield block(_CONTACT, f"{point.kind}|{point.value}")
    for one in view.identifiers:
        yield block("identifier", one.value)
    if record.birth_date is not None:
        for sound in surname_sounds(record.ways):
            yield block("sound", f"{sound}|{record.birth_date.year}")


async def find_duplicates(world: World, tx: AsyncConnection, ids: Sequence[UUID]) -> None:
    """Compare these parties, as they are now, with all they share a block with; keep who looks like one party.

    Two that share a contact point are always kept, as `possible`: families do. A block that is too large to mean anything
    (a call centre's phone) brings nobody together.
    """
    settings = world.settings
    assert isinstance(settings, Settings)  # noqa: S101  # this service's world has this service's settings
    # Keys first, as an erasure takes them: nothing about somebody erased is kept.
    await world.vault.for_write(tx, [parties.subject_of(one) for one in set(ids)])
    await repository.lock_blocks(tx)
    views = await parties.views(world, tx, sorted(set(ids)))
    records = {one: record_of(view) for one, view in views.items()}
    rows = [row for one, view in views.items() for row in _blocks(world.keyring, view, records[one])]
    await repository.replace_blocks(tx, sorted(set(ids)), rows)
    shared: dict[tuple[UUID, UUID], set[str]] = {}
    for one, mate, kind in await repository.met(tx, sorted(records), settings.identity_largest_block):
        shared.setdefault(_pair(one, mate), set()).add(kind)
    mates = sorted({one for pair in shared for one in pair} - set(records))
    await world.vault.for_write(tx, [parties.subject_of(one) for one in mates])
    records |= {one: record_of(view) for one, view in (await parties.views(world, tx, mates)).items()}
    leaders = await resolve(tx, storage.LINKS, sorted(records))
    found = {
        pair: (band, verdict)
        for pair, kinds in sorted(shared.items())
        if set(pair) <= records.keys() and leaders[pair[0]] != leaders[pair[1]]
        for verdict in [compared(records[pair[0]], records[pair[1]], shipped())]
        for band in [_band(verdict, kinds)]
        if band is not None
    }
    COMPARED.labels("none").inc(len(shared) - len(found))
    await repository.keep_candidates(tx, [_row(pair, *told) for pair, told in found.items()])
    await repository.drop_candidates(tx, sorted(set(ids)), sorted(found))


def _pair(one: UUID, other: UUID) -> tuple[UUID, UUID]:
    return (one, other) if one < other else (other, one)


def _band(verdict: Verdict, kinds: set[str]) -> Band | None:
    if verdict.probability >= shipped().likely:
        return Band.LIKELY
    return Band.POSSIBLE if _CONTACT in kinds else None


def _row(pair: tuple[UUID, UUID], band: Band, verdict: Verdict) -> Mapping[str, Any]:
    now = clock.now()
    COMPARED.labels(band).inc()
    return {
        "id": clock.new_id(),
        "version": 1,
        "one": pair[0],
        "other": pair[1],
        "band": band,
        "score": round(verdict.score, 3),
        "probability": round(verdict.probability, 6),
        "reasons": [
            {"field": one.field, "level": one.level, "weight": round(one.weight, 3)} for one in verdict.reasons
        ],
        "state": CandidateState.OPEN,
        "created_at": now,
        "updated_at": now,
    }


def candidate_view(row: Any) -> DuplicateCandidate:
    """A row as callers see it."""
    return DuplicateCandidate.model_validate({name: row._mapping[name] for name in DuplicateCandidate.model_fields})


async def show_candidate(tx: AsyncConnection, candidate_id: UUID) -> DuplicateCandidate:
    """One candidate, or CandidateUnknown."""
    row = await repository.candidate(tx, candidate_id)
    if row is None:
        raise CandidateUnknown()
    return candidate_view(row)


async def decide_candidate(
    world: World, tx: AsyncConnection, candidate_id: UUID, wish: DecideCandidate, match: int, caller: Caller
) -> DuplicateCandidate:
    """Keep what a person said of a candidate, on the version they saw; to confirm is to link, under a link's own rules."""
    row = await repository.candidate(tx, candidate_id)
    if row is None:
        raise CandidateUnknown()
    check_version(match, row.version)
    if row.state == CandidateState.CONFIRMED:
        raise CandidateDecided()
    if wish.state is CandidateState.CONFIRMED:
        told = wish.model_dump(include={"leader", "reason", "evidence"})
        link = LinkIdentities(members=[row.one, row.other], external_ref=f"candidate:{row.id}:{match}", **told)
        # The link confirms the candidate itself, as it does every other that is about two of its members.
        await link_identities(world, tx, wish_for(world.keyring, LINK, link, caller))
        return await show_candidate(tx, candidate_id)
    held = await repository.candidate(tx, candidate_id, hold=True)
    if held is None:
        raise CandidateUnknown()
    check_version(match, held.version)
    values = {"state": wish.state, "version": held.version + 1, "updated_at": clock.now(), "decided_by": caller.sub}
    await repository.change_candidate(tx, candidate_id, values)
    entries = [
        audit.Entry("identity.candidate_reject", parties.subject_of(one), "duplicate_candidate", candidate_id, caller)
        for one in (held.one, held.other)
    ]
    await audit.record(tx, storage.AUDIT, world.keyring, entries)
    return await show_candidate(tx, candidate_id)
