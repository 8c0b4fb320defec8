"""A line of a file is refused for what a body would be refused for, though it is read only once."""

import json
from typing import Any

import pytest
from pydantic import BaseModel

from shared import clock
from shared.access import Caller
from shared.crypto import Keyring
from shared.idempotency import Wish
from shared.jobs.importer import Importer, Reject, wish_of
from shared.jobs.parsing import Line
from shared.routing import DEPTH, strict_json


class Anything(BaseModel):
    """A body that takes whatever JSON can say."""

    event_id: str
    value: Any


CALLER = Caller(sub="core", actor="client", scopes=frozenset())
IMPORTER = Importer("things", "thing", Anything, lambda *_: [])
DEEP = "[" * (DEPTH + 1) + "]" * (DEPTH + 1)
REFUSED = [
    "NaN", "-Infinity", "Infinity", '"\\ud800"', '"\\udc00x"', '"a\\u0000b"', '"\u0000"', '"\n"', "01", "1.", ".5", "+1", "1e",
    "[1,]", "{,}", "[1 2]", '{"a" 1}', "'a'", "nul", "tru", '"\\x"', '"open', DEEP, "1}", "",
]  # fmt: skip
TAKEN = [
    "null",
    "1.5",
    "-0",
    "1e3",
    '"NaN"',
    '"Infinity"',
    '"\\u6c49"',
    '"汉"',
    "[[],{}]",
    '"[[[{{{"',
    "[" * 60 + "]" * 60,
]


def told(value: str) -> tuple[bytes, Wish[Any] | Reject]:
    text = f'{{"event_id": "e", "value": {value}}}'.encode()
    return text, wish_of(IMPORTER, Keyring(Keyring.generate()), Line(1, text), CALLER, clock.new_id(), clock.now())


@pytest.mark.parametrize("value", REFUSED)
def test_what_a_body_is_refused_for_is_refused_in_a_file(value: str) -> None:
    text, made = told(value)
    with pytest.raises(json.JSONDecodeError):
        strict_json(text)
    assert made == Reject(1, "malformed", "")


@pytest.mark.parametrize("value", TAKEN)
def test_what_a_body_may_say_a_file_may_say(value: str) -> None:
    text, made = told(value)
    assert isinstance(made, Wish)
    assert made.body.value == strict_json(text)["value"]
