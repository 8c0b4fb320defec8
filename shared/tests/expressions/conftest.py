"""One language that has every kind of name, and values as large as it declares them."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.expressions.language import Family, Language, Literal
from shared.expressions.values import Kind, Type, Values

NAMES = {
    "age": Type(Kind.INT),
    "tier": Type(Kind.STRING, characters=40),
    "open": Type(Kind.BOOL),
    "share": Type(Kind.REAL),
    "seen": Type(Kind.INSTANT),
    "gap": Type(Kind.DURATION),
    "tags": Type(Kind.STRING, characters=20, items=20),
    "sums": Type(Kind.INT, items=20),
}
FAMILIES = {
    "events": Family((Literal(choices=frozenset({"payment", "login"})), Literal(low=1, high=400)), Type(Kind.INT))
}
LARGEST: Values = {
    "age": 2**62,
    "tier": "m" * 40,
    "open": True,
    "share": 0.25,
    "seen": datetime(2026, 3, 1, tzinfo=UTC),
    "gap": timedelta(hours=3),
    "tags": ["m" * 20] * 20,
    "sums": [7] * 20,
    "events('login', 30)": 4,
}


@pytest.fixture(scope="session")
def language() -> Language:
    return Language(NAMES, FAMILIES)


@pytest.fixture(scope="session")
def largest() -> Values:
    return LARGEST
