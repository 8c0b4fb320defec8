"""Any order, repetition and delay of events gives exactly the figures of a batch recomputation from the final states."""

import asyncio
import json
import math
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared import clock
from shared.db import is_contention
from shared.events.envelope import Envelope, Record
from shared.testing.service import Service

BANK_ZONE = "Asia/Shanghai"
ZONES = ("Europe/London", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe")
PLACES = [UUID(int=number, version=4) for number in range(1, 4)]
# Around the days on which London and New York change their clocks.
BEGINS = [datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 10, 24, tzinfo=UTC), datetime(2026, 10, 31, 20, tzinfo=UTC)]
CAMPAIGN = UUID(int=9, version=4)
TABLES = "fact, known_place, figure_day, figure_hour, histogram_day, histogram_hour"


class Said(NamedTuple):
    """One event: type, subject, version, data."""

    type: str
    subject: UUID
    version: int
    data: dict[str, Any]


def moments(draw: st.DrawFn) -> datetime:
    begin = draw(st.sampled_from(BEGINS))
    return begin + timedelta(
        seconds=draw(st.integers(0, 3 * 86_400)), microseconds=draw(st.sampled_from([0, 1, 400_000]))
    )


@st.composite
def tickets(draw: st.DrawFn) -> list[Said]:
    subject, place, opened = draw(st.uuids(version=4)), draw(st.sampled_from(PLACES)), moments(draw)
    told: dict[str, Any] = {"ticket_id": subject, "place_id": place, "opened_at": opened, "occurred_at": opened}
    story = [("opened", told | {"state": "waiting"})]
    end = draw(st.sampled_from(["waiting", "called", "served", "abandoned", "no_show", "requeued"]))
    wait = timedelta(seconds=draw(st.sampled_from([0, 3, 19.5, 20, 20.25, 21, 400])))
    told |= {"place_id": draw(st.sampled_from([place, place, PLACES[2]]))}
    called = told | {"state": "called", "called_at": opened + wait, "occurred_at": opened + wait}
    if end in {"called", "served", "no_show", "requeued"}:
        story.append(("called", called))
    if end == "served":
        served = called["called_at"] + timedelta(seconds=draw(st.floats(0, 900)))
        story.append(("served", called | {"state": "served", "served_at": served, "occurred_at": served}))
    if end == "abandoned":
        story.append(("abandoned", told | {"state": "abandoned", "abandoned_at": opened + wait}))
    if end == "no_show":
        story.append(("no_show", called | {"state": "no_show"}))
    if end == "requeued":
        story.append(("requeued", told | {"state": "waiting"}))
    return [
        Said(f"channel-router.ticket_{step}", subject, number, data) for number, (step, data) in enumerate(story, 1)
    ]


@st.composite
def expressions(draw: st.DrawFn) -> list[Said]:
    subject = draw(st.uuids(version=4))
    data = {
        "feedback_id": subject,
        "source": draw(st.sampled_from(["app", "web"])),
        "rating": draw(st.sampled_from([None, 1, 3, 5])),
        "kind": draw(st.sampled_from([None, "complaint", "praise"])),
        "occurred_at": moments(draw),
    }
    return [Said("feedback.received", subject, 1, data)]


@st.composite
def customers(draw: st.DrawFn) -> list[Said]:
    subject, at = draw(st.uuids(version=4)), moments(draw)
    steps = draw(st.integers(1, 3))
    words = ["customer.registered", "customer.changed", "customer.closed"][:steps]
    told: dict[str, Any] = {"customer_id": subject, "state": "active"}
    return [
        Said(word, subject, number, told | {"occurred_at": at + timedelta(days=number - 1)})
        for number, word in enumerate(words, 1)
    ]


@st.composite
def risks(draw: st.DrawFn) -> list[Said]:
    subject, who, at = draw(st.uuids(version=4)), draw(st.uuids(version=4)), moments(draw)
    told: dict[str, Any] = {"customer_id": who, "occurred_at": at}
    if draw(st.booleans()):
        outcome = draw(st.sampled_from(["allow", "decline"]))
        return [Said("risk.screened", subject, 1, told | {"screening_id": subject, "outcome": outcome})]
    told |= {"restriction_id": subject}
    until = draw(st.sampled_from([None, at + timedelta(hours=30), at - timedelta(days=2)]))
    said = [Said("risk.restriction_set", subject, 1, told | {"until": until})]
    if draw(st.booleans()):
        later = {"occurred_at": at + timedelta(hours=20), "until": until}
        said.append(Said("risk.restriction_lifted", subject, 2, told | later))
    return said


@st.composite
def places(draw: st.DrawFn) -> list[Said]:
    subject = draw(st.sampled_from(PLACES[:2]))
    version, zone = draw(st.integers(1, 50)), draw(st.sampled_from(ZONES))
    data = {"place_id": subject, "zone": zone, "occurred_at": BEGINS[0]}
    return [Said("channel-router.place_changed", subject, version, data)]


@st.composite
def messages(draw: st.DrawFn) -> list[Said]:
    """Taken by one channel after the other, as it came back from the one before; or by none at all."""
    subject, at = draw(st.uuids(version=4)), moments(draw)
    told: dict[str, Any] = {"message_id": subject, "customer_id": draw(st.uuids(version=4))}
    told |= {
        "purpose": draw(st.sampled_from(["service", "news"])),
        "campaign_id": draw(st.sampled_from([None, CAMPAIGN])),
    }
    through = draw(st.sampled_from([[], ["push"], ["push", "sms"]]))
    steps: list[tuple[str, str | None]] = [("sent", channel) for channel in through]
    last = through[-1] if through else draw(st.sampled_from([None, "email"]))
    ends = [["failed"], ["suppressed"], *([[], ["delivered"], ["read"], ["delivered", "read"]] if through else [])]
    end = draw(st.sampled_from(ends))
    if "read" in end and draw(st.booleans()):
        steps.pop()  # a gateway that was silent when it took it
    steps += [(word, last) for word in end]
    return [
        Said(
            f"customer.message_{word}",
            subject,
            number,
            told | {"channel": channel, "occurred_at": at + timedelta(hours=17 * number)},
        )
        for number, (word, channel) in enumerate(steps, 1)
    ]


KINDS = (tickets(), tickets(), tickets(), expressions(), customers(), risks(), messages(), messages(), places())
# One version of a thing says one thing.
STORIES = st.lists(
    st.one_of(*KINDS), min_size=15, max_size=60, unique_by=lambda story: (story[0].subject, story[0].version)
)


# ---- The twin: figures from the final states, in plain words and by another road than the service's.

Bucket = tuple[str, str, date]


def ceil_seconds(begin: datetime, end: datetime) -> int:
    return math.ceil((end - begin) / timedelta(microseconds=1) / 1_000_000)


def final(said: Iterable[Said]) -> tuple[list[Said], dict[UUID, datetime]]:
    """The last word on each thing, and the earliest moment it was told of."""
    last: dict[tuple[str, UUID], Said] = {}
    first: dict[UUID, datetime] = {}
    for one in said:
        topic = (one.type.split(".")[0] + ("place" if "place_changed" in one.type else ""), one.subject)
        if topic not in last or last[topic].version < one.version:
            last[topic] = one
        first[one.subject] = min(first.get(one.subject, one.data["occurred_at"]), one.data["occurred_at"])
    return list(last.values()), first


class Twin:
    """Sums and waits by metric, unit and day."""

    def __init__(self, said: Sequence[Said]) -> None:
        last, first = final(said)
        self.zones = {one.subject: one.data["zone"] for one in last if "zone" in one.data}
        self.sums: dict[Bucket, list[int]] = defaultdict(lambda: [0, 0, 0])
        self.waits: dict[tuple[str, date], Counter[int]] = defaultdict(Counter)
        for one in last:
            data, kind = one.data, one.type.rsplit(".", 1)[1].split("_")[0]
            if kind == "ticket":
                self.ticket(data)
            elif one.type == "feedback.received":
                self.expression(data)
            elif kind == "message":
                self.message([each for each in said if each.subject == one.subject])
            elif one.type.startswith("customer."):
                self.add("customers_registered", "bank", first[one.subject], 1, 0)
            elif kind == "screened":
                self.add("screenings", "bank", data["occurred_at"], 1, 0)
                self.add("screening_decline_rate", "bank", data["occurred_at"], data["outcome"] == "decline", 1)
            elif kind == "restriction":
                self.restriction(one, first[one.subject])

    def day(self, unit: str, at: datetime) -> date:
        zone = BANK_ZONE if unit == "bank" or ":" in unit else self.zones.get(UUID(unit), BANK_ZONE)
        return at.astimezone(ZoneInfo(zone)).date()

    def add(self, metric: str, unit: str, at: datetime, numerator: int, denominator: int) -> None:
        bucket = self.sums[metric, unit, self.day(unit, at)]
        for place, amount in enumerate((numerator, denominator, 1)):
            bucket[place] += amount

    def ticket(self, data: dict[str, Any]) -> None:
        at, state = data["opened_at"], data["state"]
        for unit in ("bank", str(data["place_id"])):
            self.add("tickets_opened", unit, at, 1, 0)
            self.add("abandonment_rate", unit, at, state == "abandoned", 1)
            wait = ceil_seconds(at, data["called_at"]) if state in {"called", "served"} else None
            self.add("service_level_20s", unit, at, wait is not None and wait <= 20, 1)
            if state in {"served", "abandoned"}:
                self.add(f"tickets_{state}", unit, at, 1, 0)
            if wait is not None:
                self.add("waiting_time_mean", unit, at, wait, 1)
                self.waits[unit, self.day(unit, at)][wait] += 1
            if state == "served":
                self.add("service_time_mean", unit, at, ceil_seconds(data["called_at"], data["served_at"]), 1)

    def expression(self, data: dict[str, Any]) -> None:
        for unit in ("bank", f"source:{data['source']}"):
            self.add("feedback_received", unit, data["occurred_at"], 1, 0)
            self.add("complaint_share", unit, data["occurred_at"], data["kind"] == "complaint", 1)
            if data["rating"]:
                self.add("average_rating", unit, data["occurred_at"], data["rating"], 1)

    def message(self, said: Sequence[Said]) -> None:
        data, through = said[0].data, defaultdict(list)
        for one in said:
            through[one.data["channel"] if not one.type.endswith("suppressed") else None].append(one)
        campaign = [f"campaign:{data['campaign_id']}"] if data["campaign_id"] else []
        for unit in ("bank", f"purpose:{data['purpose']}", *campaign):
            self.went(unit, said)
            self.add("message_suppression_rate", unit, said[0].data["occurred_at"], "suppressed" in said[-1].type, 1)
        for channel, part in through.items():
            if channel is not None:
                self.went(f"channel:{channel}", part)

    def went(self, unit: str, said: Sequence[Said]) -> None:
        words, at = [one.type.rsplit("_", 1)[1] for one in said], said[0].data["occurred_at"]
        arrived = words[-1] in {"delivered", "read"}
        if {"sent", "delivered", "read"} & set(words):
            self.add("messages_sent", unit, at, 1, 0)
            self.add("message_delivery_rate", unit, at, arrived, 1)
        if arrived:
            self.add("messages_delivered", unit, at, 1, 0)
            self.add("message_read_rate", unit, at, words[-1] == "read", 1)
        if words[-1] in {"read", "failed", "suppressed"}:
            self.add(f"messages_{words[-1]}", unit, at, 1, 0)

    def restriction(self, one: Said, begun: datetime) -> None:
        ends = [one.data["until"]] if one.data["until"] else []
        ends += [one.data["occurred_at"]] if one.type.endswith("lifted") else []
        self.add("restrictions_active", "bank", begun, 1, 0)
        if ends:
            self.add("restrictions_active", "bank", max(begun, min(ends)), -1, 0)


# ---- Hearing

_offsets: Counter[str] = Counter()


def record(said: Said, identity: UUID, partition: int = 0) -> Record:
    source = said.type.split(".")[0]
    envelope = Envelope(
        id=str(identity),
        source=f"/cxbank/{source}",
        type=f"cxbank.{said.type}.v1",
        time=clock.now(),
        subject=str(said.subject),
        sequence=said.version,
        traceparent=None,
        epoch=1,
        data=json.dumps(
            said.data, default=lambda value: value.isoformat() if isinstance(value, datetime) else str(value)
        ).encode(),
    )
    topic = f"cxbank.{source}.events"
    _offsets[topic] += 1
    return Record(topic, partition, _offsets[topic], str(said.subject).encode(), envelope.data, envelope.to_headers())


async def deliver(service: Service, said: Sequence[Said], chance: random.Random) -> None:
    """Everything at least once, shuffled, in batches of one topic each; some under the same id, some said anew."""
    ids = [(one, clock.new_id()) for one in said]
    ids += [
        (one, identity if chance.random() < 0.5 else clock.new_id()) for one, identity in ids if chance.random() < 0.4
    ]
    chance.shuffle(ids)
    while ids:
        size = chance.choice([1, 2, 7, 30])
        batch, ids = ids[:size], ids[size:]
        topics: dict[str, list[tuple[Said, UUID]]] = defaultdict(list)
        for one, identity in batch:
            topics[one.type.split(".")[0]].append((one, identity))
        for told in topics.values():
            records = [record(one, identity) for one, identity in told]
            await hear(service, records)


async def hear(service: Service, records: Sequence[Record]) -> None:
    """As the ears do it: what is only busy is tried again."""
    while True:
        try:
            await service.consumer().hear(records, await service.bus.cluster_id())
        except DBAPIError as error:
            if not is_contention(error):
                raise
        else:
            return


async def kept(service: Service, sql: str) -> list[tuple[Any, ...]]:
    async with service.world.db.read() as conn:
        return [tuple(row) for row in await conn.execute(text(sql))]


async def compare(service: Service, twin: Twin) -> None:
    assert await kept(service, "SELECT 1 FROM parked") == []
    days = await kept(service, "SELECT metric, unit, day, numerator, denominator, n FROM figure_day WHERE n <> 0")
    assert {row[:3]: list(row[3:]) for row in days} == dict(twin.sums)
    by_hour = "SELECT metric, unit, day, sum(numerator), sum(denominator), sum(n) FROM figure_hour GROUP BY 1, 2, 3"
    hours = {row[:3]: [int(part) for part in row[3:]] for row in await kept(service, by_hour)}
    assert {bucket: parts for bucket, parts in hours.items() if parts[2]} == dict(twin.sums)
    waits: dict[tuple[str, date], Counter[int]] = defaultdict(Counter)
    for unit, day, seconds, n in await kept(service, "SELECT unit, day, seconds, n FROM histogram_day WHERE n <> 0"):
        waits[unit, day][seconds] = n
    assert waits == twin.waits
    caller = await service.client("kpi.figures:read", actor="staff", sub="anna")
    params = {"from": "2026-01-01", "to": "2027-01-01", "unit": "bank", "limit": "500"}
    for metric, share in (("waiting_time_p50", 0.5), ("waiting_time_p90", 0.9)):
        items = (await caller.get("/v1/figures", params=params | {"metric": metric})).json()["items"]
        assert {one["period"]: one["value"] for one in items} == {
            day.isoformat(): sorted(of_day.elements())[math.ceil(share * of_day.total()) - 1]
            for (unit, day), of_day in twin.waits.items()
            if unit == "bank"
        }


@given(stories=STORIES, chance=st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), database=None)
async def test_any_order_of_events_gives_the_figures_of_the_batch(
    service: Service, stories: list[list[Said]], chance: random.Random
) -> None:
    async with service.world.db.begin() as tx:
        await tx.execute(text(f"TRUNCATE {TABLES}"))
    said = [one for story in stories for one in story]
    await deliver(service, said, chance)
    await compare(service, Twin(said))


async def test_batches_of_many_partitions_at_the_same_moment_add_up(service: Service) -> None:
    at, called = BEGINS[0], BEGINS[0] + timedelta(seconds=30)
    said: list[Said] = []
    for number in range(200):
        subject, place = UUID(int=1_000 + number, version=4), PLACES[number % 3]
        told = {"ticket_id": subject, "place_id": place, "opened_at": at, "occurred_at": at}
        said.append(Said("channel-router.ticket_opened", subject, 1, told | {"state": "waiting"}))
        later = {"state": "called", "called_at": called}
        said.append(Said("channel-router.ticket_called", subject, 2, told | later))
    for version in range(1, 9):
        told = {"place_id": PLACES[0], "zone": ZONES[version % 4], "occurred_at": at}
        said.append(Said("channel-router.place_changed", PLACES[0], version, told))
    # The same ticket on two partitions at once is what a replay beside a refill looks like.
    batches = [
        [record(one, clock.new_id(), partition) for one in said[partition % 8 :: 8][part::3]]
        for partition in range(16)
        for part in range(3)
    ]
    parts = [batches[partition * 3 : partition * 3 + 3] for partition in range(16)]

    async def ear(mine: list[list[Record]]) -> None:
        for batch in mine:
            await hear(service, batch)

    await asyncio.gather(*(ear(mine) for mine in parts))
    await compare(service, Twin(said))
