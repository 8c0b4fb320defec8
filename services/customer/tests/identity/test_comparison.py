"""Two records compared without a database: across scripts, orders and typos, and never by what strangers share alone."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from customer.identity import training
from customer.identity.domain.comparison import FIELDS, Record, compared, levels, shipped
from customer.identity.domain.sound import soundings, surname_sounds
from customer.identity.training.corrupting import population

BORN = date(1984, 3, 1)


def record(name: str, **more: object) -> Record:
    plain = Record("individual", soundings(name), BORN, frozenset(), frozenset(), frozenset(), None, None)
    return replace(plain, **more)  # type: ignore[arg-type]  # the tests name fields of the record


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("张伟", "張偉", "same"),
        ("张伟", "Zhang Wei", "same_sound"),
        ("张伟", "Wei Zhang", "same_sound"),
        ("张伟", "zhang, wei", "same_sound"),
        ("张伟", "章伟", "same_sound"),
        ("欧阳娜娜", "Nana Ouyang", "same_sound"),
        ("曾国藩", "Zeng Guofan", "same_sound"),
        ("王小明", "王晓名", "same_sound"),
        ("王小明", "王小丽", "near"),
        ("王小明", "Wang X. M.", "initials"),
        ("John Smith", "Smith John", "same_sound"),
        ("Jonathan Smith", "Jonathon Smyth", "near"),
        ("John Smith", "J. Smith", "initials"),
        ("Suharto", "Suharto", "same"),
        ("张伟", "张强", "family_only"),
        ("张伟", "李强", "different"),
    ],
)
def test_names_agree_to_the_level_a_clerk_would_say(one: str, other: str, level: str) -> None:
    assert levels(record(one), record(other))["name"] == level
    assert levels(record(other), record(one))["name"] == level


@pytest.mark.parametrize(
    "pair", [("张伟", "Zhang Wei"), ("吕布", "Lv Bu"), ("单雄信", "Shan Xiongxin"), ("Smith", "J Smyth")]
)
def test_second_records_meet_under_one_surname_sound(pair: tuple[str, str]) -> None:
    assert surname_sounds(soundings(pair[0])) & surname_sounds(soundings(pair[1]))


def test_birthdays_are_told_apart_from_slips_of_the_pen() -> None:
    told = [
        levels(record("张伟"), record("张伟", birth_date=day))["birth_date"]
        for day in (BORN, date(1984, 1, 3), date(1984, 3, 2), date(1984, 9, 27), date(1971, 8, 9), None)
    ]
    assert told == ["same", "swapped", "near", "same_year", "different", "missing"]


def test_a_shared_phone_alone_is_far_from_likely_and_so_is_a_common_name() -> None:
    phone = frozenset({"+8613800000001"})
    family = compared(
        record("张伟", phones=phone), record("张强", phones=phone, birth_date=date(1990, 1, 1)), shipped()
    )
    spouses = compared(
        record("张伟", phones=phone), record("李芳", phones=phone, birth_date=date(1985, 5, 5)), shipped()
    )
    namesakes = compared(
        record("张伟", phones=phone, gender=1),
        record("张伟", phones=frozenset({"+8613800000002"}), birth_date=date(1984, 9, 9), gender=1),
        shipped(),
    )
    assert all(one.probability < 0.5 for one in (family, spouses, namesakes))


def test_more_agreement_never_scores_less() -> None:
    weights = shipped().levels
    for field in ("phone", "email", "identifier", "region", "gender"):
        assert weights[field]["same"] > 0 > weights[field]["different"]
    assert min(weights["name"]["same"], weights["name"]["same_sound"]) > weights["name"]["near"] > 0
    assert weights["name"]["family_only"] < 0
    assert weights["name"]["different"] < 0
    assert weights["birth_date"]["same"] > weights["birth_date"]["same_year"]


people = st.integers(0, 400)


@given(people, people)
@settings(max_examples=150, deadline=None)
def test_a_comparison_is_the_same_both_ways_and_adds_up(left: int, right: int) -> None:
    one, other = (_SET[place].record() for place in (left, right))
    verdict, back = compared(one, other, shipped()), compared(other, one, shipped())
    assert verdict == back
    assert verdict.score == pytest.approx(sum(reason.weight for reason in verdict.reasons))
    assert 0 <= verdict.probability <= 1
    assert {reason.field for reason in verdict.reasons} <= set(FIELDS)


_SET = population(3, people=340, seconds=61)


def test_the_labelled_set_is_the_same_for_a_seed_and_holds_what_it_says() -> None:
    assert population(3, people=340, seconds=61) == _SET
    assert len({one.who for one in _SET}) == 340
    assert sum(bool(one.corrupted) for one in _SET) == 61


def test_a_small_set_never_seen_is_told_apart_within_what_must_hold() -> None:
    found = training.scored(training.blocked(population(9, people=800, seconds=200)), shipped())
    assert found.precision[0] / found.precision[1] >= training.MUST_PRECISION
    assert found.recall[0] / found.recall[1] >= training.MUST_RECALL
    assert found.relatives[1] > 0
    assert found.relatives[0] / found.relatives[1] < 0.05
