"""Records counted by how each of their fields stands, and what may be told of it: a figure that tells of a few is hidden."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from customer.insights.domain.suppression import OTHER, Withheld, joined, protected

ALL: Final = "all"
MISSING: Final = "missing"
AGES: Final = ("within_30_days", "within_year", "older")
_AGE_LIMITS: Final = (timedelta(days=30), timedelta(days=365))


class Cell(NamedTuple):
    """In which cell a record is counted for one field; without a source it is missing, without a fault it is sound."""

    kind: str
    field: str
    source: str = MISSING
    fault: str = ""
    stale: bool = False
    shared: bool = False
    verified: bool = False


class Age(NamedTuple):
    """By whose word a record stands, how long ago it was changed last, and in which month (`2026-11`)."""

    kind: str
    source: str
    age: str
    month: str


@dataclass
class Tally:
    """What was counted so far."""

    kinds: Counter[str] = field(default_factory=Counter)
    cells: Counter[Cell] = field(default_factory=Counter)
    ages: Counter[Age] = field(default_factory=Counter)
    unreadable: int = 0

    def stored(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "kinds": dict(self.kinds),
            "cells": [[*cell, number] for cell, number in sorted(self.cells.items())],
            "ages": [[*one, number] for one, number in sorted(self.ages.items())],
            "unreadable": self.unreadable,
        }

    @classmethod
    def restored(cls, kept: Mapping[str, Any]) -> "Tally":
        """What was stored."""
        return cls(
            Counter(kept.get("kinds", {})),
            Counter({Cell(*line[:-1]): line[-1] for line in kept.get("cells", ())}),
            Counter({Age(*line[:-1]): line[-1] for line in kept.get("ages", ())}),
            kept.get("unreadable", 0),
        )


def age_of(updated_at: datetime, at: datetime) -> str:
    """Which of `AGES` a record is of that was changed last then."""
    month, year = _AGE_LIMITS
    return AGES[0] if updated_at >= at - month else AGES[1] if updated_at >= at - year else AGES[2]


@dataclass(frozen=True, slots=True)
class Line:
    """One field in the words of one source, of `other` sources together, or of `all`; None where it is hidden."""

    source: str
    filled: int
    valid: int | None = None
    stale: int | None = None
    shared: int | None = None
    verified: int | None = None
    faults: Mapping[str, int | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FieldShown:
    """One field over the `records` of the kinds that have it; the first line is that of all."""

    field: str
    records: int
    lines: Sequence[Line]


def told_kinds(kinds: Mapping[str, int], fewest: int) -> frozenset[str]:
    """The kinds of party that may be told of: fields that one kind has and the other has not tell the number of each."""
    return frozenset(kind for kind, number in kinds.items() if number >= fewest)


def shown_fields(tally: Tally, contacts: Iterable[str], fewest: int) -> tuple[list[FieldShown], list[str]]:
    """Every field as it may be told, and the kinds of party that are left out because there are so few of them.

    `contacts` are the fields that can be shared with another party.
    """
    kinds = told_kinds(tally.kinds, fewest)
    by_field: dict[str, Counter[Cell]] = {}
    for cell, number in tally.cells.items():
        if cell.kind in kinds:
            by_field.setdefault(cell.field, Counter())[cell] += number
    reachable = frozenset(contacts)
    shown = [_shown(name, cells, name in reachable, fewest) for name, cells in sorted(by_field.items())]
    return shown, sorted(tally.kinds.keys() - kinds)


def _shown(name: str, cells: Counter[Cell], contact: bool, fewest: int) -> FieldShown:
    by_source: Counter[str] = Counter()
    for cell, number in cells.items():
        by_source[cell.source] += number
    groups, veiled = _sources(by_source, fewest)
    totals: Counter[str] = Counter()
    for source, group in groups.items():
        totals[group] += by_source[source]
    rows = sorted(totals)
    lines = {row: Counter[Cell]() for row in rows}
    for cell, number in cells.items():
        if cell.source in groups:
            lines[groups[cell.source]][cell] += number
    codes = {cell.fault for line in lines.values() for cell in line}
    faults = _groups({code: sum(_having(line, code) for line in lines.values()) for code in codes if code}, fewest)
    told = {
        "valid": _split(lines, lambda cell: faults.get(cell.fault, ""), fewest),
        "stale": _split(lines, lambda cell: cell.stale, fewest),
        "shared": _split(lines, lambda cell: cell.shared, fewest) if contact else None,
        "verified": _split(lines, lambda cell: cell.verified, fewest) if contact else None,
    }
    # What is summed over the rows is that of all only where none is left out.
    shown = [_line(row, totals[row], told) for row in rows]
    whole = [] if veiled else [_line(ALL, totals.total(), told)]
    return FieldShown(name, by_source.total(), [*whole, *shown])


def _sources(by_source: Mapping[str, int], fewest: int) -> tuple[dict[str, str], bool]:
    """Under which name each source is told, and whether some are left out so that nobody learns how few lack the field.

    Those few hide among the people of the rarest source; where all who have the field are few, nobody is told of.
    """
    missing = by_source.get(MISSING, 0)
    groups = _groups({name: number for name, number in by_source.items() if name != MISSING}, fewest)
    totals: Counter[str] = Counter()
    for name, group in groups.items():
        totals[group] += by_source[name]
    if any(number < fewest for number in totals.values()):
        return {}, True
    if not 0 < missing < fewest:
        return groups, False
    veil = OTHER if OTHER in totals else min(totals, key=lambda group: (totals[group], group), default=OTHER)
    return {name: group for name, group in groups.items() if group != veil}, True


def _groups(counts: Mapping[str, int], fewest: int) -> dict[str, str]:
    """Under which name each is told: its own, or `other` with the rest of the rare ones."""
    kept = joined({name: [number] for name, number in counts.items()}, fewest)
    return {name: name if name in kept else OTHER for name in counts}


def _having(line: Mapping[Cell, int], fault: str) -> int:
    return sum(number for cell, number in line.items() if cell.fault == fault)


_Word = str | bool
_Told = dict[str, dict[_Word, int | None]] | None


def _split(lines: Mapping[str, Mapping[Cell, int]], word: Callable[[Cell], _Word], fewest: int) -> _Told:
    """How many of each row are what, and of all; None where it cannot be told without telling of a few."""
    counts: dict[str, Counter[_Word]] = {row: Counter() for row in lines}
    for row, line in lines.items():
        for cell, number in line.items():
            counts[row][word(cell)] += number
    names = sorted({name for line in counts.values() for name in line}, key=str)
    if not names:
        return {ALL: {}}
    try:
        shown = protected([[line[name] for name in names] for line in counts.values()], fewest)
    except Withheld:
        return None
    cells = {row: dict(zip(names, line, strict=True)) for row, line in zip(counts, shown.cells, strict=True)}
    return cells | {ALL: dict(zip(names, shown.columns, strict=True))}


def _line(row: str, filled: int, told: Mapping[str, _Told]) -> Line:
    def so(what: str, word: _Word = True) -> int | None:
        table = told[what]
        return None if table is None else table[row].get(word, 0)

    faults = told["valid"] or {row: {}}
    return Line(
        row,
        filled,
        so("valid", ""),
        so("stale"),
        so("shared"),
        so("verified"),
        {str(fault): number for fault, number in faults[row].items() if fault != "" and number != 0},
    )


@dataclass(frozen=True, slots=True)
class AgeShown:
    """Records by whose word they stand: how many were changed last when (None: hidden), and the month of the oldest told of."""

    source: str
    records: int
    ages: Sequence[int | None]
    oldest_month: str | None


def shown_ages(tally: Tally, fewest: int) -> list[AgeShown]:
    """How long ago records were changed last, by source; nothing where everybody together are too few.

    `oldest_month` is the first by whose end at least `fewest` records had been changed last.
    """
    kinds = told_kinds(tally.kinds, fewest)
    ages = Counter({one: number for one, number in tally.ages.items() if one.kind in kinds})
    by_source: Counter[str] = Counter()
    for one, number in ages.items():
        by_source[one.source] += number
    groups = _groups(by_source, fewest)
    rows = sorted(set(groups.values()))
    counts = {row: Counter[str]() for row in rows}
    months = {row: Counter[str]() for row in rows}
    for one, number in ages.items():
        counts[groups[one.source]][one.age] += number
        months[groups[one.source]][one.month] += number
    hidden: tuple[int | None, ...] = (None,) * len(AGES)
    try:
        shown: Sequence[Sequence[int | None]] = protected(
            [[counts[row][age] for age in AGES] for row in rows], fewest
        ).cells
    except Withheld:
        shown = [hidden for _ in rows]
    return [
        AgeShown(row, counts[row].total(), cells, _oldest(months[row], fewest))
        for row, cells in zip(rows, shown, strict=True)
        if counts[row].total() >= fewest
    ]


def _oldest(months: Mapping[str, int], fewest: int) -> str | None:
    so_far = 0
    for month, number in sorted(months.items()):
        so_far += number
        if so_far >= fewest:
            return month
    return None
