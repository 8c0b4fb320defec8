"""Requests of persons who use a right: accepted with their clock, carried out or refused in part, answered in time."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.consents import usecases as consents
from customer.parties import usecases as parties
from customer.parties.problems import CustomerErased
from customer.privacy import repository
from customer.privacy.domain import (
    BY_ITSELF,
    OPEN,
    Refusal,
    RequestKind,
    RequestState,
)
from customer.privacy.problems import NotReady, RequestAnswered, RequestUnknown
from customer.privacy.schemas import (
    Certificate,
    CheckIdentity,
    Clocks,
    DecideRequest,
    ExtendRequest,
    PrivacyRequest,
    RefusalView,
    SubmitRequest,
)
from customer.privacy.usecases.answering import answer
from customer.privacy.usecases.clocks import IDENTITY, keep_clock, reading_of, rule_of, view_of_clock
from customer.privacy.usecases.duties import as_views
from customer.privacy.usecases.erasing import certificate, lock_persons
from customer.privacy.usecases.exporting import ask_all
from customer.privacy.usecases.forgetting import erase, lock_asked
from customer.privacy.usecases.wording import REQUEST, sealed
from customer.settings import Settings
from shared import audit, clock
from shared.access import Caller
from shared.deadlines.state import Granted, Pause, State
from shared.idempotency import Answer, Passage, Wish
from shared.problems import FieldError, Malformed, Problem
from shared.subjects import reached
from shared.world import World

_ITSELF: Final = Caller(sub="customer-privacy", actor="service", scopes=frozenset())


async def submit_request(world: World, tx: AsyncConnection, wish: Wish[SubmitRequest]) -> Answer[PrivacyRequest]:
    """Accept a request, once by its gate, and carry it out at once where it is sure who asks."""

    async def do(fresh: Sequence[Wish[SubmitRequest]]) -> Sequence[PrivacyRequest | Problem]:
        return [await _submit(world, tx, one) for one in fresh]

    async def again(ids: Sequence[UUID]) -> Mapping[UUID, PrivacyRequest]:
        rows = await repository.requests_by_ids(tx, ids)
        return {row.id: await view_of(world, tx, row) for row in rows}

    passage = Passage(
        storage.GATE,
        world.vault,
        PrivacyRequest,
        do=do,
        again=again,
        subject=lambda one, _: parties.subject_of(one.body.customer_id),
    )
    (answer,) = await passage.run(tx, [wish])
    if isinstance(answer, Problem):
        raise answer
    return answer


async def _submit(world: World, tx: AsyncConnection, wish: Wish[SubmitRequest]) -> PrivacyRequest | Problem:
    body, caller = wish.body, wish.caller
    absent = await parties.absences(world, tx, [body.customer_id])
    if absent:
        return absent[body.customer_id]
    settings = world.settings
    assert isinstance(settings, Settings)  # noqa: S101  # this service is started with its own settings
    received = body.received_at or wish.at
    regime = body.regime or settings.privacy_regime
    rule_of(world, regime, received)
    if received > wish.at:
        return Malformed(errors=[FieldError("/received_at", "ahead", "a request cannot have come later than now")])
    subject = parties.subject_of(body.customer_id)
    around = await lock_persons(world, tx, [body.customer_id] if body.kind is RequestKind.ERASURE else [])
    key = (await world.vault.for_write(tx, [subject]))[subject]
    if key is None:
        return CustomerErased()
    method = body.identity_method or ("own-token" if caller.actor == "customer" else None)
    pauses = () if method else (Pause(IDENTITY, received),)
    values: dict[str, Any] = {
        "id": wish.id,
        "customer_id": body.customer_id,
        "version": 1,
        "kind": body.kind,
        "state": RequestState.IN_PROGRESS if method else RequestState.IDENTITY_CHECK,
        "regime": regime,
        "purpose": body.purpose,
        "details": sealed(body.details, wish.id, key),
        "identity_method": method,
        "received_at": received,
        "clock": State(received, pauses).as_json(),
        "refusals": [],
        "requested_by": caller.sub,
        "updated_at": wish.at,
    }
    await repository.insert_request(tx, values)
    await _note(world, tx, "privacy.request", body.customer_id, wish.id, caller, {"kind": body.kind})
    row = await _held(tx, wish.id)
    await keep_clock(world, tx, row)
    if method:
        row = await _carry_out(world, tx, row, around, caller)
    return await view_of(world, tx, row)


async def _held(tx: AsyncConnection, request_id: UUID) -> Row[Any]:
    row = await repository.locked_request(tx, request_id)
    if row is None:
        raise RequestUnknown()
    return row


async def _open(tx: AsyncConnection, request_id: UUID) -> Row[Any]:
    row = await _held(tx, request_id)
    if RequestState(row.state) not in OPEN:
        raise RequestAnswered("It has been answered.")
    return row


async def _carry_out(
    world: World, tx: AsyncConnection, row: Row[Any], around: Mapping[UUID, Sequence[UUID]], caller: Caller
) -> Row[Any]:
    """Do what a request of this kind asks for; what other services or a person must add keeps it open."""
    kind = RequestKind(row.kind)
    if kind in {RequestKind.ACCESS, RequestKind.PORTABILITY}:
        await ask_all(world, tx, row)
        return row
    if kind is RequestKind.ERASURE:
        return await erase(world, tx, row, around[row.customer_id], caller)
    if kind in BY_ITSELF:
        await consents.stop(world, tx, row.customer_id, row.purpose, row.id, caller)
        return await answer(world, tx, row, RequestState.COMPLETED)
    return row


async def complete(world: World, tx: AsyncConnection, request_id: UUID) -> None:
    """All five are ready to hand over: an access request is answered."""
    row = await repository.locked_request(tx, request_id)
    if row is not None and RequestState(row.state) in OPEN:
        await answer(world, tx, row, RequestState.COMPLETED)


async def check_identity(
    world: World, tx: AsyncConnection, request_id: UUID, body: CheckIdentity, caller: Caller
) -> PrivacyRequest:
    """It is sure now who asked: the clock goes on, and the request is carried out. Raises RequestAnswered otherwise."""
    around = await lock_asked(world, tx, await repository.requests_by_ids(tx, [request_id]))
    row = await _open(tx, request_id)
    if row.state != RequestState.IDENTITY_CHECK:
        raise RequestAnswered("It is known already who asks.")
    now = clock.now()
    held = State.from_json(row.received_at, row.clock)
    settled = State(held.started_at, tuple(Pause(one.reason, one.since, one.until or now) for one in held.pauses))
    values = {
        "state": RequestState.IN_PROGRESS,
        "identity_method": body.method,
        "clock": settled.as_json(),
        "updated_at": now,
    }
    moved = await repository.change_request(tx, request_id, values)
    await keep_clock(world, tx, moved)
    await _note(world, tx, "privacy.identity", row.customer_id, request_id, caller, {"method": body.method})
    return await view_of(world, tx, await _carry_out(world, tx, moved, around, caller))


async def extend(
    world: World, tx: AsyncConnection, request_id: UUID, body: ExtendRequest, caller: Caller
) -> PrivacyRequest:
    """Grant an extension the regime knows; after the period has ended it would be void, and is refused."""
    row = await _open(tx, request_id)
    rule, now = rule_of(world, row.regime, row.received_at), clock.now()
    if rule.extension(body.extension) is None:
        raise Malformed(errors=[FieldError("/extension", "unknown", "the regime knows no such extension")])
    reading = reading_of(world, row, now)
    if reading.due_at is not None and reading.due_at < now:
        raise RequestAnswered("The period has ended: an extension now would be void.")
    held = State.from_json(row.received_at, row.clock)
    granted = (*held.granted, Granted(body.extension, now))
    clock_now = State(held.started_at, held.pauses, granted).as_json()
    moved = await repository.change_request(tx, request_id, {"clock": clock_now, "updated_at": now})
    await keep_clock(world, tx, moved)
    await _note(world, tx, "privacy.extend", row.customer_id, request_id, caller, {"extension": body.extension})
    return await view_of(world, tx, moved)


async def decide(
    world: World, tx: AsyncConnection, request_id: UUID, body: DecideRequest, caller: Caller
) -> PrivacyRequest:
    """A person's answer: a rectification is done, or a request is refused by a rule that is named."""
    row = await _open(tx, request_id)
    if body.refused_by is None and row.kind != RequestKind.RECTIFICATION:
        raise RequestAnswered("This kind is carried out by the service itself.")
    if row.erasure_id is not None:
        raise RequestAnswered("The person is being forgotten already.")
    if body.refused_by is not None:
        told = as_views([Refusal(body.refused_by, ("customer",), None)])
        await repository.change_request(tx, request_id, {"refusals": [one.model_dump(mode="json") for one in told]})
    state = RequestState.COMPLETED if body.refused_by is None else RequestState.REFUSED
    moved = await answer(world, tx, row, state)
    await _note(world, tx, "privacy.decide", row.customer_id, request_id, caller, {"state": state})
    return await view_of(world, tx, moved)


async def show_request(world: World, tx: AsyncConnection, request_id: UUID, caller: Caller) -> PrivacyRequest:
    """One request, its reading recorded; a customer sees their own."""
    row = await _seen(world, tx, request_id, caller)
    return await view_of(world, tx, row)


async def show_certificate(world: World, tx: AsyncConnection, request_id: UUID, caller: Caller) -> Certificate:
    """The certificate of an erasure that is answered. Errors: RequestUnknown, NotReady."""
    row = await _seen(world, tx, request_id, caller)
    if row.kind != RequestKind.ERASURE:
        raise RequestUnknown()
    if row.answered_at is None:
        raise NotReady("Not every service has said yet what it erased.")
    refusals = [RefusalView.model_validate(one) for one in row.refusals]
    return await certificate(world, tx, row, refusals, caller)


async def clocks_of(world: World, tx: AsyncConnection, request_id: UUID, caller: Caller) -> Clocks:
    """The clocks of a request with the arithmetic a person can follow."""
    row = await _seen(world, tx, request_id, caller)
    return Clocks(items=[view_of_clock(world, row, clock.now())])


async def _seen(world: World, tx: AsyncConnection, request_id: UUID, caller: Caller) -> Row[Any]:
    rows = await repository.requests_by_ids(tx, [request_id])
    if not rows or not all(await reached(tx, storage.LINKS, [(caller, rows[0].customer_id)])):
        raise RequestUnknown()
    entry = audit.Entry("privacy.read", parties.subject_of(rows[0].customer_id), REQUEST, request_id, caller)
    await audit.seen(tx, storage.AUDIT, world.keyring, [entry])
    return rows[0]


async def view_of(world: World, conn: AsyncConnection, row: Row[Any]) -> PrivacyRequest:
    """A row as callers see it, with the deadline computed now."""
    ready = (await repository.answers_of(conn, [row.id])).get(row.id, [])
    return shown(world, row, ready, clock.now())


def shown(world: World, row: Row[Any], ready: Sequence[str], at: datetime) -> PrivacyRequest:
    """The same where the answers of the services are at hand."""
    told = dict(row._mapping) | {"due_at": reading_of(world, row, at).due_at, "ready": list(ready)}
    return PrivacyRequest.model_validate(told)


async def _note(
    world: World,
    tx: AsyncConnection,
    action: str,
    customer_id: UUID,
    request_id: UUID,
    caller: Caller,
    detail: Mapping[str, str],
) -> None:
    entry = audit.Entry(action, parties.subject_of(customer_id), REQUEST, request_id, caller, detail)
    await audit.record(tx, storage.AUDIT, world.keyring, [entry])
