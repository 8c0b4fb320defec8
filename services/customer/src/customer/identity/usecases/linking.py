"""Linking: records that are one party count as the leader a person chose, within the limits of one identity."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from prometheus_client import Counter
from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.identity import repository
from customer.identity.domain.evidence import SetState, proves
from customer.identity.domain.partition import Link, closure
from customer.identity.problems import (
    AlreadyLinked,
    DifferentKinds,
    EvidenceTooWeak,
    IdentityLimitReached,
    LinkedTooOften,
)
from customer.identity.schemas import IdentityLink, LinkIdentities
from customer.identity.usecases.standing import RESOURCE, Standing, held, judge_candidates, one, record, shown, write
from customer.parties import usecases as parties
from customer.settings import Settings
from shared import clock
from shared.idempotency import Answer, Passage, Wish
from shared.problems import FieldError, Forbidden, Problem
from shared.world import World

LINK: Final = RESOURCE
LIMITED: Final = Counter("identity_limits_total", "Links refused because an identity had enough", ["limit"])
_DAY: Final = timedelta(days=1)


async def link_identities(world: World, tx: AsyncConnection, wish: Wish[LinkIdentities]) -> Answer[IdentityLink]:
    """Let records count as one party, in a new set that absorbs those they were in; each request once by its gate."""

    async def do(fresh: Sequence[Wish[LinkIdentities]]) -> Sequence[IdentityLink | Problem]:
        return [await _link(world, tx, one) for one in fresh]

    async def again(ids: Sequence[UUID]) -> Mapping[UUID, IdentityLink]:
        return await shown(tx, ids)

    passage = Passage(
        storage.GATE,
        world.vault,
        IdentityLink,
        do=do,
        again=again,
        subject=lambda w, _: parties.subject_of(w.body.leader),
    )
    (answer,) = await passage.run(tx, [wish])
    if isinstance(answer, Problem):
        raise answer
    return answer


async def _link(world: World, tx: AsyncConnection, wish: Wish[LinkIdentities]) -> IdentityLink:
    body, caller = wish.body, wish.caller
    if caller.actor != "staff":
        raise Forbidden("A person of the bank decides who is who.")
    if not proves(frozenset(one.kind for one in body.evidence)):
        said = "a shared phone, e-mail, device, name or address proves nothing"
        raise EvidenceTooWeak(errors=[FieldError("/evidence", "weak", said)])
    standing = await held(world, tx, body.members)
    event = Link(frozenset(body.members), body.leader, clock.now())
    touched = sorted(closure(standing.partition, event.members))
    await _within_limits(world, tx, standing, event, touched)
    version = standing.version + 1
    absorbed = await repository.active_sets(tx, touched)
    for old in absorbed:
        values = {"state": SetState.ABSORBED, "absorbed_by": wish.id, "leader": None, "version": version}
        await repository.change_set(tx, old.id, values | {"updated_at": event.at, "updated_by": caller.sub})
    await repository.insert_set(
        tx,
        {
            "id": wish.id,
            "version": version,
            "state": SetState.ACTIVE,
            "leader": body.leader,
            "reason": body.reason,
            "evidence": [one.model_dump(mode="json") for one in body.evidence],
            "created_at": event.at,
            "updated_at": event.at,
            "updated_by": caller.sub,
        },
    )
    await repository.insert_event(
        tx,
        {
            "id": clock.new_id(),
            "set_id": wish.id,
            "kind": "link",
            "version": version,
            "members": touched,
            "leaving": [],
            "leader": body.leader,
            "reason": body.reason,
            "reviews": 0,
            "at": event.at,
            "by": caller.sub,
        },
    )
    after = await write(tx, standing.partition, event, version=version, at=event.at)
    await judge_candidates(tx, touched, after, wish.id, caller.sub, event.at)
    await parties.relinked(world, tx, [standing.parties[member] for member in touched], caller)
    await record(world, tx, "identity.link", wish.id, touched, caller)
    return await one(tx, wish.id)


async def _within_limits(
    world: World, tx: AsyncConnection, standing: Standing, event: Link, touched: Sequence[UUID]
) -> None:
    partition = standing.partition
    if all(partition.get(member) == event.leader for member in event.members):
        (present,) = await repository.active_sets(tx, [event.leader])
        raise AlreadyLinked(identity_link_id=str(present.id))
    if len({standing.parties[member].kind for member in touched}) > 1:
        raise DifferentKinds("A person and an organisation are linked by a relationship, never as one party.")
    settings = world.settings
    assert isinstance(settings, Settings)  # noqa: S101  # this service's world has this service's settings
    if len(touched) > settings.identity_max_members:
        LIMITED.labels("members").inc()
        raise IdentityLimitReached(f"One identity has at most {settings.identity_max_members} records.")
    lately = await repository.links_since(tx, touched, event.at - _DAY)
    if len(lately) >= settings.identity_links_per_day:
        LIMITED.labels("rate").inc()
        wait = (lately[0] + _DAY - event.at).total_seconds()
        raise LinkedTooOften(
            f"One identity is linked at most {settings.identity_links_per_day} times a day.",
            headers={"Retry-After": str(int(wait) + 1)},
        )
