"""Asking for sight of a customer's values, and breaking the glass where there is no time to ask."""

import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final, TypeVar
from uuid import UUID

from prometheus_client import Counter
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.disclosure import repository
from customer.disclosure.access import BREAK_GLASS
from customer.disclosure.domain import QUIET_PURPOSES, QUIET_SENDERS, Grant, tells
from customer.disclosure.events import GlassBroken
from customer.disclosure.problems import BreakGlassNotAllowed, GrantUnknown
from customer.disclosure.schemas import AccessGrant, AskAccessOf, BreakGlassOf
from customer.disclosure.tables import access_grant
from customer.settings import Settings
from shared import audit, clock
from shared.access import Caller
from shared.crypto import DataKey, Keyring, Subject
from shared.erasure import CUSTOMER
from shared.events import outbox
from shared.events.envelope import Emit
from shared.idempotency import Answer, Passage, Wish
from shared.pagination import Page, Position, keyset
from shared.problems import Gone, NotFound, Problem, TooMany
from shared.telemetry import log
from shared.world import World

B = TypeVar("B", AskAccessOf, BreakGlassOf)
Made = Callable[[Wish[B], DataKey], dict[str, Any]]

BROKEN: Final = Counter("access_glass_broken_total", "Openings without the customer's authorisation", ["reason"])
CODE_HOUR: Final = timedelta(hours=1)


def settings_of(world: World) -> Settings:
    """This service's own settings."""
    assert isinstance(world.settings, Settings)  # noqa: S101  # this service is started with its own settings
    return world.settings


def code_mac(keyring: Keyring, grant_id: UUID, code: str) -> bytes:
    """All that is kept to know a code by: bound to its authorisation, under a key that is not in the database."""
    return keyring.mac("gate:access_code", grant_id.bytes + code.encode())


def rule_of(row: Row[Any]) -> Grant:
    """An authorisation as the rules see it."""
    return Grant(
        id=row.id,
        reader=row.reader,
        purpose=row.purpose,
        fields=frozenset(row.fields),
        change=row.change,
        confirm_before=row.confirm_before,
        attempts=row.attempts,
        confirmed_at=row.confirmed_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
    )


def exists_for(caller: Caller, row: Row[Any]) -> bool:
    """Whether this caller may know of an authorisation: for a customer, one that their log keeps quiet does not exist."""
    # Who asked is kept without its kind of caller: the name of a quiet service is taken for that service.
    line = {"actor": "service", "sub": row.requested_by, "detail": told_of(row)}
    return caller.actor != "customer" or tells(line)


def view_of(world: World, row: Row[Any], caller: Caller | None = None) -> AccessGrant:
    """An authorisation as callers see it, with its state now.

    Customers choose the reader they authorise by name; of who broke the glass they learn the kind of caller, as in their log.
    """
    named = row.glass_reason is None or caller is None or caller.actor != "customer"
    return AccessGrant(
        id=row.id,
        customer_id=row.customer_id,
        version=row.version,
        state=rule_of(row).state(clock.now(), settings_of(world).access_code_attempts),
        purpose=row.purpose,
        fields=row.fields,
        change=row.change,
        reader=row.reader if named else "staff",
        requested_by=row.requested_by if named else "staff",
        broken_glass=row.glass_reason is not None,
        code_sent=row.with_code,
        duration_seconds=row.duration_seconds,
        requested_at=row.requested_at,
        confirm_before=row.confirm_before,
        confirmed_at=row.confirmed_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
    )


async def absence(world: World, conn: AsyncConnection, customer_id: UUID) -> Problem | None:
    """Why there is nobody to open anything of: erased (410) or never known (404)."""
    subject = Subject(CUSTOMER, customer_id)
    if subject in await world.vault.erased(conn, [subject]):
        return Gone()
    return None if (await world.vault.for_read(conn, [subject]))[subject] else NotFound()


async def _passed(
    world: World,
    tx: AsyncConnection,
    wishes: Sequence[Wish[B]],
    keep: Callable[[Sequence[Wish[B]], Mapping[UUID, DataKey]], Awaitable[list[AccessGrant | Problem]]],
) -> list[Answer[AccessGrant] | Problem]:
    async def do(fresh: Sequence[Wish[B]]) -> Sequence[AccessGrant | Problem]:
        ids = sorted({wish.body.customer_id for wish in fresh})
        absent = {one: problem for one in ids if (problem := await absence(world, tx, one)) is not None}
        here = [wish for wish in fresh if wish.body.customer_id not in absent]
        # Locks the key rows, so that an erasure at this moment comes wholly before or after.
        keys = await world.vault.for_write(tx, [Subject(CUSTOMER, wish.body.customer_id) for wish in here])
        usable = {subject.id: key for subject, key in keys.items() if key is not None}
        kept = iter(await keep([wish for wish in here if wish.body.customer_id in usable], usable))
        return [
            next(kept) if wish.body.customer_id in usable else absent.get(wish.body.customer_id, Gone())
            for wish in fresh
        ]

    async def again(ids: Sequence[UUID]) -> Mapping[UUID, AccessGrant]:
        return {row.id: view_of(world, row) for row in await repository.by_ids(tx, ids)}

    passage = Passage(
        storage.GATE,
        world.vault,
        AccessGrant,
        do=do,
        again=again,
        subject=lambda wish, _: Subject(CUSTOMER, wish.body.customer_id),
    )
    return await passage.run(tx, wishes)


async def ask_access(
    world: World, tx: AsyncConnection, wishes: Sequence[Wish[AskAccessOf]]
) -> list[Answer[AccessGrant] | Problem]:
    """Keep requests; nothing is open until the customer confirms. A code goes to nobody but the customer."""

    async def keep(fresh: Sequence[Wish[AskAccessOf]], keys: Mapping[UUID, DataKey]) -> list[AccessGrant | Problem]:
        settings, answers, rows, codes = settings_of(world), list[UUID | Problem](), list[Any](), list[Any]()
        coded = sorted({wish.body.customer_id for wish in fresh if wish.body.send_code})
        sent = await repository.codes_since(tx, coded, clock.now() - CODE_HOUR) if coded else {}
        for wish in fresh:
            body = wish.body
            row = _row(wish, body.reader or wish.caller.sub, body.duration_seconds)
            row |= {"purpose": body.purpose, "change": body.change, "with_code": body.send_code}
            row["confirm_before"] = wish.at + timedelta(seconds=settings.access_request_seconds)
            if body.send_code:
                sent[body.customer_id] = sent.get(body.customer_id, 0) + 1
                if sent[body.customer_id] > settings.access_codes_per_hour:
                    answers.append(TooMany("Too many codes for this customer within the hour."))
                    continue
                code = f"{secrets.randbelow(10**6):06d}"
                row["confirm_before"] = wish.at + timedelta(seconds=settings.access_code_seconds)
                row["code_mac"] = code_mac(world.keyring, wish.id, code)
                sealed = keys[body.customer_id].seal(code, row=wish.id, field="access_code")
                codes.append(
                    {
                        "grant_id": wish.id,
                        "customer_id": body.customer_id,
                        "code": sealed,
                        "expires_at": row["confirm_before"],
                    }
                )
            rows.append(row)
            answers.append(wish.id)
        return await _stored(world, tx, "access.request", fresh, answers, rows, codes)

    return await _passed(world, tx, wishes, keep)


async def break_glass(
    world: World, tx: AsyncConnection, wishes: Sequence[Wish[BreakGlassOf]]
) -> list[Answer[AccessGrant] | Problem]:
    """Open fields at once and loudly: an event, a warning, a metric, and a review that waits for somebody else."""

    async def keep(fresh: Sequence[Wish[BreakGlassOf]], keys: Mapping[UUID, DataKey]) -> list[AccessGrant | Problem]:
        seconds = settings_of(world).break_glass_seconds
        answers, rows, said = list[UUID | Problem](), list[Any](), list[Emit]()
        for wish in fresh:
            if BREAK_GLASS not in wish.caller.roles:
                answers.append(BreakGlassNotAllowed(f"This needs the role {BREAK_GLASS}."))
                continue
            row = _row(wish, wish.caller.sub, seconds)
            row |= {
                "purpose": BREAK_GLASS,
                "confirm_before": wish.at,
                "confirmed_at": wish.at,
                "confirmed_by": BREAK_GLASS,
                "expires_at": wish.at + timedelta(seconds=seconds),
                "glass_reason": wish.body.reason,
                "glass_note": keys[wish.body.customer_id].seal(wish.body.note, row=wish.id, field="glass_note"),
            }
            rows.append(row)
            answers.append(wish.id)
            event = GlassBroken(
                grant_id=wish.id,
                customer_id=wish.body.customer_id,
                reader=wish.caller.sub,
                reason=wish.body.reason,
                fields=row["fields"],
                occurred_at=wish.at,
            )
            said.append(Emit(event, key=wish.body.customer_id, subject=wish.id, sequence=1))
        await outbox.emit(tx, storage.EVENTS, storage.SOURCE, said)
        made = await _stored(world, tx, "access.break_glass", fresh, answers, rows, [])
        for row in rows:
            BROKEN.labels(row["glass_reason"]).inc()
            log.warning("glass_broken", grant_id=str(row["id"]), customer_id=str(row["customer_id"]))
        return made

    return await _passed(world, tx, wishes, keep)


def _row(wish: Wish[Any], reader: str, seconds: int) -> dict[str, Any]:
    nothing = ("code_mac", "confirmed_at", "confirmed_by", "expires_at", "revoked_at", "glass_reason", "glass_note")
    return dict.fromkeys((*nothing, "verdict", "reviewed_at", "reviewed_by")) | {
        "id": wish.id,
        "customer_id": wish.body.customer_id,
        "version": 1,
        "fields": sorted(set(wish.body.fields)),
        "change": False,
        "with_code": False,
        "reader": reader,
        "requested_by": wish.caller.sub,
        "duration_seconds": seconds,
        "requested_at": wish.at,
        "attempts": 0,
    }


async def _stored(
    world: World,
    tx: AsyncConnection,
    act: str,
    wishes: Sequence[Wish[Any]],
    answers: Sequence[UUID | Problem],
    rows: Sequence[Mapping[str, Any]],
    codes: Sequence[Mapping[str, Any]],
) -> list[AccessGrant | Problem]:
    """Write rows, codes and the record of both; the answer to each wish in order."""
    if not rows:
        return [one for one in answers if isinstance(one, Problem)]
    await repository.insert_grants(tx, rows)
    await repository.insert_codes(tx, codes)
    callers = {wish.id: wish.caller for wish in wishes}
    kept = await repository.by_ids(tx, [row["id"] for row in rows])
    lines = [entry(act, row.customer_id, row.id, callers[row.id], told_of(row)) for row in kept]
    await audit.record(tx, storage.AUDIT, world.keyring, lines)
    made = {row.id: view_of(world, row) for row in kept}
    return [one if isinstance(one, Problem) else made[one] for one in answers]


def told_of(row: Row[Any]) -> dict[str, str | int | bool | None]:
    """What the record says of an authorisation: purpose, fields and reader; no value."""
    return {
        "purpose": row.glass_reason or row.purpose,
        "opened": ",".join(row.fields),
        "reader": row.reader,
        "glass": row.glass_reason is not None,
    }


def entry(
    act: str, customer_id: UUID, grant_id: UUID | None, caller: Caller, detail: Mapping[str, Any] | None = None
) -> audit.Entry:
    """A line of the record about an authorisation."""
    return audit.Entry(act, Subject(CUSTOMER, customer_id), "access_grant", grant_id, caller, detail or {})


async def show_grant(
    world: World, conn: AsyncConnection, customer_id: UUID, grant_id: UUID, caller: Caller
) -> AccessGrant:
    """One authorisation of that customer, or GrantUnknown, as for one that would tip the customer off."""
    for row in await repository.by_ids(conn, [grant_id]):
        if row.customer_id == customer_id and exists_for(caller, row):
            return view_of(world, row, caller)
    raise GrantUnknown()


async def list_grants(
    world: World, conn: AsyncConnection, customer_id: UUID, caller: Caller, cursor: Position, limit: int
) -> Page[AccessGrant]:
    """The authorisations of a customer, newest first; raises Gone for the erased, NotFound for nobody.

    For the customer without what would tip them off, in the statement itself: a short page would tell.
    """
    absent = await absence(world, conn, customer_id)
    if absent is not None:
        raise absent
    columns = (access_grant.c.requested_at, access_grant.c.id)
    own = caller.actor == "customer"
    chosen = repository.grants_of(
        customer_id, purposes=QUIET_PURPOSES if own else (), senders=QUIET_SENDERS if own else ()
    )
    return await keyset(conn, chosen, columns, cursor, limit, lambda row: view_of(world, row, caller))
