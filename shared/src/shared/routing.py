"""Routes that read JSON strictly: bounded nesting, no NUL, no lone surrogate, and every possible answer documented."""

import inspect
import json
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from fastapi import APIRouter, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, _effective_route_context_var

DEPTH: Final = 64
_PROBLEM: Final = {"$ref": "#/components/schemas/Problem"}
_SAID: Final = {
    400: "The request cannot be read as HTTP",
    401: "No token, or one that does not hold",
    403: "The scope or the kind of caller does not suffice",
    404: "Unknown, or another customer's",
    409: "The state of things does not allow it",
    410: "Erased",
    412: "Stale version",
    413: "Body too large",
    415: "Content type or encoding not taken",
    422: "Malformed input",
    428: "If-Match is required",
    429: "Too many requests",
    500: "A fault of ours",
    503: "A dependency is missing, or load is shed",
}


def problem_answers() -> dict[int | str, dict[str, Any]]:
    """What a route may answer besides success, as OpenAPI has it."""
    return {
        status: {"description": text, "content": {"application/problem+json": {"schema": _PROBLEM}}}
        for status, text in _SAID.items()
    }


def _deeper_than(value: Any, most: int) -> bool:
    """Whether lists and objects nest beyond `most`; walked without recursion."""
    level = [value]
    for _ in range(most + 1):
        level = [
            child
            for parent in level
            if isinstance(parent, list | dict)
            for child in (parent.values() if isinstance(parent, dict) else parent)
            if isinstance(child, list | dict)
        ]
        if not level:
            return False
    return True


def strict_json(data: bytes) -> Any:
    """The value of a JSON text; raises json.JSONDecodeError, without its content, for what we do not take."""
    if b"\\u0000" in data or b"\x00" in data:
        raise json.JSONDecodeError("NUL characters are not taken", "", 0)
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise json.JSONDecodeError("not well-formed JSON", "", error.pos) from None
    if data.count(b"[") + data.count(b"{") > DEPTH and _deeper_than(value, DEPTH):
        raise json.JSONDecodeError(f"nested deeper than {DEPTH}", "", 0)
    return value


class _StrictRequest(Request):
    async def json(self) -> Any:
        if not hasattr(self, "_json"):
            self._json = strict_json(await self.body())
        return self._json


@dataclass(frozen=True, slots=True)
class ShortWay:
    """The way of a request that is in order, on a route that asks for little: checks of the request, a path, one body.

    FastAPI finds anew for each request how everything is to be had, and takes longer for it than a group takes for the
    request's row. Whatever is not as it should be goes FastAPI's way from its beginning, and has FastAPI's answer.
    """

    endpoint: Callable[..., Awaitable[Response]]
    request: str | None
    checks: Sequence[tuple[str | None, Callable[..., Awaitable[Any]]]]
    path: Sequence[Any]
    headers: Sequence[tuple[bytes, Any]]
    queries: Sequence[str]
    body: Any | None

    @classmethod
    def of(cls, dependant: Dependant, *, embedded: bool) -> "ShortWay | None":
        """The short way of a route, or None for one that asks for more."""
        call, checks = dependant.call, dependant.dependencies
        optional = [*dependant.header_params, *dependant.query_params]
        if call is None or inspect.signature(call).return_annotation is not Response or not _plain(dependant):
            return None
        if embedded or len(dependant.body_params) > 1 or any(field.default is not None for field in optional):
            return None
        if any(_asks(one) or one.call is None or not one.request_param_name or not _plain(one) for one in checks):
            return None
        return cls(
            endpoint=call,
            request=dependant.request_param_name,
            checks=[(one.name, one.call) for one in checks if one.call is not None],
            path=dependant.path_params,
            headers=[(field.alias.lower().encode(), field) for field in dependant.header_params],
            queries=[field.name for field in dependant.query_params],
            body=dependant.body_params[0] if dependant.body_params else None,
        )

    async def answer(self, request: Request) -> Response | None:
        """The answer, or None for a request that is to go FastAPI's way."""
        values: dict[str, Any] = dict.fromkeys(self.queries)
        if self.queries and request.scope["query_string"]:
            return None
        # Of a header said twice the first counts, as everywhere.
        given: dict[bytes, bytes] = dict(reversed(request.scope["headers"]))
        body = None
        if self.body is not None:
            if given.get(b"content-type", b"").partition(b";")[0] != b"application/json":
                return None
            try:
                body = await request.json()
            except json.JSONDecodeError:
                return None
        for name, check in self.checks:
            found = await check(request)
            if name is not None:
                values[name] = found
        told: list[tuple[Any, Any, tuple[str, ...]]] = [
            (field, request.path_params[field.alias], ("path", field.alias)) for field in self.path
        ]
        told += [
            (field, given[name].decode("latin-1"), ("header", field.alias))
            for name, field in self.headers
            if name in given
        ]
        if self.body is not None:
            told.append((self.body, body, ("body",)))
        for field, value, loc in told:
            values[field.name], faults = field.validate(value, values, loc=loc)
            if faults:
                return None
        for _, field in self.headers:
            values.setdefault(field.name, None)
        if self.request is not None:
            values[self.request] = request
        return await self.endpoint(**values)


def _asks(dependant: Dependant) -> bool:
    """Whether something besides the request itself is asked of the request."""
    return bool(
        dependant.dependencies
        or dependant.path_params
        or dependant.query_params
        or dependant.header_params
        or dependant.body_params
    )


def _plain(dependant: Dependant) -> bool:
    """Whether it is a coroutine that knows nothing of cookies, background tasks, the coming answer or scopes."""
    call: Any = dependant.call
    awaited = inspect.iscoroutinefunction(call) or inspect.iscoroutinefunction(type(call).__call__)
    return awaited and not (
        dependant.cookie_params
        or dependant.background_tasks_param_name
        or dependant.response_param_name
        or dependant.security_scopes_param_name
        or dependant.http_connection_param_name
        or dependant.concurrency
    )


class Route(APIRoute):
    """One route of ours. One that creates also documents the answer to a repeat, which makes nothing: 200."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        model = options.get("response_model")
        if options.get("status_code") == 201 and isinstance(model, type):
            repeat = {"model": model, "description": "Known by its natural key: the resource as it is now"}
            options["responses"] = {200: repeat, **(options.get("responses") or {})}
        super().__init__(path, endpoint, **options)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler FastAPI would use, with our request in place of its own, and the short way before it."""
        handle = super().get_route_handler()
        # As FastAPI itself does here: a router that is included may add checks of its own to those of the route.
        included = _effective_route_context_var.get()
        route: Any = included if included is not None and included.original_route is self else self
        short = ShortWay.of(route.dependant, embedded=route._embed_body_fields)

        async def strictly(request: Request) -> Response:
            ours = _StrictRequest(request.scope, request.receive)
            answer = await short.answer(ours) if short is not None else None
            return answer if answer is not None else await handle(ours)

        return strictly


class Router(APIRouter):
    """A capability's router: `Router(prefix="/v1/customers", tags=["customers"])`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(route_class=Route, responses=problem_answers(), **options)
