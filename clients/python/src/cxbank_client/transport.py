"""How a request travels: token, key, deadline, repeats of what is safe to repeat, and problems as exceptions."""

import asyncio
import random
import uuid
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Hashable, Mapping
from functools import cache
from types import TracebackType
from typing import Any, Self, TypeVar, cast

import httpx
from pydantic import TypeAdapter

from cxbank_client.answers import Answer, Input, Page, sent
from cxbank_client.problems import Problem, Unreachable, problem_of, retry_after
from cxbank_client.rows import packed
from cxbank_client.tokens import TokenSource

IN_FLIGHT = "/problems/request-in-flight"
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0

T = TypeVar("T")
Rows = AsyncIterable[bytes] | bytes


class Transport:
    """One service's address and everything all of its operations do alike; the generated clients stand on it."""

    def __init__(
        self,
        address: str,
        token: str | TokenSource | None = None,
        *,
        attempts: int = 4,
        timeout: float = 30.0,
        headers: Mapping[str, str] | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._http = httpx.AsyncClient(
            base_url=address, timeout=timeout, headers=dict(headers or {}), transport=transport
        )
        self._source = token
        self._attempts = attempts

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Give the connections back."""
        await self._http.aclose()

    async def _ask(
        self,
        method: str,
        path: str,
        answer: type[T] | TypeAdapter[T],
        *,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, Any] | None = None,
        body: Input | None = None,
        keyed: bool = False,
    ) -> T:
        """One operation. `keyed`: it creates, so that a repeat is known by its key, and one is made where none is."""
        head = _texts(headers)
        if keyed and "Idempotency-Key" not in head and not (body is not None and body.has_natural_key()):
            head["Idempotency-Key"] = str(uuid.uuid4())
        response = await self._repeated(
            lambda token: self._http.request(
                method,
                path,
                params=_texts(query),
                headers={**head, **token},
                json=None if body is None else sent(body),
            ),
            safe=method in ("GET", "HEAD") or keyed,
        )
        found = _adapter(answer).validate_json(response.content or b"null")
        if isinstance(found, Answer):
            found.told_by(response.status_code, response.headers)
        return found

    async def _pages(self, page: Callable[[str | None], Awaitable[Page[T]]], cursor: str | None) -> AsyncIterator[T]:
        """Every item of a list, page by page, as they are needed."""
        while True:
            one = await page(cursor)
            for item in one.items:
                yield item
            cursor = one.next_cursor
            if cursor is None:
                return

    async def _upload(
        self,
        path: str,
        answer: type[T] | TypeAdapter[T],
        rows: Rows,
        *,
        media: str,
        pack: bool = False,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, Any] | None = None,
    ) -> T:
        """A stream to the service. Bytes can be sent again, an iterator only once: its rows carry their own keys."""
        head = _texts(headers) | {"Content-Type": media}
        if pack:
            head["Content-Encoding"] = "gzip"
            rows = packed(rows)
        response = await self._repeated(
            lambda token: self._http.post(path, params=_texts(query), headers={**head, **token}, content=rows),
            safe=isinstance(rows, bytes),
            once=not isinstance(rows, bytes),
        )
        found = _adapter(answer).validate_json(response.content)
        if isinstance(found, Answer):
            found.told_by(response.status_code, response.headers)
        return found

    async def _lines(self, path: str, *, query: Mapping[str, Any] | None = None) -> AsyncIterator[str]:
        """A streamed answer, line by line, never whole in memory."""
        head = await self._bearer(None)
        async with self._http.stream("GET", path, params=_texts(query), headers=head) as response:
            if not response.is_success:
                await response.aread()
                raise problem_of(response)
            async for line in response.aiter_lines():
                if line:
                    yield line

    async def _repeated(
        self, send: Callable[[Mapping[str, str]], Awaitable[httpx.Response]], *, safe: bool, once: bool = False
    ) -> httpx.Response:
        """Send until it is answered: what was never carried out always, what may have been only where that is safe."""
        stale: str | None = None
        for attempt in range(1, (1 if once else self._attempts) + 1):
            last = attempt == (1 if once else self._attempts)
            head = await self._bearer(stale)
            try:
                response = await send(head)
            except httpx.TransportError as error:
                never_left = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
                if last or not (safe or never_left):
                    raise Unreachable(0, "No answer", detail=type(error).__name__) from error
                await asyncio.sleep(_pause(attempt, None))
                continue
            if response.is_success:
                return response
            problem = problem_of(response)
            renewed = response.status_code == 401 and stale is None and not isinstance(self._source, str | None)
            if last or not (renewed or _worth_repeating(problem, safe=safe)):
                raise problem
            stale = head.get("Authorization", "").removeprefix("Bearer ") if renewed else None
            if not renewed:
                await asyncio.sleep(_pause(attempt, retry_after(response)))
        raise AssertionError("the last attempt returns or raises")

    async def _bearer(self, stale: str | None) -> dict[str, str]:
        if self._source is None:
            return {}
        token = self._source if isinstance(self._source, str) else await self._source.token(stale)
        return {"Authorization": f"Bearer {token}"}


def _adapter(answer: type[T] | TypeAdapter[T]) -> TypeAdapter[T]:
    if isinstance(answer, TypeAdapter):
        return answer
    return _adapter_of(cast("Hashable", answer))


@cache
def _adapter_of(answer: Any) -> TypeAdapter[Any]:
    # Made once for each type: building one costs more than reading an answer with it.
    return TypeAdapter(answer)


def _worth_repeating(problem: Problem, *, safe: bool) -> bool:
    if problem.status_code == 429:
        return True
    return safe and (problem.status_code == 503 or problem.type == IN_FLIGHT)


def _pause(attempt: int, asked: float | None) -> float:
    """Doubling, with jitter so that many callers do not come back together; never shorter than was asked for."""
    waited = FIRST_PAUSE * 2**attempt
    jittered = random.uniform(waited / 2, waited)  # noqa: S311  # spreading callers is no secret
    return min(max(jittered, asked or 0.0), LONGEST_PAUSE)


def _texts(values: Mapping[str, Any] | None) -> dict[str, Any]:
    """Parameters as they travel: what is None is not sent."""
    texts: dict[str, Any] = {}
    for name, value in (values or {}).items():
        if value is None:
            continue
        if isinstance(value, list | tuple):
            texts[name] = [_text(one) for one in value]
        else:
            texts[name] = _text(value)
    return texts


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
