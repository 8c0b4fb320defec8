"""What rules read of a customer, fetched for many at once: the record in all its versions, and what they did."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from customer import storage
from customer.consents import usecases as consents
from customer.consents.domain import Entry, Grounds, Terms
from customer.interactions import usecases as interactions
from customer.interactions.domain.facts import Fact
from customer.interactions.domain.features import features_at
from customer.parties import usecases as parties
from customer.parties.schemas import Customer
from customer.segments.domain.clusters import CLUSTER, FOUND, cluster_at
from customer.segments.domain.gates import parts_of
from customer.segments.domain.readings import PERSON, Person, Reading, person_at
from customer.segments.usecases.library import Frozen, Shelf
from shared.subjects import circles
from shared.world import World


@dataclass(frozen=True, slots=True)
class Source:
    """One customer's past: enough to tell any reading at any instant."""

    people: Sequence[Person]
    facts: Sequence[Fact]
    frozen: Frozen
    zone: tzinfo
    terms: Terms
    words: Sequence[Entry]

    def read(self, names: frozenset[str], at: datetime) -> Mapping[str, Reading]:
        """The readings of these names at that instant."""
        told: dict[str, Reading] = {name: self.grounds(name, at) for name in names if parts_of(name) is not None}
        names -= told.keys()
        if names & PERSON.keys():
            said = person_at(self.people, at, self.zone)
            told |= {name: said[name] for name in names & PERSON.keys()}
        if CLUSTER in names:
            told[CLUSTER] = cluster_at(self.frozen.clusters, lambda more: self._did(more, at), at)
        return told | dict(self._did(names - PERSON.keys() - FOUND.keys(), at))

    def grounds(self, gate: str, at: datetime) -> Grounds:
        """On what the use behind a gate rests at that instant, or why it is denied."""
        parts = parts_of(gate)
        if parts is None:
            raise ValueError("no gate")
        return self.terms.grounds(*parts, self.words, at)

    def recorded(self, until: datetime) -> "Source":
        """The same with only those words of consent that were recorded by then."""
        return replace(self, words=[one for one in self.words if one.recorded_at and one.recorded_at <= until])

    def _did(self, names: frozenset[str], at: datetime) -> Mapping[str, Reading]:
        return features_at(self.facts, at, names, zone=self.zone, cuts=self.frozen.cuts)

    @property
    def happened(self) -> frozenset[datetime]:
        """The instants at which something happened to the customer: a change of the record, an interaction, a word."""
        did = frozenset(one.occurred_at for one in self.facts) | {one.occurred_at for one in self.words}
        return did | {one.since for one in self.people}


def _person(view: Customer) -> Person:
    return Person(
        view.updated_at,
        view.kind,
        view.state,
        view.tier,
        view.region,
        view.occupation,
        view.birth_date,
        view.industry,
        view.occupation_group,
        view.education,
        view.languages[0] if view.languages else None,
        view.home_branch,
        view.declared_income_band,
        view.declared_asset_band,
        view.legal_form,
        view.firm_size,
    )


async def sources(
    world: World, conn: AsyncConnection, ids: Sequence[UUID], on_shelf: Shelf, worded: Collection[str] | None = None
) -> dict[UUID, Source]:
    """The pasts of these customers; erased and unknown ones are not in the answer.

    The record is each one's own. What they did, and what they said about the `worded` purposes (all that matter to a
    segment), is that of everybody who counts as the same person now: links are resolved when it is read, so that an
    unlink leaves no trace.
    """
    zone = ZoneInfo(world.settings.zone)
    versions = await parties.recorded_versions(world, conn, ids)
    same = await circles(conn, storage.LINKS, list(versions))
    everybody = sorted({one for circle in same.values() for one in circle})
    facts = await interactions.facts_of_ids(world, conn, everybody)
    words = await consents.profiling_words(conn, list(versions), on_shelf.worded if worded is None else worded)
    return {
        one: Source(
            [_person(view) for view in told],
            [fact for who in same[one] for fact in facts[who]],
            on_shelf.frozen,
            zone,
            on_shelf.terms,
            words.get(one, ()),
        )
        for one, told in versions.items()
    }
