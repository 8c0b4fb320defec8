"""What rules read of a customer, fetched for many at once: the record in all its versions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from customer.parties import usecases as parties
from customer.parties.schemas import Customer
from customer.segments.domain.readings import Person, Reading, person_at
from shared.world import World


@dataclass(frozen=True, slots=True)
class Source:
    """One customer's past: enough to tell any reading at any instant."""

    people: Sequence[Person]
    zone: tzinfo

    def read(self, names: frozenset[str], at: datetime) -> Mapping[str, Reading]:
        """The readings of these names at that instant."""
        said = person_at(self.people, at, self.zone)
        return {name: said[name] for name in names}

    @property
    def happened(self) -> frozenset[datetime]:
        """The instants at which something happened to the customer: a change of the record."""
        return frozenset(one.since for one in self.people)


def _person(view: Customer) -> Person:
    return Person(view.updated_at, view.kind, view.state, view.tier, view.region, view.occupation, view.birth_date)


async def sources(world: World, conn: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, Source]:
    """The pasts of these customers; erased and unknown ones are not in the answer."""
    zone = ZoneInfo(world.settings.zone)
    versions = await parties.recorded_versions(world, conn, ids)
    return {one: Source([_person(view) for view in told], zone) for one, told in versions.items()}
