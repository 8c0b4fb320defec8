"""What a record holds is checked by published rules: known numbers pass, and no number with one sign changed does."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer.parties.domain import checks

# The example of GB 11643-1999; of GLEIF, GS1 and the Hong Kong and Shenzhen registers those that are published.
RESIDENT = ("11010519491231002X", "440524188001010014")
CREDIT = ("91350100M000100Y43", "91440300708461136T")
LEIS = ("5493001KJTIIGC8Y1R12", "HWUPKR0MPOU8FGXBT394")
HKIDS = ("A1234563", "AB9876543")
KNOWN = [(checks.resident_fault, one) for one in RESIDENT] + [(checks.credit_code_fault, one) for one in CREDIT]
KNOWN += [(checks.lei_fault, one) for one in LEIS] + [(checks.hkid_fault, one) for one in HKIDS]


@pytest.mark.parametrize(("check", "number"), KNOWN)
def test_a_published_number_is_at_no_fault_and_with_any_one_digit_changed_it_is(check: object, number: str) -> None:
    assert callable(check)
    assert check(number) is None
    for at, sign in enumerate(number):
        if sign.isdigit():
            for other in set("0123456789") - {sign}:
                assert check(number[:at] + other + number[at + 1 :]) is not None, (number, at, other)


@given(
    st.dates(date(1900, 1, 1), date(2026, 1, 1)), st.integers(0, 999), st.sampled_from(["110105", "440524", "310101"])
)
def test_of_all_check_characters_exactly_one_fits_a_resident_number(born: date, order: int, place: str) -> None:
    head = f"{place}{born:%Y%m%d}{order:03}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)  # as the standard prints them
    expected = "10X98765432"[sum(int(digit) * weight for digit, weight in zip(head, weights, strict=True)) % 11]
    assert [sign for sign in "0123456789X" if checks.resident_fault(head + sign) is None] == [expected]
    assert checks.resident_birth(head + expected) == born
    assert checks.resident_sex(head + expected) == (1 if order % 2 else 2)


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ("li.lei@bank.cn", None), ("li+lei@mail.bank.co.uk", None), ("李雷@例子.中国", None),
        ("li..lei@bank.cn", "syntax"), (".li@bank.cn", "syntax"), ("li@bank", "syntax"), ("li@-bank.cn", "syntax"),
        ("li@bank.123", "syntax"), (f"{'l' * 65}@bank.cn", "syntax"), (f"li@{'b' * 64}.cn", "syntax"), ("li", "syntax"),
        ("li@example.com", "reserved_domain"), ("li@mail.example.com", "reserved_domain"), ("li@bank.test", "reserved_domain"),
    ],
)  # fmt: skip
def test_an_email_address_is_judged_by_its_syntax_and_whether_it_leads_anywhere(value: str, fault: str | None) -> None:
    assert checks.email_fault(value) == fault


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ("+8613800138000", None), ("+85223456789", None), ("+4930123456", None),
        ("13800138000", "syntax"), ("+86 138 0013 8000", "syntax"), ("+99912345678", "syntax"),
        ("+8610000000000", "unassigned"), ("+861380013", "unassigned"), ("+15551230000", "unassigned"),
    ],
)  # fmt: skip
def test_a_phone_number_has_to_be_e164_in_a_range_that_is_assigned(value: str, fault: str | None) -> None:
    assert checks.phone_fault(value) == fault


def test_code_lists_know_what_exists() -> None:
    assert [one for one in ("CN", "CN-11", "CN-BJ", "HK", "XX", "CN-99", "US-ZZ") if not checks.region_known(one)] == [
        "XX",
        "CN-99",
    ], "of a country without a list only the country is judged"
    assert [one for one in ("zh-Hans", "en", "yue-Hant", "xx", "en-XX") if not checks.language_known(one)] == [
        "xx",
        "en-XX",
    ]
    assert [one for one in ("K", "K64", "K6419", "K01", "A64", "Z") if not checks.industry_known(one)] == [
        "K01",
        "A64",
        "Z",
    ]
    assert checks.postal_code_fits("100000", "CN")
    assert not checks.postal_code_fits("10000", "CN")
    assert checks.postal_code_fits("anything", "BR"), "of a country without a rule nothing is judged"


@pytest.mark.parametrize(
    ("text", "fault"),
    [("张伟", None), ("Ann Lee", None), ("未知", "placeholder"), ("N/A", "placeholder"), ("--", "placeholder"),
     ("锟斤拷", "unreadable"), ("Li\ufffd", "unreadable"), ("12345", "no_letters")],
)  # fmt: skip
def test_a_name_that_names_nobody_is_found(text: str, fault: str | None) -> None:
    assert checks.text_fault(text, letters=True) == fault
