"""How evenly people of each group are offered something and take it, against everybody else; what is hidden stays hidden."""

from collections.abc import Mapping
from dataclasses import dataclass

from customer.outreach.domain.campaigns import lift, wilson


@dataclass(frozen=True, slots=True)
class Group:
    """People of a group who were considered, were offered, and took it; None where a count is hidden."""

    considered: int
    offered: int | None
    accepted: int | None


@dataclass(frozen=True, slots=True)
class Rate:
    """A share with its Wilson interval, and its difference from everybody else's by Newcombe's (None: nobody else).

    `outside`: the interval of the difference leaves out nothing, on the low side, and the share is less than the rule's
    part of everybody else's.
    """

    share: float
    low: float
    high: float
    difference: float | None
    difference_low: float | None
    difference_high: float | None
    outside: bool


@dataclass(frozen=True, slots=True)
class Rates:
    """Of those considered who was offered, and of those offered who took it; None where it is hidden or nobody was."""

    offered: Rate | None
    accepted: Rate | None


def rate(hits: int, of: int, other_hits: int, others: int, part: float) -> Rate:
    """One group's share against that of everybody else."""
    low, high = wilson(hits, of)
    apart = lift(hits, of, other_hits, others)
    less = others > 0 and hits / of < part * (other_hits / others)
    outside = less and apart.high is not None and apart.high < 0
    return Rate(hits / of, low, high, apart.difference, apart.low, apart.high, outside)


def rates(groups: Mapping[str, Group], everybody: Group, part: float) -> dict[str, Rates]:
    """The rates of every group; `everybody` are the margins, of which none is hidden, save what is hidden altogether."""
    told = {}
    for name, group in groups.items():
        told[name] = Rates(
            _against(group.offered, group.considered, everybody.offered, everybody.considered, part),
            _against(group.accepted, group.offered, everybody.accepted, everybody.offered, part),
        )
    return told


def _against(hits: int | None, of: int | None, all_hits: int | None, everybody: int | None, part: float) -> Rate | None:
    if hits is None or not of or all_hits is None or everybody is None:
        return None
    return rate(hits, of, all_hits - hits, everybody - of, part)
