"""How a party is reached: what it is called, its points with how to use each, its languages and needs; for who writes to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import time
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from customer.parties.domain.details import AccessibilityNeed
from customer.parties.schemas import ContactPoint, Customer
from customer.parties.usecases.sealing import views
from shared.world import World


@dataclass(frozen=True, slots=True)
class Quiet:
    """When somebody does not want to be reached at a point: from `start` until `end`, over midnight or not, by their clock."""

    start: time
    end: time
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Point:
    """One contact point; `verified` when somebody has proven to be reached there."""

    value: str
    verified: bool
    preferred: bool
    quiet: Quiet | None


@dataclass(frozen=True, slots=True)
class Reach:
    """What is needed to write to a party: `points` by kind, the one to try first first; `languages` the best first."""

    name: str
    points: Mapping[str, Sequence[Point]]
    languages: tuple[str, ...] = ()
    needs: frozenset[AccessibilityNeed] = frozenset()


async def reach_of(world: World, conn: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, Reach]:
    """How each party is reached; erased and unknown ones are not in the answer. Whoever asks records why."""
    return {one: _reach(view) for one, view in (await views(world, conn, sorted(set(ids)))).items()}


def _reach(view: Customer) -> Reach:
    points: dict[str, list[Point]] = {}
    # Stable, so that of equal ones the first recorded stays the first.
    for kept in sorted(view.contact_points, key=lambda one: (not one.preferred, one.verified_at is None)):
        points.setdefault(kept.kind, []).append(_point(kept))
    name = view.preferred_name or view.legal_name
    return Reach(name, points, tuple(view.languages), frozenset(view.accessibility_needs))


def _point(kept: ContactPoint) -> Point:
    said = kept.quiet_hours
    quiet = None
    if said is not None:
        quiet = Quiet(time.fromisoformat(said.start), time.fromisoformat(said.end), ZoneInfo(said.zone))
    return Point(kept.value, kept.verified_at is not None, kept.preferred, quiet)
