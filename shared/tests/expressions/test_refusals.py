"""What is refused, with which code and where; no refusal says a word of the text."""

import pytest

from shared.expressions.language import Language, Limits
from shared.expressions.refusals import Refused

REFUSED = [
    ("age >", "syntax", "line 1, column 6"),
    ("", "syntax", "line 1, column 1"),
    ("age > 3 \n && secretly(3)", "undeclared", "line 2, column 13"),
    ("surname == 'x'", "undeclared", "line 1, column 1"),
    ("now() > seen", "undeclared", "line 1, column 4"),
    ("age > tier", "type", "line 1, column 5"),
    ("share > 1", "type", "line 1, column 7"),
    ("age == null", "type", "line 1, column 5"),
    ("age", "not-a-condition", "line 1, column 1"),
    ("dyn(age) == 1", "mixed", "line 1, column 4"),
    ("age in [1, 'x']", "mixed", "line 1, column 8"),
    ("{'a': 1}['a'] == age", "not-allowed", "line 1, column 1"),
    ("type(age) == int", "not-allowed", "line 1, column 14"),
    ("b'x' == b'y'", "not-allowed", "line 1, column 1"),
    ("tier.matches('a(b')", "pattern", "line 1, column 13"),
    ("tier.matches(tier)", "pattern", "line 1, column 13"),
    ("seen.getHours(tier) > 3", "zone", "line 1, column 14"),
    ("events('purchase', 3) > 1", "argument", "line 1, column 8"),
    ("events('login', age) > 1", "argument", "line 1, column 17"),
    ("events('login', 401) > 1", "argument", "line 1, column 17"),
    ("known('surname')", "argument", "line 1, column 7"),
    ("tier == 'a\x00b'", "syntax", "line 1, column 1"),
    ("tier == '\ud800'", "syntax", "line 1, column 1"),
    ("(" * 100 + "open" + ")" * 100, "too-deep", "line 1, column 1"),
    ("age" + " + age" * 300 + " > 1", "too-deep", "line 1, column 1"),
    ("open || " * 600 + "open", "too-long", "line 1, column 1"),
    ("open||" * 500 + "open", "too-large", "line 1, column 1"),
    ("tags.all(a, tags.all(b, tags.all(c, a + b == c)))", "too-nested", "line 1, column 1"),
    ("tags.map(a, a + a).all(b, tags.map(a, a + a).all(c, b != c))", "too-costly", "line 1, column 1"),
    ("tier.matches('(a{100}){10}')", "too-costly", "line 1, column 1"),
    (r"tier.matches('\\pL{500}')", "too-costly", "line 1, column 1"),
    ("[tier]" + ".map(a, a + a)" * 20 + ".size() == 1", "too-costly", "line 1, column 1"),
]


@pytest.mark.parametrize(("text", "code", "place"), REFUSED, ids=[f"{row[1]}-{row[0][:24]!a}" for row in REFUSED])
def test_what_is_wrong_is_refused_where_it_is_wrong(language: Language, text: str, code: str, place: str) -> None:
    with pytest.raises(Refused) as refused:
        language.compile(text, pointer="/rule")
    found = {(error.code, error.pointer) for error in refused.value.errors}
    assert (code, "/rule") in found
    assert any(error.code == code and error.detail.startswith(place) for error in refused.value.errors)


def test_a_refusal_never_repeats_the_text(language: Language) -> None:
    for text in ("surname == '张三'", "tier == '张三", "张三 > 1", "events('张三', 3) > 1", "age + '张三' > 1"):
        with pytest.raises(Refused) as refused:
            language.compile(text)
        said = str(refused.value.body("/v1/segments"))
        assert "张三" not in said
        assert "surname" not in said


def test_every_fault_of_a_text_is_told_at_once(language: Language) -> None:
    with pytest.raises(Refused) as refused:
        language.compile("surname == 'x' ||\n  age > tier")
    assert [error.code for error in refused.value.errors] == ["undeclared", "type"]


def test_limits_are_the_languages_own(language: Language) -> None:
    narrow = Language(language.names, limits=Limits(nodes=3))
    narrow.compile("age > 3")
    with pytest.raises(Refused, match="errors"):
        narrow.compile("age > 3 && open")
