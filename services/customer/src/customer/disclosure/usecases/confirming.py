"""The customer's own yes: by their token or by a code read out, counted, in time, once; and its end before its time."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.disclosure import repository
from customer.disclosure.domain import GrantState
from customer.disclosure.problems import CodeLocked, CodeWrong, GrantExpired, GrantNotWaiting, GrantUnknown
from customer.disclosure.schemas import AccessGrant
from customer.disclosure.usecases.granting import (
    code_mac,
    entry,
    exists_for,
    rule_of,
    settings_of,
    told_of,
    view_of,
)
from shared import audit, clock
from shared.access import Caller
from shared.crypto import Subject
from shared.erasure import CUSTOMER
from shared.problems import FieldError, Forbidden, Malformed, NotFound, Problem
from shared.subjects import reached
from shared.world import World

_NOT_WAITING: Final[dict[GrantState, type[Problem]]] = {
    GrantState.ACTIVE: GrantNotWaiting,
    GrantState.REVOKED: GrantNotWaiting,
    GrantState.EXPIRED: GrantExpired,
    GrantState.LOCKED: CodeLocked,
}


@dataclass(frozen=True, slots=True)
class Confirmation:
    """Somebody's wish to confirm: a customer by their token, staff by the code the customer read out."""

    customer_id: UUID
    grant_id: UUID
    code: str | None
    caller: Caller


@dataclass(frozen=True, slots=True)
class CodeDue:
    """A code to be sent to a customer now, once, and not after `expires_at`."""

    grant_id: UUID
    customer_id: UUID
    code: str
    expires_at: datetime


async def confirm_grants(
    world: World, tx: AsyncConnection, wishes: Sequence[Confirmation]
) -> list[AccessGrant | Problem]:
    """Answer confirmations, each under the lock of its row.

    A refusal is an answer and no exception: the attempt that was counted must be committed with it.
    """
    held = await repository.locked(tx, sorted({wish.grant_id for wish in wishes}))
    mine = await reached(tx, storage.LINKS, [(wish.caller, wish.customer_id) for wish in wishes])
    answers: list[AccessGrant | Problem] = []
    for wish, own in zip(wishes, mine, strict=True):
        row = held.get(wish.grant_id)
        if not own:
            answers.append(NotFound())
            continue
        if row is None or row.customer_id != wish.customer_id or not exists_for(wish.caller, row):
            answers.append(GrantUnknown())
            continue
        fault = _fault(world, row, wish)
        if isinstance(fault, CodeWrong):
            held[row.id] = await _counted(world, tx, row, wish)
        if fault is not None:
            answers.append(fault)
            continue
        at = clock.now()
        values = {
            "version": row.version + 1,
            "confirmed_at": at,
            "confirmed_by": "customer" if wish.caller.actor == "customer" else "one_time_code",
            "expires_at": at + timedelta(seconds=row.duration_seconds),
            "code_mac": None,
        }
        held[row.id] = confirmed = await repository.change(tx, row.id, values)
        await repository.drop_code(tx, row.id)
        told = entry("access.confirm", row.customer_id, row.id, wish.caller, told_of(row))
        await audit.record(tx, storage.AUDIT, world.keyring, [told])
        answers.append(view_of(world, confirmed))
    return answers


def _fault(world: World, row: Row[Any], wish: Confirmation) -> Problem | None:
    """Why this confirmation does not hold, if it does not."""
    state = rule_of(row).state(clock.now(), settings_of(world).access_code_attempts)
    if state is not GrantState.REQUESTED:
        return _NOT_WAITING[state]()
    if wish.caller.actor == "customer":
        return None
    if wish.caller.sub not in {row.reader, row.requested_by}:
        return Forbidden("Only who asked, or will read, may enter the code.")
    if wish.code is None:
        return Malformed(errors=[FieldError("/code", "missing", "the code the customer read out")])
    if row.code_mac is None:
        return GrantNotWaiting("No code was sent for it: the customer confirms it themself.")
    mac = code_mac(world.keyring, row.id, wish.code)
    return None if hmac.compare_digest(mac, row.code_mac) else CodeWrong("That is not the code.")


async def _counted(world: World, tx: AsyncConnection, row: Row[Any], wish: Confirmation) -> Row[Any]:
    attempts = row.attempts + 1
    counted = await repository.change(tx, row.id, {"attempts": attempts, "version": row.version + 1})
    if attempts >= settings_of(world).access_code_attempts:
        await repository.drop_code(tx, row.id)
    told = entry("access.wrong_code", row.customer_id, row.id, wish.caller, told_of(row) | {"attempts": attempts})
    await audit.record(tx, storage.AUDIT, world.keyring, [told])
    return counted


async def revoke_grant(
    world: World, tx: AsyncConnection, customer_id: UUID, grant_id: UUID, caller: Caller
) -> AccessGrant:
    """Decline a request, or end an authorisation before its time; the same again changes nothing."""
    row = (await repository.locked(tx, [grant_id])).get(grant_id)
    if row is None or row.customer_id != customer_id or not exists_for(caller, row):
        raise GrantUnknown()
    state = rule_of(row).state(clock.now(), settings_of(world).access_code_attempts)
    if state is GrantState.REVOKED:
        return view_of(world, row, caller)
    if state not in {GrantState.REQUESTED, GrantState.ACTIVE}:
        raise GrantExpired()
    values = {"version": row.version + 1, "revoked_at": clock.now(), "code_mac": None}
    ended = await repository.change(tx, grant_id, values)
    await repository.drop_code(tx, grant_id)
    told = entry("access.revoke", customer_id, grant_id, caller, told_of(row))
    await audit.record(tx, storage.AUDIT, world.keyring, [told])
    return view_of(world, ended, caller)


async def codes_wait(world: World) -> bool:
    """Whether any code waits to be sent."""
    return await world.db.any(repository.waiting_codes())


async def hand_out_codes(world: World, tx: AsyncConnection, limit: int = 100) -> list[CodeDue]:
    """Codes that wait to be sent, for whoever delivers messages: each is handed out once, then gone from here.

    At most once by intent: a code that is lost on its way expires, and the customer is asked again.
    """
    rows = await repository.take_codes(tx, limit)
    keys = await world.vault.for_read(tx, [Subject(CUSTOMER, row.customer_id) for row in rows])
    at = clock.now()
    due = []
    for row in rows:
        key = keys[Subject(CUSTOMER, row.customer_id)]
        if key is not None and row.expires_at > at:
            code = key.open(row.code, row=row.grant_id, field="access_code")
            due.append(CodeDue(row.grant_id, row.customer_id, code, row.expires_at))
    return due
