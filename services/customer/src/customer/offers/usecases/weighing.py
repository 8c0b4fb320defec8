"""The dated data that is shipped: how offers are weighed, who is held out, and what reasons are called."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Final
from uuid import UUID

from customer.offers.domain import arbitration, experiments
from customer.offers.schemas import Arbitration, Because

_DATA: Final = files("customer.offers") / "data"


@cache
def arbitrations() -> tuple[Arbitration, ...]:
    """Every version that is shipped, checked when first read."""
    found = sorted(one.name for one in _DATA.iterdir() if one.name.startswith("arbitration_"))
    return tuple(Arbitration.model_validate_json((_DATA / name).read_bytes()) for name in found)


def arbitration_at(at: datetime) -> Arbitration:
    """The version in force at that instant; raises LookupError before the first."""
    version = arbitration.in_force([one.rules() for one in arbitrations()], at).version
    return next(one for one in arbitrations() if one.version == version)


def experiment_at(at: datetime) -> experiments.Experiment:
    """The universal control group in force at that instant."""
    return experiments.in_force([one.trial() for one in arbitrations()], at)


def days_of(experiment_id: UUID) -> int | None:
    """How many days after they qualified people are watched in that experiment; None where it is none of ours."""
    return next((one.experiment.days for one in arbitrations() if one.experiment.id == experiment_id), None)


@cache
def _texts() -> Mapping[str, Mapping[str, str]]:
    told: Mapping[str, Mapping[str, str]] = json.loads((_DATA / "reasons.json").read_text(encoding="utf-8"))
    return told


def because(code: str) -> Because:
    """A reason with its texts."""
    return Because(code=code, texts=dict(_texts()[code]))


def becauses(codes: Sequence[str]) -> list[Because]:
    """Reasons with their texts."""
    return [because(code) for code in codes]
