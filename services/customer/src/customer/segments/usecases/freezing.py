"""Freezing cut points: the fifths of RFM and the clusters found in data, in dated versions that are never changed."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.consents import usecases as consents
from customer.due import usecases as due
from customer.interactions.domain.rfm import SOURCES, cut_points_of
from customer.segments import repository
from customer.segments.domain.clusters import FEATURES, describe, drift, fit_clusters
from customer.segments.domain.clusters import Row as Place
from customer.segments.domain.gates import gate_of
from customer.segments.schemas import Cluster, CutVersion, FreezeCuts
from customer.segments.usecases.library import CLUSTERS, MEASURES, RFM, clusters_of, frozen, shelf, vocabulary
from customer.segments.usecases.sources import sources
from shared import audit, clock
from shared.access import Caller
from shared.problems import FieldError, Malformed
from shared.world import World

# Who is looked at: a random sample of this size, everybody where there are not more.
SAMPLE: Final = 2_000
_READS: Final[Mapping[str, tuple[str, ...]]] = {
    RFM: tuple(feature.spec.name for feature in SOURCES.values()),
    CLUSTERS: FEATURES,
}


async def freeze_cuts(world: World, wish: FreezeCuts, caller: Caller) -> tuple[CutVersion, bool]:
    """Find cut points in the customers as they are now, and keep them for ever; a repeat for the same instant finds these.

    Nothing is held while they are found. Raises Malformed where there are too few customers, or they do not differ.
    """
    at = clock.now()
    if wish.valid_from < at.replace(microsecond=0):
        known = [row async for row in _kept(world, wish)]
        if known:
            return view_of(known[0]), True
        raise Malformed(errors=[FieldError("/valid_from", "past", "cut points are in force from now on, or later")])
    async with world.db.read() as conn:
        rows, exact = await _customers(world, conn, wish.kind, at)
        before = (await frozen(conn)).clusters
    try:
        if wish.kind == RFM:
            payload: dict[str, Any] = _fifths(rows)
        else:
            found = await asyncio.to_thread(fit_clusters, rows, wish.valid_from)
            payload = asdict(found) | {"drift": drift(before[-1], rows) if before else None}
            del payload["valid_from"]
    except ValueError as error:
        raise Malformed(errors=[FieldError("/kind", "population", str(error))]) from None
    payload |= {"judged": len(rows), "exact": exact}
    async with world.db.begin() as tx:
        identity = clock.new_id()
        values = {"id": identity, "kind": wish.kind, "valid_from": wish.valid_from, "payload": payload}
        fresh = await repository.insert_cut(tx, values | {"recorded_at": at, "recorded_by": caller.sub})
        if fresh:
            # Not from `valid_from`: everybody has to learn that it is coming.
            await due.note_all(tx, at)
            entry = audit.Entry("segment.freeze", None, "segment_cut", identity, caller, {"kind": wish.kind})
            await audit.record(tx, storage.AUDIT, world.keyring, [entry])
    (row,) = [row async for row in _kept(world, wish)]
    return view_of(row), not fresh


async def list_cuts(conn: AsyncConnection) -> list[CutVersion]:
    """Every version, in the order in which they come into force."""
    return [view_of(row) for row in await repository.cuts(conn)]


def view_of(row: Row[Any]) -> CutVersion:
    """A version as it is shown: bounds of fifths, or clusters with what sets each apart."""
    told = row.payload
    clusters: list[Cluster] | None = None
    if row.kind == CLUSTERS:
        partition = clusters_of(row)
        words = describe(partition, vocabulary().specs)
        clusters = [
            Cluster(name=name, share=share, profile=dict(words[name]))
            for name, share in zip(words, partition.shares, strict=True)
        ]
    return CutVersion(
        id=row.id,
        kind=row.kind,
        valid_from=row.valid_from,
        judged=told["judged"],
        exact=told["exact"],
        bounds={name: told[name] for name in MEASURES} if row.kind == RFM else None,
        clusters=clusters,
        silhouette=told.get("silhouette"),
        drift=told.get("drift"),
        recorded_at=row.recorded_at,
    )


async def _kept(world: World, wish: FreezeCuts) -> Any:
    async with world.db.read() as conn:
        for row in await repository.cuts(conn, wish.kind):
            if row.valid_from == wish.valid_from:
                yield row


async def _customers(world: World, conn: AsyncConnection, kind: str, at: datetime) -> tuple[list[Place], bool]:
    """What those are like in whom cut points are sought: totals of everybody, but for those who object to being in them."""
    drawn, population = await due.drawn(conn, SAMPLE)
    on_shelf = await shelf(conn)
    known = await sources(world, conn, drawn, on_shelf, on_shelf.terms.words_of([consents.STATISTICS]))
    names, gate = frozenset(_READS[kind]), gate_of(consents.STATISTICS, frozenset())
    rows: list[Place] = [
        {name: one.value for name, one in source.read(names, at).items()}
        for source in known.values()
        if source.facts and source.grounds(gate, at).value
    ]
    return rows, population <= SAMPLE


def _fifths(rows: list[Place]) -> dict[str, Any]:
    def whole(name: str) -> list[int | None]:
        return [value if isinstance(value := row[name], int) else None for row in rows]

    return {measure: cut_points_of(whole(name)) for measure, name in zip(MEASURES, _READS[RFM], strict=True)}
