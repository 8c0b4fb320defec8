"""Kinds of matters, and what is open of each."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class MatterKind(StrEnum):
    """What can be open."""

    CASE = "case"
    JOURNEY = "journey"


@dataclass(frozen=True, slots=True)
class Matter:
    """One thing that is open: of a case what it is about, of a journey which; None where nobody said."""

    kind: MatterKind
    id: UUID
    category: str | None


@dataclass(frozen=True, slots=True)
class OpenMatters:
    """The ids of a person's open cases and journeys; of the cases, whether one of them is a complaint."""

    cases: tuple[UUID, ...] = ()
    journeys: tuple[UUID, ...] = ()
    complaint: bool = False
