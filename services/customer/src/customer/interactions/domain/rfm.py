"""Recency, frequency, monetary: quintiles 1 to 5 by cut points that were frozen at a date, so that they hold still."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from customer.interactions.domain.activity import acts, days_since
from customer.interactions.domain.facts import is_act
from customer.interactions.domain.flows import FAMILIES
from customer.interactions.domain.history import History
from customer.interactions.domain.specs import Feature, FeatureSpec, FeatureValue, Value, counted, named

Four = tuple[int, int, int, int]
BEST: Final = 5


@dataclass(frozen=True, slots=True)
class CutPoints:
    """The upper bounds of the four lower fifths of `recency_days`, `acts_365d` and `monetary_365d`, from a date on."""

    valid_from: datetime
    recency: Four
    frequency: Four
    monetary: Four


def cut_points_of(values: Iterable[int | None]) -> Four:
    """The fifths of a population by nearest rank; raises ValueError for fewer than five known values."""
    known = sorted(value for value in values if value is not None)
    if len(known) < BEST:
        raise ValueError("a fifth needs at least five customers")
    first, second, third, fourth = (known[-(-len(known) * part // BEST) - 1] for part in range(1, BEST))
    return first, second, third, fourth


def quintile_of(value: int | None, cuts: Four, *, best_is_low: bool = False) -> int | None:
    """1 (worst) to 5 (best); a value on a cut point belongs to the fifth below it."""
    if value is None:
        return None
    fifth = bisect_left(cuts, value) + 1
    return BEST + 1 - fifth if best_is_low else fifth


class Classed:
    """The three classes and their class together, under dated cut points; None before the first of them."""

    def __init__(self, cuts: Sequence[CutPoints]) -> None:
        self._cuts = sorted(cuts, key=lambda one: one.valid_from)

    def at(self, name: str, history: History) -> FeatureValue:
        """One of the four, valid as long as what it is made of and its cut points."""
        in_force = next((one for one in reversed(self._cuts) if one.valid_from <= history.at), None)
        following = next((one.valid_from for one in self._cuts if one.valid_from > history.at), None)
        parts = PARTS if name == "rfm_class" else (name,)
        read = [SOURCES[part].at(history) for part in parts] if in_force is not None else []
        ends = [end for end in (*(one.valid_until for one in read), following) if end is not None]
        value = None if in_force is None else _classed(parts, read, in_force)
        return FeatureValue(value, min(ends, default=None))


def _classed(parts: Sequence[str], read: Sequence[FeatureValue], cuts: CutPoints) -> Value:
    fifths = [_fifth(part, one.value, cuts) for part, one in zip(parts, read, strict=True)]
    if len(fifths) == 1:
        return fifths[0]
    return None if None in fifths else "".join(map(str, fifths))


def _fifth(part: str, value: Value, cuts: CutPoints) -> int | None:
    known = value if isinstance(value, int) else None
    if part == "rfm_recency":
        return quintile_of(known, cuts.recency, best_is_low=True)
    return quintile_of(known, cuts.frequency if part == "rfm_frequency" else cuts.monetary)


SOURCES: Final[Mapping[str, Feature]] = {
    "rfm_recency": days_since("recency_days", is_act, "", ""),
    "rfm_frequency": acts(365),
    "rfm_monetary": FAMILIES["monetary"](days=365),
}
PARTS: Final = tuple(SOURCES)


def specs() -> Iterator[FeatureSpec]:
    """Their outsides."""
    en, zh = "by cut points frozen at a date", "切点按日期固定"
    yield counted("rfm_recency", "fifth", f"fifth of recency, 5 the latest, {en}", f"近度五分位，5为最近，{zh}")
    yield counted(
        "rfm_frequency", "fifth", f"fifth of acts in 365 days, 5 the most, {en}", f"频度五分位，5为最高，{zh}"
    )
    yield counted(
        "rfm_monetary", "fifth", f"fifth of money moved in 365 days, 5 the most, {en}", f"金额五分位，5为最高，{zh}"
    )
    yield named("rfm_class", "fifths", "the three fifths in one word, 555 the best", "三项五分位组合，555为最佳")
