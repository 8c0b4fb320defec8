"""Why an expression is refused: a Problem with line and column of every fault, and never a piece of the text."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from shared.problems import FieldError, Malformed

_SAID: Final = re.compile(r"^(?:[A-Z_]+: )?ERROR: <input>:(-?\d+):(-?\d+): (.*)$", re.MULTILINE)
_TYPES: Final = re.compile(r"applied to '(\([a-z_]+(?:[(<, ]+[a-z_]+[)>]*)*\))'$")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: the place (characters before it), a stable code, a sentence."""

    place: int
    code: str
    detail: str


class Refused(Malformed):
    """The expression does not parse, does not type-check, is not part of the language, or costs too much."""

    title = "The rule is refused"

    def __init__(self, pointer: str, text: str, faults: Sequence[Fault]) -> None:
        starts = [0, *(found.end() for found in re.finditer("\n", text))]
        errors = []
        for fault in faults:
            line = bisect_right(starts, fault.place)
            where = f"line {line}, column {fault.place - starts[line - 1] + 1}"
            errors.append(FieldError(pointer, fault.code, f"{where}: {fault.detail}"))
        super().__init__("See `errors` for where and why.", errors=errors)

    @classmethod
    def by_engine(cls, pointer: str, text: str, said: str) -> "Refused":
        """What the engine said, in our own words: its messages quote the text."""
        lines = text.split("\n")
        faults = []
        for line, column, message in _SAID.findall(said):
            before = sum(len(one) + 1 for one in lines[: max(int(line) - 1, 0)])
            code, detail = _told(message)
            faults.append(Fault(before + max(int(column) - 1, 0), code, detail))
        if not faults:
            faults.append(Fault(0, *_told(said)))
        return cls(pointer, text, faults)


def _told(message: str) -> tuple[str, str]:
    if message.startswith("Syntax error"):
        return "syntax", "this cannot be read"
    if message.startswith("undeclared reference"):
        return "undeclared", "no such name or function"
    if message.startswith("found no matching overload"):
        types = _TYPES.search(message)
        return "type", f"no operator or function takes {types[1] if types else 'these types'}"
    if "recursion" in message:
        return "too-deep", "too many levels"
    return "type", "the types do not agree"
