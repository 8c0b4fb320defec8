"""The names a segment's rule may use: the record, every feature and window of one, clusters, and other segments."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from customer.interactions.domain.categories import category_of
from customer.segments.domain.clusters import FOUND
from customer.segments.domain.readings import PERSON, Spec
from shared.expressions.language import Expression, Family, Language, Literal, Reference
from shared.expressions.values import Kind, Type

IN_SEGMENT: Final = "in_segment"
MOST_DAYS: Final = 1_100
_WINDOWED: Final = re.compile(r"([a-z][a-z_]*)_([1-9][0-9]{0,3})d", re.ASCII)
_TYPES: Final = {
    "int": Type(Kind.INT),
    "fraction": Type(Kind.REAL),
    "string": Type(Kind.STRING, characters=200),
    "bool": Type(Kind.BOOL),
}
_DAYS: Final = Literal(low=1, high=MOST_DAYS)


class Vocabulary:
    """The language of segments over these features. `count_login(17)` is the feature `count_login_17d`.

    `stems` tell from which category of data each word is read; without them no rule reads any.
    """

    def __init__(self, features: Mapping[str, Spec], stems: Mapping[str, str] | None = None) -> None:
        self.features = features
        self._stems = stems
        self.specs: dict[str, Spec] = {**PERSON, **FOUND, **{name: features[name] for name in features}}
        windows = {found[1] for name in features if (found := _WINDOWED.fullmatch(name))}
        self.windows = {
            stem: features[f"{stem}_1d"]
            for stem in sorted(windows)
            if f"{stem}_1d" in features and f"{stem}_{MOST_DAYS}d" in features
        }
        families = {stem: Family((_DAYS,), _TYPES[spec.type]) for stem, spec in self.windows.items()}
        families[IN_SEGMENT] = Family((Literal(characters=80),), Type(Kind.BOOL))
        self.language = Language({name: _TYPES[spec.type] for name, spec in self.specs.items()}, families)

    def asked(self, expression: Expression) -> frozenset[str]:
        """The names of the record and of features that a rule reads, in the words of the features."""
        return frozenset(name for one in expression.references if (name := self.read_as(one)) is not None)

    def categories(self, words: Iterable[str]) -> frozenset[str]:
        """The categories of data from which these words are read."""
        return frozenset() if self._stems is None else frozenset(category_of(word, self._stems) for word in words)

    def read_as(self, reference: Reference) -> str | None:
        """Under which name a reference is read; another segment is not read but judged."""
        if reference.name == IN_SEGMENT:
            return None
        if reference.name in self.windows and reference.args:
            return f"{reference.name}_{reference.args[0]}d"
        return str(reference.args[0]) if reference.args else reference.name


def nested(expression: Expression) -> frozenset[str]:
    """The keys of the segments that a rule asks about."""
    return frozenset(str(one.args[0]) for one in expression.references if one.name == IN_SEGMENT)
