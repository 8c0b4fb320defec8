"""The cost bound holds: against a twin that counts every step on the largest values, and against the engine's own clock."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.expressions.cost import Size, worst
from shared.expressions.language import Expression, Language, Limits, RuleSet
from shared.expressions.refusals import Refused
from shared.expressions.syntax import Call, Constant, Items, Loop, Name, Node
from shared.expressions.values import Values

LIMIT = Limits().units

strings = st.sampled_from(["tier", "'ab'", "tier + tier", "tags[0]", "string(age)", "(tier + 'x' + tier)"])
lists = st.recursive(
    st.sampled_from(["tags", "[tier]", "['a', tier + tier]", "tags + tags"]),
    lambda inner: (
        st.builds("{}.map(v, v + v)".format, inner)
        | st.builds("{}.filter(w, w in {})".format, inner, inner)
        | st.builds("({} + {})".format, inner, inner)
        | st.builds("{}.map(v, ({}).size() > 3 ? v : tier)".format, inner, inner)
    ),
    max_leaves=4,
)
rules = (
    st.builds("{} == {}".format, strings, strings)
    | st.builds("{} in {}".format, strings, lists)
    | st.builds("{}.exists(x, x == {})".format, lists, strings)
    | st.builds("{}.all(x, {}.exists_one(y, x + y != {}))".format, lists, lists, strings)
    | st.builds("{}.size() > 1 && {} == {}".format, lists, lists, lists)
)


@pytest.fixture(scope="module")
def roomy(language: Language) -> Language:
    """The same names with room for what an ordinary limit refuses; still less than the engine's own 10,000 turns."""
    return Language(language.names, limits=Limits(nodes=4_000, levels=99, units=1_000_000, loops=9))


class Twin:
    """A plain interpreter that counts: one step for every node it visits and every item or ten characters it touches."""

    def __init__(self, values: Values) -> None:
        self.steps = 0
        self.values = values

    def touch(self, value: Any) -> None:
        if isinstance(value, str):
            self.steps += len(value) // 10
        elif isinstance(value, list):
            self.steps += len(value)

    def run(self, node: Node, local: dict[str, Any]) -> Any:  # noqa: PLR0911  # one return for each kind of node
        self.steps += 1
        if isinstance(node, Constant):
            return node.value
        if isinstance(node, Name):
            return local[node.name] if node.name in local else self.values[node.name]
        if isinstance(node, Items):
            return [self.run(one, local) for one in node.elements]
        if isinstance(node, Loop):
            inside = {**local, node.accumulator: self.run(node.start, local)}
            for item in self.run(node.range, local):
                inside[node.variable] = item
                if not self.run(node.condition, inside):
                    break
                inside[node.accumulator] = self.run(node.step, inside)
            return self.run(node.result, inside)
        assert isinstance(node, Call)
        if node.function in ("_&&_", "_||_"):
            first = self.run(node.args[0], local)
            return first if first is (node.function == "_||_") else self.run(node.args[1], local)
        if node.function == "_?_:_":
            return self.run(node.args[1 if self.run(node.args[0], local) else 2], local)
        return self.called(node.function, [self.run(one, local) for one in node.args])

    def called(self, function: str, args: list[Any]) -> Any:
        if function not in ("_[_]", "size"):
            for one in args:
                self.touch(one)
        if function == "@in":
            for item in args[1]:
                self.touch(item)
            return args[0] in args[1]
        does: dict[str, Callable[..., Any]] = {
            "_+_": lambda a, b: a + b,
            "_==_": lambda a, b: a == b,
            "_!=_": lambda a, b: a != b,
            "_>_": lambda a, b: a > b,
            "_[_]": lambda a, b: a[b],
            "!_": lambda a: not a,
            "@not_strictly_false": lambda a: a is not False,
            "size": len,
            "string": str,
        }
        return does[function](*args)


def fits(value: Any, size: Size) -> bool:
    if isinstance(value, str):
        return len(value) <= size.text
    if isinstance(value, list):
        return len(value) <= size.items and all(size.each is not None and fits(one, size.each) for one in value)
    return True


@settings(deadline=None, max_examples=60)  # a busy machine is no fault
@given(text=rules)
def test_no_evaluation_takes_more_steps_than_the_bound(roomy: Language, largest: Values, text: str) -> None:
    try:
        expression = roomy.compile(text)
    except Refused:
        return
    twin = Twin(largest)
    truth = twin.run(expression.tree, {})
    assert twin.steps <= expression.bound.units
    if expression.bound.units > LIMIT:
        return  # never evaluated in earnest, and the engine would give up
    assert RuleSet(roomy, {"rule": expression}).judge(largest)["rule"].truth is truth


@settings(deadline=None, max_examples=60)  # a busy machine is no fault
@given(text=lists)
def test_no_result_is_larger_than_the_bound(roomy: Language, largest: Values, text: str) -> None:
    expression = roomy.compile(f"{text} == tags")
    assert isinstance(expression.tree, Call)
    part = expression.tree.args[0]
    bound = worst(part, {name: kind.size for name, kind in roomy.names.items()})
    assert fits(Twin(largest).run(part, {}), bound.size)


NASTY = [
    "tags.all(a, tags.exists(b, a != b))",
    "sums.map(a, a + 1).map(b, b + 1).map(c, c * 2).filter(d, d > 0).size() > 1",
    "tags.map(a, a + a + a + a + a + a + a + a).size() > 1",
    "sums.filter(a, a in sums).all(b, b in sums)",
    r"tier.matches('[a-z]{1,40}x')",
    r"tier.matches('(m|mm)+$') && tier.matches('(m+m+)+y')",
    r"tier.matches('^\\pL+$')",
    "(tier + tier + tier + tier).contains(tier + 'x')",
    "seen.getHours('Asia/Shanghai') + seen.getMinutes('Europe/Berlin') > 3",
    "seen > timestamp('2026-01-01T00:00:00Z') && gap < duration('3h') && seen + gap > seen",
    "||".join(["age<0"] * 90),
    "string(share) + string(age) + string(seen) == tier",
]


def microseconds(expression: Expression, rule: RuleSet, values: Values) -> float:
    facts = rule.facts(values)
    expression.judge(facts)
    best = float("inf")
    for _ in range(5):
        begun = time.perf_counter()
        for _ in range(20):
            expression.judge(facts)
        best = min(best, (time.perf_counter() - begun) / 20)
    return best * 1e6


@pytest.mark.parametrize("text", NASTY)
def test_the_nastiest_rule_allowed_takes_less_time_than_a_unit_is_worth(
    language: Language, largest: Values, text: str
) -> None:
    expression = language.compile(text)
    took = microseconds(expression, RuleSet(language, {"rule": expression}), largest)
    # A unit is a tenth of a microsecond; a busy machine may take ten times as long.
    assert took < 20 + expression.bound.units


def test_what_the_engine_allows_in_loops_is_more_than_the_bound_lets_through() -> None:
    # The engine gives up after 10,000 turns, and each turn is charged at least five units.
    assert Limits().units / 5 < 10_000
