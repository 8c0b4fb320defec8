"""Judging over one activation: exact values, three truths, the same as a brute-force twin of Kleene's logic."""

from collections.abc import Callable
from datetime import datetime
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.expressions.explaining import Condition, Joint, explain
from shared.expressions.language import Expression, Language, Outcome, RuleSet
from shared.expressions.values import Values

Truth = bool | None
Tree = Any

ATOMS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "age > 3": ("age", lambda age: age > 3),
    "share >= 0.5": ("share", lambda share: share >= 0.5),
    "tier == ')&&('": ("tier", lambda tier: tier == ")&&("),
    "open": ("open", bool),
    "sums.exists(s, s < 0)": ("sums", lambda sums: any(s < 0 for s in sums)),
}

trees = st.recursive(
    st.sampled_from(sorted(ATOMS)),
    lambda inner: st.tuples(st.sampled_from(["&&", "||"]), inner, inner) | st.tuples(st.just("!"), inner),
    max_leaves=8,
)
values = st.fixed_dictionaries(
    {},
    optional={
        "age": st.integers(0, 6),
        "share": st.fractions(0, 1),
        "tier": st.sampled_from([")&&(", "mass"]),
        "open": st.booleans(),
        "sums": st.lists(st.integers(-2, 2), max_size=3),
    },
)


def written(tree: Tree) -> str:
    if isinstance(tree, str):
        return f"({tree})" if len(tree) % 2 else tree
    if tree[0] == "!":
        return f"!( {written(tree[1])}\n)"
    left, right = written(tree[1]), written(tree[2])
    return f"({left}{tree[0]}{right})" if len(left) % 2 else f"({left} {tree[0]} // or: ((\n{right})"


def kleene(tree: Tree, given_values: Values) -> Truth:
    if isinstance(tree, str):
        name, judged = ATOMS[tree]
        return None if given_values.get(name) is None else judged(given_values[name])
    if tree[0] == "!":
        inner = kleene(tree[1], given_values)
        return None if inner is None else not inner
    sides = [kleene(side, given_values) for side in tree[1:]]
    decisive = tree[0] == "||"
    return decisive if decisive in sides else None if None in sides else not decisive


def judged(language: Language, text: str, given_values: Values) -> Outcome:
    return RuleSet(language, {"rule": language.compile(text)}).judge(given_values)["rule"]


@settings(deadline=None, max_examples=60)  # a busy machine is no fault
@given(tree=trees, given_values=values)
def test_every_rule_comes_to_what_three_valued_logic_says(language: Language, tree: Tree, given_values: Values) -> None:
    outcome = judged(language, written(tree), given_values)
    assert outcome.truth is kleene(tree, given_values)
    assert not outcome.fault
    if outcome.truth is None:
        assert outcome.missing
        assert all(given_values.get(name) is None for name in outcome.missing)


def leaves(condition: Condition) -> list[Condition]:
    return [leaf for part in condition.parts for leaf in leaves(part)] if condition.parts else [condition]


@settings(deadline=None, max_examples=60)  # a busy machine is no fault
@given(tree=trees, given_values=values)
def test_an_explanation_is_made_of_rules_that_stand_alone_and_add_up(
    language: Language, tree: Tree, given_values: Values
) -> None:
    expression = language.compile(written(tree))
    told = explain(expression, RuleSet(language, {"rule": expression}).facts(given_values))
    assert told.truth is kleene(tree, given_values)
    queue = [told]
    while queue:
        one = queue.pop()
        queue += one.parts
        assert judged(language, one.text, given_values).truth is one.truth
        parts = [part.truth for part in one.parts]
        if one.joint is Joint.NOT and parts:
            assert one.truth == (None if parts[0] is None else not parts[0])
        elif parts:
            decisive = one.joint is Joint.ANY
            assert one.truth == (decisive if decisive in parts else None if None in parts else not decisive)
        if not parts:
            assert (one.truth is None) == bool(one.missing)


def test_an_explanation_names_the_condition_and_the_value(language: Language) -> None:
    expression = language.compile("age >= 18 && (events('login', 30) > 2 || share > 0.5)")
    facts = RuleSet(language, {"rule": expression}).facts({"age": 40, "share": Fraction(1, 4)})
    first, second, third = leaves(explain(expression, facts))
    assert (first.text, first.truth, dict(first.values)) == ("age >= 18", True, {"age": 40})
    assert (second.truth, second.missing) == (None, ("events('login', 30)",))
    assert (third.truth, dict(third.values)) == (False, {"share": 0.25})


def test_known_asks_whether_a_value_is_there_and_is_never_unknown(language: Language) -> None:
    text = "known('share') && share > 0.5"
    assert judged(language, text, {}).truth is False
    assert judged(language, text, {"share": 0.75}).truth is True


def test_a_fault_of_the_rule_is_not_a_missing_value(language: Language) -> None:
    assert judged(language, "10 / age > 1", {"age": 0}) == Outcome(None, frozenset(), fault=True)
    assert judged(language, "age + 1 > age", {"age": 2**63 - 1}) == Outcome(None, frozenset(), fault=True)
    assert judged(language, "10 / age > 1 || true", {"age": 0}).truth is True


@settings(deadline=None, max_examples=60)  # a busy machine is no fault
@given(share=st.fractions(0, 1), limit=st.decimals(0, 1, places=3, allow_nan=False))
def test_a_fraction_is_compared_exactly_where_a_double_can_tell(
    language: Language, share: Fraction, limit: Any
) -> None:
    exact = share >= Fraction(limit)
    if abs(share - Fraction(limit)) > Fraction(1, 2**52) or share == Fraction(limit):
        assert judged(language, f"share >= {limit}{'' if '.' in str(limit) else '.0'}", {"share": share}).truth is exact


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("age", "7"),
        ("age", True),
        ("age", 2**63),
        ("tier", 7),
        ("tier", "m" * 41),
        ("open", 1),
        ("tags", "secret"),
        ("tags", ["a"] * 21),
        ("share", True),
        ("seen", datetime(2026, 1, 1)),  # noqa: DTZ001  # the fault under test
    ],
)
def test_a_value_that_is_not_as_declared_is_an_error_without_the_value(
    language: Language, name: str, value: Any
) -> None:
    rule = RuleSet(language, {"rule": language.compile(f"known('{name}') || {_use(name)}")})
    with pytest.raises((TypeError, ValueError), match=f"^{name} ") as told:
        rule.facts({name: value})
    assert "secret" not in str(told.value)


def _use(name: str) -> str:
    return {"open": "open", "tags": "tags.size() > 0", "seen": "seen == seen"}.get(name, f"{name} == {name}")


def test_a_rule_set_judges_each_rule_as_if_alone(language: Language, largest: Values) -> None:
    texts = {"grown": "age >= 18", "quiet": "events('login', 30) == 0", "absent": "events('payment', 7) > 0"}
    rules: dict[str, Expression] = {name: language.compile(text) for name, text in texts.items()}
    together = RuleSet(language, rules).judge(largest)
    assert together == {name: judged(language, text, largest) for name, text in texts.items()}
    assert [together[name].truth for name in texts] == [True, False, None]


def test_variables_of_a_loop_hide_names_and_are_not_asked_for(language: Language) -> None:
    expression = language.compile("tags.exists(age, age == tier)")
    assert expression.labels == {"tags", "tier"}
    assert judged(language, expression.text, {"tags": ["x"], "tier": "x"}).truth is True
