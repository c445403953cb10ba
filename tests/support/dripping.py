"""A server whose answers never end: one byte at a time, in the headers or after them, or none at all."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Literal

Drips = Literal["nothing", "headers", "body"]
_EVERY_S: Final = 0.2
_BEGINS: Final[dict[str, bytes]] = {
    "nothing": b"",
    "headers": b"HTTP/1.1 200 OK\r\nX-Slow: ",
    "body": b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n{"a": "',
}


@dataclass
class Dripping:
    """`asked`: how many connections it had; `open`: how many of them are open."""

    port: int
    asked: int = 0
    open: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@asynccontextmanager
async def dripping(drips: Drips) -> AsyncGenerator[Dripping]:
    """It serves until the block ends, which closes all connections."""
    server: list[Dripping] = []
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(_drip(server[0], reader, writer, drips))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    listening = await asyncio.start_server(accept, "127.0.0.1", 0)
    server.append(Dripping(listening.sockets[0].getsockname()[1]))
    try:
        yield server[0]
    finally:
        listening.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _drip(
    server: Dripping, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, drips: Drips
) -> None:
    server.asked += 1
    server.open += 1
    try:
        await reader.read(65536)
        writer.write(_BEGINS[drips])
        while not reader.at_eof():
            await asyncio.sleep(_EVERY_S)
            if drips != "nothing":
                writer.write(b"a")
                await writer.drain()
    except OSError:
        pass  # the caller has closed the connection
    finally:
        server.open -= 1
        writer.transport.abort()
