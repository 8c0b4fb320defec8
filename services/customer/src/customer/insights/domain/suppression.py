"""Small cells of a table of counts are hidden, and as many others as it takes that no hidden one follows from the margins.

A table is shown with its margins, and each person is counted in one cell. A hidden cell follows from what is shown
exactly when it is a bridge in the graph whose nodes are rows and columns and whose edges are hidden cells (Gusfield,
"A graph theoretic approach to statistical data security", 1988). So each hidden cell is put on a cycle, along the path
that hides the fewest people. Only cells with somebody in them are hidden: a cycle of those can be turned by one both
ways without any count falling below nothing, so that each hidden cell has at least two possible values.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Final

Cell = tuple[int, int]
Cells = Sequence[Sequence[int]]


class Withheld(Exception):
    """The table cannot be shown without telling of a few: a margin is small, or there is nothing to hide a cell behind."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A table as it may be shown: None in place of a hidden cell; `rows`, `columns` and `total` are the true margins."""

    cells: tuple[tuple[int | None, ...], ...]
    rows: tuple[int, ...]
    columns: tuple[int, ...]
    total: int

    @property
    def hidden(self) -> set[Cell]:
        """Where nothing is shown."""
        return {(i, j) for i, row in enumerate(self.cells) for j, cell in enumerate(row) if cell is None}


def protected(counts: Cells, fewest: int) -> Shown:
    """The table with every count from 1 to `fewest - 1` hidden, and what else must be so that none of them follows.

    Raises Withheld where a margin itself is small or a hidden cell has no other to hide behind; join groups, then.
    """
    rows = tuple(sum(row) for row in counts)
    columns = tuple(sum(column) for column in zip(*counts, strict=True))
    if any(0 < margin < fewest for margin in (*rows, *columns)):
        raise Withheld("a margin tells of fewer than are told of")
    hidden = {(i, j) for i, row in enumerate(counts) for j, count in enumerate(row) if 0 < count < fewest}
    while True:
        lonely = _bridges(hidden)
        if not lonely:
            break
        hidden |= _way_round(counts, hidden, min(lonely))
    cells = tuple(
        tuple(None if (i, j) in hidden else count for j, count in enumerate(row)) for i, row in enumerate(counts)
    )
    return Shown(cells, rows, columns, sum(rows))


_ROW, _COLUMN = 0, 1
_Node = tuple[int, int]


def _ends(cell: Cell) -> tuple[_Node, _Node]:
    return (_ROW, cell[0]), (_COLUMN, cell[1])


def _bridges(hidden: set[Cell]) -> set[Cell]:
    """Hidden cells on no cycle of hidden cells: the only one of a row or column, and those that join two cycles."""
    return {cell for cell in hidden if _reach(hidden - {cell}, *_ends(cell)) is None}


def _reach(edges: set[Cell], start: _Node, goal: _Node) -> set[_Node] | None:
    """The nodes walked through from start when goal was found, None when it is not to be reached."""
    beside: dict[_Node, list[_Node]] = {}
    for cell in edges:
        one, other = _ends(cell)
        beside.setdefault(one, []).append(other)
        beside.setdefault(other, []).append(one)
    seen, ahead = {start}, [start]
    while ahead:
        for node in beside.get(ahead.pop(), ()):
            if node == goal:
                return seen
            if node not in seen:
                seen.add(node)
                ahead.append(node)
    return None


def _way_round(counts: Cells, hidden: set[Cell], lonely: Cell) -> set[Cell]:
    """The cells of the cheapest other way from the lonely cell's row to its column; what is hidden already costs nothing."""
    start, goal = _ends(lonely)
    best: dict[_Node, int] = {start: 0}
    came: dict[_Node, tuple[_Node, Cell]] = {}
    heap: list[tuple[int, _Node]] = [(0, start)]
    while heap:
        cost, node = heappop(heap)
        if node == goal:
            break
        if cost > best[node]:
            continue
        side, index = node
        line = range(len(counts[0])) if side == _ROW else range(len(counts))
        for other in line:
            cell = (index, other) if side == _ROW else (other, index)
            if cell == lonely or counts[cell[0]][cell[1]] == 0:
                continue
            following = (_COLUMN, other) if side == _ROW else (_ROW, other)
            price = cost + (0 if cell in hidden else counts[cell[0]][cell[1]])
            if price < best.get(following, price + 1):
                best[following] = price
                came[following] = (node, cell)
                heappush(heap, (price, following))
    if goal not in came:
        raise Withheld("there is nothing to hide a cell behind")
    way: set[Cell] = set()
    node = goal
    while node != start:
        node, cell = came[node]
        way.add(cell)
    return way


OTHER: Final = "other"


def joined(counts: dict[str, list[int]], fewest: int) -> dict[str, list[int]]:
    """Groups of fewer than `fewest` people joined under `other`, with the next smallest while that is still too few."""
    ordered = sorted(counts.items(), key=lambda item: (sum(item[1]), item[0]))
    small = [item for item in ordered if sum(item[1]) < fewest or item[0] == OTHER]
    rest = [item for item in ordered if item not in small]
    while small and rest and sum(sum(line) for _, line in small) < fewest:
        small.append(rest.pop(0))
    kept = dict(sorted(rest))
    if small:
        kept[OTHER] = [sum(column) for column in zip(*(line for _, line in small), strict=True)]
    return kept
