"""The gate of a segment: for what it is told and which data its rule reads, as one more name that is read of a person."""

from collections.abc import Mapping
from functools import cache
from typing import Final

_PREFIX: Final = "allowed:"


def gate_of(use: str, categories: frozenset[str]) -> str:
    """The name under which is read whether this use of these categories of data is allowed; no rule can say it."""
    return f"{_PREFIX}{use}:{'+'.join(sorted(categories))}"


@cache
def parts_of(name: str) -> tuple[str, frozenset[str]] | None:
    """The use and the categories of a gate; None where the name is none."""
    if not name.startswith(_PREFIX):
        return None
    use, _, categories = name.removeprefix(_PREFIX).partition(":")
    return use, frozenset(categories.split("+")) - {""}


def category_of(word: str, stems: Mapping[str, str]) -> str:
    """The category of data a word is read from, by the longest stem it begins with; raises KeyError where there is none."""
    parts = word.split("_")
    for size in range(len(parts), 0, -1):
        stem = "_".join(parts[:size])
        if stem in stems:
            return stems[stem]
    raise KeyError(word)
