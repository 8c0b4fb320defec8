"""Bounded request loops against loopback: so many callers, each with one request under way, for so many seconds."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

_HEAD_END: Final = b"\r\n\r\n"
LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")


@dataclass
class Measured:
    """What one run saw: answers by status, seconds, and the latency of every answer."""

    seconds: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds if self.seconds else 0.0

    def quantile(self, share: float) -> float:
        """Latency in milliseconds that this share of the answers did not exceed."""
        if not self.latencies:
            return 0.0
        ordered = sorted(self.latencies)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def request(method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> bytes:
    """One HTTP/1.1 request as it goes over the wire."""
    parts = urlsplit(url)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    lines = [f"{method} {path} HTTP/1.1", f"Host: {parts.netloc}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join(lines).encode() + _HEAD_END + body


class _Caller(asyncio.Protocol):
    """One kept-open connection that sends its next request when the answer to the last is whole."""

    def __init__(self, requests: Callable[[], bytes | None], seen: Measured, done: Callable[[], None]) -> None:
        self._requests = requests
        self._seen = seen
        self._done = done
        self._buffer = b""
        self._sent_at = 0.0
        self._transport: asyncio.WriteTransport | None = None
        self._over = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)  # noqa: S101  # what create_connection gives
        self._transport = transport
        self._next()

    def _next(self) -> None:
        wire = self._requests()
        if wire is None or self._transport is None:
            self._end()
            return
        self._sent_at = time.perf_counter()
        self._transport.write(wire)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head_end = self._buffer.find(_HEAD_END)
        if head_end < 0:
            return
        head = self._buffer[:head_end].lower()
        start = head.find(b"content-length:")
        length = (
            int(head[start + 15 : head.find(b"\r", start) if head.find(b"\r", start) > 0 else None]) if start > 0 else 0
        )
        if len(self._buffer) < head_end + 4 + length:
            return
        self._seen.latencies.append(time.perf_counter() - self._sent_at)
        self._seen.statuses[int(head[9:12])] += 1
        self._buffer = b""
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # the protocol's signature
        if not self._over:
            self._seen.statuses[0] += 1
        self._end()

    def _end(self) -> None:
        if self._over:
            return
        self._over = True
        if self._transport is not None:
            self._transport.close()
        self._done()


async def run(
    url: str,
    wires: Iterator[bytes],
    *,
    callers: int = 32,
    seconds: float = 5.0,
    most: int = 1_000_000,
    pace: float = 0.0,
) -> Measured:
    """Send `wires` to the host of `url` with so many callers, until the time or the number is over.

    With `pace` (requests a second, over all callers) each caller waits its turn instead of sending at once; the latency
    is then that of half load and the like. Only loopback is ever a target.
    """
    parts = urlsplit(url)
    if parts.hostname not in LOOPBACK:
        raise ValueError("load goes to loopback only")
    seen = Measured()
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    left = most

    def following() -> bytes | None:
        nonlocal left
        if left <= 0 or time.perf_counter() - began >= seconds:
            return None
        left -= 1
        return next(wires, None)

    if pace:
        await _paced(parts.hostname or "", parts.port or 80, following, seen, callers, pace)
    else:
        ends = [loop.create_future() for _ in range(callers)]
        for end in ends:
            await loop.create_connection(
                lambda end=end: _Caller(following, seen, lambda: end.done() or end.set_result(None)),  # type: ignore[misc]  # bound per caller
                parts.hostname,
                parts.port or 80,
            )
        await asyncio.wait_for(asyncio.gather(*ends), seconds + 30)
    seen.seconds = time.perf_counter() - began
    return seen


async def _paced(
    host: str, port: int, following: Callable[[], bytes | None], seen: Measured, callers: int, pace: float
) -> None:
    """Callers who send at their own instants of one clock, so that a slow answer does not slow the asking."""
    began = time.perf_counter()
    turn = 0

    async def caller() -> None:
        nonlocal turn
        reader, writer = await asyncio.open_connection(host, port)
        try:
            while True:
                mine = began + turn / pace
                turn += 1
                await asyncio.sleep(max(0.0, mine - time.perf_counter()))
                wire = following()
                if wire is None:
                    return
                writer.write(wire)
                head = await reader.readuntil(_HEAD_END)
                lowered = head.lower()
                start = lowered.find(b"content-length:")
                if start > 0:
                    await reader.readexactly(int(lowered[start + 15 :].split(b"\r", 1)[0]))
                # From the instant it should have been sent: waiting for one's turn behind a slow answer counts.
                seen.latencies.append(time.perf_counter() - mine)
                seen.statuses[int(head[9:12])] += 1
        finally:
            writer.close()

    await asyncio.gather(*(caller() for _ in range(callers)))
