"""Money as whole minor units of an ISO 4217 currency: no binary float ever holds an amount."""

import re
from collections.abc import Mapping
from typing import Final

# ISO 4217 list one, active codes, by the number of digits of the minor unit. Codes without one (XAU, XDR, XXX …) are
# no money a customer moves, and are not taken.
_BY_DIGITS: Final[Mapping[int, str]] = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: (
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW "
        "CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR "
        "ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV "
        "MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD "
        "SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG"
    ),
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
DIGITS: Final[Mapping[str, int]] = {code: digits for digits, codes in _BY_DIGITS.items() for code in codes.split()}
# Sums over ninety days of the largest amounts still fit the database's integers.
MOST_MINOR: Final = 10**15
_DECIMAL: Final = re.compile(r"(0|[1-9][0-9]{0,17})(?:\.([0-9]{1,4}))?", re.ASCII)


def minor_units(amount: str, currency: str) -> int:
    """The amount as a count of minor units; raises ValueError for an unknown currency or digits it does not have."""
    digits = DIGITS.get(currency)
    if digits is None:
        raise ValueError("the currency is not one of ISO 4217")
    found = _DECIMAL.fullmatch(amount)
    if found is None:
        raise ValueError("the amount is a decimal number without sign or exponent, written as text")
    whole, part = found[1], found[2] or ""
    if len(part) > digits:
        raise ValueError(f"the currency has {digits} digits after the point")
    minor = int(whole + part.ljust(digits, "0"))
    if minor > MOST_MINOR:
        raise ValueError("the amount is too large")
    return minor


def decimal_text(minor: int, currency: str) -> str:
    """Minor units as the decimal text that callers see: `1250` CNY is `12.50`."""
    digits = DIGITS[currency]
    if digits == 0:
        return str(minor)
    whole, part = divmod(abs(minor), 10**digits)
    return f"{'-' if minor < 0 else ''}{whole}.{part:0{digits}d}"
