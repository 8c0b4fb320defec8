"""What no door lets in, tried at every operation of every service: no token or a wrong one, no JSON, too much of it."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from shared.testing.live import Live, Operation

JSON = "application/json"
Refused = Callable[[httpx.Response], dict[str, Any]]
# What no route takes as a body, whatever it asks for.
NO_BODIES = {
    "ten thousand lists deep": b"[" * 10_000 + b"]" * 10_000,
    "ten thousand objects deep": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "a NUL, escaped": b'{"a": "b\\u0000c"}',
    "a NUL, raw": b'{"a": "b\x00c"}',
    "a NUL as a name": b'{"a\\u0000": 1}',
    "a lone low surrogate": b'{"a": "\\udc00"}',
    "a lone high surrogate": b'{"a": "\\ud800"}',
    "a surrogate in UTF-8": b'{"a": "\xed\xa0\x80"}',
    "no UTF-8": b'{"a": "\xff"}',
    "half a text": b'{"a": ',
    "two texts": b"{} {}",
    "nothing": b"",
    "no number": b'{"a": NaN}',
    "a list": b"[]",
    "a text": b'"a"',
    "null": b"null",
    "a number of a thousand digits": b"9" * 1_000,
}


def bodied(live: Live) -> Iterator[Operation]:
    """Every operation that reads JSON."""
    yield from (one for one in live.operations() if one.takes(JSON))


def send(live: Live, one: Operation, content: bytes, **head: str) -> httpx.Response:
    """A body for an operation, as a service of ours, whom every route takes, that saw version 1 and has a key."""
    known = {"content-type": JSON, "If-Match": '"1"', "Idempotency-Key": "k"}
    return live.ask("service", one.method.upper(), one.url, content=content, headers=known | head)


def fields_of(live: Live, one: Operation) -> dict[str, Any]:
    """The fields of the body an operation reads, by name."""
    schema = one.told["requestBody"]["content"][JSON]["schema"]
    name = schema["$ref"].rsplit("/", 1)[1]
    found: dict[str, Any] = live.document["components"]["schemas"][name]["properties"]
    return found


def test_nobody_without_a_token_of_this_service_gets_past_any_door(live: Live, refused: Refused) -> None:
    elsewhere = "kpi" if live.service.name != "kpi" else "risk"
    wrong = {
        "none": {"Authorization": ""},
        "no bearer": {"Authorization": "Basic YTpi"},
        "no token": {"Authorization": "Bearer x"},
        "of another service": live.head(audience=elsewhere),
        "expired": live.head(lifetime=-1),
        "of another issuer": live.head(iss="http://127.0.0.1:1"),
    }
    for one in live.operations():
        for what, head in wrong.items():
            answer = live.ask("service", one.method.upper(), one.url, headers=head)
            assert answer.status_code == 401, f"{one}, {what}: {answer.status_code}"
            assert answer.headers["www-authenticate"] == "Bearer"
            refused(answer)


def test_the_scope_of_another_route_opens_no_door(live: Live, refused: Refused) -> None:
    for one in live.operations():
        others = [scope for scope in live.scopes() if scope != one.scope]
        for actor in ("staff", "client", "customer"):
            answer = live.ask("service", one.method.upper(), one.url, headers=live.head(actor, scopes=others))
            assert answer.status_code == 403, f"{one} as {actor}: {answer.status_code}"
            refused(answer)


@pytest.mark.parametrize("content", NO_BODIES.values(), ids=NO_BODIES)
def test_what_is_no_body_is_422_at_every_door(live: Live, refused: Refused, content: bytes) -> None:
    for one in bodied(live):
        answer = send(live, one, content)
        assert answer.status_code == 422, f"{one}: {answer.status_code} {answer.text[:200]}"
        assert refused(answer)["errors"], str(one)


def test_a_field_nobody_knows_is_422_and_named(live: Live, refused: Refused) -> None:
    for one in bodied(live):
        answer = send(live, one, b'{"nobody_knows_this": "13812345678"}')
        assert answer.status_code == 422, f"{one}: {answer.status_code}"
        assert "/nobody_knows_this" in [fault["pointer"] for fault in refused(answer)["errors"]], str(one)
        assert "13812345678" not in answer.text


@pytest.mark.parametrize("value", [[[{}]], "Q" * 25_000, -(10**30)], ids=["lists", "long text", "huge number"])
def test_a_value_of_a_wrong_type_is_422_and_not_told_again(live: Live, refused: Refused, value: Any) -> None:
    for one in bodied(live):
        body = dict.fromkeys(fields_of(live, one), value)
        answer = send(live, one, json.dumps(body).encode())
        assert answer.status_code == 422, f"{one}: {answer.status_code} {answer.text[:200]}"
        faults = refused(answer)["errors"]
        assert faults, str(one)
        assert "QQQQQ" not in answer.text


def test_ten_megabytes_are_413_however_they_come(live: Live, refused: Refused) -> None:
    async def pieces() -> Any:
        for _ in range(10):
            yield b"x" * 1_000_000

    for one in bodied(live):
        assert send(live, one, b"x" * 10_000_000).status_code == 413, str(one)
        known = {"content-type": JSON, "If-Match": '"1"', "Idempotency-Key": "k"}
        answer = live.ask("service", one.method.upper(), one.url, content=pieces(), headers=known)
        assert answer.status_code == 413, f"{one}, in pieces: {answer.status_code}"
        refused(answer)


def test_what_nobody_heard_of_is_404(live: Live, refused: Refused) -> None:
    for one in live.operations():
        if one.method == "get" and "{" in one.path:
            answer = live.ask("service", "GET", one.url, params=one.asked(live.document))
            assert answer.status_code == 404, f"{one}: {answer.status_code}"
            refused(answer)


def test_an_address_or_a_method_nobody_knows_is_a_problem_too(live: Live, refused: Refused) -> None:
    for method, path, status in (("GET", "/v1/nothing", 404), ("TRACE", "/v1/nothing", 404)):
        answer = live.ask("service", method, path)
        assert answer.status_code == status
        refused(answer)
    for one in live.operations():
        answer = live.ask("service", "PUT" if one.method != "put" else "DELETE", one.url)
        assert answer.status_code == 405, f"{one}: {answer.status_code}"
        refused(answer)


def test_a_cursor_that_is_none_of_ours_is_422(live: Live, refused: Refused) -> None:
    listed = [one for one in live.operations() if "cursor" in {part["name"] for part in one.told.get("parameters", ())}]
    assert listed
    for one in listed:
        needed = {part["name"]: example(part["schema"]) for part in one.told["parameters"] if part.get("required")}
        for cursor in ("x", "AAAA" * 20, "\u20ac", "a" * 301):
            answer = live.ask("service", "GET", one.url, params=needed | {"cursor": cursor})
            assert answer.status_code == 422, f"{one} {cursor[:8]}: {answer.status_code}"
            assert "/query/cursor" in [fault["pointer"] for fault in refused(answer)["errors"]]


def example(schema: dict[str, Any]) -> str:
    """Some value for a required parameter."""
    return "2026-01-01" if schema.get("format") == "date" else "bank"
