"""A checked CEL expression as a tree: read from the engine's own serialised form, and written back after a change.

The engine tells nothing of an expression but its `cel.expr.CheckedExpr` (cel-spec, proto/cel/expr/checked.proto and
syntax.proto); the field numbers below are that format's. Only what our dialect allows has a node; the rest is `Foreign`.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

_URL: Final = b"type.googleapis.com/cel.expr.CheckedExpr"
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal; bytes, unsigned numbers and null are `Foreign`."""

    id: int
    value: bool | int | float | str


@dataclass(frozen=True, slots=True)
class Name:
    """A declared name, or the variable of a loop around it."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """A function or operator; a receiver, if it has one, is the first of `args`."""

    id: int
    function: str
    args: tuple["Node", ...]
    receiver: bool


@dataclass(frozen=True, slots=True)
class Items:
    """A list literal."""

    id: int
    elements: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Loop:
    """What `exists`, `all`, `exists_one`, `map` and `filter` become: fold `step` over `range`, beginning with `start`."""

    id: int
    variable: str
    range: "Node"
    accumulator: str
    start: "Node"
    condition: "Node"
    step: "Node"
    result: "Node"


@dataclass(frozen=True, slots=True)
class Foreign:
    """Something CEL has and the dialect has not: a map, a message, a field, bytes."""

    id: int


Node = Constant | Name | Call | Items | Loop | Foreign


@dataclass(frozen=True, slots=True)
class Checked:
    """A checked expression: its tree, the types of its nodes (still encoded), where they stand in the text."""

    tree: Node
    types: Mapping[int, bytes]
    positions: Mapping[int, int]
    _rest: tuple[tuple[int, bytes], ...]

    def written(self, tree: Node, without: frozenset[int] = frozenset()) -> bytes:
        """The serialised form with `tree` in place of its own; references of the nodes `without` are left out."""
        kept = [(number, data) for number, data in self._rest if number != 2 or _key(data) not in without]
        body = b"".join(_field(number, data) for number, data in [*kept, (4, _encoded(tree))])
        return _field(1, _URL) + _field(2, body)


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly below."""
    if isinstance(node, Call):
        return node.args
    if isinstance(node, Items):
        return node.elements
    if isinstance(node, Loop):
        return (node.range, node.start, node.condition, node.step, node.result)
    return ()


def read(serialised: bytes) -> Checked:
    """The tree of what the engine serialised; raises ValueError where it is not a checked expression."""
    envelope = dict(_fields(serialised))
    if envelope.get(1) != _URL:
        raise ValueError("not a checked expression")
    rest: list[tuple[int, bytes]] = []
    types: dict[int, bytes] = {}
    positions: dict[int, int] = {}
    tree: Node | None = None
    for number, data in _fields(_bytes(envelope[2])):
        blob = _bytes(data)
        if number == 4:
            tree = _node(blob)
            continue
        rest.append((number, blob))
        if number == 3:
            entry = dict(_fields(blob))
            types[_int(entry[1])] = _bytes(entry.get(2, b""))
        elif number == 5:
            for part, value in _fields(blob):
                if part == 4:
                    entry = dict(_fields(_bytes(value)))
                    positions[_int(entry.get(1, 0))] = _int(entry.get(2, 0))
    if tree is None:
        raise ValueError("an expression without a tree")
    return Checked(tree, types, positions, tuple(rest))


def _node(data: bytes) -> Node:
    identity, kind, blob = 0, 0, b""
    for number, value in _fields(data):
        if number == 2:
            identity = _int(value)
        else:
            kind, blob = number, _bytes(value)
    if kind == 3:
        return _constant(identity, blob)
    parts = list(_fields(blob))
    if kind == 4:
        return Name(identity, _bytes(parts[0][1]).decode())
    if kind == 6:
        target = [_node(_bytes(value)) for number, value in parts if number == 1]
        function = next(_bytes(value) for number, value in parts if number == 2).decode()
        args = [_node(_bytes(value)) for number, value in parts if number == 3]
        return Call(identity, function, (*target, *args), bool(target))
    if kind == 7 and all(number == 1 for number, _ in parts):
        return Items(identity, tuple(_node(_bytes(value)) for _, value in parts))
    if kind == 9:
        one = dict(parts)
        if 8 not in one:
            return Loop(
                identity,
                _bytes(one[1]).decode(),
                _node(_bytes(one[2])),
                _bytes(one[3]).decode(),
                _node(_bytes(one[4])),
                _node(_bytes(one[5])),
                _node(_bytes(one[6])),
                _node(_bytes(one[7])),
            )
    return Foreign(identity)


def _constant(identity: int, blob: bytes) -> Node:
    (number, value), *_ = _fields(blob)
    if number == 2:
        return Constant(identity, bool(_int(value)))
    if number == 3:
        unsigned = _int(value)
        return Constant(identity, unsigned - (1 << 64) if unsigned >> 63 else unsigned)
    if number == 5:
        return Constant(identity, struct.unpack("<d", _bytes(value))[0])
    if number == 6:
        return Constant(identity, _bytes(value).decode())
    return Foreign(identity)


def _encoded(node: Node) -> bytes:
    identity = _number(2, node.id)
    if isinstance(node, Constant):
        return identity + _field(3, _literal(node.value))
    if isinstance(node, Name):
        return identity + _field(4, _field(1, node.name.encode()))
    if isinstance(node, Call):
        parts = [_field(2, node.function.encode())]
        parts += [
            _field(1 if node.receiver and place == 0 else 3, _encoded(one)) for place, one in enumerate(node.args)
        ]
        return identity + _field(6, b"".join(parts))
    if isinstance(node, Items):
        return identity + _field(7, b"".join(_field(1, _encoded(one)) for one in node.elements))
    if isinstance(node, Loop):
        parts = [_field(1, node.variable.encode()), _field(2, _encoded(node.range))]
        parts += [_field(3, node.accumulator.encode()), _field(4, _encoded(node.start))]
        parts += [_field(5, _encoded(node.condition)), _field(6, _encoded(node.step)), _field(7, _encoded(node.result))]
        return identity + _field(9, b"".join(parts))
    raise ValueError("a foreign node cannot be written")


def _literal(value: bool | int | float | str) -> bytes:
    if isinstance(value, bool):
        return _number(2, int(value))
    if isinstance(value, int):
        return _number(3, value % (1 << 64))
    if isinstance(value, float):
        return _varint(5 << 3 | _FIXED64) + struct.pack("<d", value)
    return _field(6, value.encode())


def _key(entry: bytes) -> int:
    return _int(dict(_fields(entry)).get(1, 0))


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The fields of a protobuf message in order: number, and an integer or bytes."""
    at = 0
    while at < len(data):
        tag, at = _take(data, at)
        number, wire = tag >> 3, tag & 7
        if wire == _VARINT:
            value, at = _take(data, at)
            yield number, value
            continue
        if wire == _BYTES:
            size, at = _take(data, at)
        else:
            size = {_FIXED64: 8, _FIXED32: 4}[wire]
        yield number, data[at : at + size]
        at += size


def _take(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _field(number: int, data: bytes) -> bytes:
    return _varint(number << 3 | _BYTES) + _varint(len(data)) + data


def _number(number: int, value: int) -> bytes:
    return _varint(number << 3 | _VARINT) + _varint(value)


def _bytes(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise ValueError("a number where a message should be")  # noqa: TRY004  # the data is wrong, not our call
    return value


def _int(value: int | bytes) -> int:
    if isinstance(value, bytes):
        raise ValueError("a message where a number should be")  # noqa: TRY004  # the data is wrong, not our call
    return value
