"""Forgetting a customer, whole or in part: our own at once, the others' by event, complete when all five have confirmed."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.campaigns import usecases as campaigns
from customer.consents import usecases as consents
from customer.disclosure import usecases as disclosure
from customer.identity import usecases as identity
from customer.insights import usecases as insights
from customer.interactions import usecases as interactions
from customer.matters import usecases as matters
from customer.offers import usecases as offers
from customer.outreach import usecases as outreach
from customer.parties import usecases as parties
from customer.privacy import repository
from customer.privacy.domain import SERVICES, ErasureState, Said, kept_by, state_of
from customer.privacy.events import ErasureCompleted, ErasureRequested
from customer.privacy.problems import ErasureUnknown, MustBeKept
from customer.privacy.schemas import (
    Certificate,
    CertificateLine,
    CertifiedErasure,
    Confirmation,
    Erasure,
    RefusalView,
    ServiceErased,
)
from customer.privacy.usecases.duties import refused
from customer.relationships import usecases as relationships
from customer.routing import usecases as routing
from customer.segments import usecases as segments
from customer.settings import Settings
from shared import audit, clock
from shared.access import Caller
from shared.erasure import Forget, named, removed
from shared.events import outbox
from shared.events.envelope import Emit
from shared.problems import RequestInFlight
from shared.subjects import circles
from shared.world import World

OWN = "customer"
# What each capability removes of a person besides the key: first what a duty to keep is about, then all else. Parties first:
# they drop the due row, and whoever tells somebody's segments at this moment is waited for.
_KEPT_BY_DUTY: Final[tuple[Forget, ...]] = (
    parties.forget,
    identity.forget,
    disclosure.forget,
    consents.forget,
    repository.forget,
    relationships.forget,
    routing.forget,
)
_BESIDE: Final[tuple[Forget, ...]] = (
    matters.forget,
    insights.forget,
    outreach.forget,
    segments.forget,
    routing.forget_notes,
    offers.forget,
)


async def forget(world: World, tx: AsyncConnection, ids: Sequence[UUID]) -> None:
    """Everything this service removes of erased customers besides their keys."""
    # Before all others: how somebody is to be counted is known only while their messages and doings are there.
    await campaigns.forget(tx, ids)
    await _forget_all(world, tx, ids)


async def _forget_all(world: World, tx: AsyncConnection, ids: Sequence[UUID]) -> None:
    for one in _KEPT_BY_DUTY:
        await one(tx, ids)
    await interactions.forget(tx, ids, world.settings.zone)
    for one in _BESIDE:
        await one(tx, ids)


async def _forget_beside(tx: AsyncConnection, ids: Sequence[UUID]) -> None:
    """What no duty to keep identity and transactions is about: messages, what was heard, what was derived."""
    for one in _BESIDE:
        await one(tx, ids)


async def lock_persons(world: World, tx: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    """Of each of these every record that counts as the same person now, their keys held alone until `tx` ends.

    Before any look at what must be kept, so that no order and no link comes in between; and before any request is held,
    since whoever forgets somebody takes them in that order.
    """
    if not ids:
        return {}
    around = await circles(tx, storage.LINKS, ids)
    named = {one for circle in around.values() for one in circle}
    await world.vault.lock(tx, [parties.subject_of(one) for one in named])
    around = await circles(tx, storage.LINKS, ids)
    if not {one for circle in around.values() for one in circle} <= named:
        raise RequestInFlight("Somebody was linked with one of these at this moment; try again.")
    return around


async def request_erasure(
    world: World, tx: AsyncConnection, customer_id: UUID, caller: Caller, kept: Sequence[str] = ()
) -> tuple[Erasure, bool]:
    """Forget a customer; the erasure, and whether it had been asked for before.

    The caller holds the customer's key alone since before it looked at what must be kept. The key is destroyed here and now,
    so that nothing of ours can be read even if the others answer late. Where a duty makes services keep (`kept`), the others
    forget; ours then drops what no duty is about, each time anew: something may have come since the last time.
    """
    at = clock.now()
    erasure_id = clock.new_id()
    values = {
        "id": erasure_id,
        "customer_id": customer_id,
        "partial": bool(kept),
        "version": 1,
        "requested_at": at,
        "requested_by": caller.sub,
    }
    if not await repository.insert_erasure(tx, values):
        return await show_erasure(tx, customer_id), True
    subject = parties.subject_of(customer_id)
    before = await named(tx, storage.metadata, customer_id)
    # What they did for a campaign can be read only while their key is there.
    await campaigns.count_out(world, tx, [customer_id])
    if OWN in kept:
        await _forget_beside(tx, [customer_id])
    else:
        await world.vault.erase(tx, subject, at)
        await _forget_all(world, tx, [customer_id])
    after = await named(tx, storage.metadata, customer_id)
    await repository.confirm(tx, erasure_id, at, Said(OWN, OWN in kept, removed(before, after), after))
    said = ErasureRequested(request_id=erasure_id, customer_id=customer_id, kept=sorted(kept), occurred_at=at)
    await outbox.emit(tx, storage.EVENTS, storage.SOURCE, [Emit(said, key=customer_id, subject=erasure_id, sequence=1)])
    entry = audit.Entry("erasure.request", subject, "erasure", erasure_id, caller, {"kept": " ".join(sorted(kept))})
    await audit.record(tx, storage.AUDIT, world.keyring, [entry])
    row = await repository.locked(tx, erasure_id)
    if row is None:
        raise ErasureUnknown()
    return await _view(tx, row), False


async def erase_whole(world: World, tx: AsyncConnection, customer_id: UUID, caller: Caller) -> tuple[Erasure, bool]:
    """Forget one record in all five services, or raise MustBeKept: a request of kind `erasure` does what may be done.

    What must be kept is asked of the person, under every record that counts as them.
    """
    persons = (await lock_persons(world, tx, [customer_id]))[customer_id]
    if kept_by(await refused(world, tx, persons)):
        raise MustBeKept("A law or an order keeps something of this customer; ask by a privacy request.")
    return await request_erasure(world, tx, customer_id, caller)


async def show_erasure(tx: AsyncConnection, customer_id: UUID) -> Erasure:
    """The erasure of a customer, or ErasureUnknown."""
    row = await repository.of_customer(tx, customer_id)
    if row is None:
        raise ErasureUnknown()
    return await _view(tx, row)


async def certificate(
    world: World, tx: AsyncConnection, row: Row[Any], refusals: Sequence[RefusalView], caller: Caller
) -> Certificate:
    """What was erased where, what stays and why, of a request that is answered; the reading is recorded.

    Of a person with several records the rows of all of them, counted together. Who was erased in part before is named with
    every erasure up to the answer, whoever asked for it: what was removed is all of it, what is left is as of the last.
    """
    settings = world.settings
    assert isinstance(settings, Settings)  # noqa: S101  # this service is started with its own settings
    persons = await repository.persons_of(tx, row.id)
    erasures = await repository.erasures_until(tx, [one.customer_id for one in persons], row.answered_at)
    whose = {one.id: one.customer_id for one in erasures}
    answers: dict[str, list[Row[Any]]] = {service: [] for service in SERVICES}
    by_erasure: dict[UUID, list[Row[Any]]] = {one: [] for one in whose}
    for one in await repository.confirmations(tx, list(whose)):
        answers[one.service].append(one)
        by_erasure[one.erasure_id].append(one)
    # Of each record and service the last word, in the order of the erasures.
    last = {(whose[one], said.service): said for one, many in by_erasure.items() for said in many}
    lines = [
        CertificateLine(
            service=service,
            confirmed_at=max((one.confirmed_at for one in said), default=None),
            removed=_together(one.removed for one in said),
            left=_together(one.left for (_, by), one in last.items() if by == service),
            stays_by=[one for one in refusals if service in one.services],
        )
        for service, said in answers.items()
    ]
    entry = audit.Entry("erasure.certificate", parties.subject_of(row.customer_id), "privacy_request", row.id, caller)
    await audit.seen(tx, storage.AUDIT, world.keyring, [entry])
    erased = any(not line.stays_by for line in lines)
    return Certificate(
        request_id=row.id,
        erasure_id=row.erasure_id,
        customer_id=row.customer_id,
        customer_ids=[one.customer_id for one in persons],
        state=row.state,
        answered_at=row.answered_at,
        backups_gone_at=row.answered_at + timedelta(days=settings.backup_days) if erased else None,
        services=lines,
        erasures=[
            CertifiedErasure(
                erasure_id=one.id,
                customer_id=one.customer_id,
                partial=one.partial,
                requested_at=one.requested_at,
                completed_at=one.completed_at,
                services=[ServiceErased.model_validate(said, from_attributes=True) for said in by_erasure[one.id]],
            )
            for one in erasures
        ],
    )


def _together(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Rows by table, of all records."""
    total: Counter[str] = Counter()
    for one in counts:
        total.update(one)
    return dict(sorted(total.items()))


async def _view(tx: AsyncConnection, row: Row[tuple[object, ...]]) -> Erasure:
    confirmed = await repository.confirmations(tx, [row.id])
    return Erasure(
        id=row.id,
        customer_id=row.customer_id,
        version=row.version,
        state=ErasureState.COMPLETED if row.completed_at else ErasureState.REQUESTED,
        partial=row.partial,
        requested_at=row.requested_at,
        completed_at=row.completed_at,
        confirmations=[
            Confirmation(service=one.service, confirmed_at=one.confirmed_at, kept=one.kept) for one in confirmed
        ],
    )


async def confirm_erasure(tx: AsyncConnection, request_id: UUID, said: Said) -> bool:
    """A service has forgotten the customer; the last of the five completes the erasure and says so.

    A confirmation of a request that is not ours (a replay after a restore names one nobody asked for here) is let go.
    Whether this completed it.
    """
    row = await repository.locked(tx, request_id)
    if row is None or not await repository.confirm(tx, request_id, clock.now(), said):
        return False
    confirmed = [one.service for one in await repository.confirmations(tx, [request_id])]
    completed = row.completed_at is None and state_of(confirmed) is ErasureState.COMPLETED
    at = clock.now()
    await repository.advance(tx, request_id, row.version + 1, at if completed else row.completed_at)
    if completed:
        event = ErasureCompleted(request_id=request_id, customer_id=row.customer_id, occurred_at=at)
        await outbox.emit(
            tx,
            storage.EVENTS,
            storage.SOURCE,
            [Emit(event, key=row.customer_id, subject=request_id, sequence=row.version + 1)],
        )
    return completed
