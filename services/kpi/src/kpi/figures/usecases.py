"""Facts in, figures restated, in one transaction: order, repeats and delay of what is heard make no difference."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from kpi.figures import repository
from kpi.figures.domain.facts import Fact, Kind, first_of_party, merged
from kpi.figures.domain.metrics import METRICS, Grain, Metric, MetricType, value_of
from kpi.figures.domain.tally import Tally
from kpi.figures.schemas import Figure, MetricView
from kpi.storage import LINKS
from shared.crypto import Subject
from shared.subjects import learn_links, resolve
from shared.world import World

_PAGE = 2_000
_FIRST = UUID(int=0)
_HANDED = ("kind", "occurred_at", "state", "place_id", "rating", "channel", "purpose", "campaign_id")


@dataclass(frozen=True, slots=True)
class PlaceTold:
    """The zone of a place, as of a version of it."""

    place_id: UUID
    zone: str
    version: int


async def hear(
    world: World,
    tx: AsyncConnection,
    facts: Sequence[Fact],
    places: Sequence[PlaceTold] = (),
    links: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Learn what was heard and restate every figure it touches.

    Locks are taken in one order everywhere: places, identity, parties, facts, figures; each sorted by key.
    """
    told = _latest(await _without_erased(world, tx, facts))
    tally = Tally()
    zones = await _settle_zones(tx, told.values(), places, tally)
    parties = await _hold_parties(tx, [one.id for one in told.values() if one.kind is Kind.CUSTOMER], links)
    bank = world.settings.zone
    counted = {
        key: replace(one, zone=zones.get(one.place_id) if one.place_id else None, bank_zone=bank)
        for key, one in sorted(told.items())
    }
    if counted:
        await _restate(tx, counted, tally)
    await _count_once(tx, parties, tally)
    await repository.add(tx, tally)


async def _hold_parties(
    tx: AsyncConnection, people: Sequence[UUID], links: Sequence[Mapping[str, Any]]
) -> list[set[UUID]]:
    """The parties whose count may be another after this, held: all that a link joins or parts, else the linked ones."""
    if not people and not links:
        return []
    await repository.hold_identity(tx, to_change=bool(links))
    named = sorted({*people, *(link["member"] for link in links)})
    leaders = set((await resolve(tx, LINKS, named)).values())
    if links:
        await learn_links(tx, LINKS, links)
        leaders |= set((await resolve(tx, LINKS, named)).values())
        return list((await repository.counted_for(tx, sorted(leaders))).values())
    linked = {
        leader: who for leader, who in (await repository.counted_for(tx, sorted(leaders))).items() if len(who) > 1
    }
    if linked:
        await repository.hold_parties(tx, list(linked))
    return list(linked.values())


async def _count_once(tx: AsyncConnection, parties: Sequence[Collection[UUID]], tally: Tally) -> None:
    """Let of each party the earliest record count, and no other."""
    keys = sorted({(Kind.CUSTOMER, one) for party in parties for one in party})
    known = await repository.locked(tx, keys) if keys else {}
    changed: list[Fact] = []
    for party in parties:
        before = {one: known[Kind.CUSTOMER, one] for one in party if (Kind.CUSTOMER, one) in known}
        for after in first_of_party(before.values()):
            if after != before[after.id]:
                tally.restate(before[after.id], after)
                changed.append(after)
    if changed:
        await repository.change(tx, changed)


def _latest(facts: Sequence[Fact]) -> dict[tuple[str, UUID], Fact]:
    latest: dict[tuple[str, UUID], Fact] = {}
    for one in facts:
        known = latest.get((one.kind, one.id))
        latest[one.kind, one.id] = one if known is None else merged(known, one)
    return latest


async def _without_erased(world: World, tx: AsyncConnection, facts: Sequence[Fact]) -> list[Fact]:
    """What erased customers did still counts, without them; they themselves are not brought back by a late event."""
    subjects = {one.customer_id: Subject("customer", one.customer_id) for one in facts if one.customer_id}
    erased = await world.vault.erased(tx, list(subjects.values()))
    kept: list[Fact] = []
    for one in facts:
        gone = one.customer_id is not None and subjects[one.customer_id] in erased
        if not gone:
            kept.append(one)
        elif one.kind is not Kind.CUSTOMER:
            kept.append(replace(one, customer_id=None))
    return kept


async def _settle_zones(
    tx: AsyncConnection, facts: Any, places: Sequence[PlaceTold], tally: Tally
) -> dict[UUID, str | None]:
    """The zone of every place concerned; facts of places that are in another zone now are moved to their new days."""
    news = {one.place_id: one for one in sorted(places, key=lambda one: one.version)}
    concerned = sorted({one.place_id for one in facts if one.place_id} | set(news))
    if not concerned:
        return {}
    known = await repository.hold_places(tx, concerned, to_change=bool(news))
    zones: dict[UUID, str | None] = {place: row.zone for place, row in known.items()}
    newer = [one for place, one in sorted(news.items()) if known[place].version < one.version]
    if newer:
        # Raises for a zone that does not exist, before anything is counted in it: the event is parked.
        for one in newer:
            ZoneInfo(one.zone)
        rows = [{"place_id": one.place_id, "zone": one.zone, "version": one.version} for one in newer]
        await repository.learn_places(tx, rows)
    for one in newer:
        zones[one.place_id] = one.zone
        await _move(tx, one.place_id, one.zone, tally)
    return zones


async def _move(tx: AsyncConnection, place_id: UUID, zone: str, tally: Tally) -> None:
    last = _FIRST
    while True:
        page = await repository.counted_elsewhere(tx, place_id, zone, last, _PAGE)
        if not page:
            return
        moved = [replace(one, zone=zone) for one in page]
        for before, after in zip(page, moved, strict=True):
            tally.restate(before, after)
        await repository.change(tx, moved)
        last = page[-1].id


async def _restate(tx: AsyncConnection, told: Mapping[tuple[str, UUID], Fact], tally: Tally) -> None:
    new = await repository.keep_new(tx, list(told.values()))
    for key in new:
        tally.restate(None, told[key])
    again = [key for key in told if key not in new]
    if not again:
        return
    changed: list[Fact] = []
    for key, before in (await repository.locked(tx, again)).items():
        after = merged(before, told[key])
        if after != before:
            tally.restate(before, after)
            changed.append(after)
    if changed:
        await repository.change(tx, changed)


async def forget(tx: AsyncConnection, ids: Sequence[UUID]) -> None:
    """What erasure removes here: the customer from every fact. Counts are of nobody in particular, and stay.

    The erased leave their party, as `unlinked` is about to say: each counts alone, and so do those who stay.
    """
    await repository.hold_identity(tx, to_change=True)
    leaders = sorted(set((await resolve(tx, LINKS, ids)).values()))
    staying = [party - set(ids) for party in (await repository.counted_for(tx, leaders)).values()]
    tally = Tally()
    await _count_once(tx, [*staying, *({one} for one in ids)], tally)
    await repository.add(tx, tally)
    await repository.forget_customers(tx, ids)


def figure_of(metric: Metric, row: Row[Any], grain: Grain, zone: str) -> Figure:
    """A row of figures as callers see it."""
    hourly = grain is Grain.HOUR
    denominator = 1 if metric.type is MetricType.COUNT else row.denominator
    return Figure(
        period=row.period.astimezone(ZoneInfo(zone)) if hourly else row.period.date(),
        value=value_of(row.numerator, denominator),
        numerator=row.numerator,
        denominator=denominator,
        n=row.n,
        freshness=row.fresh_at,
    )


def metrics() -> list[MetricView]:
    """The registry as callers see it."""
    return [
        MetricView(
            key=one.key,
            names=one.names,
            definition=one.definition,
            type=one.type,
            made_of=one.kind,
            measure_unit=one.measure_unit,
            direction=one.direction,
            counted_on=one.counted_on,
            share=None if one.share is None else float(one.share),
        )
        for one in METRICS.values()
    ]


async def gather(
    _: World, conn: AsyncConnection, customers: Sequence[UUID]
) -> AsyncIterator[tuple[str, Mapping[str, Any]]]:
    """What was counted of these customers: for their own export."""
    for row in await repository.of_customers(conn, customers):
        yield "fact", {name: getattr(row, name) for name in _HANDED}
