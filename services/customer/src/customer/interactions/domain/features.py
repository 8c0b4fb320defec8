"""What a customer is like at an instant: each feature a pure function of the facts, with the end of its validity."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from functools import cache
from typing import Final

from customer.interactions.domain import activity, flows, holdings, rfm
from customer.interactions.domain.facts import HIDDEN_FROM_CUSTOMERS, Fact
from customer.interactions.domain.history import History
from customer.interactions.domain.rfm import Classed, CutPoints
from customer.interactions.domain.specs import Family, Feature, FeatureSpec, FeatureValue, Value

__all__ = [
    "FEATURES",
    "RANKS",
    "CutPoints",
    "Fact",
    "FeatureSpec",
    "FeatureUnknown",
    "FeatureValue",
    "Value",
    "features_at",
    "tips_off",
]

# The widest window that may be asked for: three years and a little.
MOST_DAYS: Final = 1_100
_WINDOWED: Final = re.compile(r"([a-z_]+)_([1-9][0-9]{0,3})d", re.ASCII)
_FAMILIES: Final[Mapping[str, Family]] = {**activity.FAMILIES, **flows.FAMILIES}
# The windows that are listed and shown; any other number of days may be asked for by name.
_SHORT: Final = (7, 30, 90)
_LONG: Final = (365,)
_LISTED: Final[Mapping[str, tuple[int, ...]]] = {
    **dict.fromkeys(_FAMILIES, (90,)),
    **{name: _SHORT for name in _FAMILIES if name.startswith("count_")},
    "acts": (*_SHORT, *_LONG),
    "monetary": (*_SHORT, *_LONG),
    "inflow": (30, 90, 365),
    "outflow": (30, 90, 365),
    "net_flow": (30, 90, 365),
    "balance_change": (30, 90),
}


class FeatureUnknown(KeyError):
    """No feature has that name."""


def _single() -> Iterator[Feature]:
    yield from activity.features()
    yield from flows.features()
    yield from holdings.features()


_SINGLE: Final = {feature.spec.name: feature for feature in _single()}
_CLASSES: Final = {spec.name: spec for spec in rfm.specs()}


@cache
def _windowed(name: str) -> Feature | None:
    """A feature over so many days, made from its name: `<family>_<days>d`."""
    found = _WINDOWED.fullmatch(name)
    if found is None or found[1] not in _FAMILIES or int(found[2]) > MOST_DAYS:
        return None
    return _FAMILIES[found[1]](days=int(found[2]))


def _feature(name: str) -> Feature:
    known = _SINGLE.get(name) or _windowed(name)
    if known is None:
        raise FeatureUnknown(name)
    return known


class _Catalogue(Mapping[str, FeatureSpec]):
    """Lists the usual features, and knows every windowed one by its name: `count_login_17d` is found, though not listed."""

    def __init__(self) -> None:
        windowed = [f"{name}_{days}d" for name in _FAMILIES for days in _LISTED[name]]
        self._listed = [*_SINGLE, *_CLASSES, *windowed]

    def __getitem__(self, name: str) -> FeatureSpec:
        return _CLASSES[name] if name in _CLASSES else _feature(name).spec

    def __iter__(self) -> Iterator[str]:
        return iter(self._listed)

    def __len__(self) -> int:
        return len(self._listed)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and (name in _CLASSES or name in _SINGLE or _windowed(name) is not None)


FEATURES: Final[Mapping[str, FeatureSpec]] = _Catalogue()
# How the bank ranks a customer among its customers.
RANKS: Final = frozenset(_CLASSES)


def tips_off(name: str) -> bool:
    """Whether a feature tells, be it only how often, of what risk did with a customer: nobody's own to know.

    A feature carries the kind it looks at in its name; that no other looks at such a fact is proved by a test.
    """
    return any(kind in name for kind in HIDDEN_FROM_CUSTOMERS)


def features_at(
    facts: Sequence[Fact],
    at: datetime,
    names: Iterable[str] | None = None,
    *,
    zone: tzinfo = UTC,
    cuts: Sequence[CutPoints] = (),
) -> Mapping[str, FeatureValue]:
    """The features of one customer, as final: from all facts given, in any order, repeats allowed.

    Windows are (at - days, at]; a fact that lies ahead of `at` does not count yet, and ends the validity of what it will
    change. Amounts are whole minor units and shares exact fractions. `zone` is where a day and an hour are read;
    without `cuts` the fifths of RFM are None. Without `names` the listed features; raises FeatureUnknown.
    """
    history = History(facts, at, zone)
    classed = Classed(cuts)
    wanted = FEATURES if names is None else names
    return {name: classed.at(name, history) if name in _CLASSES else _feature(name).at(history) for name in wanted}
