"""The short way of a request that is in order, from the edge to its route, past what FastAPI does for all others."""

import inspect
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute

from shared.routing import strict_json

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Refuse = Callable[[Request, Exception], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class ShortWay:
    """What a route asks for that asks for little: checks of the request, ids in its path, headers, one body.

    FastAPI finds anew for each request which route it is and how everything is to be had, and takes longer for it than a
    group takes for the request's row. Whatever is not as it should be goes FastAPI's way, and has FastAPI's answer.
    """

    route: APIRoute
    endpoint: Callable[..., Awaitable[Response]]
    request: str | None
    checks: Sequence[tuple[str | None, Callable[..., Awaitable[Any]]]]
    path: Sequence[Any]
    headers: Sequence[tuple[bytes, Any]]
    queries: Sequence[str]
    body: Any | None

    @classmethod
    def of(cls, route: APIRoute, dependant: Dependant) -> "ShortWay | None":
        """The short way of a route, or None for one that asks for more."""
        call, checks = dependant.call, dependant.dependencies
        optional = [*dependant.header_params, *dependant.query_params]
        if call is None or inspect.signature(call).return_annotation is not Response or not _plain(dependant):
            return None
        if len(dependant.body_params) > 1 or any(field.default is not None for field in optional):
            return None
        if any(getattr(field.field_info, "embed", None) for field in dependant.body_params):
            return None
        # Only an id cannot be a word of another route's path.
        if any(field.field_info.annotation is not UUID for field in dependant.path_params):
            return None
        if any(_asks(one) or one.call is None or not one.request_param_name or not _plain(one) for one in checks):
            return None
        return cls(
            route=route,
            endpoint=call,
            request=dependant.request_param_name,
            checks=[(one.name, one.call) for one in checks if one.call is not None],
            path=dependant.path_params,
            headers=[(field.alias.lower().encode(), field) for field in dependant.header_params],
            queries=[field.name for field in dependant.query_params],
            body=dependant.body_params[0] if dependant.body_params else None,
        )

    async def answer(self, request: Request, params: Mapping[str, str], given_body: bytes) -> Response | None:
        """The answer, or None for a request that is to go FastAPI's way; raises what the route raises."""
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
                body = strict_json(given_body)
            except json.JSONDecodeError:
                return None
        for name, check in self.checks:
            found = await check(request)
            if name is not None:
                values[name] = found
        told: list[tuple[Any, Any, tuple[str, ...]]] = [
            (field, params[field.alias], ("path", field.alias)) for field in self.path
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


# A way, and the names of the ids in its path, as they come.
_Place = tuple[ShortWay, tuple[str, ...]]


class ShortWays:
    """Finds a request's short way by its method and the words of its path, in one look-up instead of a walk over routes."""

    def __init__(self, app: App, routes: Sequence[BaseRoute], refuse: Refuse) -> None:
        self._app = app
        self._refuse = refuse
        # By method and number of path segments: where the ids stand, and the ways by the words around them.
        self._shapes: dict[tuple[str, int], dict[tuple[int, ...], dict[tuple[str, ...], _Place]]] = {}
        for method, path, way in short_ways(routes):
            parts = path.split("/")
            ids = tuple(place for place, part in enumerate(parts) if part.startswith("{"))
            ways = self._shapes.setdefault((method, len(parts)), {}).setdefault(ids, {})
            # By the names in the path: the endpoint may ask for its ids in another order.
            ways.setdefault(_words(parts, ids), (way, tuple(parts[place][1:-1] for place in ids)))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request the short way if it has one and is in order; else hand it on as it came."""
        found = self._find(scope) if scope["type"] == "http" else None
        if found is None:
            await self._app(scope, receive, send)
            return
        way, params = found
        request = Request({**scope, "path_params": params, "route": way.route}, receive)
        body = b""
        try:
            if way.body is not None:
                body = await _whole(request)
            answer = await way.answer(request, params, body)
        except Exception as error:  # noqa: BLE001  # whatever it is has its answer there
            answer = await self._refuse(request, error)
        if answer is None:
            await self._app(scope, _again(body, receive) if way.body is not None else receive, send)
            return
        scope["route"] = way.route
        await answer(scope, receive, send)

    def _find(self, scope: Scope) -> tuple[ShortWay, dict[str, str]] | None:
        parts = scope["path"].split("/")
        for ids, ways in self._shapes.get((scope["method"], len(parts)), {}).items():
            found = ways.get(_words(parts, ids))
            if found is not None:
                way, names = found
                return way, {name: parts[place] for name, place in zip(names, ids, strict=True)}
        return None


def short_ways(routes: Sequence[BaseRoute]) -> Iterator[tuple[str, str, ShortWay]]:
    """Method, path and short way of every route that has one, with what the routers they are included by ask."""
    for context in iter_route_contexts(routes):
        route = context.original_route
        if isinstance(route, APIRoute):
            way = ShortWay.of(route, context.dependant)
            if way is not None:
                yield from ((method, str(context.path_format), way) for method in sorted(route.methods or ()))


def _words(parts: Sequence[str], ids: Sequence[int]) -> tuple[str, ...]:
    return tuple(part for place, part in enumerate(parts) if place not in ids) if ids else tuple(parts)


async def _whole(request: Request) -> bytes:
    try:
        return await request.body()
    except HTTPException:
        raise
    except Exception as error:
        # As FastAPI has it: the caller broke off.
        raise HTTPException(400) from error


def _again(body: bytes, receive: Receive) -> Receive:
    """What was read of a request, once more from its beginning."""
    told = False

    async def again() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


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
