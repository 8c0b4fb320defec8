"""The gate of a segment: for what it is told and which data its rule reads, as one more name that is read of a person."""

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
