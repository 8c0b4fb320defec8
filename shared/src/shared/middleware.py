"""The edge of every service, as pure ASGI: identity of a request, size and number of what is let in, and its measures."""

import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final
from uuid import UUID

import orjson
from starlette.exceptions import HTTPException

from shared import clock
from shared.problems import MEDIA_TYPE, Malformed, Problem, TooLarge, TooMany, Unavailable
from shared.telemetry import DURATION, REQUESTS, log, request_id_var, traceparent, traceparent_var

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_QUIET: Final = ("/health/", "/metrics")


class _TooLarge(HTTPException):
    """More bytes came than the route takes. FastAPI makes 400 of every other error while it reads a body."""

    def __init__(self, most: int) -> None:
        # The rest of the body is not read: the connection cannot be used again.
        super().__init__(413, f"At most {most} bytes.", {"Connection": "close"})


def _header(scope: Scope, name: bytes) -> str | None:
    for key, value in scope["headers"]:
        if key == name:
            return str(value, "latin-1")
    return None


def _request_id(given: str | None) -> str:
    """The caller's id if it is a UUID, so that nothing else of theirs enters our logs, or a new one."""
    if given is not None:
        try:
            return str(UUID(given))
        except ValueError:
            pass
    return str(clock.new_id())


class Edge:
    """Wraps the whole application; one object, no task, no buffering."""

    def __init__(
        self, app: App, *, max_body: int, max_in_flight: int, limiter: Callable[[str], float] | None = None
    ) -> None:
        self._app = app
        self._max_body = max_body
        self._max_in_flight = max_in_flight
        self._limiter = limiter
        self._in_flight = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        request_id = _request_id(_header(scope, b"x-request-id"))
        trace = traceparent(_header(scope, b"traceparent"))
        request_id_var.set(request_id)
        traceparent_var.set(trace)
        # A state of this request's own: what the lifespan put there is shared by all.
        scope["state"] = dict(scope.get("state") or {}) | {"request_id": request_id, "traceparent": trace}
        status = 500

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *message.get("headers", ()),
                    (b"x-request-id", request_id.encode()),
                    (b"traceparent", trace.encode()),
                    (b"cache-control", b"no-store"),
                ]
            await send(message)

        refusal = self._refusal(scope)
        self._in_flight += 1
        try:
            if refusal is not None:
                await _say(refusal, scope, answer)
            else:
                await self._app(scope, self._bounded(scope, receive), answer)
        finally:
            self._in_flight -= 1
            self._measure(scope, status, time.perf_counter() - began)

    def _refusal(self, scope: Scope) -> Problem | None:
        quiet = scope["path"].startswith(_QUIET)
        if self._in_flight >= self._max_in_flight and not quiet:
            return Unavailable("Too many requests are under way.")
        if "\x00" in scope["path"] or b"%00" in scope.get("query_string", b""):
            return Malformed("NUL characters are not taken.")
        if not scope["path"].endswith("/imports"):
            length = _header(scope, b"content-length") or "0"
            if length.isdigit() and int(length) > self._max_body:
                return TooLarge(f"At most {self._max_body} bytes.")
        if self._limiter is not None and not quiet:
            wait = self._limiter(_header(scope, b"authorization") or str((scope.get("client") or ("",))[0]))
            if wait > 0:
                return TooMany("The rate limit is spent.", headers={"Retry-After": str(int(wait) + 1)})
        return None

    def _bounded(self, scope: Scope, receive: Receive) -> Receive:
        """Imports count their own bytes while they stream; everything else is bounded here, chunked or not."""
        if scope["path"].endswith("/imports"):
            return receive
        got = 0

        async def bounded() -> Message:
            nonlocal got
            message = await receive()
            got += len(message.get("body", b""))
            if got > self._max_body:
                raise _TooLarge(self._max_body)
            return message

        return bounded

    def _measure(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "none")
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        REQUESTS.labels(method, route, str(status)).inc()
        DURATION.labels(method, route).observe(seconds)
        if status >= 500:
            log.warning("request_failed", method=method, route=route, status=status, seconds=round(seconds, 4))


_METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})


async def _say(problem: Problem, scope: Scope, send: Send) -> None:
    body = orjson.dumps(problem.body(scope["path"]))
    headers = [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", str(len(body)).encode())]
    headers += [(name.lower().encode(), value.encode()) for name, value in problem.headers.items()]
    if problem.status == 413:
        # The rest of the body is not read: the connection cannot be used again.
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": problem.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
