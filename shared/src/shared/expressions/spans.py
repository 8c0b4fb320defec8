"""Which piece of the text a sub-condition is, found from where its operators stand."""

import re
from typing import Final

_OPAQUE: Final = re.compile(
    r"""(?:[rR])?(?:'{3}.*?'{3}|"{3}.*?"{3})"""
    r"""|[rR](?:'[^'\n]*'|"[^"\n]*")"""
    r"""|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*\""""
    r"""|//[^\n]*""",
    re.DOTALL,
)


def quiet(text: str) -> str:
    """The text with strings as dots and comments as blanks, place for place, so that what is a bracket in it is one."""
    return _OPAQUE.sub(lambda found: (" " if found[0].startswith("//") else ".") * len(found[0]), text)


def trimmed(plain: str, start: int, end: int) -> tuple[int, int]:
    """The piece without blanks around it and without brackets that it does not both open and close.

    `plain` is the quiet text; the piece comes from cutting at an operator, so that what is unbalanced belongs outside.
    """
    while True:
        while start < end and plain[start].isspace():
            start += 1
        while end > start and plain[end - 1].isspace():
            end -= 1
        opened, closes = _matching(plain, start, end)
        if end - start > 1 and plain[start] == "(" and opened.get(start, -1) in (-1, end - 1):
            end -= opened.get(start, -1) == end - 1
            start += 1
        elif end > start and plain[end - 1] == ")" and end - 1 not in closes:
            end -= 1
        else:
            return start, end


def _matching(plain: str, start: int, end: int) -> tuple[dict[int, int], set[int]]:
    """Where each bracket opened in the piece is closed, and the closing ones that have a partner."""
    stack: list[int] = []
    opened: dict[int, int] = {}
    for place in range(start, end):
        if plain[place] == "(":
            stack.append(place)
        elif plain[place] == ")" and stack:
            opened[stack.pop()] = place
    return opened, set(opened.values())
