"""A person with two records is one customer while these are linked, and two again when they part: whatever came when."""

import asyncio
import json
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared import clock
from shared.db import is_contention
from shared.events.envelope import Envelope, Record
from shared.testing.service import Service

ZONE = ZoneInfo("Asia/Shanghai")
BEGIN = datetime(2026, 3, 10, 4, tzinfo=UTC)
PEOPLE = [UUID(int=number, version=4) for number in range(1, 6)]


class Link(NamedTuple):
    """How a member stands after that version."""

    member: UUID
    leader: UUID
    version: int
    linked: bool


class Known(NamedTuple):
    """A word of a customer: registered (version 1) or changed."""

    who: UUID
    version: int
    day: int


_offsets: Counter[int] = Counter()


async def say(service: Service, one: Link | Known, partition: int = 0) -> None:
    """Let it be heard, as the ears do it: what is only busy is tried again."""
    if isinstance(one, Link):
        kind, key, subject = "linked" if one.linked else "unlinked", one.member, f"identity-link:{one.member}"
        data: dict[str, Any] = {"member": one.member, "leader": one.leader, "version": one.version}
    else:
        kind, key, subject = "registered" if one.version == 1 else "changed", one.who, str(one.who)
        data = {"customer_id": one.who, "state": "active", "occurred_at": BEGIN + timedelta(days=one.day)}
    envelope = Envelope(
        id=str(clock.new_id()),
        source="/cxbank/customer",
        type=f"cxbank.customer.{kind}.v1",
        time=clock.now(),
        subject=subject,
        sequence=one.version,
        traceparent=None,
        epoch=1,
        data=json.dumps(data, default=str).encode(),
    )
    _offsets[partition] += 1
    headers = envelope.to_headers()
    record = Record("cxbank.customer.events", partition, _offsets[partition], str(key).encode(), envelope.data, headers)
    while True:
        try:
            await service.consumer().hear([record], await service.bus.cluster_id())
        except DBAPIError as error:
            if not is_contention(error):
                raise
        else:
            return


async def registered(service: Service) -> dict[str, int]:
    caller = await service.client("kpi.figures:read", actor="staff", sub="anna")
    params = {"metric": "customers_registered", "from": "2026-01-01", "to": "2027-01-01"}
    answer = await caller.get("/v1/figures", params=params)
    assert answer.status_code == 200, answer.text
    return {one["period"]: one["numerator"] for one in answer.json()["items"] if one["numerator"]}


def day(offset: int) -> str:
    return (BEGIN + timedelta(days=offset)).astimezone(ZONE).date().isoformat()


def twin(said: list[Link | Known]) -> dict[str, int]:
    """From the final words alone: the earliest day of each party that is known."""
    first: dict[UUID, int] = {}
    stands: dict[UUID, Link] = {}
    for one in said:
        if isinstance(one, Known):
            first[one.who] = min(first.get(one.who, one.day), one.day)
        elif one.member not in stands or stands[one.member].version < one.version:
            stands[one.member] = one
    parties: dict[UUID, list[int]] = {}
    for who, begun in first.items():
        link = stands.get(who)
        parties.setdefault(link.leader if link and link.linked else who, []).append(begun)
    return dict(Counter(day(min(days)) for days in parties.values()))


knowns = st.builds(Known, st.sampled_from(PEOPLE), st.integers(1, 3), st.integers(0, 4))
links = st.builds(Link, st.sampled_from(PEOPLE), st.sampled_from(PEOPLE), st.integers(1, 6), st.booleans())
said_once = st.tuples(
    st.lists(knowns, min_size=2, max_size=8, unique_by=lambda one: (one.who, one.version)),
    st.lists(links, min_size=1, max_size=9, unique_by=lambda one: (one.member, one.version)),
)


async def empty(service: Service) -> None:
    async with service.world.db.begin() as tx:
        await tx.execute(text("TRUNCATE fact, identity_link, figure_day, figure_hour"))


@given(stories=said_once, chance=st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), database=None)
async def test_any_order_of_customers_and_links_counts_each_final_party_once_on_its_first_day(
    service: Service, stories: tuple[list[Known], list[Link]], chance: random.Random
) -> None:
    await empty(service)
    said: list[Link | Known] = [*stories[0], *stories[1]]
    heard = said + [one for one in said if chance.random() < 0.2]
    chance.shuffle(heard)
    for one in heard:
        await say(service, one)
    assert await registered(service) == twin(said)


async def test_records_that_meet_in_twenty_batches_at_the_same_moment_are_counted_once(service: Service) -> None:
    for round_ in (0, 5, 10):
        await empty(service)
        who = [uuid4() for _ in range(10)]
        said: list[Link | Known] = [Known(one, 1, place % 4) for place, one in enumerate(who)]
        said += [Link(one, who[place // 5 * 5], 1, linked=True) for place, one in enumerate(who)]
        said = said[round_:] + said[:round_]
        await asyncio.gather(*(say(service, one, place) for place, one in enumerate(said)))
        assert await registered(service) == twin(said)
        parted = [Link(one, who[0], 2, linked=False) for one in who[:5]]
        await asyncio.gather(*(say(service, one, place) for place, one in enumerate(parted)))
        assert await registered(service) == twin([*said, *parted])


@pytest.mark.parametrize("erased", [0, 1, 2])
async def test_an_erased_record_leaves_its_party_and_every_count_is_what_parting_makes_it(
    service: Service, erased: int
) -> None:
    who = PEOPLE[:3]
    for place, one in enumerate(who):
        await say(service, Known(one, 1, place))
        await say(service, Link(one, who[2], 1, linked=True))
    assert await registered(service) == {day(0): 1}
    gone = str(who[erased])
    asked = json.dumps({"request_id": str(uuid4()), "customer_id": gone, "occurred_at": BEGIN.isoformat()}).encode()
    kind = "cxbank.customer.erasure_requested.v1"
    await service.hear(kind, asked, key=gone, subject=str(uuid4()), id_=clock.new_id())
    staying = min(place for place in range(3) if place != erased)
    assert await registered(service) == dict(Counter([day(erased), day(staying)]))
    for one in who:
        await say(service, Link(one, one, 2, linked=False))
    assert await registered(service) == {day(place): 1 for place in range(3)}
