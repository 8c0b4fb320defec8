"""Checks of what a record holds, each by a published rule; a check answers whether the value can be what it says it is."""

import json
import re
from datetime import date
from functools import cache
from importlib import resources
from typing import Any, Final

import phonenumbers

_LABEL: Final = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
_LOCAL: Final = re.compile(r"[^\s@\"(),:;<>\[\]\\.]+(\.[^\s@\"(),:;<>\[\]\\.]+)*")
# What a text looks like that was read in another encoding than it was written in, or never written.
_UNREADABLE: Final = re.compile("[\x00-\x1f\x7f\ufffd]|锟斤拷|Ã[\x80-\xbf]|â€")
_RESIDENT: Final = re.compile(r"[1-9][0-9]{16}[0-9X]")
_CREDIT: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_LEI: Final = re.compile(r"[A-Z0-9]{18}[0-9]{2}")
_PASSPORT: Final = re.compile(r"[A-Z0-9]{5,9}")
_HKID: Final = re.compile(r"([A-Z]{1,2})([0-9]{6})([0-9A])")
_POSTAL: Final = "postal_codes"


@cache
def _codes() -> dict[str, Any]:
    text = resources.files("customer.parties").joinpath("data/codes.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


@cache
def _words(name: str, of: str | None = None) -> frozenset[str]:
    listed = _codes()[name] if of is None else _codes()[name][of]
    return frozenset(word for line in listed for word in line.split(" "))


def text_fault(text: str, *, letters: bool = False) -> str | None:
    """Why a text says nothing: it cannot be read, stands in for what is not known, or lacks any letter where it needs one."""
    if _UNREADABLE.search(text):
        return "unreadable"
    if text.strip(" .-_*?").casefold() in {"", *_codes()["placeholders"]}:
        return "placeholder"
    if letters and not any(sign.isalpha() for sign in text):
        return "no_letters"
    return None


def country_known(code: str) -> bool:
    """Whether ISO 3166-1 has that country."""
    return code in _words("countries")


def region_known(code: str) -> bool:
    """Whether a country exists, and its subdivision where a list of that country's is kept (ISO 3166-2)."""
    country, _, part = code.partition("-")
    if not country_known(country):
        return False
    return not part or country not in _codes()["subdivisions"] or part in _words("subdivisions", country)


def language_known(tag: str) -> bool:
    """Whether the language of a BCP 47 tag of two letters is one of ISO 639-1, and its region a country; three are not judged."""
    language, *rest = tag.split("-")
    places = [one for one in rest if len(one) == 2]
    return (len(language) != 2 or language in _words("languages")) and all(map(country_known, places))


def industry_known(code: str) -> bool:
    """Whether the division of an ISIC Rev. 4 code lies within its section."""
    bounds = _codes()["industries"].get(code[:1])
    division = code[1:3]
    return bounds is not None and (len(code) == 1 or (division.isdecimal() and bounds[0] <= int(division) <= bounds[1]))


def postal_code_fits(code: str, country: str) -> bool:
    """Whether a postal code has the form its country gives it; of a country without a rule here, any."""
    form = _codes()[_POSTAL].get(country)
    return form is None or re.fullmatch(form, code) is not None


def phone_fault(value: str) -> str | None:
    """Why a phone number cannot be called: it is not E.164, or lies in no range its numbering plan has assigned."""
    if not re.fullmatch(r"\+[1-9][0-9]{6,14}", value):
        return "syntax"
    try:
        number = phonenumbers.parse(value)
    except phonenumbers.NumberParseException:
        return "syntax"
    return None if phonenumbers.is_valid_number(number) else "unassigned"


def email_fault(value: str) -> str | None:
    """Why nothing arrives at an e-mail address: its syntax (RFC 5321, 5322 without quoted parts), or a reserved domain."""
    local, at, domain = value.rpartition("@")
    host = domain.lower()
    try:
        ascii_host = host if host.isascii() else host.encode("idna").decode()
    except UnicodeError:
        return "syntax"
    labels = ascii_host.split(".")
    whole = bool(at) and len(local.encode()) <= 64 and len(ascii_host) <= 253 and len(labels) > 1
    if not whole or not _LOCAL.fullmatch(local) or not all(map(_LABEL.fullmatch, labels)) or labels[-1].isdigit():
        return "syntax"
    reserved = _codes()["reserved_domains"]
    return "reserved_domain" if labels[-1] in reserved or ".".join(labels[-2:]) in reserved else None


def resident_fault(number: str) -> str | None:
    """Why a number of a Chinese resident identity card is none, by GB 11643-1999: form, province, birth date, check character.

    The check character is ISO/IEC 7064, MOD 11-2.
    """
    if not _RESIDENT.fullmatch(number):
        return "format"
    # A permanent residence card of a foreigner begins with 9; the place that follows is that of issue.
    place = number[1:3] if number[0] == "9" else number[:2]
    if place not in _words("subdivisions", "CN") or resident_birth(number) is None:
        return "format"
    total = sum(int(digit) * pow(2, 17 - at, 11) for at, digit in enumerate(number[:17]))
    return None if "10X98765432"[total % 11] == number[17] else "checksum"


def resident_birth(number: str) -> date | None:
    """The birth date within such a number, None where it is no date."""
    try:
        return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None


def resident_sex(number: str) -> int:
    """The sex within such a number, by ISO/IEC 5218: the seventeenth digit is odd for a man."""
    return 1 if int(number[16]) % 2 else 2


def credit_code_fault(number: str) -> str | None:
    """Why a unified social credit code is none, by GB 32100-2015: 31 characters, weights of powers of 3, modulo 31."""
    if len(number) != 18 or not set(number) <= set(_CREDIT):
        return "format"
    total = sum(_CREDIT.index(sign) * pow(3, at, 31) for at, sign in enumerate(number[:17]))
    return None if _CREDIT[-total % 31] == number[17] else "checksum"


def lei_fault(number: str) -> str | None:
    """Why a legal entity identifier is none, by ISO 17442: ISO/IEC 7064, MOD 97-10 over its letters as numbers."""
    if not _LEI.fullmatch(number):
        return "format"
    return None if int("".join(str(int(sign, 36)) for sign in number)) % 97 == 1 else "checksum"


def hkid_fault(number: str) -> str | None:
    """Why a number of a Hong Kong identity card is none: weights 9 to 2, a blank before a single letter is 36, modulo 11."""
    found = _HKID.fullmatch(number)
    if found is None:
        return "format"
    letters, digits, check = found.groups()
    values = [36, int(letters, 36)] if len(letters) == 1 else [int(sign, 36) for sign in letters]
    values += [int(digit) for digit in digits]
    total = sum(value * weight for value, weight in zip(values, range(9, 1, -1), strict=True))
    return None if "0123456789A"[-total % 11] == check else "checksum"


def passport_fault(number: str) -> str | None:
    """Why a passport number is none: ICAO Doc 9303 has room for nine letters and digits."""
    return None if _PASSPORT.fullmatch(number) else "format"


NUMBER_CHECKS: Final = {
    "gb11643": resident_fault,
    "gb32100": credit_code_fault,
    "lei": lei_fault,
    "hkid": hkid_fault,
    "icao9303": passport_fault,
}
