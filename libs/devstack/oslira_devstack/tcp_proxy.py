"""A TCP proxy in front of a server of the stack, which can hang, slow or break only the services' connections."""

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Final, Literal, Self

Mode = Literal["pass", "hang", "drip", "refuse"]
_READ_BYTES: Final = 65_536


class TcpProxy:
    """`async with TcpProxy(upstream_port) as proxy:` listens on `proxy.port` of this machine.

    pass: bytes go through. hang: connections are accepted and nothing moves. drip: answers come a byte every `drip_every_s`.
    refuse: connections are broken, old ones and new ones. A mode holds for open connections too; those that hung or
    dripped go on where they were.
    """

    def __init__(self, upstream_port: int, *, drip_every_s: float = 1.0) -> None:
        self.port = 0
        self._upstream_port = upstream_port
        self._drip_every_s = drip_every_s
        self._mode: Mode = "pass"
        self._changed = asyncio.Event()
        self._links: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
        await self._break_links()

    @property
    def mode(self) -> Mode:
        return self._mode

    async def set_mode(self, mode: Mode) -> None:
        self._mode = mode
        self._changed.set()
        self._changed = asyncio.Event()
        if mode == "refuse":
            await self._break_links()

    async def _break_links(self) -> None:
        links = list(self._links)
        for link in links:
            link.cancel()
        await asyncio.gather(*links, return_exceptions=True)
        await asyncio.sleep(0)  # transports close in the loop's next turn

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = asyncio.create_task(self._link(reader, writer))
        self._links.add(link)
        link.add_done_callback(self._links.discard)
        # Also where the task was cancelled before its first step.
        link.add_done_callback(lambda _: writer.transport.abort())

    async def _link(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_writer: asyncio.StreamWriter | None = None
        try:
            if self._mode == "refuse":
                return
            server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self._upstream_port)
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pump(reader, server_writer, drips=False))
                both.create_task(self._pump(server_reader, writer, drips=True))
        except* OSError:
            pass  # either side broke it: the other sees the same
        finally:
            if server_writer is not None:
                server_writer.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, drips: bool) -> None:
        while data := await reader.read(_READ_BYTES):
            await self._pass_on(data, writer, drips=drips)
        await self._until_it_moves()
        with suppress(OSError):  # the other side may have closed it
            writer.write_eof()

    async def _pass_on(self, data: bytes, writer: asyncio.StreamWriter, *, drips: bool) -> None:
        while data:
            await self._until_it_moves()
            is_dripping = drips and self._mode == "drip"
            part = data[:1] if is_dripping else data
            writer.write(part)
            await writer.drain()
            data = data[len(part) :]
            if is_dripping:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), self._drip_every_s)

    async def _until_it_moves(self) -> None:
        while self._mode == "hang":
            await self._changed.wait()
