"""What a benchmark row is: ours beside its floor, whether it meets what it must, and how it is printed."""

from dataclasses import dataclass, field


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


@dataclass
class Table:
    """All rows, and the machine they were measured on."""

    machine: str
    rows: list[Row] = field(default_factory=list)

    def markdown(self) -> str:
        """The page of benchmarks."""
        names = ("#", "what", "floor", "ours", "ratio", "p50", "p99", "CPU per operation", "must", "")
        head = f"| {' | '.join(names)} |\n{'|---' * len(names)}|\n"
        lines = [
            f"| {row.number} | {row.what} | {row.floor} | {row.ours} | {'' if row.ratio is None else f'{row.ratio:.2f}'} "
            f"| {row.p50} | {row.p99} | {row.cpu} | {row.must} | {_mark(row)} |"
            for row in self.rows
        ]
        short = [f"{row.number} ({row.what})" for row in self.rows if row.met is False]
        tail = f"Short of what they must: {'; '.join(short)}." if short else "Every row meets what it must."
        return head + "\n".join(lines) + f"\n\n{tail}\n"


def _mark(row: Row) -> str:
    return "" if row.met is None else "met" if row.met else "**short**"
