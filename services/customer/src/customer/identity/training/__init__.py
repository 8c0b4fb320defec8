"""`make train` and `make evaluate` for duplicates: weights from one generated set, precision and recall on another."""

import json
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any, Final

from customer.identity.domain.comparison import FIELDS, Record, Weights, compared, levels, shipped, weights_of
from customer.identity.domain.sound import surname_sounds
from customer.identity.training.corrupting import CORRUPTIONS, Person, population

MODELS: Final = ("duplicates",)
TRAINING_SEED: Final = 20_261
EVALUATION_SEED: Final = 20_263
# What a person who works through the list may expect: nine in ten of what is called likely is a duplicate, and most are.
MUST_PRECISION: Final = 0.95
MUST_RECALL: Final = 0.85
_LARGEST_BLOCK: Final = 50
_LIKELY: Final = 0.9

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Blocked:
    """A generated set, opened, and the pairs that meet in a block."""

    people: Sequence[Person]
    records: Sequence[Record]
    pairs: Sequence[tuple[int, int]]

    def same(self, pair: tuple[int, int]) -> bool:
        """Whether the pair is one person in truth."""
        return self.people[pair[0]].who == self.people[pair[1]].who

    def truth(self) -> set[tuple[int, int]]:
        """Every pair that is one person, whether it met in a block or not."""
        of: dict[int, list[int]] = defaultdict(list)
        for place, one in enumerate(self.people):
            of[one.who].append(place)
        return {pair for places in of.values() for pair in combinations(sorted(places), 2)}


def blocks_of(record: Record) -> Iterable[tuple[str, str]]:
    """Under what a record meets others: its contact points, its numbers, and surname sound with birth year."""
    for phone in record.phones:
        yield "phone", phone
    for email in record.emails:
        yield "email", email
    for *_, value in record.identifiers:
        yield "identifier", value
    if record.birth_date is not None:
        for sound in surname_sounds(record.ways):
            yield "sound", f"{sound}|{record.birth_date.year}"


def blocked(people: Sequence[Person]) -> Blocked:
    """The pairs of a set that meet in a block which is not too large to mean anything."""
    records = [one.record() for one in people]
    members: dict[tuple[str, str], list[int]] = defaultdict(list)
    for place, record in enumerate(records):
        for block in set(blocks_of(record)):
            members[block].append(place)
    pairs = {
        pair for block in members.values() if len(block) <= _LARGEST_BLOCK for pair in combinations(sorted(block), 2)
    }
    return Blocked(people, records, sorted(pairs))


def estimated(told: Blocked) -> dict[str, Any]:
    """Weights from labelled pairs: the share of each level among one person's pairs and among strangers' in a block."""
    counts: dict[str, dict[bool, Counter[str]]] = {field: {True: Counter(), False: Counter()} for field in FIELDS}
    same = 0
    for pair in told.pairs:
        truth = told.same(pair)
        same += truth
        for field, level in levels(told.records[pair[0]], told.records[pair[1]]).items():
            if level != "missing":
                counts[field][truth][level] += 1
    document: dict[str, Any] = {"levels": {}, "prior": round(same / len(told.pairs), 6), "likely": _LIKELY}
    for field, by in counts.items():
        seen = sorted(set(by[True]) | set(by[False]) | _ALWAYS.get(field, set()))
        # Half a pair for each level, so that what was not seen is unlikely and not impossible.
        document["levels"][field] = {
            level: {
                name: round((by[truth][level] + 0.5) / (sum(by[truth].values()) + 0.5 * len(seen)), 6)
                for name, truth in (("m", True), ("u", False))
            }
            for level in seen
        }
    return document


_ALWAYS: Final = {
    "name": {"same", "same_sound", "near", "initials", "family_only", "different"},
    "birth_date": {"same", "swapped", "near", "same_year", "different"},
    "email": {"same", "near", "different"},
    "phone": {"same", "different"},
    "identifier": {"same", "near", "different"},
    "region": {"same", "different"},
    "gender": {"same", "different"},
}


def wilson(hits: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a share after Wilson (1927)."""
    if of == 0:
        return 0.0, 1.0
    z, share = 1.959964, hits / of
    middle, spread = share + z * z / (2 * of), z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return max(0.0, (middle - spread) / (1 + z * z / of)), min(1.0, (middle + spread) / (1 + z * z / of))


@dataclass(frozen=True, slots=True)
class Scores:
    """What came of one set."""

    precision: tuple[int, int]
    recall: tuple[int, int]
    met: tuple[int, int]
    relatives: tuple[int, int]
    by_kind: dict[str, tuple[int, int]]


def scored(told: Blocked, weights: Weights) -> Scores:
    """How many of the likely pairs are one person, how many of those that are one are likely, and by what was done."""
    truth = told.truth()
    likely = {
        pair
        for pair in told.pairs
        if compared(told.records[pair[0]], told.records[pair[1]], weights).probability >= weights.likely
    }
    strangers = {
        pair
        for pair in told.pairs
        if not told.same(pair)
        and told.people[pair[0]].phone
        and told.people[pair[0]].phone == told.people[pair[1]].phone
    }
    by_kind: dict[str, tuple[int, int]] = {}
    for kind in (*CORRUPTIONS, "none"):
        having = {pair for pair in truth if any(kind in told.people[place].corrupted for place in pair)}
        by_kind[kind] = (len(having & likely), len(having))
    return Scores(
        (len(likely & truth), len(likely)),
        (len(likely & truth), len(truth)),
        (len(truth & set(told.pairs)), len(truth)),
        (len(strangers & likely), len(strangers)),
        by_kind,
    )


def _told(name: str, hits: int, of: int) -> str:
    low, high = wilson(hits, of)
    return f"{name:<34} {hits / max(of, 1):.3f}  [{low:.3f}, {high:.3f}]  {hits:,} of {of:,}"


def train(data: Path, models: Path, say: Say, model: str | None = None) -> bool:  # noqa: ARG001  # nothing real is in it
    """Estimate the weights and keep them under `models`; the ones that ship are such a file, put into `data/`."""
    document = estimated(blocked(population(TRAINING_SEED)))
    folder = models / MODELS[0]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "weights.json"
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    say(f"duplicates: weights of {sum(map(len, document['levels'].values()))} levels, kept in {path}")
    return True


def evaluate(
    data: Path,  # noqa: ARG001  # nothing real is in it
    models: Path,  # noqa: ARG001  # what ships is what is scored
    say: Say,
    model: str | None = None,  # noqa: ARG001  # there is one
    file: Path | None = None,
) -> bool:
    """Precision and recall of the weights that ship, or of another file of weights, on a set they never saw."""
    if file is not None and file.suffix != ".json":
        return True  # the rows of another model: weights are JSON
    weights = shipped() if file is None else weights_of(json.loads(file.read_text(encoding="utf-8")))
    told = blocked(population(EVALUATION_SEED))
    found = scored(told, weights)
    say(
        f"duplicates: {len(told.people):,} records, {found.recall[1]:,} pairs of one person, {len(told.pairs):,} compared"
    )
    say(_told("precision of what is likely", *found.precision))
    say(_told("recall of what is likely", *found.recall))
    say(_told("pairs of one person that met", *found.met))
    say(_told("relatives at one phone called likely", *found.relatives))
    for kind, (hits, of) in found.by_kind.items():
        say(_told(f"  recall where {kind}", hits, of))
    precision, recall = (hits / max(of, 1) for hits, of in (found.precision, found.recall))
    return precision >= MUST_PRECISION and recall >= MUST_RECALL
