"""Texts with places to fill: checked when they are saved, rendered without access to anything but the data given."""

from collections.abc import Mapping
from typing import Final

from jinja2 import StrictUndefined, TemplateError, meta, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

# What every text may use besides the data of its message.
ALWAYS: Final = frozenset({"name"})
_environment: Final = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
# A text fills places and chooses between wordings; whatever loops, calls or reaches into an object is no text.
_TAKEN: Final = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.If,
    nodes.CondExpr,
    nodes.Compare,
    nodes.Operand,
    nodes.Const,
    nodes.And,
    nodes.Or,
    nodes.Not,
)


class TextFault(ValueError):
    """A text that cannot be used; the reason holds none of its data."""


def places(text: str) -> frozenset[str]:
    """The names a text wants filled; raises TextFault for a text that does not parse or does more than fill places."""
    try:
        tree = _environment.parse(text)
    except TemplateError as error:
        raise TextFault(f"does not parse in line {getattr(error, 'lineno', '?')}") from None
    stranger = next((one for one in tree.find_all(nodes.Node) if not isinstance(one, _TAKEN)), None)
    if stranger is not None:
        raise TextFault(f"{type(stranger).__name__.lower()} is not taken in a text (line {stranger.lineno})")
    return frozenset(meta.find_undeclared_variables(tree))


def rendered(text: str, data: Mapping[str, object]) -> str:
    """The text with its places filled; raises TextFault where one is missing."""
    try:
        return _environment.from_string(text).render(data)
    except (TemplateError, TypeError, ValueError) as error:
        raise TextFault(f"cannot be filled ({type(error).__name__})") from None


def best_language(wanted: list[str], written: list[str]) -> str | None:
    """The written language a person reads best, by BCP 47 look-up: exact, then its base, then the first written one.

    Simplified and traditional Chinese are two languages here, but either is nearer to the other than English is.
    """
    for one in wanted:
        if one in written:
            return one
        base = one.split("-")[0]
        near = next((text for text in written if text.split("-")[0] == base), None)
        if near is not None:
            return near
    return written[0] if written else None
