"""What offers were worth and how evenly they reach people, from outside."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from shared.schemas import View


class SideView(View):
    """One arm: people who qualified, how many of them took it in time, and their share with its 95 % interval (Wilson)."""

    people: int
    took: int
    share: float
    low: float
    high: float


class LiftOf(View):
    """An entry's two arms and their difference (Newcombe's interval, 95 %); null where an arm is too small to tell of."""

    service: str
    treated: SideView | None
    held_out: SideView | None
    difference: float | None
    low: float | None
    high: float | None


class LiftReport(View):
    """What next best services were worth against the universal control group, by entry; `*` is any that sells.

    People count from when they first qualified in [from, to), with `days` to take it. `moved` are those left out because
    linking has put them into the other arm since.
    """

    experiment_id: UUID
    holdout_percent: int
    days: int
    moved: int
    items: list[LiftOf]
    fewest: int
    as_of: datetime


class Dimension(StrEnum):
    """By what groups are told apart."""

    AGE_BAND = "age_band"
    GENDER = "gender"
    REGION = "region"


class Share(View):
    """A share with its 95 % interval (Wilson), and how far it is from that of everybody else (Newcombe).

    `outside` says that the interval of the difference leaves out nothing, and that the share is less than the rule's part
    of everybody else's.
    """

    share: float
    low: float
    high: float
    difference: float | None
    difference_low: float | None
    difference_high: float | None
    outside: bool


class GroupShares(View):
    """One group: how many were considered, were offered, and took it; null where it is hidden, that nobody is told of."""

    name: str
    considered: int
    offered: int | None
    accepted: int | None
    offered_share: Share | None
    accepted_share: Share | None


class FairnessTable(View):
    """One entry by one word of people; `withheld` when it could not be shown without telling of a few."""

    service: str
    dimension: Dimension
    withheld: bool
    groups: list[GroupShares]


class FairnessReport(View):
    """Who is offered what, and who takes it, by group, in the months of [from, to). `four_fifths` is the rule's part."""

    items: list[FairnessTable]
    four_fifths: float
    fewest: int
    since: date | None
    until: date | None
    as_of: datetime
