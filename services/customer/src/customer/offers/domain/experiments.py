"""Who is held out, the order in which they are offered what does not sell, and what arbitration is worth by comparison."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from customer.outreach.domain.campaigns import HOLDOUT, Lift, Variant, assigned, lift


class Arm(StrEnum):
    """On which side of the experiment a person is."""

    TREATED = "treated"
    HELD_OUT = "held-out"


@dataclass(frozen=True, slots=True)
class Experiment:
    """A universal control group, in force from a date: its id is what the hash that draws it is keyed by."""

    id: UUID
    effective_from: datetime
    holdout_percent: int
    days: int


def in_force(experiments: Sequence[Experiment], at: datetime) -> Experiment:
    """The experiment of that instant; raises LookupError before the first."""
    begun = [one for one in experiments if one.effective_from <= at]
    if not begun:
        raise LookupError("no experiment is in force at that instant")
    return max(begun, key=lambda one: one.effective_from)


def arm_of(experiment: Experiment, person: UUID) -> Arm:
    """The arm of a person: by a hash of both ids, the same whenever it is asked; `person` is who linked records count as."""
    variant = assigned(experiment.id, person, experiment.holdout_percent, [Variant(Arm.TREATED, 1)])
    return Arm.HELD_OUT if variant == HOLDOUT else Arm.TREATED


def drawn(experiment_id: UUID, person: UUID, keys: Iterable[str]) -> list[str]:
    """The keys in an order drawn by lot for this person, always the same."""

    def lot(key: str) -> bytes:
        return hashlib.sha256(experiment_id.bytes + person.bytes + key.encode()).digest()

    return sorted(keys, key=lot)


@dataclass(frozen=True, slots=True)
class Side:
    """One arm: people who qualified, and how many of them took it in time."""

    people: int
    took: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both arms of one entry and their difference; None where an arm is too small to be told of."""

    service: str
    treated: Side | None
    held_out: Side | None
    lift: Lift


def compared(service: str, treated: Side, held_out: Side, fewest: int) -> Comparison:
    """The arms as they may be shown, and the lift by Newcombe's interval; nothing of an arm of fewer than `fewest` people."""
    if treated.people < fewest or held_out.people < fewest:
        return Comparison(service, None, None, Lift(None, None, None))
    return Comparison(service, treated, held_out, lift(treated.took, treated.people, held_out.took, held_out.people))
