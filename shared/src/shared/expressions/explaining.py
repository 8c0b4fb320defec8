"""Why a condition is fulfilled or not: its sub-conditions with what each came to, on which values, or what was missing."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from shared.expressions.language import Expression, labels_of
from shared.expressions.spans import quiet, trimmed
from shared.expressions.syntax import Call, Node
from shared.expressions.values import Facts


class Joint(StrEnum):
    """How a condition is made of its parts."""

    ALL = "all"
    ANY = "any"
    NOT = "not"


_JOINTS = {"_&&_": Joint.ALL, "_||_": Joint.ANY, "!_": Joint.NOT}


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition: its piece of the text, where it begins, what it came to (None: unknown).

    Of several joined by `&&` or `||`, or negated, `parts` are told; a condition without parts names the `values` it
    looked at and, where it is unknown, which were `missing`, or that its calculation is at fault.
    """

    text: str
    place: int
    truth: bool | None
    joint: Joint | None
    parts: tuple["Condition", ...]
    values: Mapping[str, Any]
    missing: tuple[str, ...]
    fault: bool


def explain(expression: Expression, facts: Facts) -> Condition:
    """The whole condition with its parts, each judged by the engine itself over the same facts."""
    return _told(expression, facts, quiet(expression.text), expression.tree, (0, len(expression.text)))


def _told(expression: Expression, facts: Facts, plain: str, node: Node, span: tuple[int, int]) -> Condition:
    outcome = expression.judge(facts, node)
    joint = _JOINTS.get(node.function) if isinstance(node, Call) else None
    parts: tuple[Condition, ...] = ()
    start, end = trimmed(plain, *span)
    if joint is not None:
        parts = tuple(
            _told(expression, facts, plain, one, piece) for one, piece in _pieces(expression, node, joint, (start, end))
        )
    used = sorted(labels_of(node)) if not parts else []
    return Condition(
        text=expression.text[start:end],
        place=start,
        truth=outcome.truth,
        joint=joint,
        parts=parts,
        values={name: facts.values[name] for name in used if name in facts.values},
        missing=tuple(name for name in used if name not in facts.values),
        fault=outcome.fault and not parts,
    )


def _pieces(
    expression: Expression, node: Node, joint: Joint, span: tuple[int, int]
) -> list[tuple[Node, tuple[int, int]]]:
    """The operands with their pieces of the text, a chain of the same operator as one row of operands."""
    assert isinstance(node, Call)  # noqa: S101  # only a call has a joint
    start, end = span
    cut = expression.checked.positions[node.id]
    if joint is Joint.NOT:
        return [(node.args[0], (cut + 1, end))]
    found: list[tuple[Node, tuple[int, int]]] = []
    for one, piece in zip(node.args, ((start, cut), (cut + 2, end)), strict=True):
        if isinstance(one, Call) and one.function == node.function:
            found += _pieces(expression, one, joint, piece)
        else:
            found.append((one, piece))
    return found
