"""Names in parts and in languages, and phones as the library has them."""

import random
from contextlib import suppress

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer.parties.domain.names import NameOrder, NameParts, parts_of, rendered
from customer.parties.domain.party import e164


@pytest.mark.parametrize(
    ("legal", "family", "given", "order"),
    [
        ("张伟", "张", "伟", NameOrder.FAMILY_FIRST),
        ("欧阳娜娜", "欧阳", "娜娜", NameOrder.FAMILY_FIRST),
        ("歐陽修", "歐陽", "修", NameOrder.FAMILY_FIRST),
        ("王小明", "王", "小明", NameOrder.FAMILY_FIRST),
        ("约翰·史密斯", "史密斯", "约翰", NameOrder.GIVEN_FIRST),
        ("John Paul Smith", "Smith", "John Paul", NameOrder.GIVEN_FIRST),
        ("Smith, John", "Smith", "John", NameOrder.GIVEN_FIRST),
        ("Suharto", None, "Suharto", NameOrder.SINGLE),
        ("玄", None, "玄", NameOrder.SINGLE),
    ],
)
def test_a_name_without_parts_is_taken_apart_as_its_people_write_it(
    legal: str, family: str | None, given: str, order: NameOrder
) -> None:
    assert parts_of(legal) == NameParts(family, given, order)


@pytest.mark.parametrize(
    ("parts", "chinese", "english"),
    [
        (NameParts("张", "伟", NameOrder.FAMILY_FIRST, "Zhang", "Wei"), "张伟", "Zhang Wei"),
        (NameParts("张", "伟", NameOrder.FAMILY_FIRST), "张伟", "张伟"),
        (NameParts("史密斯", "约翰", NameOrder.GIVEN_FIRST, "Smith", "John"), "约翰·史密斯", "John Smith"),
        (NameParts("Smith", "John", NameOrder.GIVEN_FIRST), "John Smith", "John Smith"),
        (NameParts(None, "Suharto", NameOrder.SINGLE), "Suharto", "Suharto"),
    ],
)
def test_a_name_is_rendered_as_the_language_writes_it(parts: NameParts, chinese: str, english: str) -> None:
    assert [rendered(parts, language) for language in ("zh-Hans", "zh-Hant", "en")] == [chinese, chinese, english]


def expected(text: str) -> str | None:
    """What the library itself makes of a number; None for one that its plan has no room for."""
    try:
        number = phonenumbers.parse(text)
    except phonenumbers.NumberParseException:
        return None
    whole = phonenumbers.is_possible_number_with_reason(number) == phonenumbers.ValidationResult.IS_POSSIBLE
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if whole else None


def test_the_quick_way_agrees_with_the_library_on_five_thousand_numbers() -> None:
    chance = random.Random(20261125)  # noqa: S311  # a seed, not a secret
    for _ in range(5_000):
        text = f"+{chance.randint(1, 9)}{''.join(str(chance.randint(0, 9)) for _ in range(chance.randint(6, 14)))}"
        try:
            found: str | None = e164(text)
        except ValueError:
            found = None
        assert found == expected(text), text


def test_a_national_number_needs_its_country() -> None:
    assert e164("138 0000 1234", "CN") == "+8613800001234"
    assert e164("020 7946 0958", "GB") == "+442079460958"
    with pytest.raises(ValueError, match=r"must be E\.164"):
        e164("138 0000 1234")
    with pytest.raises(ValueError, match=r"must be E\.164"):
        e164("+86 10 6552 9988 ext. 7")


@given(st.text(max_size=30))
def test_whatever_is_taken_for_a_phone_is_in_its_final_form(text: str) -> None:
    with suppress(ValueError):
        found = e164(text, "CN")
        assert e164(found) == found
