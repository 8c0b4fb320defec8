"""Handing a person everything that is held of them: asked of all five services, streamed together once all are ready."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.campaigns import usecases as campaigns
from customer.consents import usecases as consents
from customer.disclosure import usecases as disclosure
from customer.interactions import usecases as interactions
from customer.offers import usecases as offers
from customer.outreach import usecases as outreach
from customer.parties import usecases as parties
from customer.privacy import repository
from customer.privacy.clients import Others
from customer.privacy.domain import SERVICES, RequestKind
from customer.privacy.events import ExportRequested
from customer.privacy.problems import NotReady, RequestUnknown
from customer.privacy.usecases import wording
from customer.relationships import usecases as relationships
from customer.routing import usecases as routing
from customer.segments import usecases as segments
from customer.settings import Settings
from shared import audit, clock
from shared.access import Caller
from shared.events import outbox
from shared.events.envelope import Emit
from shared.exports import Gather, lines
from shared.problems import Gone
from shared.subjects import circles, reached
from shared.world import World

OWN: Final = "customer"
# What each capability holds of a person, opened.
_EACH: Final[tuple[Gather, ...]] = (
    parties.gather,
    relationships.gather,
    consents.gather,
    disclosure.gather,
    wording.gather,
    interactions.gather,
    interactions.gather_features,
    outreach.gather,
    campaigns.gather,
    routing.gather,
    offers.gather,
    segments.gather,
)


async def ask_all(world: World, tx: AsyncConnection, row: Row[Any]) -> None:
    """Ask the other four by event; ours is ready at once. Every id the person has is asked for."""
    settings = world.settings
    assert isinstance(settings, Settings)  # noqa: S101  # this service is started with its own settings
    around = await circles(tx, storage.LINKS, [row.customer_id])
    now = clock.now()
    said = ExportRequested(
        request_id=row.id,
        customer_id=row.customer_id,
        customer_ids=sorted(around[row.customer_id]),
        expires_at=now + timedelta(hours=settings.export_hours),
        occurred_at=now,
    )
    await outbox.emit(tx, storage.EVENTS, storage.SOURCE, [Emit(said, key=row.customer_id, subject=row.id, sequence=1)])
    await repository.keep_answer(tx, row.id, OWN, now)


async def ready(tx: AsyncConnection, request_id: UUID, service: str) -> bool:
    """A service can hand over; whether all five can now."""
    if not await repository.requests_by_ids(tx, [request_id]):
        return False
    await repository.keep_answer(tx, request_id, service, clock.now())
    return set(SERVICES) <= set((await repository.answers_of(tx, [request_id])).get(request_id, ()))


async def _gather(
    world: World, conn: AsyncConnection, customers: Sequence[UUID]
) -> AsyncIterator[tuple[str, Mapping[str, Any]]]:
    for one in _EACH:
        async for section, record in one(world, conn, customers):
            yield section, record


async def bundle(world: World, others: Others, request_id: UUID, caller: Caller) -> AsyncIterator[bytes]:
    """The bundle of an access request as NDJSON, `{service, section, record}` a line; recorded before it begins.

    Raises NotReady while a service has not answered, Gone for somebody erased since.
    """
    async with world.db.begin() as tx:
        rows = await repository.requests_by_ids(tx, [request_id])
        if not rows or not all(await reached(tx, storage.LINKS, [(caller, rows[0].customer_id)])):
            raise RequestUnknown()
        row = rows[0]
        if row.kind not in {RequestKind.ACCESS, RequestKind.PORTABILITY}:
            raise RequestUnknown()
        subject = parties.subject_of(row.customer_id)
        if await world.vault.erased(tx, [subject]):
            raise Gone()
        answered = (await repository.answers_of(tx, [request_id])).get(request_id, [])
        if set(SERVICES) - set(answered):
            raise NotReady("Still to answer: " + ", ".join(one for one in SERVICES if one not in answered) + ".")
        around = await circles(tx, storage.LINKS, [row.customer_id])
        entry = audit.Entry("privacy.bundle", subject, "privacy_request", request_id, caller)
        await audit.seen(tx, storage.AUDIT, world.keyring, [entry])
    # All of them before the first byte: a bundle that ends too early would look whole.
    handed = {
        service: await others.export(service, request_id, on_behalf_of=caller.sub)
        for service in SERVICES
        if service != OWN
    }
    return _stream(world, handed, sorted(around[row.customer_id]))


async def _stream(
    world: World, handed: Mapping[str, Sequence[bytes]], customers: Sequence[UUID]
) -> AsyncIterator[bytes]:
    async for line in lines(world, _gather, customers):
        yield _named(OWN, line)
    for service, theirs in handed.items():
        for line in theirs:
            yield _named(service, line)


def _named(service: str, line: bytes) -> bytes:
    return orjson.dumps({"service": service, **orjson.loads(line)}) + b"\n"
