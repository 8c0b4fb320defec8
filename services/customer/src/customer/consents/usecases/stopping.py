"""Stopping what a person objects to, or restricts: a refusal in the ledger for each purpose that a refusal can stop."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from customer.consents import repository
from customer.consents.domain import Purpose, Word, in_force
from customer.consents.schemas import RecordConsent
from customer.consents.usecases.catalogue import purpose_of
from customer.consents.usecases.recording import record_consents
from shared import clock
from shared.access import Caller
from shared.idempotency import wish_for
from shared.problems import Problem
from shared.world import World


async def stop(
    world: World, tx: AsyncConnection, customer_id: UUID, purpose: str | None, request_id: UUID, caller: Caller
) -> None:
    """Refuse one purpose (an objection), or all that rest on consent or a legitimate interest (a restriction).

    What rests on a contract or a law goes on: GDPR Art. 18(2) and 21(1) leave it. Raises the ledger's own problem for a purpose
    nobody can object to.
    """
    at = clock.now()
    versions: dict[str, list[Purpose]] = {}
    for row in await repository.rules(tx):
        versions.setdefault(row.code, []).append(purpose_of(row))
    chosen = [purpose] if purpose is not None else sorted(versions)
    wishes = []
    for code in chosen:
        present = in_force(versions.get(code, ()), at)
        if purpose is None and (present is None or not (present.asks or present.objectable)):
            continue
        body = RecordConsent(
            customer_id=customer_id,
            purpose=code,
            decision=Word.REFUSED,
            external_ref=f"privacy-request-{request_id}-{code}",
        )
        wishes.append(wish_for(world.keyring, "consent", body, caller))
    for answer in await record_consents(world, tx, wishes):
        if isinstance(answer, Problem):
            raise answer
