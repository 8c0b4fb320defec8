"""Which of several claims about a field wins: the better source, then the newer word; whatever order they came in."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Any


class Source(StrEnum):
    """Where a claim about a party comes from."""

    REGISTRY = "registry"
    IDENTITY_DOCUMENT = "identity_document"
    BANK = "bank"
    CORE_BANKING = "core_banking"
    CUSTOMER = "customer"
    IMPORT = "import"
    THIRD_PARTY = "third_party"
    INFERRED = "inferred"


@dataclass(frozen=True, slots=True)
class Claim:
    """What one source says of one field, since when, and how sure it is (0 to 1); the value is what JSON has."""

    source: Source
    at: datetime
    confidence: float
    value: Any


@dataclass(frozen=True, slots=True)
class Rules:
    """One dated version of the rules: for each field its sources, the best first; equals share a rank."""

    effective_from: date
    default: Mapping[Source, int]
    fields: Mapping[str, Mapping[Source, int]]

    def rank(self, field: str, source: Source) -> int:
        """How good a source is for a field: 0 is best."""
        return self.fields.get(field, self.default)[source]


def _ranks(order: Sequence[Sequence[str]]) -> dict[Source, int]:
    ranks = {Source(name): rank for rank, names in enumerate(order) for name in names}
    if set(ranks) != set(Source):
        raise ValueError("every source has its rank for every field")
    return ranks


def rules_of(document: Mapping[str, Any]) -> tuple[Rules, ...]:
    """The versions of a rule document, oldest first; raises ValueError for one that leaves a source out."""
    versions = [
        Rules(
            date.fromisoformat(version["effective_from"]),
            _ranks(version["default"]),
            {name: _ranks(order) for name, order in version["fields"].items()},
        )
        for version in document["versions"]
    ]
    return tuple(sorted(versions, key=lambda one: one.effective_from))


@cache
def shipped() -> tuple[Rules, ...]:
    """The rules that come with the service."""
    text = resources.files("customer.parties").joinpath("data/survivorship.json").read_text(encoding="utf-8")
    return rules_of(json.loads(text))


def rules_on(day: date, versions: Sequence[Rules]) -> Rules:
    """The rules in force on that day; before the first version, the first."""
    return next((one for one in reversed(versions) if one.effective_from <= day), versions[0])


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def merged(claims: Iterable[Claim]) -> tuple[Claim, ...]:
    """Of each source its latest word, in a fixed order: what came when does not matter."""
    latest: dict[Source, Claim] = {}
    for claim in claims:
        known = latest.get(claim.source)
        if known is None or _newer(claim) > _newer(known):
            latest[claim.source] = claim
    return tuple(latest[source] for source in sorted(latest))


def _newer(claim: Claim) -> tuple[datetime, float, str]:
    return (claim.at, claim.confidence, _text(claim.value))


def survivor(field: str, claims: Iterable[Claim], rules: Rules) -> Claim | None:
    """The claim that holds: of the best source, then the newest, then the surest; None where there is no claim."""
    return max(claims, key=lambda one: (-rules.rank(field, one.source), *_newer(one), one.source), default=None)
