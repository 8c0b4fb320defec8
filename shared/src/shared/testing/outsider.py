"""A host outside on a real socket: keeps what it was sent and answers as a test tells it, late, wrongly or not at all."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class Outsider:
    """A host outside: keeps what it was sent, answers with the next status it was told, or not at all."""

    port: int = 0
    statuses: list[int | None] = field(default_factory=list)
    heads: dict[str, str] = field(default_factory=dict)
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}/hook"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        status = self.statuses.pop(0) if self.statuses else 200
        if status is not None:
            self.got.append((headers, body))
            more = "".join(f"{name}: {value}\r\n" for name, value in self.heads.items())
            writer.write(f"HTTP/1.1 {status} Told\r\ncontent-length: 0\r\n{more}connection: close\r\n\r\n".encode())
            await writer.drain()
        writer.close()


@asynccontextmanager
async def outsider() -> AsyncIterator[Outsider]:
    """One that listens on loopback until the block ends."""
    made = Outsider()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        await server.wait_closed()
