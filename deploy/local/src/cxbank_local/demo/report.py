"""Numbers beside the numbers they have to equal; one that differs fails the demo."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from rich.console import Console
from rich.table import Table

from cxbank_local.demo.hops import Delay, Hop

Number = int | Fraction


@dataclass(frozen=True, slots=True)
class Line:
    """What we say, and what it must be by another road."""

    what: str
    ours: Number | None
    expected: Number
    by: str

    @property
    def right(self) -> bool:
        """Exactly equal: nothing here is an estimate."""
        return self.ours == self.expected


@dataclass
class Report:
    """Every comparison of a run."""

    lines: list[Line] = field(default_factory=list)

    def compare(self, what: str, ours: Number | None, expected: Number, by: str) -> None:
        """Add one comparison."""
        self.lines.append(Line(what, ours, expected, by))

    @property
    def right(self) -> bool:
        """Whether there is something and all of it adds up."""
        return bool(self.lines) and all(line.right for line in self.lines)

    def show(self, out: Console) -> None:
        """Print the comparisons."""
        table = Table("", "ours", "must be", "according to", box=None)
        for line in self.lines:
            mark = "[green]=[/green]" if line.right else "[red]≠[/red]"
            table.add_row(f"{mark} {line.what}", _text(line.ours), _text(line.expected), line.by)
        out.print(table)
        wrong = sum(not line.right for line in self.lines)
        out.print(f"{len(self.lines)} comparisons, {wrong or 'none'} wrong")


def _text(number: Number | None) -> str:
    if number is None:
        return "nothing"
    return str(number) if isinstance(number, int) or number.denominator == 1 else f"{float(number):.6f}"


def show_hops(out: Console, hops: Sequence[Hop], delays: Sequence[Delay]) -> None:
    """Print what was said and heard, and the time between for the live part."""
    took = {(delay.source, delay.listener): delay for delay in delays}
    table = Table("from", "to", "said", "heard", "live: added latency p50", "p99", box=None)
    for hop in (hop for hop in hops if hop.said):
        delay = took.get((hop.source, hop.listener))
        times = [f"{1000 * at:.0f} ms" for at in (delay.p50, delay.p99)] if delay else ["", ""]
        table.add_row(hop.source, hop.listener, str(hop.said), str(hop.heard), *times)
    out.print(table)
