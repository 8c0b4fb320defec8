"""A customer at one instant: facts, features with how long they hold, and the parts other capabilities plug in."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.consents import usecases as consents
from customer.consents.domain import Grounds
from customer.interactions import repository
from customer.interactions.domain.facts import HIDDEN_FROM_CUSTOMERS, Fact
from customer.interactions.domain.features import FEATURES, CutPoints, features_at, tips_off
from customer.interactions.schemas import Facts, Feature, Interaction, Profile, Section, shown
from customer.interactions.tables import interaction
from customer.interactions.usecases.permitting import DOINGS, visible, words_about
from customer.interactions.usecases.reading import facts_of_ids
from customer.interactions.usecases.sealing import opened
from customer.interactions.usecases.sections import Asked, Cuts, Part, no_cuts
from customer.parties.problems import CustomerErased, CustomerUnknown
from customer.parties.usecases import absences, subject_of
from shared import audit, clock
from shared.access import Caller
from shared.pagination import Page, Position, keyset
from shared.problems import FieldError, Malformed, Problem
from shared.subjects import circles
from shared.world import World

PROFILE: Final = "profile"


@dataclass(frozen=True, slots=True)
class AskProfile:
    """Whose profile, for whom and for what use; all listed features where none is named.

    `as_of` cuts off what was recorded later; features are as of `valid_at`, else of `as_of`, else of now.
    """

    customer_id: UUID
    caller: Caller
    as_of: datetime | None = None
    valid_at: datetime | None = None
    names: tuple[str, ...] = ()
    use: str = consents.SERVICING

    @property
    def then(self) -> datetime | None:
        """The instant of the features, where it is not now."""
        return self.valid_at or self.as_of


async def show_profiles(
    world: World, tx: AsyncConnection, wishes: Sequence[AskProfile], parts: Sequence[Part], cuts: Cuts = no_cuts
) -> list[Profile | Problem]:
    """Profiles for many callers at once; each reading is recorded in the same transaction.

    A customer reaches the circle they belong to themself, without what would tip them off. Erased is CustomerErased,
    an id under which nothing at all is known CustomerUnknown.
    """
    ids = sorted(
        {wish.customer_id for wish in wishes} | {wish.caller.customer_id for wish in wishes if wish.caller.customer_id}
    )
    of = await circles(tx, storage.LINKS, ids)
    everybody = sorted({member for wish in wishes for member in of[wish.customer_id]})
    missing = await absences(world, tx, everybody)
    active = {row.customer_id for row in await repository.activity_of(tx, everybody)}
    facts = await _facts(world, tx, wishes, everybody)
    frozen = await cuts(tx)
    words = await words_about(tx, [(wish.customer_id, wish.use) for wish in wishes])
    answers: list[Profile | Problem] = []
    seen: list[audit.Entry] = []
    for wish in wishes:
        circle = of[wish.customer_id]
        own = wish.caller.customer_id is not None and of[wish.caller.customer_id] == circle
        problem = _refusal(wish, own, [missing.get(one) for one in circle], not active.isdisjoint(circle))
        if problem is not None:
            answers.append(problem)
            continue
        theirs = [fact for one in circle for fact in facts[wish.as_of].get(one, ())]
        # It is read now, of whatever instant it tells.
        grounds = words.grounds(wish.customer_id, wish.use, clock.now())
        profile = _profile(world, wish, circle, theirs, frozen, grounds)
        answers.append(profile.model_copy(update={"sections": await _sections(world, tx, wish, circle, parts)}))
        detail = {"then": None if wish.then is None else wish.then.isoformat(), "features": ",".join(wish.names)} | {
            "use": wish.use
        }
        seen.append(
            audit.Entry("profile.read", subject_of(wish.customer_id), PROFILE, wish.customer_id, wish.caller, detail)
        )
    await audit.seen(tx, storage.AUDIT, world.keyring, seen)
    return answers


def _refusal(wish: AskProfile, own: bool, missing: Sequence[Problem | None], active: bool) -> Problem | None:
    if wish.caller.actor == "customer" and not own:
        return CustomerUnknown()
    if any(isinstance(one, CustomerErased) for one in missing):
        return CustomerErased()
    return CustomerUnknown() if not active and all(one is not None for one in missing) else None


async def _facts(
    world: World, tx: AsyncConnection, wishes: Sequence[AskProfile], everybody: Sequence[UUID]
) -> dict[datetime | None, dict[UUID, list[Fact]]]:
    """The facts of everybody asked for, once as known now and once for each instant asked back to."""
    return {at: await facts_of_ids(world, tx, everybody, at) for at in {wish.as_of for wish in wishes}}


def _profile(
    world: World,
    wish: AskProfile,
    circle: Sequence[UUID],
    facts: Sequence[Fact],
    frozen: Sequence[tuple[datetime, CutPoints]],
    grounds: Mapping[str, Grounds] | None = None,
) -> Profile:
    """The profile of these facts, as far as the use it is read for may see them; `grounds` None: all."""
    at = wish.then or clock.now()
    own = wish.caller.actor == "customer"
    asked = [name for name in wish.names or FEATURES if not (own and tips_off(name))]
    names = asked if grounds is None else visible(asked, grounds)
    if own:
        facts = [fact for fact in facts if fact.kind not in HIDDEN_FROM_CUSTOMERS]
    counted = facts if grounds is None or grounds[DOINGS].value else ()
    # How the bank ranks its customers is for the bank's own people.
    cuts = [cut for recorded_at, cut in frozen if not own and (wish.as_of is None or recorded_at <= wish.as_of)]
    told = features_at(facts, at, names, zone=ZoneInfo(world.settings.zone), cuts=cuts)
    holds = [*(one.valid_until for one in told.values()), *(one.valid_until for one in (grounds or {}).values())]
    ends = [one for one in holds if one is not None]
    return Profile(
        customer_id=circle[0],
        members=list(circle),
        as_of=at,
        facts=Facts(
            count=len(counted),
            first_at=min((fact.occurred_at for fact in counted), default=None),
            last_at=max((fact.occurred_at for fact in counted), default=None),
            last_recorded_at=max((clock.time_of(fact.id) for fact in counted), default=None),
        ),
        features={
            name: Feature(value=shown(one.value), unit=FEATURES[name].unit, valid_until=one.valid_until)
            for name, one in told.items()
        },
        features_valid_until=min(ends, default=None),
        sections={},
        use=wish.use,
        grounds={category: consents.shown_grounds(one) for category, one in (grounds or {}).items()},
    )


async def gather_features(
    world: World, conn: AsyncConnection, customers: Sequence[UUID]
) -> AsyncIterator[tuple[str, Mapping[str, Any]]]:
    """What the bank reads out of the doings of a person under these ids now, as their profile shows it: for their export."""
    circle = sorted(customers)
    found = await facts_of_ids(world, conn, circle)
    facts = sorted((fact for told in found.values() for fact in told), key=lambda fact: fact.occurred_at)
    themself = Caller(sub="", actor="customer", scopes=frozenset(), customer_id=circle[0])
    profile = _profile(world, AskProfile(circle[0], themself), circle, facts, ())
    for name, one in profile.features.items():
        if one.value is not None:
            yield "feature", {"name": name, "as_of": profile.as_of} | one.model_dump(mode="json")


async def _sections(
    world: World, tx: AsyncConnection, wish: AskProfile, circle: Sequence[UUID], parts: Sequence[Part]
) -> dict[str, Section]:
    """What others know now; a profile of the past has none, for they keep their own pasts.

    Only servicing sees all of it: other uses see what rests on something of its own.
    """
    if wish.then is not None:
        return {}
    asked = Asked(circle[0], circle, wish.caller, clock.now(), wish.use)
    chosen = [part for part in parts if part.for_customers or wish.caller.actor != "customer"]
    chosen = [part for part in chosen if part.for_any_use or wish.use == consents.SERVICING]
    return {part.name: await part.read(world, tx, asked) for part in chosen}


def checked(names: Sequence[str], use: str, caller: Caller) -> tuple[str, ...]:
    """The features asked for by name; raises Malformed for one that does not exist, or not for this caller, or no use."""
    if use not in consents.named_uses():
        raise Malformed(errors=[FieldError("/query/use", "unknown-use", "no such use of a profile")])
    for place, name in enumerate(names):
        if name not in FEATURES or (caller.actor == "customer" and tips_off(name)):
            raise Malformed(errors=[FieldError(f"/query/features/{place}", "feature-unknown", "no such feature")])
    return tuple(dict.fromkeys(names))


async def show_timeline(
    world: World,
    tx: AsyncConnection,
    customer_id: UUID,
    caller: Caller,
    cursor: Position,
    limit: int,
    *,
    kinds: Sequence[str],
    as_of: datetime | None,
) -> Page[Interaction]:
    """One page of what a party did, newest first, whoever of the circle it arrived under; the reading is recorded."""
    asked = [customer_id] if caller.customer_id is None else [customer_id, caller.customer_id]
    of = await circles(tx, storage.LINKS, asked)
    circle = of[customer_id]
    if caller.actor == "customer" and (caller.customer_id is None or of[caller.customer_id] != circle):
        raise CustomerUnknown()
    keys = await world.vault.for_read(tx, [subject_of(one) for one in circle])
    missing = await absences(world, tx, circle)
    if any(isinstance(one, CustomerErased) for one in missing.values()):
        raise CustomerErased()
    chosen = repository.timeline(
        circle, kinds, sorted(HIDDEN_FROM_CUSTOMERS) if caller.actor == "customer" else (), as_of
    )

    def shape(row: Row[Any]) -> Interaction:
        key = keys[subject_of(row.customer_id)]
        if key is None:  # erased between our two statements: what the row says is gone
            raise CustomerErased()
        return opened(row, key)

    page = await keyset(tx, chosen, (interaction.c.occurred_at, interaction.c.id), cursor, limit, shape)
    unheard = len(missing) == len(circle) and not page.items and cursor.after is None
    if unheard and not await repository.activity_of(tx, circle):
        raise CustomerUnknown()
    entry = audit.Entry(
        "timeline.read", subject_of(customer_id), PROFILE, customer_id, caller, {"items": len(page.items)}
    )
    await audit.seen(tx, storage.AUDIT, world.keyring, [entry])
    return page
