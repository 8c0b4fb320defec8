"""Using an authorisation: what a reader may see and change of a customer at this moment."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from customer.disclosure import repository
from customer.disclosure.domain import Opening
from customer.disclosure.problems import FieldNotOpened
from shared import clock
from shared.access import Caller
from shared.problems import FieldError


async def openings(conn: AsyncConnection, pairs: Sequence[tuple[UUID, str]]) -> dict[tuple[UUID, str], Opening]:
    """What is open for each (customer, reader) now; of all authorisations in force together. One statement for all."""
    if not pairs:
        return {}
    wanted = set(pairs)
    ids, readers = sorted({one for one, _ in wanted}), sorted({reader for _, reader in wanted})
    found: dict[tuple[UUID, str], Opening] = {}
    for row in await repository.open_for(conn, ids, readers, clock.now()):
        pair = (row.customer_id, row.reader)
        if pair in wanted:
            have = found.get(pair, Opening())
            found[pair] = Opening(
                read=have.read | set(row.fields),
                change=have.change | (set(row.fields) if row.change else set()),
                grants=(*have.grants, row.id),
                purposes=(*have.purposes, row.glass_reason or row.purpose),
            )
    return found


async def require_change(conn: AsyncConnection, customer_id: UUID, fields: Collection[str], caller: Caller) -> Opening:
    """The caller's opening, if it lets them change all these fields; else FieldNotOpened, naming them.

    Only staff need one: a back end changes what its own customer told it, a customer cannot call a route for this.
    """
    opening = (await openings(conn, [(customer_id, caller.sub)])).get((customer_id, caller.sub), Opening())
    shut = sorted(set(fields) - opening.change)
    if shut and caller.actor == "staff":
        raise FieldNotOpened(
            "The customer has not authorised you to change that.",
            errors=[FieldError(f"/{name}", "not-opened", "ask by POST …/access-grants with change") for name in shut],
        )
    return opening
