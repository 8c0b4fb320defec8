"""What breaks a contract is found, and what only adds to it is let through."""

import copy
from typing import Any

import pytest

from cxbank_local.contracts.breaking import breaks_of_api, breaks_of_schema

Document = dict[str, Any]


def api() -> Document:
    """A small contract: one thing that can be made and shown."""
    told = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}}
    taken = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/New"}}}, "required": True}
    key = {"in": "header", "name": "Idempotency-Key", "required": False, "schema": {"type": "string"}}
    return {
        "paths": {
            "/v1/things": {
                "post": {"parameters": [key], "requestBody": taken, "responses": {"201": told}},
                "get": {"responses": {"200": told}},
            }
        },
        "components": {
            "schemas": {
                "New": {
                    "type": "object",
                    "required": ["name"],
                    "properties": {
                        "name": {"type": "string", "maxLength": 80},
                        "kind": {"enum": ["a", "b"], "type": "string"},
                        "size": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
                        "parts": {"type": "array", "items": {"$ref": "#/components/schemas/New"}},
                    },
                },
                "Thing": {
                    "type": "object",
                    "required": ["id", "name"],
                    "properties": {
                        "id": {"type": "string", "format": "uuid"},
                        "name": {"type": "string"},
                        "parent": {"anyOf": [{"$ref": "#/components/schemas/Thing"}, {"type": "null"}]},
                        "kind": {"enum": ["a", "b"], "type": "string"},
                    },
                },
            }
        },
    }  # fmt: skip


def changed(*steps: str, to: Any = None) -> Document:
    """The small contract with one place replaced, or removed where `to` is None."""
    document = copy.deepcopy(api())
    place: Any = document
    for step in steps[:-1]:
        place = place[step]
    if to is None:
        del place[steps[-1]]
    else:
        place[steps[-1]] = to
    return document


NEW, THING = ("components", "schemas", "New"), ("components", "schemas", "Thing")
POST = ("paths", "/v1/things", "post")


def test_the_same_contract_breaks_nobody() -> None:
    assert breaks_of_api(api(), api()) == []


@pytest.mark.parametrize(
    ("newer", "said"),
    [
        (changed("paths", "/v1/things"), "the route is gone"),
        (changed("paths", "/v1/things", "get"), "GET /v1/things: the route is gone"),
        (changed(*THING, "properties", "name"), ".name: the field is gone"),
        (changed(*THING, "required", to=["id"]), ".name: it may be missing now"),
        (changed(*THING, "properties", "id", to={"type": "integer"}), "string is not given any more"),
        (changed(*THING, "properties", "id", to={"type": "string"}), "the format was uuid, now free"),
        (changed(*THING, "properties", "name", to={"type": ["string", "null"]}), "it can now be null"),
        (changed(*NEW, "properties", "kind"), ".kind: the field is gone"),
        (changed(*NEW, "required", to=["name", "kind"]), ".kind: it has become required"),
        (changed(*NEW, "properties", "kind", "enum", to=["a"]), "b is not taken any more"),
        (changed(*NEW, "properties", "name", "maxLength", to=40), "maxLength fell to 40"),
        (changed(*NEW, "properties", "name", "pattern", to="^x"), "the pattern is another"),
        (changed(*NEW, "properties", "size", to={"type": "integer"}), "null is not taken any more"),
        (changed(*POST, "responses", "201"), "it never answers 201 any more"),
        (changed(*POST, "parameters"), "the parameter is gone"),
        (changed(*POST, "requestBody"), "it takes no body any more"),
    ],
)  # fmt: skip
def test_a_break_is_found_and_named(newer: Document, said: str) -> None:
    found = breaks_of_api(api(), newer)
    assert any(said in one for one in found), found


@pytest.mark.parametrize(
    "newer",
    [
        changed("paths", "/v1/more", to={"get": {"responses": {}}}),
        changed(*THING, "properties", "more", to={"type": "string"}),
        changed(*THING, "properties", "kind", "enum", to=["a", "b", "c"]),
        changed(*THING, "required", to=["id", "name", "kind"]),
        changed(*NEW, "properties", "more", to={"type": "string"}),
        changed(*NEW, "properties", "kind", "enum", to=["a", "b", "c"]),
        changed(*NEW, "properties", "name", "maxLength", to=90),
        changed(*NEW, "required", to=[]),
    ],
)
def test_what_only_adds_breaks_nobody(newer: Document) -> None:
    assert breaks_of_api(api(), newer) == []


def test_an_event_is_read_by_others_and_may_lose_nothing() -> None:
    old = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}, "tier": {"type": "string"}}}
    new = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}
    assert breaks_of_schema(old, new, "cxbank.customer.registered.v1") == [
        "cxbank.customer.registered.v1.tier: the field is gone"
    ]
    assert breaks_of_schema(new, old, "cxbank.customer.registered.v1") == []
