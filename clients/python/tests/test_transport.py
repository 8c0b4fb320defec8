"""A request of the client: its token, its key, its repeats, its problems."""

import gzip
from collections.abc import AsyncIterator, Callable, Mapping
from typing import ClassVar

import httpx
import pytest

from cxbank_client.answers import Answer, Input, Page
from cxbank_client.jobs import ended
from cxbank_client.problems import Conflict, Malformed, Unauthorized, Unavailable, Unreachable
from cxbank_client.rows import ndjson
from cxbank_client.tokens import ClientCredentials
from cxbank_client.transport import Transport


class Thing(Answer):
    """What the pretended service tells."""

    id: int


class NewThing(Input):
    """What it takes."""

    natural_keys: ClassVar[tuple[str, ...]] = ("external_ref",)

    name: str
    external_ref: str | None = None


class Things(Transport):
    """Two operations, as the generator writes them."""

    async def make(self, body: NewThing) -> Thing:
        """Make one."""
        return await self._ask("POST", "/v1/things", Thing, body=body, headers={"Idempotency-Key": None}, keyed=True)

    async def look_up(self, body: NewThing) -> Thing:
        """A POST without a key."""
        return await self._ask("POST", "/v1/lookups", Thing, body=body)

    async def page(self, cursor: str | None = None) -> Page[Thing]:
        """One page."""
        return await self._ask("GET", "/v1/things", Page[Thing], query={"cursor": cursor, "limit": 2, "kind": None})

    def every(self) -> AsyncIterator[Thing]:
        """All pages."""
        return self._pages(self.page, None)

    async def upload(self, rows: AsyncIterator[bytes], *, pack: bool = False) -> Thing:
        """An import."""
        return await self._upload("/v1/things/imports", Thing, rows, media="application/x-ndjson", pack=pack)

    def rejects(self) -> AsyncIterator[str]:
        """A streamed answer."""
        return self._lines("/v1/rejects")


def things(*answers: httpx.Response | Exception, token: str | None = None) -> tuple[Things, list[httpx.Request]]:
    """A client whose service gives these answers in turn, and what it was asked."""
    asked: list[httpx.Request] = []
    left = list(answers)

    def serve(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return Things("http://service", token, transport=httpx.MockTransport(serve)), asked


def problem(status: int, kind: str = "conflict", headers: Mapping[str, str] | None = None) -> httpx.Response:
    """A problem document as the services give it."""
    body = {"type": f"/problems/{kind}", "title": "No", "status": status, "detail": "Not so.", "instance": "/v1/things"}
    return httpx.Response(status, json=body, headers=headers)


async def test_a_created_thing_remembers_how_it_came() -> None:
    head = {"ETag": '"1"', "Location": "/v1/things/7", "Idempotent-Replayed": "true"}
    client, asked = things(httpx.Response(201, json={"id": 7, "newer": "field"}, headers=head), token="secret")
    async with client:
        made = await client.make(NewThing(name="x"))
    assert made.id == 7
    assert (made.meta.status, made.meta.etag, made.meta.location, made.meta.replayed) == (
        201,
        '"1"',
        "/v1/things/7",
        True,
    )
    assert asked[0].headers["Authorization"] == "Bearer secret"


async def test_without_a_natural_key_every_repeat_carries_the_same_made_key() -> None:
    client, asked = things(httpx.ReadError("gone"), problem(503), httpx.Response(201, json={"id": 1}))
    await client.make(NewThing(name="x"))
    keys = {request.headers["Idempotency-Key"] for request in asked}
    assert len(asked) == 3
    assert len(keys) == 1


async def test_with_a_natural_key_no_header_is_made() -> None:
    client, asked = things(httpx.Response(201, json={"id": 1}))
    await client.make(NewThing(name="x", external_ref="a"))
    assert "Idempotency-Key" not in asked[0].headers
    assert asked[0].read() == b'{"name":"x","external_ref":"a"}'


async def test_a_twin_in_flight_is_waited_for() -> None:
    client, asked = things(problem(409, "request-in-flight", {"Retry-After": "0"}), httpx.Response(201, json={"id": 1}))
    assert (await client.make(NewThing(name="x"))).id == 1
    assert len(asked) == 2


async def test_a_conflict_is_told_at_once() -> None:
    client, asked = things(problem(409, "external-ref-conflict"))
    with pytest.raises(Conflict) as told:
        await client.make(NewThing(name="x", external_ref="a"))
    assert told.value.type == "/problems/external-ref-conflict"
    assert len(asked) == 1


async def test_what_may_have_been_carried_out_is_not_repeated_without_a_key() -> None:
    client, asked = things(httpx.ReadTimeout("late"))
    with pytest.raises(Unreachable):
        await client.look_up(NewThing(name="x"))
    client, asked = things(problem(503, "unavailable"))
    with pytest.raises(Unavailable):
        await client.look_up(NewThing(name="x"))
    assert len(asked) == 1


async def test_what_never_left_is_repeated_always() -> None:
    client, asked = things(httpx.ConnectError("refused"), httpx.Response(200, json={"id": 1}))
    await client.look_up(NewThing(name="x"))
    assert len(asked) == 2


async def test_malformed_input_names_its_faults() -> None:
    faults = [{"pointer": "/name", "code": "missing", "detail": "is missing"}]
    body = {"type": "/problems/malformed", "title": "Malformed", "status": 422, "errors": faults, "limit": 5}
    client, _ = things(httpx.Response(422, json=body))
    with pytest.raises(Malformed) as told:
        await client.look_up(NewThing(name="x"))
    assert told.value.errors[0].pointer == "/name"
    assert told.value.extra == {"limit": 5}


async def test_a_proxys_page_is_a_problem_too() -> None:
    client, _ = things(httpx.Response(401, text="<html>"))
    with pytest.raises(Unauthorized):
        await client.page()


async def test_pages_are_fetched_as_they_are_needed() -> None:
    client, asked = things(
        httpx.Response(200, json={"items": [{"id": 3}, {"id": 2}], "next_cursor": "c"}),
        httpx.Response(200, json={"items": [{"id": 1}], "next_cursor": None}),
    )
    assert [one.id async for one in client.every()] == [3, 2, 1]
    assert [dict(request.url.params) for request in asked] == [{"limit": "2"}, {"cursor": "c", "limit": "2"}]


async def test_an_import_streams_what_an_iterator_gives_and_sends_it_once() -> None:
    async def rows() -> AsyncIterator[bytes]:
        for number in range(3):
            yield b'{"n":%d}\n' % number

    client, asked = things(problem(503))
    with pytest.raises(Unavailable):
        await client.upload(rows())
    assert len(asked) == 1
    client, asked = things(httpx.Response(202, json={"id": 1}))
    await client.upload(rows())
    assert asked[0].headers["Content-Type"] == "application/x-ndjson"


async def test_rows_of_models_travel_as_lines_and_packed_where_asked_for() -> None:
    received: list[httpx.Request] = []

    async def serve(request: httpx.Request) -> httpx.Response:
        await request.aread()
        received.append(request)
        return httpx.Response(202, json={"id": 1})

    rows = [NewThing(name="王"), NewThing(name="b", external_ref="r")]
    async with Things("http://service", transport=httpx.MockTransport(serve)) as client:
        await client.upload(ndjson(rows))
        await client.upload(ndjson([row.model_dump(exclude_unset=True) for row in rows]), pack=True)
    plain, pressed = received
    assert plain.content.decode() == '{"name": "王"}\n{"name": "b", "external_ref": "r"}\n'
    assert pressed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(pressed.content) == plain.content


async def test_a_streamed_answer_comes_line_by_line() -> None:
    client, _ = things(httpx.Response(200, text='{"line":1}\n{"line":2}\n'))
    assert [line async for line in client.rejects()] == ['{"line":1}', '{"line":2}']


async def test_a_refused_token_is_fetched_again_once() -> None:
    given = iter(["old", "new"])
    issuer = httpx.MockTransport(lambda _: httpx.Response(200, json={"access_token": next(given), "expires_in": 900}))
    source = ClientCredentials("http://issuer/token", "id", "secret", audience="a", scope="s", transport=issuer)
    asked: list[str] = []

    def serve(request: httpx.Request) -> httpx.Response:
        asked.append(request.headers["Authorization"])
        return httpx.Response(200, json={"id": 1}) if asked[-1] == "Bearer new" else problem(401)

    async with Things("http://service", source, transport=httpx.MockTransport(serve)) as client:
        await client.look_up(NewThing(name="x"))
        await client.look_up(NewThing(name="x"))
    assert asked == ["Bearer old", "Bearer new", "Bearer new"]


class Work:
    """A job in one of its states."""

    def __init__(self, state: str) -> None:
        self.state = state


def turns(*states: str) -> Callable[[], Work]:
    """A job that has the next state whenever it is asked."""
    left = iter(states)
    return lambda: Work(next(left))


async def test_a_job_is_waited_for_and_watched() -> None:
    turn = turns("running", "running", "done")
    seen: list[str] = []

    async def ask() -> Work:
        return turn()

    assert (await ended(ask, within=5, watch=lambda job: seen.append(job.state))).state == "done"
    assert seen == ["running", "running", "done"]


async def test_a_job_that_takes_too_long_is_a_timeout() -> None:
    async def ask() -> Work:
        return Work("running")

    with pytest.raises(TimeoutError):
        await ended(ask, within=0.02)
