"""Calls to other services and to hosts outside: a deadline on each, repeats of what is safe, who is served passed on."""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx
import stamina

from shared.db import tx_open
from shared.problems import Unavailable
from shared.telemetry import request_id_var, traceparent_var

TIMEOUT: Final = httpx.Timeout(5.0, connect=2.0)
OUTSIDE_TIMEOUT: Final = httpx.Timeout(10.0, connect=5.0)
ATTEMPTS: Final = 3
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class Breaker:
    """Closed until `failures` calls in a row have failed; then open for `seconds`, after which one may try."""

    def __init__(self, *, failures: int = 5, seconds: float = 10.0) -> None:
        self._failures = failures
        self._seconds = seconds
        self._failed = 0
        self._opened = 0.0

    def check(self) -> None:
        """Raise Unavailable while it is open."""
        if self._failed < self._failures:
            return
        if time.monotonic() - self._opened < self._seconds:
            raise Unavailable("A service we depend on does not answer.")
        # One caller may try; the others keep waiting until it has an answer.
        self._opened = time.monotonic()

    def told(self, *, ok: bool) -> None:
        """What became of a call."""
        self._failed = 0 if ok else self._failed + 1
        if not ok and self._failed >= self._failures:
            self._opened = time.monotonic()


class ServiceClient:
    """One other service: relative paths, JSON in and out. Never used while a transaction is open."""

    def __init__(
        self,
        base_url: str,
        *,
        token: Callable[[], Awaitable[str]] | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        timeout: httpx.Timeout = TIMEOUT,
    ) -> None:
        self._client = httpx.AsyncClient(base_url=base_url, timeout=timeout, transport=transport)
        self._token = token
        self._breaker = Breaker()

    async def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        on_behalf_of: str | None = None,
    ) -> httpx.Response:
        """One call; a GET (or what carries an Idempotency-Key) is repeated when no answer came or it was 502–504."""
        if tx_open():
            raise RuntimeError(
                "a remote call inside a transaction holds a connection for as long as the other side likes"
            )
        self._breaker.check()
        sent = dict(headers or {})
        for name, value in (("x-request-id", request_id_var.get()), ("traceparent", traceparent_var.get())):
            if value is not None:
                sent.setdefault(name, value)
        if on_behalf_of is not None:
            sent["on-behalf-of"] = on_behalf_of
        if self._token is not None:
            sent["authorization"] = f"Bearer {await self._token()}"
        attempts = ATTEMPTS if method in _SAFE or "Idempotency-Key" in sent else 1
        try:
            async for attempt in stamina.retry_context(
                on=(httpx.TransportError, _Passing), attempts=attempts, wait_initial=0.05, wait_max=1.0, timeout=10.0
            ):
                with attempt:
                    answer = await self._client.request(method, path, json=json, headers=sent)
                    if answer.status_code in {502, 503, 504} and attempts > 1:
                        raise _Passing(answer)
        except httpx.TransportError:
            self._breaker.told(ok=False)
            raise Unavailable("A service we depend on cannot be reached.") from None
        except _Passing as passing:
            answer = passing.answer
        self._breaker.told(ok=answer.status_code < 500)
        return answer

    async def close(self) -> None:
        """Give the connections back."""
        await self._client.aclose()


class _Passing(Exception):  # never leaves this file
    """An answer that may be another a moment later."""

    def __init__(self, answer: httpx.Response) -> None:
        super().__init__(answer.status_code)
        self.answer = answer


class ClientCredentials:
    """This service's own token for one audience, renewed before it ends."""

    def __init__(
        self,
        token_url: str,
        client_id: str,
        client_secret: str,
        audience: str,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._client = httpx.AsyncClient(timeout=TIMEOUT, transport=transport)
        self._url = token_url
        self._form = {
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_secret": client_secret,
            "audience": audience,
        }
        self._held: tuple[float, str] | None = None

    async def __call__(self) -> str:
        """A token that holds for at least half a minute more."""
        if self._held is None or self._held[0] < time.monotonic() + 30:
            answer = await self._client.post(self._url, data=self._form)
            answer.raise_for_status()
            body = answer.json()
            self._held = (time.monotonic() + float(body.get("expires_in", 300)), str(body["access_token"]))
        return self._held[1]


class OutsideAway(Exception):  # an answer to the one who asked, not to a caller of ours
    """No answer came from outside; `may_have_arrived` unless the connection itself failed."""

    def __init__(self, what: str, *, may_have_arrived: bool = True) -> None:
        super().__init__(what)
        self.may_have_arrived = may_have_arrived


@dataclass(frozen=True, slots=True)
class Reply:
    """What a host outside answered; its body is nobody's business."""

    status: int
    retry_after: float | None


class Outside:
    """Hosts that are not ours, reached at an address that was checked: no redirect, no proxy, no connection kept."""

    def __init__(self, timeout: httpx.Timeout = OUTSIDE_TIMEOUT) -> None:
        # Kept connections would be found by address, and one address may be two hosts with two certificates.
        limits = httpx.Limits(max_keepalive_connections=0, max_connections=50)
        self._client = httpx.AsyncClient(timeout=timeout, limits=limits, follow_redirects=False, trust_env=False)

    async def post(self, url: str, address: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        """Send `body` to `url` by way of `address`; raises OutsideAway when there is no answer in time."""
        if tx_open():
            raise RuntimeError(
                "a remote call inside a transaction holds a connection for as long as the other side likes"
            )
        wanted = httpx.URL(url)
        sent = {**headers, "host": wanted.netloc.decode("ascii")}
        # The certificate is checked against the name, though the connection goes to the address.
        extensions = {"sni_hostname": wanted.host}
        try:
            request = self._client.build_request(
                "POST", wanted.copy_with(host=address), content=body, headers=sent, extensions=extensions
            )
            answer = await self._client.send(request, stream=True)
            await answer.aclose()
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            never = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout | httpx.InvalidURL)
            raise OutsideAway(f"no answer ({type(error).__name__})", may_have_arrived=not never) from None
        after = answer.headers.get("retry-after", "")
        return Reply(answer.status_code, float(after) if after.isdigit() else None)

    async def close(self) -> None:
        """Give the connections back."""
        await self._client.aclose()


def json_fetcher(url: str) -> Callable[[], Awaitable[Mapping[str, Any]]]:
    """A call that brings one JSON document: the issuer's keys."""

    async def fetch() -> Mapping[str, Any]:
        async with httpx.AsyncClient(timeout=TIMEOUT) as client:
            answer = await client.get(url)
            answer.raise_for_status()
            document: Mapping[str, Any] = answer.json()
            return document

    return fetch
