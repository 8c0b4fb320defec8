"""How a score treats groups of people: who is selected, who is found, whether what is promised holds, group by group."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan

import numpy as np

from customer.propensity.domain.intervals import Estimate, delong, newcombe, wilson
from customer.propensity.domain.measures import Floats, Labels, expected_calibration_error

# A group with fewer of either outcome is told by its size alone: its rates would be chance.
FEWEST = 30


@dataclass(frozen=True, slots=True)
class Group:
    """One group: share selected, share of the positives selected, area under its own ROC curve, calibration error."""

    name: str
    size: int
    rate: float
    selected: Estimate
    found: Estimate
    area: Estimate
    calibration_error: float


@dataclass(frozen=True, slots=True)
class Fairness:
    """All groups of one trait, and the widest differences between two of them, each with its interval.

    `parity` is the difference of selection rates (demographic parity), `opportunity` that of the positives found (equal
    opportunity; Hardt, Price and Srebro 2016). The pair is the widest of several: its interval is for that pair, and with
    many groups some difference is expected by chance.
    """

    trait: str
    groups: tuple[Group, ...]
    parity: Estimate
    parity_between: tuple[str, str]
    opportunity: Estimate
    opportunity_between: tuple[str, str]


def fairness(trait: str, groups: Sequence[str], labels: Labels, probabilities: Floats, share: float) -> Fairness | None:
    """What selecting the highest `share` of all does to each group; None where fewer than two groups are large enough."""
    cut = float(np.quantile(probabilities, 1 - share))
    chosen = probabilities >= cut
    named = np.asarray(groups)
    told = []
    for name in sorted(set(groups)):
        own = named == name
        positives = int(labels[own].sum())
        if min(positives, int(own.sum()) - positives) < FEWEST:
            continue
        told.append(
            Group(
                name=name,
                size=int(own.sum()),
                rate=float(labels[own].mean()),
                selected=wilson(int(chosen[own].sum()), int(own.sum())),
                found=wilson(int(chosen[own & (labels == 1)].sum()), positives),
                area=delong(labels[own], probabilities[own]),
                calibration_error=expected_calibration_error(labels[own], probabilities[own], bins=5),
            )
        )
    if len(told) < 2:
        return None
    by_selection = sorted(told, key=lambda one: one.selected.value)
    by_finding = sorted(told, key=lambda one: one.found.value)
    return Fairness(
        trait=trait,
        groups=tuple(told),
        parity=newcombe(by_selection[0].selected, by_selection[-1].selected),
        parity_between=(by_selection[-1].name, by_selection[0].name),
        opportunity=newcombe(by_finding[0].found, by_finding[-1].found),
        opportunity_between=(by_finding[-1].name, by_finding[0].name),
    )


def age_group(age: float) -> str:
    """Ten years from thirty on; the young and the old together, and those whose age is not known (NaN)."""
    if isnan(age):
        return "unknown"
    if age < 30:
        return "under 30"
    return "60 and over" if age >= 60 else f"{int(age // 10) * 10} to {int(age // 10) * 10 + 9}"
