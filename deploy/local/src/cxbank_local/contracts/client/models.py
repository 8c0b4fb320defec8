"""Schemas -> the text of a module of pydantic models: inputs, answers, enumerations, events."""

from collections.abc import Mapping
from typing import Any

from cxbank_local.contracts.client.types import Schema, Side, class_name, field_name, python_type, text_of

# In the order in which they decide; see the contract, "Creating".
NATURAL_KEYS = ("event_id", "source_ref", "external_ref")
PAGE = {"items", "next_cursor"}
HEAD = '''"""{promise}"""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from cxbank_client.answers import {bases}

'''


def is_page(schema: Schema) -> bool:
    """Whether a component is one page of a list; those are all the same generic model here."""
    return set(schema.get("properties", {})) == PAGE


def models_module(service: str, components: Mapping[str, Schema], sides: Mapping[str, Side]) -> str:
    """The models of one service's HTTP contract; `sides` says which components are used, and whether we send them."""
    parts = [HEAD.format(promise=f"Generated: what {service} takes and tells.", bases="Answer, Input")]
    for name in sorted(sides):
        schema = components[name]
        if "enum" in schema:
            values = ", ".join(repr(value) for value in schema["enum"])
            parts.append(f"{class_name(name)} = Literal[{values}]\n")
    for name in sorted(sides):
        schema = components[name]
        if schema.get("type") == "object" and not is_page(schema):
            parts.append(_model(name, schema, sides[name], components))
    return "\n".join(parts)


def events_module(service: str, schemas: Mapping[str, Schema]) -> str:
    """The events of one service, and `EVENTS`, which finds the model of a `ce_type`."""
    parts = [HEAD.format(promise=f"Generated: what {service} says on its topic.", bases="Said")]
    inner: dict[str, Schema] = {}
    for name, schema in sorted(schemas.items()):
        title = str(schema.get("title", ""))
        for part, definition in schema.get("$defs", {}).items():
            inner[f"{title}{part}"] = _renamed(definition, title)
        inner[title] = {**_renamed(schema, title), "x-event": name}
    for name, schema in inner.items():
        if "enum" in schema:
            parts.append(f"{class_name(name)} = Literal[{', '.join(repr(value) for value in schema['enum'])}]\n")
    for name, schema in inner.items():
        if "enum" not in schema:
            parts.append(_model(name, schema, "output", inner, base="Said"))
    listed = "".join(f"    {name!r}: {schema['title']},\n" for name, schema in sorted(schemas.items()))
    parts.append(f"EVENTS: dict[str, type[Said]] = {{\n{listed}}}\n")
    return "\n".join(parts)


def _renamed(node: Any, prefix: str) -> Any:
    """Two events may each have an inner model of one name: each is known under its event's."""
    if isinstance(node, dict):
        return {
            key: f"#/{prefix}{value.rsplit('/', 1)[-1]}" if key == "$ref" else _renamed(value, prefix)
            for key, value in node.items()
        }
    return [_renamed(one, prefix) for one in node] if isinstance(node, list) else node


def _model(name: str, schema: Schema, side: Side, components: Mapping[str, Schema], base: str = "") -> str:
    properties: Mapping[str, Schema] = schema.get("properties", {})
    required = set(schema.get("required", ()))
    lines = [f"class {class_name(name)}({base or ('Input' if side == 'input' else 'Answer')}):"]
    lines.append(text_of(str(schema.get("description") or schema.get("title") or name), "    "))
    if "x-event" in schema:
        lines.append(f"\n    event_type: ClassVar[str] = {schema['x-event']!r}")
    keys = tuple(key for key in NATURAL_KEYS if key in properties)
    if side == "input" and keys and not base:
        lines.append(f"\n    natural_keys: ClassVar[tuple[str, ...]] = {keys!r}")
    if properties:
        lines.append("")
    lines += [f"    {_field(key, one, side, components, required=key in required)}" for key, one in properties.items()]
    return "\n".join(lines) + "\n"


def _field(name: str, schema: Schema, side: Side, components: Mapping[str, Schema], *, required: bool) -> str:
    kind = python_type(schema, side, components)
    attribute = field_name(name)
    alias = f", alias={name!r}" if attribute != name else ""
    default = schema.get("default")
    if required:
        return f"{attribute}: {kind} = Field(...{alias})" if alias else f"{attribute}: {kind}"
    if default is None or side == "output":
        optional = kind if kind == "Any" or "None" in kind.split(" | ") else f"{kind} | None"
        return f"{attribute}: {optional} = Field(None{alias})" if alias else f"{attribute}: {optional} = None"
    if isinstance(default, list | dict) or alias:
        return f"{attribute}: {kind} = Field(default_factory=lambda: {default!r}{alias})"
    return f"{attribute}: {kind} = {default!r}"
