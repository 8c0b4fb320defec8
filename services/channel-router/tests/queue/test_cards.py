"""The queue keeps of a routing card what anybody may keep: the newest version, until the customer is forgotten."""

import json
import random
from typing import Any
from uuid import UUID, uuid4

import orjson
from sqlalchemy import text

from channel_router.queue.usecases import gather
from shared import clock
from shared.testing.service import Service

CHANGED, SNAPSHOT = "cxbank.customer.routing_profile_changed.v1", "cxbank.customer.routing_profile_snapshot.v1"


async def tell(service: Service, who: UUID, version: int, *, kind: str = CHANGED, **more: Any) -> None:
    said = {"customer_id": str(who), "version": version, "tier": "mass", "languages": [f"x-v{version}", "en"]}
    said |= {"preferred_channels": ["phone", "email"], "occurred_at": "2026-11-24T00:00:00Z"} | more
    subject = f"routing-profile:{who}"
    data = json.dumps(said).encode()
    await service.hear(kind, data, key=str(who), subject=subject, sequence=version, id_=clock.new_id())


async def kept(service: Service) -> list[tuple[UUID, int, list[str], list[str]]]:
    async with service.world.db.read() as conn:
        rows = await conn.execute(text("SELECT * FROM known_card ORDER BY customer_id"))
        return [(row.customer_id, row.version, row.languages, row.preferred_channels) for row in rows]


async def test_the_newest_version_of_a_card_stays_in_whatever_order_it_is_heard(service: Service) -> None:
    who, other = sorted((uuid4(), uuid4()))
    versions = list(range(1, 8))
    random.Random(7).shuffle(versions)  # noqa: S311  # a test's dice
    for version in versions:
        await tell(service, who, version, kind=random.choice((CHANGED, SNAPSHOT)))  # noqa: S311  # the same
    await tell(service, other, 1, languages=[], preferred_channels=[], more="unheard of")
    assert await kept(service) == [(who, 7, ["x-v7", "en"], ["phone", "email"]), (other, 1, [], [])]


async def test_an_erased_customers_card_is_dropped_and_stays_away(service: Service) -> None:
    who = uuid4()
    await tell(service, who, 1)
    asked = {"request_id": str(uuid4()), "customer_id": str(who), "occurred_at": "2026-11-24T00:00:00Z"}
    kind = "cxbank.customer.erasure_requested.v1"
    await service.hear(kind, json.dumps(asked).encode(), key=str(who), subject="e", id_=clock.new_id())
    assert await kept(service) == []
    await tell(service, who, 2)
    await tell(service, who, 3, kind=SNAPSHOT)
    assert await kept(service) == []


async def test_a_person_is_handed_what_is_kept_of_their_card(service: Service) -> None:
    who = uuid4()
    await tell(service, who, 3)
    await tell(service, uuid4(), 1)
    async with service.world.db.read() as conn:
        told = [line async for line in gather(service.world, conn, [who])]
    ((section, card),) = told
    assert (section, card["version"], card["preferred_channels"]) == ("routing_profile", 3, ["phone", "email"])
    assert str(who) in orjson.dumps(card, default=str).decode()  # as the bundle is written
