"""How a name sounds, whatever script it is written in: Pinyin of characters, syllables of Latin letters, and its block.

The heavy parts (the dictionaries of pypinyin and opencc) are loaded on first use, which is in the worker.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from customer.parties.domain.names import NameParts, in_characters, parts_of

# Surnames that are read otherwise than the same character elsewhere.
_SURNAMES: Final = {
    **{
        "单": "shan",
        "曾": "zeng",
        "解": "xie",
        "仇": "qiu",
        "查": "zha",
        "盖": "ge",
        "任": "ren",
        "区": "ou",
        "朴": "piao",
    },
    **{"尉迟": "yuchi", "万俟": "moqi", "缪": "miao", "翟": "zhai", "纪": "ji", "洗": "xian", "华": "hua", "覃": "qin"},
}
# What ears and keyboards take for one another: retroflex and flat initials, front and back nasals, n and l, f and h.
_ALIKE: Final = (
    (r"^zh", "z"),
    (r"^ch", "c"),
    (r"^sh", "s"),
    (r"ng$", "n"),
    (r"^l", "n"),
    (r"^hu", "f"),
    (r"v|u:", "u"),
)
_SOUNDEX: Final = str.maketrans("bfpvcgjkqsxzdtlmnr", "111122222222334556")


@cache
def _simplifier() -> Any:
    from opencc import OpenCC  # noqa: PLC0415  # a dictionary of megabytes, for the worker only

    return OpenCC("t2s")


@cache
def _syllables() -> frozenset[str]:
    """Every syllable of Mandarin, without tones, as the dictionary has them."""
    from pypinyin import Style, pinyin_dict  # noqa: PLC0415  # a dictionary of megabytes, for the worker only
    from pypinyin.style import convert  # noqa: PLC0415

    said = {reading for readings in pinyin_dict.pinyin_dict.values() for reading in readings.split(",")}
    return frozenset(convert(one, Style.NORMAL, strict=False) for one in said)


def simplified(text: str) -> str:
    """Characters as they are written in simplified script, so that 張 is 张."""
    told: str = _simplifier().convert(text)
    return told


def pinyin(text: str, *, surname: bool = False) -> tuple[str, ...]:
    """The syllables of characters without tones; of a surname, as surnames are read."""
    from pypinyin import Style, lazy_pinyin  # noqa: PLC0415  # a dictionary of megabytes, for the worker only

    if surname and text in _SURNAMES:
        return (_SURNAMES[text],)
    return tuple(one.lower().replace("ü", "v") for one in lazy_pinyin(text, style=Style.NORMAL))


def plain(text: str) -> str:
    """Latin letters only, small, without accents, blanks and hyphens."""
    told = unicodedata.normalize("NFKD", text.replace("ü", "v").replace("Ü", "v"))
    return re.sub(r"[^a-z]", "", told.lower())


@dataclass(frozen=True, slots=True)
class Sounding:
    """One way to read a name: family and given part in letters, initials of the given one, and how it was written."""

    family: str
    given: str
    initials: str
    written: str

    @property
    def whole(self) -> str:
        """Both parts as one text."""
        return self.family + self.given


def _latin(family: str, given: str, written: str) -> Sounding:
    words = [plain(word) for word in re.split(r"[\s.\-]+", given) if plain(word)]
    return Sounding(plain(family), "".join(words), "".join(word[0] for word in words), written)


def _of_parts(parts: NameParts, written: str) -> Iterable[Sounding]:
    family, given = parts.family or "", parts.given or ""
    if in_characters(family + given):
        heard = pinyin(given)
        yield Sounding(
            "".join(pinyin(family, surname=True)) if family else "",
            "".join(heard),
            "".join(one[0] for one in heard),
            written,
        )
    elif family or given:
        yield _latin(family, given, written)
    if parts.family_latin or parts.given_latin:
        yield _latin(parts.family_latin or "", parts.given_latin or "", plain(written))


def soundings(legal_name: str, parts: NameParts | None = None) -> frozenset[Sounding]:
    """Every way a name may be read: with its recorded parts, and, in Latin letters, with either end as the family name."""
    name = simplified(" ".join(legal_name.split()))
    written = name if in_characters(name) else plain(name)
    ways = set(_of_parts(parts_of(name), written))
    if parts is not None:
        own = NameParts(
            simplified(parts.family) if parts.family else None,
            simplified(parts.given) if parts.given else None,
            parts.order,
            parts.family_latin,
            parts.given_latin,
        )
        ways |= set(_of_parts(own, written))
    words = name.replace(",", " ").split()
    if not in_characters(name) and len(words) > 1:
        ways |= {_latin(words[0], " ".join(words[1:]), written), _latin(words[-1], " ".join(words[:-1]), written)}
    return frozenset(ways)


def _soundex(word: str) -> str:
    """American Soundex: the first letter and three digits."""
    coded, last = word[0], word[0].translate(_SOUNDEX)
    for letter in word[1:]:
        digit = letter.translate(_SOUNDEX)
        if digit.isdigit() and digit != last:
            coded += digit
        if letter not in "hw":
            last = digit
    return coded[:4].ljust(4, "0")


def sound(family: str) -> str:
    """One code for surnames that are easily taken for one another: folded Pinyin where it is a syllable, else Soundex."""
    word = plain(family)
    if not word:
        return ""
    if word in _syllables():
        for pattern, alike in _ALIKE:
            word = re.sub(pattern, alike, word)
        return word
    return _soundex(word)


def surname_sounds(ways: Iterable[Sounding]) -> frozenset[str]:
    """The codes under which a name may be looked for; of a single name, its only word's."""
    return frozenset(code for way in ways if (code := sound(way.family or way.given)))
