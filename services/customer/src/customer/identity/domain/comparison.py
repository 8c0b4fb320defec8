"""How much two records look like one party: levels of agreement per field, weighed after Fellegi and Sunter (1969).

Each level of a field has a probability among records of one party (m) and among records of two (u); its weight is
log2(m / u), and the score is the sum, plus the prior odds that a pair which met in a block is one party at all.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from typing import Any, Final

from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler

from customer.identity.domain.sound import Sounding, sound
from customer.parties.domain.names import in_characters

FIELDS: Final = ("name", "birth_date", "phone", "email", "identifier", "region", "gender")
# Above this two spellings in letters count as one with a typo in it (Winkler 1990 uses the measure this way).
NEAR: Final = 0.92


@dataclass(frozen=True, slots=True)
class Record:
    """What of a party is compared, opened, in memory only."""

    kind: str
    ways: frozenset[Sounding]
    birth_date: date | None
    phones: frozenset[str]
    emails: frozenset[str]
    identifiers: frozenset[tuple[str, str, str]]
    region: str | None
    gender: int | None


@dataclass(frozen=True, slots=True)
class Reason:
    """One field's part of a score: the level of agreement, never the values."""

    field: str
    level: str
    weight: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """A score in bits, the probability it stands for, and what it is made of."""

    score: float
    probability: float
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Weights:
    """Probabilities of each level, the prior of a pair that met in a block, and the score from which a pair is likely."""

    levels: Mapping[str, Mapping[str, float]]
    prior: float
    likely: float


def weights_of(document: Mapping[str, Any]) -> Weights:
    """Weights as they are kept: m and u of every level."""
    levels = {
        field: {level: math.log2(told["m"] / told["u"]) for level, told in of.items()}
        for field, of in document["levels"].items()
    }
    return Weights(levels, float(document["prior"]), float(document["likely"]))


@cache
def shipped() -> Weights:
    """The weights that come with the service."""
    text = resources.files("customer.identity").joinpath("data/weights.json").read_text(encoding="utf-8")
    return weights_of(json.loads(text))


def levels(one: Record, other: Record) -> dict[str, str]:
    """How far two records agree in each field; a field that one of them lacks is missing and says nothing."""
    return {
        "name": _names(one.ways, other.ways),
        "birth_date": _days(one.birth_date, other.birth_date),
        "phone": _shared(one.phones, other.phones),
        "email": _emails(one.emails, other.emails),
        "identifier": _identifiers(one.identifiers, other.identifiers),
        "region": _equal(one.region, other.region),
        "gender": _equal(one.gender or None, other.gender or None),
    }


def compared(one: Record, other: Record, weights: Weights) -> Verdict:
    """The score of a pair, with its reasons, the weightiest first."""
    reasons = [
        Reason(field, level, weights.levels[field][level])
        for field, level in levels(one, other).items()
        if level != "missing"
    ]
    odds = math.log2(weights.prior / (1 - weights.prior))
    score = sum(reason.weight for reason in reasons)
    ordered = sorted(reasons, key=lambda reason: (-abs(reason.weight), reason.field))
    # Beyond 60 bits a float of the probability is 0 or 1 anyway.
    return Verdict(score, 1 / (1 + 2 ** -max(-60.0, min(60.0, score + odds))), tuple(ordered))


def _equal(one: object | None, other: object | None) -> str:
    if one is None or other is None:
        return "missing"
    return "same" if one == other else "different"


def _shared(one: frozenset[str], other: frozenset[str]) -> str:
    if not one or not other:
        return "missing"
    return "same" if one & other else "different"


def _emails(one: frozenset[str], other: frozenset[str]) -> str:
    told = _shared(one, other)
    if told != "different":
        return told
    near = any(DamerauLevenshtein.distance(a, b, score_cutoff=1) <= 1 for a in one for b in other)
    return "near" if near else "different"


def _identifiers(one: frozenset[tuple[str, str, str]], other: frozenset[tuple[str, str, str]]) -> str:
    if not one or not other:
        return "missing"
    if {value for *_, value in one} & {value for *_, value in other}:
        return "same"
    of_a_kind = [(a[2], b[2]) for a in one for b in other if a[:2] == b[:2]]
    if any(DamerauLevenshtein.distance(a, b, score_cutoff=1) <= 1 for a, b in of_a_kind):
        return "near"
    return "different" if of_a_kind else "missing"


def _days(one: date | None, other: date | None) -> str:
    if one is None or other is None:
        return "missing"
    if one == other:
        return "same"
    if (one.year, one.month, one.day) == (other.year, other.day, other.month):
        return "swapped"
    if DamerauLevenshtein.distance(one.isoformat(), other.isoformat(), score_cutoff=1) <= 1:
        return "near"
    return "same_year" if one.year == other.year else "different"


_BETTER: Final = ("same", "same_sound", "near", "initials", "family_only", "different")


def _names(one: Sequence[Sounding] | frozenset[Sounding], other: Sequence[Sounding] | frozenset[Sounding]) -> str:
    if not one or not other:
        return "missing"
    return min((_pair(a, b) for a in one for b in other), key=_BETTER.index)


def _pair(one: Sounding, other: Sounding) -> str:
    if one.written == other.written:
        return "same"
    if not one.family or not other.family:
        # A single name beside one with two parts: all that can be said is whether it is one of them.
        alike = one.whole == other.whole or (one.given or one.family) in {other.given, other.family}
        return "initials" if alike and one.whole else "different"
    if (one.family, one.given) == (other.family, other.given):
        return "same_sound"
    if _one_character(one.written, other.written):
        return "near"
    return _in_letters(one, other)


def _in_letters(one: Sounding, other: Sounding) -> str:
    """How far two readings agree that are neither written nor sounded alike."""
    same_family = one.family == other.family or sound(one.family) == sound(other.family)
    if same_family and _abbreviated(one, other):
        return "initials"
    begin_alike = one.given[:1] == other.given[:1]
    if begin_alike and JaroWinkler.similarity(one.whole, other.whole) >= NEAR:
        return "near"
    if not same_family:
        return "different"
    return "near" if JaroWinkler.similarity(one.given, other.given) >= NEAR else "family_only"


def _one_character(one: str, other: str) -> bool:
    """Whether two names of three characters and more differ in one; of two, one is half the name."""
    return (
        in_characters(one)
        and in_characters(other)
        and min(len(one), len(other)) > 2
        and DamerauLevenshtein.distance(one, other) == 1
    )


def _abbreviated(one: Sounding, other: Sounding) -> bool:
    """Whether one of the given names is written as initials of the other's."""
    short, long = sorted((one, other), key=lambda way: len(way.given))
    return (
        0 < len(short.given) <= 3
        and short.given == short.initials
        and (
            short.given == long.initials[: len(short.given)]
            or (len(short.given) == 1 and long.given.startswith(short.given))
        )
    )
