"""Tables of people: counted, groups of a few joined, small cells hidden, within a table and between tables of segments."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from customer.insights.domain.suppression import OTHER, Withheld, joined, protected


@dataclass(frozen=True, slots=True)
class Person:
    """One person who is counted: a word of each dimension, the segments they are in, a word of each measure."""

    words: Mapping[str, str]
    segments: frozenset[str]
    habits: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """A table as it may be shown. A line is a group with its counts, None where hidden, and its total.

    Lines by a dimension add up to `totals`; segments overlap, each stands against everybody. `withheld` are segments
    that are too small, or all but everybody.
    """

    names: tuple[str, ...]
    lines: tuple[tuple[str, tuple[int | None, ...], int], ...]
    totals: tuple[int, ...]
    total: int
    withheld: tuple[str, ...] = ()


def crossed(pairs: Mapping[tuple[str, str], int], fewest: int) -> Table:
    """Rows by columns, from the number of people of each pair of words; raises Withheld where it cannot be shown."""
    if not pairs:
        return Table((), (), (), 0)
    names = sorted({column for _, column in pairs})
    counts = {row: [pairs.get((row, name), 0) for name in names] for row in sorted({row for row, _ in pairs})}
    by_row = joined(counts, fewest)
    turned = {name: [line[place] for line in by_row.values()] for place, name in enumerate(names)}
    by_column = joined(turned, fewest)
    shown = protected([[line[place] for line in by_column.values()] for place in range(len(by_row))], fewest)
    return Table(tuple(by_column), tuple(zip(by_row, shown.cells, shown.rows, strict=True)), shown.columns, shown.total)


def by_dimension(people: Iterable[Person], dimension: str, measure: str, fewest: int) -> Table:
    """People by a word of theirs and by what they do; raises Withheld."""
    pairs: dict[tuple[str, str], int] = {}
    for one in people:
        pair = (one.words[dimension], one.habits[measure])
        pairs[pair] = pairs.get(pair, 0) + 1
    return crossed(pairs, fewest)


def by_segment(people: Sequence[Person], keys: Sequence[str], measure: str, fewest: int) -> Table:
    """Each segment against everybody else by what they do; `keys` are those that may be shown beside one another.

    Columns are joined once for all, by everybody. Raises Withheld where everybody together are too few.
    """
    if not people:
        return Table((), (), (), 0)
    everybody = Counter(one.habits[measure] for one in people)
    columns = joined({name: [number] for name, number in sorted(everybody.items())}, fewest)
    totals = tuple(column[0] for column in columns.values())
    if any(total < fewest for total in totals):
        raise Withheld("all together are fewer than are told of")
    inside: dict[str, Counter[str]] = {key: Counter() for key in keys}
    for one in people:
        name = one.habits[measure]
        for key in one.segments & inside.keys():
            inside[key][name if name in columns else OTHER] += 1
    lines, withheld = [], []
    for key in keys:
        within = [inside[key][name] for name in columns]
        outside = [total - count for total, count in zip(totals, within, strict=True)]
        try:
            shown = protected([within, outside], fewest)
        except Withheld:
            withheld.append(key)
        else:
            lines.append((key, shown.cells[0], shown.rows[0]))
    return Table(tuple(columns), tuple(lines), totals, len(people), tuple(withheld))


def apart(people: Sequence[Person], keys: Iterable[str], dimensions: Iterable[str], fewest: int) -> list[str]:
    """Those of the segments, in this order, that may be shown beside one another and beside every table of a dimension.

    What is told of two groups that differ by a few tells of these few, and a group that is told twice could be hidden
    once and shown the other time. So a segment is left out whose members, but for fewer than `fewest` people, are those
    of one shown before it, everybody but those, or groups of a dimension together.
    """
    everybody = (1 << len(people)) - 1
    partitions = [[everybody]]
    for dimension in dimensions:
        words = [one.words[dimension] for one in people]
        partitions.append([_mask(word == group for word in words) for group in sorted(set(words))])
    found: list[str] = []
    shown: list[int] = []
    for key in keys:
        members = _mask(key in one.segments for one in people)
        # The union of groups that is nearest takes each group of which more than half are members.
        distances = [
            sum(min((members & group).bit_count(), (group & ~members).bit_count()) for group in groups)
            for groups in partitions
        ]
        distances += [(members ^ other).bit_count() for one in shown for other in (one, everybody ^ one)]
        if all(distance >= fewest for distance in distances):
            found.append(key)
            shown.append(members)
    return found


def _mask(who: Iterable[bool]) -> int:
    """A set of people as one number, a bit each: sets of thousands are compared in microseconds."""
    return int("".join("01"[one] for one in who) or "0", 2)
