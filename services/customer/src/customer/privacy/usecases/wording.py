"""What a person wrote with a request: sealed under their key, opened for who must answer it, and for themselves."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.parties import usecases as parties
from customer.parties.problems import CustomerErased
from customer.privacy import repository
from customer.privacy.problems import RequestUnknown
from customer.privacy.schemas import RequestDetails
from shared import audit
from shared.access import Caller
from shared.crypto import DataKey
from shared.world import World

REQUEST: Final = "privacy_request"
_FIELD: Final = "details"
_TOLD: Final = ("id", "kind", "state", "regime", "purpose", "received_at", "answered_at", "refusals")


def sealed(details: str | None, request_id: UUID, key: DataKey) -> bytes | None:
    """As it is kept."""
    return None if details is None else key.seal(details, row=request_id, field=_FIELD)


def _opened(row: Row[Any], key: DataKey) -> str | None:
    return None if row.details is None else key.open(row.details, row=row.id, field=_FIELD)


async def show_details(world: World, tx: AsyncConnection, request_id: UUID, caller: Caller) -> RequestDetails:
    """What the person wrote, such as what is to be put right; the reading is recorded. Raises CustomerErased."""
    rows = await repository.requests_by_ids(tx, [request_id])
    if not rows:
        raise RequestUnknown()
    subject = parties.subject_of(rows[0].customer_id)
    key = (await world.vault.for_read(tx, [subject]))[subject]
    if key is None:
        raise CustomerErased()
    entry = audit.Entry("privacy.details", subject, REQUEST, request_id, caller)
    await audit.seen(tx, storage.AUDIT, world.keyring, [entry])
    return RequestDetails(request_id=request_id, details=_opened(rows[0], key))


async def gather(
    world: World, conn: AsyncConnection, customers: Sequence[UUID]
) -> AsyncIterator[tuple[str, Mapping[str, Any]]]:
    """Every right used under these ids, how it was answered, and what was written with it: for their own export."""
    keys = await world.vault.for_read(conn, [parties.subject_of(one) for one in customers])
    for row in await repository.of_customers(conn, customers):
        key = keys[parties.subject_of(row.customer_id)]
        if key is not None:
            yield REQUEST, {name: row._mapping[name] for name in _TOLD} | {"details": _opened(row, key)}
