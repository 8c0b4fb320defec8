"""Texts with places to fill: checked when they are saved, rendered without access to anything but the data given."""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from babel.core import Locale, UnknownLocaleError, get_global
from babel.dates import format_date, format_time
from jinja2 import StrictUndefined, TemplateError, meta, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

# What every text may use besides the data of its message.
ALWAYS: Final = frozenset({"name"})
_environment: Final = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
# Jinja's own names (`range`, `lipsum`) are nothing to write to a customer: here they are places like any other.
_environment.globals.clear()
# A name of the data of a message; `self` is a word of Jinja's that no environment can be without.
_PLACE: Final = re.compile(r"(?!self$)[a-z][a-z0-9_]{0,39}")
# Choices within choices. Python compiles a hundred, and a text that fails only when it is sent would fail every time.
_DEEPEST: Final = 20
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


# By the end of its name a place takes an instant or a day: shown as the reader's language writes them.
AN_INSTANT: Final = "_at"
A_DAY: Final = "_on"
# What a gateway or a mail header cannot carry; lines and tabs may stay in a body.
_CONTROLS: Final = dict.fromkeys(
    (*range(9), 11, 12, *range(14, 32), *range(127, 160), 0x2028, 0x2029, *range(0xD800, 0xE000))
)
# ISO 639-3, members of the macrolanguage zho that have a CLDR or a common tag.
_CHINESE: Final = frozenset({"zh", "cmn", "yue", "wuu", "nan", "hak", "gan", "hsn"})
_SCRIPT: Final = 4


class TextFault(ValueError):
    """A text that cannot be used; the reason holds none of its data."""


def places(text: str) -> frozenset[str]:
    """The names a text wants filled; raises TextFault for a text that does not parse or does more than fill places."""
    try:
        tree = _environment.parse(text)
    except (TemplateError, ValueError, RecursionError) as error:
        raise TextFault(f"does not parse in line {getattr(error, 'lineno', '?')}") from None
    if _depth(tree) > _DEEPEST:
        raise TextFault(f"is nested more than {_DEEPEST} deep")
    stranger = next((one for one in tree.find_all(nodes.Node) if not isinstance(one, _TAKEN)), None)
    if stranger is not None:
        raise TextFault(f"{type(stranger).__name__.lower()} is not taken in a text (line {stranger.lineno})")
    odd = next((one for one in tree.find_all(nodes.Name) if not _PLACE.fullmatch(one.name)), None)
    if odd is not None:
        raise TextFault(f"has a place whose name no message can fill (line {odd.lineno})")
    try:
        return frozenset(meta.find_undeclared_variables(tree))
    except ValueError:
        raise TextFault("holds a number that nobody can write") from None


def _depth(tree: nodes.Node) -> int:
    """How deep a text is nested; step by step, for one that is too deep to walk is what is looked for."""
    deepest, level = 0, [tree]
    while level:
        deepest += 1
        level = [child for one in level for child in one.iter_child_nodes()]
    return deepest


def rendered(text: str, data: Mapping[str, object]) -> str:
    """The text with its places filled, without control characters; raises TextFault where one is missing."""
    try:
        return _environment.from_string(text).render(data).translate(_CONTROLS)
    except (TemplateError, TypeError, ValueError, SyntaxError, RecursionError) as error:
        raise TextFault(f"cannot be filled ({type(error).__name__})") from None


def in_one_line(text: str) -> str:
    """The same in one line: what fills a subject must not begin another header of a letter."""
    return " ".join(text.split())


def moment(place: str, value: object) -> datetime | date | None:
    """What a place that takes an instant (RFC 3339) or a day (ISO 8601) is filled with; None for every other place.

    Raises ValueError for what is neither, and for an instant that does not say which.
    """
    if not place.endswith((AN_INSTANT, A_DAY)):
        return None
    if place.endswith(A_DAY):
        return date.fromisoformat(str(value))
    at = datetime.fromisoformat(str(value))
    if at.tzinfo is None:
        raise ValueError("an instant has an offset")
    return at


def shown(data: Mapping[str, object], language: str, zone: ZoneInfo) -> dict[str, object]:
    """The same data with its instants and days as `language` writes them (CLDR), instants by the clock of `zone`."""
    return {place: _written(place, value, language, zone) for place, value in data.items()}


def _written(place: str, value: object, language: str, zone: ZoneInfo) -> object:
    try:
        when = moment(place, value)
        if when is None:
            return value
        locale = Locale.parse(language, sep="-")
        if not isinstance(when, datetime):
            return format_date(when, "long", locale=locale)
        local = when.astimezone(zone)
        day = format_date(local.date(), "full", locale=locale)
        # CLDR's narrow space would cost a text message half its letters.
        return f"{day} {format_time(local.timetz(), 'short', locale=locale)}".replace("\u202f", " ")
    except (ValueError, OverflowError, UnknownLocaleError):
        # Accepted before places had such names, or a language that CLDR does not have: as it was given.
        return value


def best_language(wanted: Sequence[str], written: Collection[str], default: str) -> str | None:
    """The written language a person reads best (BCP 47 tags; `wanted` is the person's own order, the best first).

    1. For each language of the person, in their order: the very tag; else the same language in the same script (a region
       alone says the script, by CLDR's likely subtags: `zh-TW` is `zh-Hant`, `yue` too); else, for Chinese, the other
       script, which is nearer than any other language.
    2. Who named languages and none of them is written, reads English where it is written.
    3. Who named none, or where English is not written: `default`, else the first written in alphabetical order.

    None only where nothing is written.
    """
    for one in wanted:
        if one in written:
            return one
        language, script = _spoken(one)
        near = sorted(text for text in written if _spoken(text)[0] == language)
        same = [text for text in near if _spoken(text)[1] == script]
        if same or (near and language == "zh"):
            return (same or near)[0]
    if wanted and "en" in written:
        return "en"
    return default if default in written else min(written, default=None)


def _spoken(tag: str) -> tuple[str, str | None]:
    """The language of a tag, Chinese in all its tongues as one (it is written as one), and its script."""
    language, *rest = tag.split("-")
    script = next((one for one in rest if len(one) == _SCRIPT), None)
    if script is None:
        likely = get_global("likely_subtags")
        told = next((likely[one] for one in ("_".join((language, *rest)), language) if one in likely), "")
        script = next((one for one in told.split("_") if len(one) == _SCRIPT), None)
    return ("zh" if language in _CHINESE else language), script
