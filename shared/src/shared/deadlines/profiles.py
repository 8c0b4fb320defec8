"""The statutory profiles the suite comes with: dated data with its source, and the reader for a bank's own."""

from functools import cache
from importlib.resources import files
from typing import Final

from pydantic import TypeAdapter

from shared.deadlines.rules import Policy

_POLICY: Final = TypeAdapter(Policy)


def policy_from_json(told: str | bytes) -> Policy:
    """A policy as JSON tells it; pydantic's ValidationError says where it is wrong. Unknown words are refused."""
    return _POLICY.validate_json(told)


def policy_as_json(policy: Policy) -> bytes:
    """The same, to be stored beside what was computed by it."""
    return _POLICY.dump_json(policy)


@cache
def statutory() -> dict[str, Policy]:
    """Every profile under `data/`, by its key. A bank overrides one by a policy of the same key and a later edition."""
    found = [
        policy_from_json(one.read_bytes())
        for one in (files("shared.deadlines") / "data").iterdir()
        if one.name.endswith(".json")
    ]
    return {policy.key: policy for policy in sorted(found, key=lambda one: one.key)}
