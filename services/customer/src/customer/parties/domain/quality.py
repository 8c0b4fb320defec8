"""How good each field of one record is: missing or there, from whom, at fault by which rule, stale, shared with another party."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache
from importlib import resources
from typing import Any, Final

from customer.parties.domain import checks
from customer.parties.domain.details import bands_on
from customer.parties.domain.names import in_characters


@dataclass(frozen=True, slots=True)
class Paper:
    """How the number of one type of identifier is judged; without an issuer, whoever issued it."""

    types: frozenset[str]
    issuer: str | None
    check: Callable[[str], str | None]
    expires: bool


@dataclass(frozen=True, slots=True)
class Rules:
    """One dated version: by field the kinds of party that have it, and after how long without a word it is stale."""

    effective_from: date
    oldest_years: int
    of: Mapping[str, frozenset[str]]
    stale_after: Mapping[str, timedelta | None]
    papers: Sequence[Paper]

    def paper(self, kind: str, issuer: str) -> Paper | None:
        """The rule for identifiers of that type by that issuer; None where there is none."""
        return next((one for one in self.papers if kind in one.types and one.issuer in {None, issuer}), None)


@dataclass(frozen=True, slots=True)
class Told:
    """A value with who says so and since when: a fact, or a part of the record."""

    value: Any
    source: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact point; `shared` when it leads to another party too, `verified` when somebody has proven to be reached there."""

    kind: str
    told: Told
    verified: bool = False
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Identity:
    """An identifier with the days between which it holds; `told.value` is its number."""

    type: str
    issuer: str
    told: Told
    issued_on: date | None = None
    expires_on: date | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """One record as it is judged. `facts` are those that have a value; addresses are as JSON has them."""

    kind: str
    facts: Mapping[str, Told]
    contacts: Sequence[Contact] = ()
    identifiers: Sequence[Identity] = ()
    addresses: Sequence[Told] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """How a field that is there stands; `fault` names the rule it breaks.

    Of contact points: whether one of them leads to another party too, and whether somebody has proven to be reached at one.
    """

    source: str
    fault: str | None = None
    stale: bool = False
    shared: bool = False
    verified: bool = False


def rules_of(document: Mapping[str, Any]) -> tuple[Rules, ...]:
    """The versions of a rule document, oldest first; raises KeyError for a check nobody wrote."""
    versions = [
        Rules(
            date.fromisoformat(version["effective_from"]),
            int(version["oldest_years"]),
            {name: frozenset(field["of"]) for name, field in version["fields"].items()},
            {
                name: None if field["stale_after_days"] is None else timedelta(days=field["stale_after_days"])
                for name, field in version["fields"].items()
            },
            tuple(
                Paper(frozenset(one["types"]), one["issuer"], checks.NUMBER_CHECKS[one["check"]], one["expires"])
                for one in version["identifiers"]
            ),
        )
        for version in document["versions"]
    ]
    return tuple(sorted(versions, key=lambda one: one.effective_from))


@cache
def shipped() -> tuple[Rules, ...]:
    """The rules that come with the service."""
    text = resources.files("customer.parties").joinpath("data/quality.json").read_text(encoding="utf-8")
    return rules_of(json.loads(text))


def rules_on(day: date, versions: Sequence[Rules]) -> Rules:
    """The rules in force on that day; before the first version, the first."""
    return next((one for one in reversed(versions) if one.effective_from <= day), versions[0])


def judged(record: Record, rules: Rules, at: datetime, today: date) -> dict[str, Standing | None]:
    """Every field a party of this kind has; None where nothing is recorded.

    Of several contact points of a kind, identifiers or addresses the worst speaks for the record: one at fault, then the
    one that is stale. `today` is the bank's day of `at`.
    """
    parts = _parts(record, rules, today)
    told: dict[str, Standing | None] = {}
    for field, kinds in rules.of.items():
        if record.kind not in kinds:
            continue
        if field in parts:
            found = parts[field]
        else:
            fact = record.facts.get(field)
            found = [] if fact is None else [(fact, _fact_fault(field, record, rules, today))]
        after = rules.stale_after[field]
        standings = [Standing(one.source, fault, after is not None and one.at + after < at) for one, fault in found]
        told[field] = max(standings, key=_worse, default=None)
    for kind in {one.kind for one in record.contacts} & told.keys():
        points, worst = [one for one in record.contacts if one.kind == kind], told[kind]
        if worst is not None:
            shared, verified = any(one.shared for one in points), any(one.verified for one in points)
            told[kind] = replace(worst, shared=shared, verified=verified)
    return told


def _worse(one: Standing) -> tuple[bool, bool, str, str]:
    return (one.fault is not None, one.stale, one.fault or "", one.source)


_Found = list[tuple[Told, str | None]]


def _parts(record: Record, rules: Rules, today: date) -> dict[str, _Found]:
    """What is found of the fields that are no facts; an empty list where nothing is."""
    contacts: dict[str, _Found] = {kind: [] for kind in CONTACT_FAULTS}
    for one in record.contacts:
        contacts[one.kind].append((one.told, CONTACT_FAULTS[one.kind](one.told.value)))
    birth = record.facts.get("birth_date")
    return contacts | {
        "identifier": [(one.told, _paper_fault(one, rules, birth, today)) for one in record.identifiers],
        "address": [(one, _address_fault(one.value)) for one in record.addresses],
    }


def _wechat_fault(value: str) -> str | None:
    return "syntax" if any(sign.isspace() for sign in value) else checks.text_fault(value)


CONTACT_FAULTS: Final[Mapping[str, Callable[[str], str | None]]] = {
    "phone": checks.phone_fault,
    "email": checks.email_fault,
    "wechat": _wechat_fault,
    "postal": checks.text_fault,
}


def _paper_fault(one: Identity, rules: Rules, birth: Told | None, today: date) -> str | None:
    paper = rules.paper(one.type, one.issuer)
    fault = None if paper is None else paper.check(one.told.value)
    if fault is not None:
        return fault
    if one.expires_on is not None and one.expires_on < today:
        return "expired"
    if one.issued_on is not None and birth is not None and one.issued_on.isoformat() < birth.value:
        return "issued_before_birth"
    return "no_expiry" if paper is not None and paper.expires and one.expires_on is None else None


def _address_fault(address: Mapping[str, Any]) -> str | None:
    country, region, code = address["country"], address["region"], address["postal_code"]
    if not checks.country_known(country) or (region and not checks.region_known(region)):
        return "unknown_code"
    if region and region[:2] != country:
        return "region_elsewhere"
    if code and not checks.postal_code_fits(code, country):
        return "postal_code"
    return next(filter(None, map(checks.text_fault, address["lines"])), None)


def _resident_numbers(record: Record, rules: Rules) -> Iterable[str]:
    for one in record.identifiers:
        paper = rules.paper(one.type, one.issuer)
        if paper is not None and paper.check is checks.resident_fault and paper.check(one.told.value) is None:
            yield one.told.value


def _fact_fault(field: str, record: Record, rules: Rules, today: date) -> str | None:
    fault = _FACT_FAULTS.get(field)
    return None if fault is None else fault(record.facts[field].value, record, rules, today)


def _birth_fault(value: str, record: Record, rules: Rules, today: date) -> str | None:
    birth = date.fromisoformat(value)
    if birth > today:
        return "future"
    if (today.year - birth.year, (today.month, today.day)) >= (rules.oldest_years + 1, (birth.month, birth.day)):
        return "implausible"
    numbers = _resident_numbers(record, rules)
    return "contradicts_identifier" if any(checks.resident_birth(one) != birth for one in numbers) else None


def _gender_fault(value: int, record: Record, rules: Rules, _: date) -> str | None:
    if value == 9:
        return "not_applicable"
    numbers = _resident_numbers(record, rules)
    return "contradicts_identifier" if any(checks.resident_sex(one) != value for one in numbers) else None


def _name_fault(parts: Mapping[str, Any], record: Record, *_: object) -> str | None:
    """Parts in characters have to be those of the legal name; others may be written in more than one way."""
    legal = record.facts.get("legal_name")
    family, given = parts.get("family") or "", parts["given"]
    whole = family + given if parts["order"] != "given_first" else given + family
    if legal is None or not (in_characters(whole) and in_characters(legal.value)):
        return checks.text_fault(given, letters=True)
    plain = "".join(sign for sign in legal.value if sign not in " ·")
    return None if plain == "".join(sign for sign in whole if sign not in " ·") else "contradicts_legal_name"


def _word_fault(value: str, *_: object) -> str | None:
    return checks.text_fault(value, letters=True)


def _code_fault(value: str, *_: object) -> str | None:
    return checks.text_fault(value)


def _unless(known: Callable[[Any, date], bool]) -> Callable[[Any, Record, Rules, date], str | None]:
    return lambda value, _record, _rules, today: None if known(value, today) else "unknown_code"


# Facts that are not here are of a closed list that is checked at the door, or a level.
_FACT_FAULTS: Final[Mapping[str, Callable[[Any, Record, Rules, date], str | None]]] = {
    "legal_name": _word_fault,
    "preferred_name": _word_fault,
    "occupation": _word_fault,
    "home_branch": _code_fault,
    "relationship_manager": _code_fault,
    "name": _name_fault,
    "birth_date": _birth_fault,
    "incorporation_date": lambda value, _record, _rules, today: "future" if value > today.isoformat() else None,
    "gender": _gender_fault,
    "region": _unless(lambda value, _: checks.region_known(value)),
    "industry": _unless(lambda value, _: checks.industry_known(value)),
    "languages": _unless(lambda value, _: all(map(checks.language_known, value))),
    "declared_income_band": _unless(lambda value, today: value in bands_on("income", today)),
    "declared_asset_band": _unless(lambda value, today: value in bands_on("assets", today)),
}
