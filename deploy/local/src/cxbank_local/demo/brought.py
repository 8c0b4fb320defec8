"""What one run of the demo brought in, and what the services held before and after it."""

from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from cxbank_local.demo.holdings import Holdings


@dataclass(frozen=True, slots=True)
class Brought:
    """What came in through one import: rows of the file, and what the service said of them."""

    rows: int
    created: int
    unchanged: int
    rejected: int
    seconds: float


@dataclass
class Run:
    """Everything one demo brought and saw. `seen_before` says that these files came in whole in an earlier run."""

    data: Path
    call_centre: UUID
    demo_desk: UUID
    seen_before: bool = False
    brought: dict[str, Brought] = field(default_factory=dict)
    visitors: int = 0
    before: Holdings = field(default_factory=dict)
    after: Holdings = field(default_factory=dict)
    parked: int = 0

    def grown(self, service: str, name: str) -> int:
        """How much more a service holds than before the run."""
        return self.after[service, name] - self.before[service, name]
