"""What a caller sees of a job."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from shared.schemas import View


class Job(View):
    """Long work: `done` of `total` lines, `rate` a second, `eta_seconds` to go (null before it starts)."""

    id: UUID
    kind: str
    state: Literal["queued", "running", "done", "failed"]
    total: int
    done: int
    created: int
    unchanged: int
    rejected: int
    rate: float | None
    eta_seconds: float | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
