"""JSON Schema -> Python's types: strict where we send, tolerant of newer values where we are told."""

import keyword
import re
from collections.abc import Iterator, Mapping
from textwrap import wrap
from typing import Any, Literal

Schema = Mapping[str, Any]
Side = Literal["input", "output"]

WIDTH = 112  # of a line of a docstring, so that none is longer than a line may be
SCALARS = {"integer": "int", "number": "float", "boolean": "bool", "null": "None"}
FORMATS = {"date-time": "datetime", "date": "date", "time": "time", "uuid": "UUID", "binary": "bytes"}
# A name that is a keyword, or that pydantic's models have for themselves, is met under another and travels as it is.
TAKEN = {
    "copy",
    "json",
    "dict",
    "schema",
    "construct",
    "validate",
    "meta",
    "told_by",
    "has_natural_key",
    "natural_keys",
}


def class_name(name: str) -> str:
    """A component as Python's classes are named: `Body_x_v1` → `BodyXV1`, `Customer-Input` → `CustomerInput`."""
    parts = re.split(r"[^0-9A-Za-z]+", name)
    return "".join(part[:1].upper() + part[1:] for part in parts if part)


def field_name(name: str) -> str:
    """The name of a field or argument as Python may have it."""
    found = re.sub(r"\W", "_", name)
    if keyword.iskeyword(found) or found in TAKEN or found[:1].isdigit():
        return f"{found}_"
    return found.lstrip("_") or "field_"


def referred(schema: Schema) -> str:
    """The component a `$ref` names."""
    return str(schema["$ref"]).rsplit("/", 1)[-1]


def is_decimal(schema: Schema) -> bool:
    """Pydantic says of a Decimal: a number or a string."""
    kinds = {one.get("type") for one in schema.get("anyOf", ())}
    return {"number", "string"} <= kinds <= {"number", "string", "null"}


def python_type(schema: Schema, side: Side, components: Mapping[str, Schema]) -> str:
    """The annotation for a schema; a component that is an enumeration stands for its values."""
    if "$ref" in schema:
        return _component(referred(schema), side, components)
    if is_decimal(schema):
        nullable = any(one.get("type") == "null" for one in schema["anyOf"])
        return "Decimal | None" if nullable else "Decimal"
    alternatives = schema.get("anyOf") or schema.get("oneOf")
    if alternatives:
        return " | ".join(dict.fromkeys(_parts(alternatives, side, components)))
    if len(schema.get("allOf", ())) == 1:
        return python_type(schema["allOf"][0], side, components)
    return _plain(schema, side, components)


def _component(name: str, side: Side, components: Mapping[str, Schema]) -> str:
    schema = components.get(name, {})
    if "properties" in schema or schema.get("type") == "object":
        return class_name(name)
    if "enum" in schema:
        return class_name(name) if side == "input" else f"{class_name(name)} | str"
    return python_type(schema, side, components)


def _parts(alternatives: list[Schema], side: Side, components: Mapping[str, Schema]) -> Iterator[str]:
    found = [part for one in alternatives for part in python_type(one, side, components).split(" | ")]
    yield from (part for part in found if part != "None")
    yield from (part for part in found if part == "None")


def _plain(schema: Schema, side: Side, components: Mapping[str, Schema]) -> str:
    if "const" in schema or "enum" in schema:
        values = [schema["const"]] if "const" in schema else list(schema["enum"])
        literal = f"Literal[{', '.join(repr(value) for value in values)}]"
        texts = all(isinstance(value, str) for value in values)
        return f"{literal} | str" if side == "output" and texts and len(values) > 1 else literal
    kind = schema.get("type")
    if isinstance(kind, list):
        return " | ".join(python_type({**schema, "type": one}, side, components) for one in kind)
    if kind == "string":
        return FORMATS.get(str(schema.get("format")), "str")
    if kind == "array":
        return f"list[{python_type(schema.get('items', {}), side, components)}]"
    if kind == "object":
        inner = schema.get("additionalProperties")
        return f"dict[str, {python_type(inner, side, components) if isinstance(inner, dict) else 'Any'}]"
    return SCALARS.get(str(kind), "Any")


def refs(node: Any) -> Iterator[str]:
    """Every component a part of a document refers to, directly."""
    if isinstance(node, Mapping):
        if isinstance(node.get("$ref"), str):
            yield referred(node)
        for value in node.values():
            yield from refs(value)
    elif isinstance(node, list):
        for value in node:
            yield from refs(value)


def reached(start: Any, components: Mapping[str, Schema]) -> set[str]:
    """The components a part of a document needs, over all their own references."""
    found: set[str] = set()
    left = list(refs(start))
    while left:
        name = left.pop()
        if name not in found and name in components:
            found.add(name)
            left.extend(refs(components[name]))
    return found


def text_of(description: str, indent: str) -> str:
    """A description as a docstring: whole, its lines wrapped and indented, its quotes harmless."""
    told = description.replace("\\", "\\\\").replace('"""', "'''").strip().splitlines()
    lines = [part for line in told for part in (wrap(line.strip(), WIDTH - len(indent)) or [""])] or [""]
    if len(lines) == 1:
        return f'{indent}"""{lines[0]}{" " if lines[0].endswith(chr(34)) else ""}"""'
    body = "\n".join(f"{indent}{line}".rstrip() for line in lines[1:])
    return f'{indent}"""{lines[0]}\n{body}\n{indent}"""'
