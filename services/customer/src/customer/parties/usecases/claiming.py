"""Who said what of a party's facts: claims kept beside the values, and survivorship deciding which value holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from customer.parties.domain.details import FACTS
from customer.parties.domain.survivorship import Claim, Rules, Source, merged, rules_on, shipped, survivor
from customer.parties.problems import Outranked
from customer.parties.schemas.parts import Provenance, ProvenanceIn
from customer.parties.schemas.party import ChangeCustomer, Customer, RegisterCustomer
from shared.problems import FieldError

Claims = Mapping[str, Sequence[Claim]]
_LISTS: Final = frozenset({"languages", "accessibility_needs"})


@dataclass(frozen=True, slots=True)
class Decided:
    """The facts that hold after a change, as JSON has them, and all that was ever claimed of them."""

    values: dict[str, Any]
    claims: dict[str, tuple[Claim, ...]]


def provenance_of(said: ProvenanceIn | None, now: datetime) -> Provenance | None:
    """Where a part of the record comes from; None is the bank itself."""
    if said is None:
        return None
    return Provenance(source=said.source, at=said.observed_at or now, confidence=said.confidence)


def claims_from(stored: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, tuple[Claim, ...]]:
    """Claims as they are kept under the seal."""
    return {
        field: tuple(
            Claim(Source(one["source"]), datetime.fromisoformat(one["at"]), one["confidence"], one["value"])
            for one in claims
        )
        for field, claims in stored.items()
    }


def claims_to(claims: Claims) -> dict[str, list[dict[str, Any]]]:
    """Claims as they are kept under the seal."""
    return {
        field: [
            {"source": one.source, "at": one.at.isoformat(), "confidence": one.confidence, "value": one.value}
            for one in told
        ]
        for field, told in claims.items()
    }


def all_claims(view: Customer, known: Claims) -> dict[str, tuple[Claim, ...]]:
    """What is claimed of each fact that has a value; without another word it is the bank's, since the registration."""
    values = facts_of(view)
    return {
        field: tuple(known.get(field, ())) or (Claim(Source.BANK, view.created_at, 1.0, values[field]),)
        for field in sorted(FACTS)
        if field in known or values[field] is not None
    }


def facts_of(view: Customer) -> dict[str, Any]:
    """The facts as JSON has them; an empty list says as little as null."""
    told = view.model_dump(mode="json", include=set(FACTS))
    return {field: told[field] or None if field in _LISTS else told[field] for field in FACTS}


def as_view(values: Mapping[str, Any]) -> dict[str, Any]:
    """Facts as a view takes them: a list is empty, never null."""
    return {field: [] if value is None and field in _LISTS else value for field, value in values.items()}


def first_claims(body: RegisterCustomer, view: Customer) -> dict[str, tuple[Claim, ...]]:
    """What a registration that names its source claims; one that does not is the bank's own word and keeps none."""
    if body.provenance is None:
        return {}
    claim = _claim(body.provenance, view.created_at)
    return {
        field: (Claim(claim.source, claim.at, claim.confidence, value),)
        for field, value in facts_of(view).items()
        if value is not None
    }


def _claim(said: ProvenanceIn | None, now: datetime) -> Claim:
    if said is None:
        return Claim(Source.BANK, now, 1.0, None)
    return Claim(said.source, said.observed_at or now, said.confidence, None)


def decide(before: Customer, known: Claims, wish: ChangeCustomer, now: datetime, today: date) -> Decided:
    """Which values hold once these claims are added, by the rules in force on the bank's day.

    Raises Outranked, naming the fields, where the wish names no source and a better one holds what it would change.
    """
    rules = rules_on(today, shipped())
    claims, values, beaten = dict(all_claims(before, known)), facts_of(before), []
    said = wish.model_dump(mode="json", include=set(FACTS) & wish.model_fields_set)
    if wish.incorporation_date is not None:
        said["birth_date"] = wish.incorporation_date.isoformat()
    new = _claim(wish.provenance, now)
    for field, told in said.items():
        value = told or None if field in _LISTS else told
        claim = Claim(new.source, new.at, new.confidence, value)
        claims[field] = merged((*claims.get(field, ()), claim))
        holds = survivor(field, claims[field], rules)
        if wish.provenance is None and (holds is None or holds.value != value):
            beaten.append(field)
        values[field] = holds.value if holds else None
    if beaten:
        said_why = "a better source holds it; say yours in `provenance`"
        raise Outranked(errors=[FieldError(f"/{field}", "outranked", said_why) for field in beaten])
    touched = {field: claims[field] for field in said}
    return Decided(values, {field: tuple(told) for field, told in known.items()} | touched)


def holding(field: str, claims: Sequence[Claim], today: date) -> Claim | None:
    """The claim of a field that holds on the bank's day."""
    rules: Rules = rules_on(today, shipped())
    return survivor(field, claims, rules)
