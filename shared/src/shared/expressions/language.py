"""Rules in CEL behind a small port: names with types are declared, a text is checked and bounded, and then it is judged.

A name that has no value makes what needs it *unknown*, neither true nor false (three-valued logic, as in SQL): `false && unknown`
is false, `true || unknown` is true, and a rule as a whole that is unknown is not fulfilled.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from cel_expr_python import cel

from shared.expressions.cost import NotBounded, Worst, worst
from shared.expressions.refusals import Fault, Refused
from shared.expressions.syntax import Call, Checked, Constant, Items, Loop, Name, Node, children, read
from shared.expressions.values import Facts, Kind, Type, Values, ready

_KNOWN: Final = "known"
_DYN: Final = b"\n\x00"


@dataclass(frozen=True, slots=True)
class Literal:
    """A parameter of a family: one of `choices`, any string of at most `characters`, or a number from `low` to `high`."""

    choices: frozenset[str] | None = None
    low: int = 0
    high: int = 0
    characters: int = 0

    @property
    def engine(self) -> Any:
        """The engine's own idea of it."""
        return cel.Type.INT if self.choices is None and not self.characters else cel.Type.STRING

    def takes(self, value: object) -> bool:
        """Whether the literal is allowed here."""
        if self.choices is not None:
            return isinstance(value, str) and value in self.choices
        if self.characters:
            return isinstance(value, str) and 0 < len(value) <= self.characters
        return isinstance(value, int) and not isinstance(value, bool) and self.low <= value <= self.high


@dataclass(frozen=True, slots=True)
class Family:
    """Names with parameters, `events('payment', 30)`: every use with literals is a name of its own, of the same type."""

    parameters: tuple[Literal, ...]
    type: Type


@dataclass(frozen=True, slots=True)
class Reference:
    """A name that an expression uses; of a family, with its literals."""

    name: str
    args: tuple[str | int, ...] = ()

    @property
    def label(self) -> str:
        """The key under which its value is given, and how it is written: `age`, `events('payment', 30)`."""
        if not self.args:
            return self.name
        return f"{self.name}({', '.join(repr(one) for one in self.args)})"


@dataclass(frozen=True, slots=True)
class Limits:
    """How much an expression may be. `units` are those of `cost`: about a tenth of a microsecond each."""

    characters: int = 4_000
    nodes: int = 400
    levels: int = 40
    loops: int = 2
    units: int = 20_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an expression came to: true, false, or unknown (None), then with the names that were missing or a fault.

    A fault is an error of the rule on these values: a division by zero, an overflow, an index that is not there.
    """

    truth: bool | None
    missing: frozenset[str] = frozenset()
    fault: bool = False


@dataclass(frozen=True)
class Expression:
    """A condition that is checked and bounded; `references` are all names it can ask for."""

    text: str
    references: frozenset[Reference]
    bound: Worst
    checked: Checked
    tree: Node
    _programs: dict[int, Any] = field(default_factory=dict, repr=False, compare=False)
    _engine: Any = field(default=None, repr=False, compare=False)

    @property
    def labels(self) -> frozenset[str]:
        """The keys under which values are asked for."""
        return frozenset(one.label for one in self.references)

    def program(self, node: Node) -> Any:
        """The engine's form of one of its sub-conditions, or of the whole."""
        made = self._programs.get(node.id)
        if made is None:
            named = frozenset(one.id for one in _every(node) if isinstance(one, Name))
            made = self._programs[node.id] = self._engine.deserialize(self.checked.written(node, named))
        return made

    def judge(self, facts: Facts, node: Node | None = None) -> Outcome:
        """What the whole, or one of its sub-conditions, comes to over these facts."""
        try:
            told = self.program(node or self.tree).eval(facts.activation).value()
        except RuntimeError:
            told = None  # the engine gave up; the bound keeps it from its own limits
        if isinstance(told, bool):
            return Outcome(told)
        used = self.labels if node is None else frozenset(labels_of(node))
        missing = frozenset(name for name in used if name not in facts.values)
        return Outcome(None, missing, fault=not missing)


class Language:
    """The names a rule may use. Compiling is dear (a millisecond), judging cheap (microseconds): keep what is compiled."""

    def __init__(
        self, names: Mapping[str, Type], families: Mapping[str, Family] | None = None, limits: Limits = Limits()
    ) -> None:
        self.names = dict(names)
        self.limits = limits
        every = frozenset(names)
        self.families = {_KNOWN: Family((Literal(choices=every),), Type(Kind.BOOL)), **(families or {})}
        self._engine = cel.NewEnv(
            variables={name: kind.engine for name, kind in names.items()},
            extensions=[cel.CelExtension("families", [_declared(*one) for one in self.families.items()])],
        )
        self.activation = self._engine.Activation
        self._pattern = cel.NewEnv(variables={"pattern": cel.Type.STRING}).compile("''.matches(pattern)")

    def compile(self, text: str, *, pointer: str = "/rule") -> Expression:
        """A condition in this language, or Refused with everything that is wrong and where in the text.

        Refused are: what does not parse or type-check, what is not a condition, what is foreign to the dialect (maps,
        mixed lists, `dyn`), arguments of a family that are not literals it takes, a bad pattern, and what costs too much.
        """
        if len(text) > self.limits.characters:
            raise Refused(pointer, text, [Fault(0, "too-long", f"at most {self.limits.characters} characters")])
        if not text.isprintable() and any(not one.isprintable() and one not in "\n\t\r" for one in text):
            raise Refused(pointer, text, [Fault(0, "syntax", "only printable characters")])
        try:
            compiled = self._engine.compile(text)
        except RuntimeError as error:
            raise Refused.by_engine(pointer, text, str(error)) from None
        if compiled.return_type().name() != "BOOL":
            raise Refused(pointer, text, [Fault(0, "not-a-condition", "it must be true or false")])
        checked = read(bytes(compiled.serialize()))
        faults = list(self._faults(checked))
        if faults:
            raise Refused(pointer, text, faults)
        tree = _named(checked.tree, frozenset(self.families))
        references = frozenset(_references(checked.tree, frozenset(self.families)))
        bound = self._bound(pointer, text, checked, tree, references)
        # Only now: a pattern that costs too much is not even tried.
        unsound = [one for one in _every(tree) if isinstance(one, Call) and not self._sound(one)]
        if unsound:
            said = "not a regular expression (RE2)"
            raise Refused(pointer, text, [Fault(checked.positions[one.id], "pattern", said) for one in unsound])
        return Expression(text, references, bound, checked, tree, _engine=self._engine)

    def place_of(self, expression: Expression, reference: Reference) -> int:
        """Where in the text a use of a family stands first: for whoever refuses it by what only they know."""
        for node in _every(expression.checked.tree):
            if isinstance(node, Call) and node.function in self.families and _called(node) == reference:
                return expression.checked.positions.get(node.id, 0)
        return 0

    def type_of(self, reference: Reference) -> Type:
        """The declared type of a name."""
        known = self.names.get(reference.name) if not reference.args else None
        return known or self.families[reference.name].type

    def _faults(self, checked: Checked) -> Iterable[Fault]:
        for name in _free(checked.tree, frozenset()):
            if name.name not in self.names:
                yield Fault(checked.positions.get(name.id, 0), "not-allowed", "a type is not a value in this language")
        for node in _every(checked.tree):
            place = checked.positions.get(node.id, 0)
            # `dyn` is field 1 of the encoded type, empty: as the whole type, or as that of a list's items.
            if _DYN in checked.types.get(node.id, b""):
                yield Fault(place, "mixed", "values of several types in one place")
            if isinstance(node, Call) and node.function in self.families:
                family = self.families[node.function]
                for one, parameter in zip(node.args, family.parameters, strict=True):
                    if not isinstance(one, Constant) or not parameter.takes(one.value):
                        where = checked.positions.get(one.id, place)
                        yield Fault(where, "argument", "a literal that is allowed here is needed")

    def _sound(self, call: Call) -> bool:
        pattern = call.args[-1].value if isinstance(call.args[-1], Constant) else None
        if call.function != "matches" or pattern is None:
            return True
        return isinstance(self._pattern.eval(data={"pattern": pattern}).value(), bool)

    def _bound(self, pointer: str, text: str, checked: Checked, tree: Node, references: Iterable[Reference]) -> Worst:
        limits = self.limits
        try:
            bound = worst(tree, {one.label: self.type_of(one).size for one in references})
        except NotBounded as error:
            raise Refused(
                pointer, text, [Fault(checked.positions.get(error.node, 0), error.code, error.detail)]
            ) from None
        over = [
            Fault(0, code, f"at most {allowed} {what}")
            for code, what, found, allowed in (
                ("too-large", "parts", bound.nodes, limits.nodes),
                ("too-deep", "levels", bound.levels, limits.levels),
                ("too-nested", "loops inside one another", bound.loops, limits.loops),
                ("too-costly", "units of work at worst", bound.units, limits.units),
            )
            if found > allowed
        ]
        if over:
            raise Refused(pointer, text, over)
        return bound


class RuleSet:
    """Conditions that are judged together: the values they ask for are made ready once, in one activation."""

    def __init__(self, language: Language, expressions: Mapping[str, Expression]) -> None:
        self.expressions = dict(expressions)
        self.references = frozenset(one for expression in expressions.values() for one in expression.references)
        self._activation = language.activation
        self._named = [(one.label, language.type_of(one)) for one in self.references if one.name != _KNOWN]
        self._known = [(one.label, str(one.args[0])) for one in self.references if one.name == _KNOWN]

    def facts(self, values: Values) -> Facts:
        """The values asked for, checked; None and absent are the same: unknown. Raises what `values.ready` raises."""
        made: dict[str, Any] = {
            label: ready(label, values[label], kind) for label, kind in self._named if values.get(label) is not None
        }
        for label, name in self._known:
            made[label] = values.get(name) is not None
        return Facts(made, self._activation(made))

    def judge(self, values: Values) -> dict[str, Outcome]:
        """What every condition comes to over these values."""
        facts = self.facts(values)
        return {name: expression.judge(facts) for name, expression in self.expressions.items()}


def labels_of(node: Node) -> set[str]:
    """The keys of the names used by a part of a rewritten tree, without the variables of its own loops."""
    return {one.name for one in _free(node, frozenset())}


def _free(node: Node, bound: frozenset[str]) -> Iterable[Name]:
    if isinstance(node, Name):
        if node.name not in bound:
            yield node
        return
    if isinstance(node, Loop):
        yield from _free(node.range, bound)
        bound = bound | {node.variable, node.accumulator}
        for one in (node.start, node.condition, node.step, node.result):
            yield from _free(one, bound)
        return
    for one in children(node):
        yield from _free(one, bound)


def _references(node: Node, families: frozenset[str]) -> Iterable[Reference]:
    yield from (Reference(one.name) for one in _free(node, frozenset()))
    for one in _every(node):
        if isinstance(one, Call) and one.function in families:
            yield _called(one)


def _called(call: Call) -> Reference:
    return Reference(call.function, tuple(one.value for one in call.args if isinstance(one, Constant)))  # type: ignore[misc]  # checked: str or int


def _named(node: Node, families: frozenset[str]) -> Node:
    """The tree in which every use of a family is a name: so it is looked up like one, and is unknown like one."""
    if isinstance(node, Call):
        if node.function in families:
            return Name(node.id, _called(node).label)
        return Call(node.id, node.function, tuple(_named(one, families) for one in node.args), node.receiver)
    if isinstance(node, Items):
        return Items(node.id, tuple(_named(one, families) for one in node.elements))
    if isinstance(node, Loop):
        over, start, condition, step, result = (_named(one, families) for one in children(node))
        return Loop(node.id, node.variable, over, node.accumulator, start, condition, step, result)
    return node


def _every(node: Node) -> Iterable[Node]:
    yield node
    for one in children(node):
        yield from _every(one)


def _declared(name: str, family: Family) -> Any:
    kinds = [one.engine for one in family.parameters]
    overload = cel.Overload(f"family_{name}", return_type=family.type.engine, parameters=kinds)
    return cel.FunctionDecl(name, [overload])
