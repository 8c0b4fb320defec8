"""From which category of data a feature is read: what a consent to profiling has to cover."""

from collections.abc import Mapping


def category_of(word: str, stems: Mapping[str, str]) -> str:
    """The category of a word, by the longest stem it begins with; raises KeyError where there is none."""
    parts = word.split("_")
    for size in range(len(parts), 0, -1):
        stem = "_".join(parts[:size])
        if stem in stems:
            return stems[stem]
    raise KeyError(word)


def stems_of(told: Mapping[str, str | list[str]]) -> dict[str, str]:
    """The category of each stem, from data that lists the stems of each category beside its source."""
    return {stem: category for category, many in told.items() if isinstance(many, list) for stem in many}
