"""What an expression can cost at worst: an upper bound on its steps, from the tree and the declared sizes alone.

The engine offers no cost, so this walks the tree once with the largest size every value can have. A unit is about a
tenth of a microsecond on one core of 2026 (`shared/tests/expressions` measures it and holds the bound against what the
engine really does). Two things are dearer than they look: `map` and `filter` copy their list at every step, and a
regular expression is compiled at every evaluation, with its counted repetitions unrolled.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from shared.expressions.syntax import Call, Constant, Items, Loop, Name, Node

# string() of a double writes up to three hundred digits; all other numbers and instants are shorter.
_WRITTEN: Final = 400
_CHARACTERS: Final = 10
_REPEAT: Final = re.compile(r"\{(\d*)(?:,(\d*))?\}")
# What one of these adds to a compiled pattern, in states: Unicode classes are tables of ranges.
_WIDE: Final = re.compile(r"\\[pP]|\[\^|\(\?[a-zA-Z]*i|[.]|\\[DSWBdswb]")
_WIDE_STATES: Final = 40
_UNICODE_STATES: Final = 400


class NotBounded(ValueError):
    """Something in the expression has no bound, or is not part of the dialect; `node` says where, `code` what."""

    def __init__(self, node: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.node, self.code, self.detail = node, code, detail


@dataclass(frozen=True, slots=True)
class Size:
    """The largest a value can be: characters of a string, items of a list and the largest of them. (0, 0) is a scalar."""

    text: int = 0
    items: int = 0
    each: "Size | None" = None

    @property
    def whole(self) -> int:
        """Units to look at all of it once."""
        inside = self.each.whole if self.each is not None else 1
        return 1 + self.text // _CHARACTERS + self.items * inside

    def or_(self, other: "Size") -> "Size":
        """The larger of the two in every respect."""
        each = self.each if other.each is None else other.each if self.each is None else self.each.or_(other.each)
        return Size(max(self.text, other.text), max(self.items, other.items), each)


SCALAR: Final = Size()


@dataclass(frozen=True, slots=True)
class Worst:
    """The bound: units at most, the largest result, loops inside one another, nodes, and levels."""

    units: int
    size: Size
    loops: int
    nodes: int
    levels: int


def worst(tree: Node, sizes: Mapping[str, Size]) -> Worst:
    """The bound of an expression whose names are at most of these sizes; raises NotBounded where there is none."""
    if isinstance(tree, Constant):
        return Worst(1, Size(len(tree.value)) if isinstance(tree.value, str) else SCALAR, 0, 1, 1)
    if isinstance(tree, Name):
        return Worst(1, sizes[tree.name], 0, 1, 1)
    if isinstance(tree, Items):
        return _items(tree, sizes)
    if isinstance(tree, Call):
        return _call(tree, sizes)
    if isinstance(tree, Loop):
        return _loop(tree, sizes)
    raise NotBounded(tree.id, "not-allowed", "maps, fields, bytes and null are not part of this language")


def _items(tree: Items, sizes: Mapping[str, Size]) -> Worst:
    parts = [worst(one, sizes) for one in tree.elements]
    each: Size | None = None
    for part in parts:
        each = part.size if each is None else each.or_(part.size)
    return _over(parts, 1 + len(parts), Size(0, len(parts), each))


def _call(tree: Call, sizes: Mapping[str, Size]) -> Worst:
    parts = [worst(one, sizes) for one in tree.args]
    rule = _RULES.get(tree.function)
    if rule is None:
        raise NotBounded(tree.id, "not-allowed", "this function is not part of this language")
    units, size = rule(tree, [part.size for part in parts])
    return _over(parts, units, size)


def _over(parts: list[Worst], units: int, size: Size) -> Worst:
    return Worst(
        units + sum(part.units for part in parts),
        size,
        max((part.loops for part in parts), default=0),
        1 + sum(part.nodes for part in parts),
        1 + max((part.levels for part in parts), default=0),
    )


def _loop(tree: Loop, sizes: Mapping[str, Size]) -> Worst:
    over = worst(tree.range, sizes)
    start = worst(tree.start, sizes)
    turns = over.size.items
    # A macro's accumulator is a truth or a count, or a list that begins empty and grows by at most one item a turn.
    grows = isinstance(tree.start, Items)
    inside = {**sizes, tree.variable: over.size.each or SCALAR}
    inside[tree.accumulator] = Size(0, turns) if grows else SCALAR
    condition, step = worst(tree.condition, inside), worst(tree.step, inside)
    inside[tree.accumulator] = Size(0, turns, step.size.each) if grows else SCALAR
    result = worst(tree.result, inside)
    parts = [over, start, condition, step, result]
    units = over.units + start.units + turns * (3 + condition.units + step.units) + result.units
    return Worst(
        units,
        result.size,
        max(over.loops, start.loops, result.loops, 1 + max(condition.loops, step.loops)),
        1 + sum(part.nodes for part in parts),
        1 + max(part.levels for part in parts),
    )


Rule = Callable[[Call, list[Size]], tuple[int, Size]]


def _plain(units: int) -> Rule:
    return lambda _, __: (units, SCALAR)


def _choice(_: Call, sizes: list[Size]) -> tuple[int, Size]:
    return 1, sizes[1].or_(sizes[2])


def _compared(_: Call, sizes: list[Size]) -> tuple[int, Size]:
    return 1 + sum(size.whole for size in sizes), SCALAR


def _added(_: Call, sizes: list[Size]) -> tuple[int, Size]:
    left, right = sizes
    each = left.or_(right).each
    # A list is copied, item by item.
    units = 2 + (left.text + right.text) // _CHARACTERS + left.items + right.items
    return units, Size(left.text + right.text, left.items + right.items, each)


def _member(_: Call, sizes: list[Size]) -> tuple[int, Size]:
    needle, within = sizes
    return 1 + within.whole + within.items * needle.whole, SCALAR


def _indexed(_: Call, sizes: list[Size]) -> tuple[int, Size]:
    return 2, sizes[0].each or SCALAR


def _read(_: Call, sizes: list[Size]) -> tuple[int, Size]:
    return 5 + sizes[0].whole, SCALAR


def _part_of_time(tree: Call, _: list[Size]) -> tuple[int, Size]:
    if not all(isinstance(one, Constant) for one in tree.args[1:]):
        raise NotBounded(tree.id, "zone", "a time zone must be a literal")
    return 5 + 500 * (len(tree.args) - 1), SCALAR


def _written(_: Call, sizes: list[Size]) -> tuple[int, Size]:
    return 10 + sizes[0].whole, Size(max(_WRITTEN, sizes[0].text))


def _found(_: Call, sizes: list[Size]) -> tuple[int, Size]:
    # Naive search at worst compares every place with all of the needle.
    return 2 + sizes[0].whole * sizes[1].whole, SCALAR


def _matched(tree: Call, sizes: list[Size]) -> tuple[int, Size]:
    pattern = tree.args[-1]
    if len(sizes) != 2 or not isinstance(pattern, Constant) or not isinstance(pattern.value, str):
        raise NotBounded(tree.id, "pattern", "a pattern must be a literal")
    states = unrolled(pattern.value)
    return 100 + 40 * states + (sizes[0].text // _CHARACTERS + 1) * (10 + states // 4), SCALAR


def unrolled(pattern: str) -> int:
    """How many states a pattern has at most once its counted repetitions are written out and its classes spelled."""
    states = len(pattern)
    for wide in _WIDE.findall(pattern):
        states += _UNICODE_STATES if wide[:2] in ("\\p", "\\P") else _WIDE_STATES
    for low, high in _REPEAT.findall(pattern):
        states *= max(int(low or 0), int(high or 0), 1)
    return states


_SCALAR_STEPS: Final = ("_&&_", "_||_", "!_", "-_", "_-_", "_*_", "_/_", "_%_", "@not_strictly_false")
_COMPARED: Final = ("_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_", "startsWith", "endsWith")
_PARTS_OF_TIME: Final = (
    "getFullYear",
    "getMonth",
    "getDate",
    "getDayOfMonth",
    "getDayOfWeek",
    "getDayOfYear",
    "getHours",
    "getMinutes",
    "getSeconds",
)
_RULES: Final[Mapping[str, Rule]] = (
    {name: _plain(1) for name in _SCALAR_STEPS}
    | dict.fromkeys(_COMPARED, _compared)
    | dict.fromkeys(("size", "int", "double", "timestamp", "duration"), _read)
    | dict.fromkeys(_PARTS_OF_TIME, _part_of_time)
    | {
        "_?_:_": _choice,
        "_+_": _added,
        "@in": _member,
        "_[_]": _indexed,
        "string": _written,
        "contains": _found,
        "matches": _matched,
    }
)
