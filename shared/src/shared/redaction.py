"""Personal data in free text, found by exact match of what is known and by pattern, Chinese and English alike."""

import re
from collections.abc import Sequence
from typing import Final

_EMAIL: Final = re.compile(r"[A-Za-z0-9._%+\-]+@[A-Za-z0-9.\-]+\.[A-Za-z]{2,}")
_IBAN: Final = re.compile(r"\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")
# GB 11643: six digits of a place, eight of a birth date, three of a sequence, and a check character.
_CHINESE_ID: Final = re.compile(r"(?<![0-9])[1-9][0-9]{5}(?:18|19|20)[0-9]{2}(?:0[1-9]|1[0-2])[0-9]{5}[0-9Xx](?![0-9])")
_DIGITS: Final = re.compile(r"(?<![0-9])(?:[0-9][ \-]?){12,18}[0-9](?![0-9])")
_PHONE: Final = re.compile(
    r"(?<![0-9A-Za-z])(?:\+[1-9][0-9 \-().]{6,20}[0-9]|1[3-9][0-9]{9}|\(?[0-9]{3}\)?[ \-][0-9]{3}[ \-][0-9]{4})(?![0-9])"
)
_SSN: Final = re.compile(r"(?<![0-9])[0-9]{3}-[0-9]{2}-[0-9]{4}(?![0-9])")


def luhn(digits: str) -> bool:
    """Whether a card number's check digit holds (ISO/IEC 7812-1, annex B)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def iban(text: str) -> bool:
    """Whether an IBAN's check digits hold (ISO 13616, modulo 97)."""
    compact = text.replace(" ", "")
    turned = compact[4:] + compact[:4]
    return int("".join(str(int(sign, 36)) for sign in turned)) % 97 == 1


def _card(match: re.Match[str]) -> str:
    digits = re.sub(r"[ \-]", "", match[0])
    return "[card]" if 13 <= len(digits) <= 19 and luhn(digits) else match[0]


def redact(text: str, known: Sequence[str] = ()) -> str:
    """The text with personal data replaced by its kind in brackets; `known` are the subject's own names and contacts."""
    for value in sorted({one.strip() for one in known if len(one.strip()) > 1}, key=len, reverse=True):
        text = re.sub(re.escape(value), "[known]", text, flags=re.IGNORECASE)
    text = _EMAIL.sub("[email]", text)
    text = _CHINESE_ID.sub("[id]", text)
    text = _IBAN.sub(lambda match: "[iban]" if iban(match[0]) else match[0], text)
    text = _DIGITS.sub(_card, text)
    text = _SSN.sub("[id]", text)
    return _PHONE.sub("[phone]", text)
