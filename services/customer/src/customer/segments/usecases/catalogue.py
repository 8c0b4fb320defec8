"""Defining segments: a rule is checked, bounded and held against all others before it is kept, in versions."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from math import sqrt
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.consents import usecases as consents
from customer.due import usecases as due
from customer.segments import repository
from customer.segments.domain.rules import Book, Circular, layers
from customer.segments.domain.vocabulary import IN_SEGMENT, nested
from customer.segments.problems import SegmentInUse, SegmentTaken, SegmentUnknown
from customer.segments.schemas import (
    ChangeSegment,
    DefineSegment,
    Freshness,
    Preview,
    Previewed,
    Segment,
    SegmentDetail,
    Words,
)
from customer.segments.usecases.library import DEFAULT_USE, compiled, shelf, vocabulary
from customer.segments.usecases.sources import sources
from shared import audit, clock
from shared.access import Caller
from shared.etags import check_version
from shared.expressions.language import Expression, Reference
from shared.expressions.refusals import Fault, Refused
from shared.problems import FieldError, Malformed
from shared.world import World

# Industries are the sections of ISIC Rev. 4 (United Nations, 2008), by their letters; occupation groups the major groups of
# ISCO-08 (ILO, 2012) and who is not at work.
PRESETS: Final = (
    "presets_record_2026_11.json",
    "presets_occupation_2026_11.json",
    "presets_industry_2026_11.json",
    "presets_behaviour_2026_11.json",
)
SAMPLE: Final = 1_000
_PREVIEWED: Final = "_previewed"
_Z95: Final = 1.959963984540054


def view_of(row: Row[Any]) -> Segment:
    """A segment as it is shown."""
    return Segment(**_shown(row))


def _shown(row: Row[Any]) -> dict[str, Any]:
    rule, use = compiled(row.rule), row.use or DEFAULT_USE
    known = consents.named_uses().get(use)
    return dict(row._mapping) | {
        "use": use,
        "purpose": use if known is None else known.purpose,
        "data_categories": sorted(vocabulary().categories(vocabulary().asked(rule))),
        "reads": sorted(vocabulary().asked(rule)),
        "asks": sorted(nested(rule)),
        "units": rule.bound.units,
    }


def words(told: Words | None) -> dict[str, str] | None:
    """The texts by language tag."""
    return None if told is None else told.model_dump(by_alias=True)


def _kept_use(use: str | None) -> str | None:
    """A use as it is kept: null for the one that is meant where none is named. Raises Malformed for one there is not."""
    if use is not None and use not in consents.named_uses(segments=True):
        known = ", ".join(sorted(consents.named_uses(segments=True)))
        raise Malformed(errors=[FieldError("/use", "unknown-use", f"no such use; there are {known}")])
    return None if use == DEFAULT_USE else use


async def define_segment(
    world: World, tx: AsyncConnection, wish: DefineSegment, caller: Caller
) -> tuple[Segment, bool]:
    """Keep a segment; the same again is a repeat, other content under its key SegmentTaken; raises Refused for its rule."""
    view, replayed = await _defined(world, tx, wish, caller)
    if not replayed:
        await due.note_all(tx, view.created_at)
    return view, replayed


async def _defined(world: World, tx: AsyncConnection, wish: DefineSegment, caller: Caller) -> tuple[Segment, bool]:
    """The segment kept, and nobody judged by it yet: that is for whoever has defined all they want to."""
    await repository.lock_definitions(tx)
    known = await repository.by_keys(tx, [wish.key])
    values: dict[str, Any] = {
        "key": wish.key,
        "names": words(wish.names),
        "descriptions": words(wish.descriptions),
        "rule": wish.rule,
        "use": _kept_use(wish.use),
    }
    if known:
        if any(known[0]._mapping[name] != value for name, value in values.items()):
            raise SegmentTaken("That key is known with other content; a change goes by PATCH.")
        return view_of(known[0]), True
    await _checked(tx, wish.key, wish.rule)
    at, identity = clock.now(), clock.new_id()
    values |= {"id": identity, "version": 1, "state": "active", "created_at": at, "updated_at": at}
    await repository.insert_segment(tx, values | {"updated_by": caller.sub})
    await repository.begin_rule(tx, identity, 1, wish.rule, values["use"], at)
    await _noted(world, tx, "segment.define", identity, 1, caller)
    return await _known(tx, identity), False


async def change_segment(
    world: World, tx: AsyncConnection, segment_id: UUID, wish: ChangeSegment, match: int, caller: Caller
) -> Segment:
    """Apply a merge patch to the version the caller saw; a new rule, or an end, is in force from this instant on."""
    await repository.lock_definitions(tx)
    row = await repository.by_id(tx, segment_id)
    if row is None:
        raise SegmentUnknown()
    check_version(match, row.version)
    told: dict[str, Any] = {name: getattr(wish, name) for name in wish.model_fields_set}
    for name in ("names", "descriptions"):
        if name in told:
            told[name] = words(told[name])
    if "use" in told:
        told["use"] = _kept_use(told["use"])
    changes = {name: value for name, value in told.items() if value != row._mapping[name]}
    if not changes:
        return view_of(row)
    at, version = clock.now(), row.version + 1
    state, rule, use = (changes.get(name, row._mapping[name]) for name in ("state", "rule", "use"))
    if state == "archived":
        await _not_asked(tx, row.key)
        compiled(rule)
    else:
        await _checked(tx, row.key, rule)
    await repository.change_segment(
        tx, segment_id, changes | {"version": version, "updated_at": at, "updated_by": caller.sub}
    )
    if changes.keys() & {"rule", "state", "use"}:
        await repository.end_rule(tx, segment_id, at)
        if state == "active":
            await repository.begin_rule(tx, segment_id, version, rule, use, at)
        await due.note_all(tx, at)
    await _noted(world, tx, "segment.change", segment_id, version, caller)
    return await _known(tx, segment_id)


async def show_segment(conn: AsyncConnection, segment_id: UUID) -> SegmentDetail:
    """A segment with its size and freshness; raises SegmentUnknown."""
    row = await repository.by_id(conn, segment_id)
    if row is None:
        raise SegmentUnknown()
    told_until, waiting = await due.behind(conn, clock.now())
    fresh = Freshness(told_until=told_until, waiting=waiting)
    return SegmentDetail(**_shown(row), members=await repository.size(conn, segment_id), freshness=fresh)


async def preview(world: World, conn: AsyncConnection, wish: Preview) -> Previewed:
    """What a rule would come to now, on everybody or on a random sample; raises Refused as saving it would."""
    rule = await _checked(conn, _PREVIEWED, wish.rule)
    at = clock.now()
    on_shelf = await shelf(conn)
    current, *_ = on_shelf.library.at(at)
    use = _kept_use(wish.use) or DEFAULT_USE
    book = Book(vocabulary(), {**current.rules, _PREVIEWED: rule}, {**current.uses, _PREVIEWED: use}).only(_PREVIEWED)
    drawn, population = await due.drawn(conn, SAMPLE)
    worded = on_shelf.terms.words_of(set(book.uses.values()))
    known = await sources(world, conn, drawn, on_shelf, worded)
    verdicts = {one: book.judge(source.read(book.reads, at)) for one, source in known.items()}
    found = [one for one, verdict in verdicts.items() if _PREVIEWED in verdict.members]
    unknown = sum(_PREVIEWED in verdict.unknown for verdict in verdicts.values())
    denied = sum(_PREVIEWED in verdict.denied for verdict in verdicts.values())
    exact = population <= SAMPLE
    low, high = (len(found), len(found)) if exact else wilson(len(found), len(verdicts), population)
    return Previewed(
        exact=exact,
        customers=population,
        judged=len(verdicts),
        members=len(found) if exact else round(population * len(found) / max(len(verdicts), 1)),
        low=low,
        high=high,
        unknown=unknown if exact else round(population * unknown / max(len(verdicts), 1)),
        denied=denied if exact else round(population * denied / max(len(verdicts), 1)),
        sample=found[: wish.sample],
        judged_at=at,
        units=rule.bound.units,
    )


def wilson(found: int, judged: int, population: int) -> tuple[int, int]:
    """The 95 % interval of Wilson (1927) for a share seen in a sample, as numbers of a population."""
    if judged == 0:
        return 0, population
    share, square = found / judged, _Z95**2
    middle = share + square / (2 * judged)
    spread = _Z95 * sqrt(share * (1 - share) / judged + square / (4 * judged**2))
    scale = population / (1 + square / judged)
    return max(0, round((middle - spread) * scale)), min(population, round((middle + spread) * scale))


@cache
def presets() -> tuple[DefineSegment, ...]:
    """The segments that come with the service, as data."""
    folder = files("customer.segments") / "data"
    rows = [row for name in PRESETS for row in json.loads((folder / name).read_text(encoding="utf-8"))]
    return tuple(DefineSegment.model_validate(row) for row in rows)


async def adopt_presets(world: World, tx: AsyncConnection, caller: Caller) -> list[Segment]:
    """Define those presets whose keys nobody has taken yet; a preset that was changed stays as it was changed."""
    taken = {row.key for row in await repository.every(tx)}
    made = [(await _defined(world, tx, wish, caller))[0] for wish in presets() if wish.key not in taken]
    if made:
        # Once for all of them, and from the first: each is in force from its own instant on.
        await due.note_all(tx, made[0].created_at)
    return made


async def _known(tx: AsyncConnection, segment_id: UUID) -> Segment:
    row = await repository.by_id(tx, segment_id)
    assert row is not None  # noqa: S101  # written in this transaction
    return view_of(row)


async def _checked(conn: AsyncConnection, key: str, text: str) -> Expression:
    """The rule, checked by itself and against all others: it asks about segments that are there, and closes no circle."""
    rule = compiled(text)
    others = {row.key: row.rule for row in await repository.every(conn) if row.state == "active" and row.key != key}
    faults = [
        Fault(_place(rule, asked), "unknown-segment", "no active segment has that key")
        for asked in sorted(nested(rule) - others.keys() - {key})
    ]
    asks: Mapping[str, frozenset[str]] = {one: nested(compiled(other)) for one, other in others.items()}
    try:
        layers({**asks, key: nested(rule)})
    except Circular as error:
        faults.append(
            Fault(_place(rule, error.path[1]), "circular", "it would ask about itself, through " + _path(error))
        )
    if faults:
        raise Refused("/rule", text, faults)
    return rule


def _place(rule: Expression, key: str) -> int:
    return vocabulary().language.place_of(rule, Reference(IN_SEGMENT, (key,)))


def _path(error: Circular) -> str:
    return f"{len(error.path) - 1} segment(s)"


async def _not_asked(tx: AsyncConnection, key: str) -> None:
    for row in await repository.every(tx):
        if row.state == "active" and row.key != key and key in nested(compiled(row.rule)):
            raise SegmentInUse("Another active segment asks about it.")


async def _noted(world: World, tx: AsyncConnection, act: str, identity: UUID, version: int, caller: Caller) -> None:
    entry = audit.Entry(act, None, "segment", identity, caller, {"version": version})
    await audit.record(tx, storage.AUDIT, world.keyring, [entry])
