"""What a benchmark row is: ours beside its floor, whether it meets what it must, and how the page keeps it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_NAMES: Final = ("#", "what", "floor", "ours", "ratio", "p50", "p99", "CPU per operation", "must", "", "day")
_SHORT: Final = "**short**"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. `ratio` is ours over the floor, or None where the bound is absolute."""

    number: str
    what: str
    floor: str
    ours: str
    ratio: float | None
    p50: str
    p99: str
    cpu: str
    must: str
    met: bool | None


def line_of(row: Row, day: str) -> str:
    """A row as the page has it, with the day on which it was measured."""
    ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
    mark = "" if row.met is None else "met" if row.met else _SHORT
    cells = (row.number, row.what, row.floor, row.ours, ratio, row.p50, row.p99, row.cpu, row.must, mark, day)
    return f"| {' | '.join(cells)} |"


def lines_of(page: str) -> list[str]:
    """The lines of the table that stand on a page."""
    return [line for line in page.splitlines() if line.startswith("| ") and not line.startswith(f"| {_NAMES[0]} ")]


def number_of(line: str) -> str:
    """Which row of `numbers` a line is of."""
    return line.split("|")[1].strip()


def joined(measured: Sequence[str], kept: Sequence[str], order: Sequence[str]) -> list[str]:
    """The lines just measured and those kept of numbers that were not, in the order of their numbers."""
    new = {number_of(line) for line in measured}
    lines = [*measured, *(line for line in kept if number_of(line) not in new)]
    return sorted(lines, key=lambda line: order.index(number_of(line)))


def table(lines: Sequence[str]) -> str:
    """The table, and which of its rows fall short."""
    head = f"| {' | '.join(_NAMES)} |\n{'|---' * len(_NAMES)}|\n"
    short = [f"{number_of(line)} ({line.split(' | ')[1]})" for line in lines if _SHORT in line]
    tail = f"Short of what they must: {'; '.join(short)}." if short else "Every row meets what it must."
    return head + "\n".join(lines) + f"\n\n{tail}\n"
