"""An open-loop HTTP load: requests leave on schedule, whether or not earlier ones were answered.

A latency counts from the moment its request was due, so that a server that stalls can't hide it by slowing the sender. Plain
asyncio streams over kept-alive connections: at 50 requests/s the sender takes a few per cent of a core.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus

_IDLE_S = 3.0
_KEPT_REFUSALS = 20


@dataclass(frozen=True, slots=True)
class Request:
    """`path` from the root; `body` is JSON."""

    method: str
    path: str
    token: str
    body: bytes = b""

    def encoded(self, host: str) -> bytes:
        """HTTP/1.1."""
        head = (
            f"{self.method} {self.path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {self.token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(self.body)}\r\n\r\n"
        )
        return head.encode() + self.body


@dataclass(slots=True)
class Measured:
    """Latencies in milliseconds, and answers by status (0: none came)."""

    name: str
    latencies_ms: list[float] = field(default_factory=list[float])
    statuses: Counter[int] = field(default_factory=Counter[int])

    def percentile(self, share: float) -> float:
        """By nearest rank."""
        ordered = sorted(self.latencies_ms)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    def line(self) -> str:
        """For people."""
        figures = "  ".join(
            f"p{share * 100:g} {self.percentile(share):6.1f} ms" for share in (0.5, 0.95, 0.99)
        )
        worst = max(self.latencies_ms)
        return f"{self.name:<32} {figures}  max {worst:6.1f} ms  {len(self.latencies_ms)} requests {dict(self.statuses)}"


class Sender:
    """Keeps connections to one server; each carries one request at a time."""

    def __init__(self, host: str, port: int, *, timeout_s: float = 10.0) -> None:
        self._host, self._port, self._timeout_s = host, port, timeout_s
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter, float]] = []
        # When and in which words it was refused (5xx): the first ones, for people.
        self.refused: list[str] = []

    async def send(self, request: Request) -> int:
        """The answer's status; 0 when none came."""
        return (await self.ask(request))[0]

    async def ask(self, request: Request) -> tuple[int, bytes]:
        """The answer's status and body; 0 and nothing when none came."""
        try:
            async with asyncio.timeout(self._timeout_s):
                reader, writer = self._fresh() or await asyncio.open_connection(self._host, self._port)
                writer.write(request.encoded(self._host))
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    int(line.split(b":")[1])
                    for line in head.lower().split(b"\r\n")
                    if line.startswith(b"content-length:")
                )
                body = await reader.readexactly(length)
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            return 0, b""
        self._idle.append((reader, writer, time.monotonic()))
        status = int(head.split(b" ", 2)[1])
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR and len(self.refused) < _KEPT_REFUSALS:
            self.refused.append(f"{time.strftime('%H:%M:%S')} {request.path} {status} {body[:300].decode()}")
        return status, body

    def _fresh(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        """The one used last, unless the server may be about to close it (uvicorn does after 5 s)."""
        while self._idle:
            reader, writer, since = self._idle.pop()
            if time.monotonic() - since < _IDLE_S:
                return reader, writer
            writer.close()
        return None

    async def close(self) -> None:
        """Close the connections."""
        for _, writer, _ in self._idle:
            writer.close()


async def run_open_loop(
    sender: Sender,
    make: Callable[[int], tuple[str, Request]],
    *,
    per_s: float,
    for_s: float,
    is_over: Callable[[], bool] = lambda: False,
) -> dict[str, Measured]:
    """Send `make(n)`, n = 0, 1, …, at `per_s`; what was measured, by the name that goes with each request.

    It ends after `for_s`, or once `is_over`.
    """
    measured: dict[str, Measured] = {}
    loop_start = time.perf_counter()
    pending: set[asyncio.Task[None]] = set()

    async def one(name: str, request: Request, due: float) -> None:
        status = await sender.send(request)
        found = measured.setdefault(name, Measured(name))
        found.latencies_ms.append((time.perf_counter() - due) * 1000)
        found.statuses[status] += 1

    for number in range(int(per_s * for_s)):
        if is_over():
            break
        due = loop_start + number / per_s
        if (left := due - time.perf_counter()) > 0:
            await asyncio.sleep(left)
        task = asyncio.create_task(one(*make(number), due))
        pending.add(task)
        task.add_done_callback(pending.discard)
    await asyncio.gather(*pending)
    return measured
