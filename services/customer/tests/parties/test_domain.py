"""The rules of a party without a database."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer.parties.domain import (
    LIFE_CYCLE,
    ContactKind,
    State,
    Tier,
    age_band,
    age_band_began,
    may_become,
    normal_contact,
    normal_identifier,
    tier_for,
)


def test_an_age_is_of_completed_years() -> None:
    born = date(2000, 2, 29)
    days = [date(2018, 2, 28), date(2018, 3, 1), date(2024, 12, 31), date(2025, 3, 1), date(2065, 3, 1)]
    assert [age_band(born, on=day) for day in days] == ["0-17", "18-24", "18-24", "25-34", "65+"]
    assert age_band(None, on=days[0]) is None


@given(st.dates(date(1900, 1, 1), date(2020, 1, 1)), st.dates(date(2020, 1, 2), date(2060, 1, 1)))
def test_nobody_grows_younger(born: date, day: date) -> None:
    bands = ["0-17", "18-24", "25-34", "35-44", "45-54", "55-64", "65+"]
    now, later = (age_band(born, on=one) for one in (day, day.replace(year=day.year + 1, day=min(day.day, 28))))
    assert now in bands
    assert later in bands
    assert bands.index(later) >= bands.index(now)


@given(st.dates(date(1900, 1, 1), date(2020, 1, 1)), st.dates(date(2020, 1, 2), date(2060, 1, 1)))
def test_a_band_began_on_the_first_day_that_is_in_it(born: date, day: date) -> None:
    began, band = age_band_began(born, on=day), age_band(born, on=day)
    assert began <= day
    assert age_band(born, on=began) == band
    assert began == born or age_band(born, on=began - timedelta(days=1)) != band


def test_every_spelling_of_a_phone_is_one() -> None:
    spellings = ("+8613800001234", "+86 138 0000 1234", "+86 (138) 0000-1234", " +86.138.0000.1234 ")
    assert {normal_contact(ContactKind.PHONE, one) for one in spellings} == {"+8613800001234"}
    assert normal_contact(ContactKind.EMAIL, " Li@Example.COM ") == "li@example.com"
    assert normal_contact(ContactKind.WECHAT, " WeiXin_1 ") == "WeiXin_1"
    assert normal_identifier(" 1101 0519-491231 002x ") == "11010519491231002X"


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (ContactKind.PHONE, "13800001234"),
        (ContactKind.PHONE, "+0138000012"),
        (ContactKind.PHONE, "+86138000012341234"),
        (ContactKind.EMAIL, "li@example"),
        (ContactKind.EMAIL, "li na@example.com"),
        (ContactKind.POSTAL, "   "),
    ],
)
def test_what_reaches_nobody_is_refused_without_being_repeated(kind: ContactKind, value: str) -> None:
    with pytest.raises(ValueError, match=r"must|not an e-mail") as refused:
        normal_contact(kind, value)
    assert value.strip() not in str(refused.value) or not value.strip()


@given(st.text(max_size=40))
def test_a_normal_form_is_its_own(value: str) -> None:
    for normal in (normal_identifier, *(lambda text, kind=kind: normal_contact(kind, text) for kind in ContactKind)):
        try:
            once = normal(value)
        except ValueError:
            continue
        assert normal(once) == once


def test_a_relation_can_be_taken_up_again_but_never_begins_anew() -> None:
    assert all(may_become(state, state) for state in State)
    assert may_become(State.CLOSED, State.ACTIVE)
    assert not any(may_become(state, State.PROSPECT) for state in State if state is not State.PROSPECT)
    assert set(LIFE_CYCLE) == set(State)


def test_a_party_without_a_hint_is_of_the_mass_tier() -> None:
    assert [tier_for(hint) for hint in (None, Tier.PRIVATE)] == [Tier.MASS, Tier.PRIVATE]
