"""Inputs and outputs of segments."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints, model_validator

from customer.consents.schemas import UseGrounds
from customer.segments.domain.memberships import Cause
from shared.expressions.explaining import Condition, Joint
from shared.schemas import Body, View

Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,79}$")]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=400)]
RuleText = Annotated[
    str,
    StringConstraints(min_length=1, max_length=4_000),
    Field(description="a condition in CEL over facts and features"),
]
State = Literal["active", "archived"]


UseCode = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$"),
    Field(description="for what it is told: `servicing`, `marketing`, `improvement`; each rests on a purpose"),
]


class Words(Body):
    """One text in the languages of the suite."""

    en: Text
    zh_hans: Annotated[Text, Field(alias="zh-Hans")]
    zh_hant: Annotated[Text, Field(alias="zh-Hant")]


class DefineSegment(Body):
    """A new segment; its `key` is its natural key and what other rules call it by: `in_segment('key')`.

    Only those are in it of whom its `use` is allowed: `marketing` needs their consent to profiling, `improvement` that they
    did not object; `servicing`, which is meant where none is named, rests on the contract.
    """

    key: Key
    names: Words
    descriptions: Words | None = None
    rule: RuleText
    use: UseCode | None = None


class ChangeSegment(Body):
    """An RFC 7396 merge patch: a new rule or use is in force from now on; an archived segment has no members."""

    names: Words | None = None
    descriptions: Words | None = None
    rule: RuleText | None = None
    use: UseCode | None = None
    state: State | None = None

    @model_validator(mode="after")
    def _kept(self) -> Self:
        for name in ("names", "rule", "state"):
            if name in self.model_fields_set and getattr(self, name) is None:
                raise ValueError(f"{name} cannot be removed")
        return self


class Freshness(View):
    """Up to which instant memberships are told. `waiting` are customers to be judged anew, counted up to 10,000."""

    told_until: datetime
    waiting: int


class Segment(View):
    """A segment as it is. `reads` are the facts and features its rule asks for; `units` bound what judging it costs.

    `use` is for what it is told, by the `purpose` of the catalogue; `data_categories` are what its rule itself reads,
    which a consent has to cover.
    """

    id: UUID
    key: str
    version: int
    state: State
    names: dict[str, str]
    descriptions: dict[str, str] | None
    rule: str
    reads: list[str]
    asks: list[str]
    units: int
    use: str
    purpose: str
    data_categories: list[str]
    created_at: datetime
    updated_at: datetime


class SegmentDetail(Segment):
    """A segment with its size, and how fresh that is."""

    members: int
    freshness: Freshness


class Member(View):
    """Somebody in a segment: since when, through what, and under which version of the rule they came in.

    `grounds` say on what its use rests at that instant; null where the segment was archived and that is not told yet.
    """

    customer_id: UUID
    since: datetime
    by: Cause
    version: int
    grounds: UseGrounds | None


class Preview(Body):
    """A rule that is not saved yet, for a use (`servicing` where none is named)."""

    rule: RuleText
    use: UseCode | None = None
    sample: Annotated[int, Field(ge=0, le=50, description="how many of the members found are named")] = 10


class Previewed(View):
    """What a rule would come to now: judged on everybody (`exact`) or on a random sample of the customers.

    `members` estimates how many there are, with a 95 % interval (Wilson); `unknown` how many lack a value it needs,
    `denied` for how many it holds of whom the use is not allowed.
    """

    exact: bool
    customers: int
    judged: int
    members: int
    low: int
    high: int
    unknown: int
    denied: int
    sample: list[UUID]
    judged_at: datetime
    units: int


class Named(View):
    """A name in a condition, with the value it had there; `***` where the customer has not opened it for the reader."""

    name: str
    value: bool | int | float | str
    unit: str


class Explained(View):
    """One condition of a rule: its text, what it came to, its parts, or the values it looked at and those it lacked."""

    text: str
    place: int
    outcome: Literal["true", "false", "unknown"]
    joint: Joint | None
    parts: list["Explained"]
    values: list[Named]
    missing: list[str]
    fault: bool

    @classmethod
    def of(cls, condition: Condition, units: dict[str, str], shut: frozenset[str] = frozenset()) -> "Explained":
        """The outside of an explanation, without the values of the names that are shut."""
        outcome: Literal["true", "false", "unknown"] = "unknown"
        if condition.truth is not None:
            outcome = "true" if condition.truth else "false"
        return cls(
            text=condition.text,
            place=condition.place,
            outcome=outcome,
            joint=condition.joint,
            parts=[cls.of(part, units, shut) for part in condition.parts],
            values=[
                Named(name=name, value="***" if name in shut else value, unit=units.get(name, ""))
                for name, value in condition.values.items()
            ],
            missing=list(condition.missing),
            fault=condition.fault,
        )


class Membership(View):
    """Whether a customer is in a segment: since when, through what; `explanation` where it was asked for.

    `grounds` say on what its use rests, or why it is denied: then there is no member, whatever the condition comes to.
    """

    segment_id: UUID
    segment: str
    names: dict[str, str]
    member: bool
    since: datetime | None
    by: Cause | None
    version: int | None
    explanation: Explained | None
    grounds: UseGrounds | None


class Memberships(View):
    """A customer's segments as of an instant. Told up to `told_until`; from `next_check_at` on they may change by time."""

    customer_id: UUID
    as_of: datetime
    told_until: datetime | None
    next_check_at: datetime | None
    items: list[Membership]


class FreezeCuts(Body):
    """Find cut points in the customers as they are now, in force from `valid_from` on; (kind, valid_from) is the key."""

    kind: Literal["rfm", "clusters"]
    valid_from: AwareDatetime


class Cluster(View):
    """A cluster found in data: its share of the customers it was found in, and what sets it apart, by language."""

    name: str
    share: float
    profile: dict[str, str]


class CutVersion(View):
    """Frozen cut points. `bounds` are the upper bounds of the four lower fifths; `clusters` what k-means found.

    `drift` is the population stability index of the customers against the partition before: above 0.25 they moved.
    """

    id: UUID
    kind: Literal["rfm", "clusters"]
    valid_from: datetime
    judged: int
    exact: bool
    bounds: dict[str, list[int]] | None
    clusters: list[Cluster] | None
    silhouette: float | None
    drift: float | None
    recorded_at: datetime
