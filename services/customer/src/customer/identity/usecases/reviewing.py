"""What was decided while records counted as one: listed when they part, closed by a person, one decision at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.identity import repository
from customer.identity.domain.evidence import ReviewState
from customer.identity.problems import MergeReviewUnknown
from customer.identity.schemas import CloseReview, MergeReview
from customer.parties import usecases as parties
from shared import audit, clock
from shared.access import Caller
from shared.etags import check_version
from shared.world import World

OWN: Final = "customer"
# Looking decides nothing, nor does noting what a customer did; links are what is undone. All else that was done is listed.
_NOT_DECIDING: Final = frozenset({"identity", "interaction"})
_LOOKS: Final = frozenset({"read", "history", "lookup", "list", "log", "segments", "bundle", "certificate"})
# What only asks, reads or notes under a word that is elsewhere an act. Whoever acts on the answer is listed themself.
_ASKS: Final = frozenset({"consent.decide", "consent.receipt", "message.prepare", "message.receipt"})


@dataclass(frozen=True, slots=True)
class Decision:
    """What another service decided about a customer; `act` is the one id of it."""

    customer_id: UUID
    service: str
    kind: str
    resource_id: str | None
    act: str
    decided_at: datetime


async def list_decisions(
    tx: AsyncConnection, link_id: UUID, members: Sequence[UUID], since: datetime | None, until: datetime
) -> int:
    """List for a person what was decided about these between the two instants; how many decisions are new."""
    if since is None:
        return 0
    heard = [
        _row(link_id, Decision(one.customer_id, one.service, one.kind, one.resource_id, one.act, one.decided_at))
        for one in await repository.heard_since(tx, members, since)
        if one.decided_at < until
    ]
    new = await repository.insert_reviews(tx, heard)
    async for page in repository.own_acts(tx, members, since):
        rows = []
        for act in page:
            told = orjson.loads(act.canonical)
            at = datetime.fromisoformat(told["at"])
            if since <= at < until and _decides(told["action"]):
                decision = Decision(act.subject_id, OWN, told["action"], told["resource_id"], str(act.id), at)
                rows.append(_row(link_id, decision, told["sub"]))
        new += await repository.insert_reviews(tx, rows)
    return new


def _decides(action: str) -> bool:
    """Whether an act of our own record is a decision about somebody, for a person to look at."""
    capability, _, verb = action.rpartition(".")
    looks = verb in _LOOKS or verb.endswith("_read")
    return not looks and capability not in _NOT_DECIDING and action not in _ASKS


def _row(link_id: UUID, decision: Decision, by: str | None = None) -> dict[str, Any]:
    now = clock.now()
    return {
        "id": clock.new_id(),
        "version": 1,
        "identity_link_id": link_id,
        "subject": decision.customer_id,
        "service": decision.service,
        "kind": decision.kind,
        "resource_id": decision.resource_id,
        "act": decision.act,
        "decided_at": decision.decided_at,
        "decided_by": by,
        "state": ReviewState.OPEN,
        "created_at": now,
        "updated_at": now,
    }


async def learn_decisions(world: World, tx: AsyncConnection, decisions: Sequence[Decision]) -> None:
    """Keep what others decided about people who are or were linked; one heard after a parting is listed at once."""
    linked = await repository.ever_linked(tx, [one.customer_id for one in decisions])
    told = [one for one in decisions if one.customer_id in linked]
    if not told:
        return
    # Another service's topic is not ordered with our erasures: the lock on the key row orders the two.
    keys = await world.vault.for_write(tx, [parties.subject_of(one.customer_id) for one in told])
    told = [one for one in told if keys[parties.subject_of(one.customer_id)] is not None]
    rows = [
        {
            "id": clock.new_id(),
            "customer_id": one.customer_id,
            "service": one.service,
            "kind": one.kind,
            "resource_id": one.resource_id,
            "act": one.act,
            "decided_at": one.decided_at,
        }
        for one in told
    ]
    await repository.insert_heard(tx, rows)
    late = [
        _row(parting.set_id, one)
        for one in told
        for parting in await repository.partings_around(tx, one.customer_id, one.decided_at)
    ]
    await repository.insert_reviews(tx, late)


def _view(row: Any) -> MergeReview:
    return MergeReview.model_validate({name: row._mapping[name] for name in MergeReview.model_fields})


async def show_review(tx: AsyncConnection, review_id: UUID) -> MergeReview:
    """One review, or MergeReviewUnknown."""
    row = await repository.review(tx, review_id)
    if row is None:
        raise MergeReviewUnknown()
    return _view(row)


async def close_review(
    world: World, tx: AsyncConnection, review_id: UUID, wish: CloseReview, match: int, caller: Caller
) -> MergeReview:
    """Keep what a person found about one decision, on the version they saw."""
    row = await repository.review(tx, review_id, hold=True)
    if row is None:
        raise MergeReviewUnknown()
    check_version(match, row.version)
    values = {
        "version": row.version + 1,
        "state": ReviewState.CLOSED,
        "outcome": wish.outcome,
        "updated_at": clock.now(),
        "closed_by": caller.sub,
    }
    await repository.change_review(tx, review_id, values)
    entry = audit.Entry(
        "identity.review", parties.subject_of(row.subject), "merge_review", review_id, caller, {"outcome": wish.outcome}
    )
    await audit.record(tx, storage.AUDIT, world.keyring, [entry])
    return await show_review(tx, review_id)
