"""A customer's server that receives webhooks."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from standardwebhooks.webhooks import Webhook


@dataclass(frozen=True, slots=True)
class Received:
    """A received request."""

    target: str
    headers: dict[str, str]
    body: str

    def verified(self, secret: str) -> dict[str, Any]:
        """The verified body. Raises WebhookVerificationError."""
        return Webhook(secret).verify(self.body, self.headers)


@dataclass
class Receiver:
    """Answers each request with `answer(how many came before)`: a status line and headers, without the blank line."""

    port: int = 0
    scheme: str = "http"
    answer: Callable[[int], str] = lambda _: "200 OK"
    delay_s: float = 0.0
    received: list[Received] = field(default_factory=list[Received])
    at_work: int = 0
    most_at_work: int = 0

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}/hook?tenant=7"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.at_work += 1
        self.most_at_work = max(self.most_at_work, self.at_work)
        try:
            await self._serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):  # the sender closed the connection
            pass
        finally:
            self.at_work -= 1
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
        headers = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.partition(":") for line in head[1:-1])
        }
        body = (await reader.readexactly(int(headers.get("content-length", 0)))).decode()
        number = len(self.received)
        self.received.append(Received(head[0].split(" ")[1], headers, body))
        await asyncio.sleep(self.delay_s)
        writer.write(f"HTTP/1.1 {self.answer(number)}\r\nContent-Length: 2\r\n\r\nok".encode())
        await writer.drain()

    async def wait_for(self, count: int, *, timeout_s: float = 20.0) -> list[Received]:
        """The first so many. Raises TimeoutError."""
        async with asyncio.timeout(timeout_s):
            while len(self.received) < count:
                await asyncio.sleep(0.02)
        return self.received[:count]


@asynccontextmanager
async def receiving(
    *,
    answer: Callable[[int], str] = lambda _: "200 OK",
    delay_s: float = 0.0,
    tls: ssl.SSLContext | None = None,
) -> AsyncGenerator[Receiver]:
    """A receiver on a free port of this machine."""
    receiver = Receiver(scheme="https" if tls else "http", answer=answer, delay_s=delay_s)
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0, ssl=tls)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        await server.wait_closed()
