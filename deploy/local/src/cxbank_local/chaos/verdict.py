"""Whether anything was lost, doubled or reordered: databases against what callers were told, listeners against speakers."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import text

from cxbank_local.administration import Service
from cxbank_local.chaos.traffic import Seen
from shared.events.bus import PARTITIONS, Bus
from shared.events.envelope import Record
from shared.worker import topic_of

# Which table holds what a door acknowledged.
_KEPT: Final = {
    "/v1/customers": ("customer", "customer"),
    "/v1/tickets": ("channel-router", "ticket"),
    "/v1/feedback": ("feedback", "feedback"),
    "/v1/screenings": ("risk", "screening"),
}
# What kpi counted, over all periods, against whose table.
_COUNTED: Final = {
    "customers_registered": ("customer", "customer"),
    "tickets_opened": ("channel-router", "ticket"),
    "feedback_received": ("feedback", "feedback"),
    "screenings": ("risk", "screening"),
}


async def _column(service: Service, query: str) -> list[Any]:
    async with service.world.db.read() as conn:
        return list((await conn.execute(text(query))).scalars())


async def lost_or_doubled(services: Mapping[str, Service], seen: Seen) -> list[str]:
    """What callers were told beside what the databases hold: each acknowledged write there, each key one row."""
    faults = list(seen.wrong)
    for door, (service, table) in _KEPT.items():
        told = {identity for identity in seen.acknowledged.get(door, {}).values() if identity}
        kept = {str(one) for one in await _column(services[service], f"SELECT id FROM {table}")}
        faults += [f"{door}: {one} was acknowledged and is not kept" for one in sorted(told - kept)[:5]]
        if len(kept) != len(told):
            faults.append(f"{door}: {len(kept)} rows for {len(told)} acknowledged keys")
        if not told:
            faults.append(f"{door}: nothing was acknowledged at all")
    return faults


async def effects(services: Mapping[str, Service], seen: Seen) -> list[str]:
    """Whether each event took effect once in its listeners, and the last of each key was the last to take effect."""
    faults: list[str] = []
    for metric, (service, table) in _COUNTED.items():
        query = f"SELECT coalesce(sum(numerator), 0) FROM figure_day WHERE metric = '{metric}' AND unit = 'bank'"
        (counted,) = await _column(services["kpi"], query)
        (kept,) = await _column(services[service], f"SELECT count(*) FROM {table}")
        if int(counted) != int(kept):
            faults.append(f"kpi counts {counted} {metric}, {service} holds {kept}")
    for listener in ("feedback", "channel-router", "risk"):
        async with services[listener].world.db.read() as conn:
            rows = (await conn.execute(text("SELECT customer_id, tier FROM known_customer"))).all()
        heard = {str(row.customer_id): row.tier for row in rows}
        wrong = [one for one, tier in seen.tiers.items() if heard.get(one) != tier]
        faults += [f"{listener}: {one} is {heard.get(one)}, last acknowledged {seen.tiers[one]}" for one in wrong[:5]]
    return faults


async def _log(bus: Bus, topic: str) -> list[Record]:
    stream = await bus.stream()
    try:
        await stream.assign({(topic, number): 0 for number in range(PARTITIONS)})
        records: list[Record] = []
        silent = 0
        while silent < 5:
            got = await stream.poll(0.3, 5_000)
            silent = 0 if got else silent + 1
            for some in got.values():
                records += some
        return records
    finally:
        await stream.stop()


async def out_of_order(bus: Bus, services: Sequence[str]) -> list[str]:
    """Whether any key's sequence ever goes back within one epoch of the log, except where an event is said again whole."""
    faults = []
    for service in services:
        last: dict[tuple[str, str, bytes | None], int] = {}
        first_time: set[str] = set()
        counted: Counter[str] = Counter()
        for record in await _log(bus, topic_of(service)):
            told = {name: value.decode() for name, value in record.headers}
            if told["ce_id"] in first_time:
                continue
            first_time.add(told["ce_id"])
            counted[told["ce_type"]] += 1
            where = (told["ce_epoch"], told["ce_subject"], record.key)
            sequence = int(told["ce_sequence"])
            if sequence < last.get(where, 0):
                faults.append(f"{service}: {told['ce_subject']} goes from {last[where]} to {sequence}")
            last[where] = sequence
        if not counted:
            faults.append(f"{service}: its topic is empty")
    return faults
