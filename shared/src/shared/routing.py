"""Routes that read JSON strictly: bounded nesting, no NUL, no lone surrogate, and every possible answer documented."""

import json
from collections.abc import Callable, Coroutine
from typing import Any, Final

import orjson
from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute

DEPTH: Final = 64
# What a text holds that a model's own reader might take, or that is cheaper to look for than to read.
_DOUBTFUL: Final = (b"\\u0000", b"\x00", b"NaN", b"Infinity")
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


def check_json(data: bytes) -> None:
    """Refuse what `strict_json` refuses of a text that a model reads next, which refuses what is not well-formed by itself.

    Nothing is read twice but what may be nested too deep, or say a number that is none.
    """
    null, escaped, nan, infinity = _DOUBTFUL
    if (
        data.count(b"[") + data.count(b"{") > DEPTH
        or null in data
        or escaped in data
        or nan in data
        or infinity in data
    ):
        strict_json(data)


class _StrictRequest(Request):
    async def json(self) -> Any:
        if not hasattr(self, "_json"):
            self._json = strict_json(await self.body())
        return self._json


class Route(APIRoute):
    """One route of ours. One that creates also documents the answer to a repeat, which makes nothing: 200."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        model = options.get("response_model")
        if options.get("status_code") == 201 and isinstance(model, type):
            repeat = {"model": model, "description": "Known by its natural key: the resource as it is now"}
            options["responses"] = {200: repeat, **(options.get("responses") or {})}
        super().__init__(path, endpoint, **options)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler FastAPI would use, with our request in place of its own."""
        handle = super().get_route_handler()

        async def strictly(request: Request) -> Response:
            return await handle(_StrictRequest(request.scope, request.receive))

        return strictly


class Router(APIRouter):
    """A capability's router: `Router(prefix="/v1/customers", tags=["customers"])`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(route_class=Route, responses=problem_answers(), **options)
