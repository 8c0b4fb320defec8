"""A text fills places and does nothing else; the nearest written language is taken."""

import pytest

from customer.outreach.domain.templates import TextFault, best_language, places, rendered


@pytest.mark.parametrize(
    "text",
    [
        "{% for i in x %}{{ i }}{% endfor %}",
        "{{ name.__class__ }}",
        "{{ name | upper }}",
        "{{ f() }}",
        "{% include 'x' %}",
        "{% macro m() %}{% endmacro %}",
        "{% set x = 1 %}",
        "{{ [1, 2] }}",
        "{{ 9 ** 9 }}",
        "{{ 'x' * 999999 }}",
        "{{ name[0] }}",
        "{{ unclosed",
        "{% if %}",
        "{{ self }}",
        "{{ _x }}",
        "{{ Name }}",
        "{{ \uff41 }}",
        "{{ " + "a" * 41 + " }}",
        "{{ " + "9" * 7_000 + " }}",
        "{{ 0x" + "f" * 7_000 + " }}",
        "{{ " + "(" * 3_900 + "a" + ")" * 3_900 + " }}",
        "{{ " + "not " * 1_900 + "a }}",
        "{{ a" + " and a" * 1_300 + " }}",
        "{{ " + "a if a else " * 600 + "a }}",
        "{% if a %}" * 21 + "x" + "{% endif %}" * 21,
        "{% if a %}" * 360 + "x" + "{% endif %}" * 360,
    ],
)
def test_a_text_that_does_more_than_fill_places_is_refused(text: str) -> None:
    with pytest.raises(TextFault):
        places(text)


@pytest.mark.parametrize(
    "name", ["range", "lipsum", "dict", "cycler", "joiner", "namespace", "varargs", "loop", "caller"]
)
def test_a_word_of_the_engine_is_a_place_like_any_other(name: str) -> None:
    text = f"{{{{ {name} }}}}"
    assert places(text) == {name}
    assert rendered(text, {name: "x"}) == "x"
    with pytest.raises(TextFault):
        rendered(text, {})


def test_a_text_that_was_taken_and_does_not_compile_fails_alone() -> None:
    deep = "{% if a %}" * 120 + "x" + "{% endif %}" * 120
    with pytest.raises(TextFault):
        rendered(deep, {"a": 1})


def test_what_no_gateway_can_carry_is_left_out() -> None:
    assert rendered("{{ a }}{{ '\\ud800\\x07' }}\n\t.", {"a": "1\x00\x85\u2028"}) == "1\n\t."


def test_a_text_is_filled_and_chooses_its_wording() -> None:
    text = "{{ name }}您好{% if count > 1 %},您有 {{ count }} 条消息{% else %},您有新消息{% endif %}"
    assert places(text) == {"name", "count"}
    assert rendered(text, {"name": "王芳", "count": 2}) == "王芳您好,您有 2 条消息"
    assert rendered(text, {"name": "{{ count }}", "count": 1}) == "{{ count }}您好,您有新消息"
    with pytest.raises(TextFault) as caught:
        rendered(text, {"name": "王芳"})
    assert "王芳" not in str(caught.value)


ALL = ["en", "zh-Hans", "zh-Hant"]


@pytest.mark.parametrize(
    ("wanted", "written", "taken"),
    [
        (["zh-Hant"], ALL, "zh-Hant"),
        (["zh-Hant-HK"], ALL, "zh-Hant"),
        # A region alone says the script: CLDR, likely subtags.
        (["zh"], ALL, "zh-Hans"),
        (["zh-SG"], ALL, "zh-Hans"),
        (["zh-TW"], ALL, "zh-Hant"),
        (["zh-MO"], ALL, "zh-Hant"),
        (["yue"], ALL, "zh-Hant"),
        (["cmn"], ALL, "zh-Hans"),
        # The other script is nearer than another language, even one that the person reads as well.
        (["zh-Hant-HK"], ["en", "zh-Hans"], "zh-Hans"),
        (["zh-Hant", "en"], ["en", "zh-Hans"], "zh-Hans"),
        (["fr", "zh-Hant"], ["en", "zh-Hans"], "zh-Hans"),
        (["fr"], ALL, "en"),
        (["fr"], ["zh-Hans", "zh-Hant"], "zh-Hant"),
        (["en-GB", "zh"], ALL, "en"),
        ([], ALL, "zh-Hant"),
        ([], ["zh-Hans", "en"], "en"),
        (["en"], [], None),
    ],
)
def test_the_nearest_written_language_is_taken(wanted: list[str], written: list[str], taken: str | None) -> None:
    assert best_language(wanted, written, default="zh-Hant") == taken
