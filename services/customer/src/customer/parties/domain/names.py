"""Names as their people have them: family or given first, one name only, characters with Pinyin; rendered by language."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_HAN: Final = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003134f]")
# Two-character surnames in common use, in both scripts. Whoever bears a rarer one is recorded with name parts.
_COMPOUND_WRITTEN: Final = """
欧阳 歐陽 上官 司马 司馬 诸葛 諸葛 司徒 东方 東方 独孤 獨孤 南宫 南宮 夏侯 皇甫 尉迟 尉遲 公孙 公孫 慕容 宇文
长孙 長孫 令狐 司空 闻人 聞人 钟离 鍾離 端木 轩辕 軒轅 申屠 太史 呼延 百里 东郭 東郭 西门 西門
"""
COMPOUND: Final = frozenset(_COMPOUND_WRITTEN.split())


class NameOrder(StrEnum):
    """Which part a person says first; `single` for whoever has one name only."""

    FAMILY_FIRST = "family_first"
    GIVEN_FIRST = "given_first"
    SINGLE = "single"


@dataclass(frozen=True, slots=True)
class NameParts:
    """A name in its parts, with its Latin form beside where the parts are in characters."""

    family: str | None
    given: str | None
    order: NameOrder
    family_latin: str | None = None
    given_latin: str | None = None


def in_characters(text: str) -> bool:
    """Whether there are Chinese characters in it."""
    return _HAN.search(text) is not None


def parts_of(legal_name: str) -> NameParts:
    """A guess where no parts were recorded: characters put the family name first, Latin letters last.

    One word, or one character, is a single name.
    """
    text = " ".join(legal_name.replace("·", " ").split())
    if in_characters(text) and " " not in text:
        if len(text) == 1:
            return NameParts(None, text, NameOrder.SINGLE)
        cut = 2 if len(text) > 2 and text[:2] in COMPOUND else 1
        return NameParts(text[:cut], text[cut:], NameOrder.FAMILY_FIRST)
    words = text.split(" ")
    if len(words) == 1:
        return NameParts(None, text, NameOrder.SINGLE)
    if in_characters(text):  # a transcribed foreign name: given·family
        return NameParts(words[-1], " ".join(words[:-1]), NameOrder.GIVEN_FIRST)
    if text.count(",") == 1:
        family, given = (part.strip() for part in text.split(","))
        return NameParts(family or None, given or None, NameOrder.GIVEN_FIRST if family and given else NameOrder.SINGLE)
    return NameParts(words[-1], " ".join(words[:-1]), NameOrder.GIVEN_FIRST)


def rendered(parts: NameParts, language: str) -> str:
    """The name as a text in that BCP 47 language writes it.

    In Chinese: the characters, family name first and without a space, a foreign name with a middle dot; elsewhere the
    Latin form where there is one, in the order the person uses.
    """
    latin = not language.lower().startswith("zh")
    family = (parts.family_latin if latin else None) or parts.family or ""
    given = (parts.given_latin if latin else None) or parts.given or ""
    if parts.order is NameOrder.SINGLE or not (family and given):
        return given or family
    first, second = (family, given) if parts.order is NameOrder.FAMILY_FIRST else (given, family)
    if in_characters(first) and in_characters(second):
        return first + ("·" if parts.order is NameOrder.GIVEN_FIRST else "") + second
    return f"{first} {second}"
