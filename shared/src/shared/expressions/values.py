"""What a name may stand for, how large at most, and a Python value made ready for the engine, exactly or not at all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import Any, Final

from cel_expr_python import cel

from shared.expressions.cost import Size

Value = bool | int | float | Fraction | str | datetime | timedelta
Values = Mapping[str, Value | Sequence[Value] | None]


class Kind(StrEnum):
    """What a name may stand for. Money is INT in minor units; a share or rate is REAL and may be given as a Fraction."""

    BOOL = "bool"
    INT = "int"
    REAL = "double"
    STRING = "string"
    INSTANT = "timestamp"
    DURATION = "duration"


@dataclass(frozen=True, slots=True)
class Type:
    """A declared type with the sizes the cost bound rests on: characters of a string, items of a list (0: not a list)."""

    kind: Kind
    characters: int = 200
    items: int = 0

    @property
    def size(self) -> Size:
        """The largest a value of this type can be."""
        one = Size(self.characters if self.kind is Kind.STRING else 0)
        return Size(0, self.items, one) if self.items else one

    @property
    def engine(self) -> Any:
        """The engine's own idea of it."""
        one = _ENGINE[self.kind]
        return cel.Type.List(one) if self.items else one


@dataclass(frozen=True, slots=True)
class Facts:
    """Values made ready once for any number of expressions: one activation."""

    values: Mapping[str, Any]
    activation: Any


def ready(label: str, value: Any, declared: Type) -> Any:
    """The value in the engine's form. A Fraction becomes the nearest double: order is kept, equality to 53 bits.

    Raises TypeError or ValueError, naming the name but never the value, where it is not what was declared: then the
    declaration is wrong, and every bound that rests on it.
    """
    if declared.items:
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise TypeError(f"{label} is declared a list")
        if len(value) > declared.items:
            raise ValueError(f"{label} has more items than declared")
        return [_one(label, one, declared) for one in value]
    return _one(label, value, declared)


def _one(label: str, value: Any, declared: Type) -> Any:
    kind = declared.kind
    if kind is Kind.REAL and isinstance(value, Fraction | int | float) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, _PYTHON[kind]) or (isinstance(value, bool) and kind is not Kind.BOOL):
        raise TypeError(f"{label} is declared {kind}")
    if kind is Kind.STRING and len(value) > declared.characters:
        raise ValueError(f"{label} is longer than declared")
    if kind is Kind.INT and not -(1 << 63) <= value < 1 << 63:
        raise ValueError(f"{label} does not fit into 64 bits")
    if kind is Kind.INSTANT:
        if value.tzinfo is None:
            raise ValueError(f"{label} is an instant without a zone")
        return value.astimezone(UTC)
    return value


_ENGINE: Final[Mapping[Kind, Any]] = {
    Kind.BOOL: cel.Type.BOOL,
    Kind.INT: cel.Type.INT,
    Kind.REAL: cel.Type.DOUBLE,
    Kind.STRING: cel.Type.STRING,
    Kind.INSTANT: cel.Type.TIMESTAMP,
    Kind.DURATION: cel.Type.DURATION,
}
_PYTHON: Final[Mapping[Kind, Any]] = {
    Kind.BOOL: bool,
    Kind.INT: int,
    Kind.REAL: float,
    Kind.STRING: str,
    Kind.INSTANT: datetime,
    Kind.DURATION: timedelta,
}
