"""TLS in front of Postgres: the wheel's server is built without it. It speaks the part of Postgres's protocol that begins TLS."""

import asyncio
import ssl
import struct
from contextlib import suppress
from typing import Final

from oslira_devstack.servers.certificates import Certificates

# Length and code of an SSLRequest, which a client sends first where it wants TLS.
_SSL_REQUEST: Final = struct.pack("!ii", 8, 80_877_103)
_ACCEPTED: Final = b"S"
_BEGIN_S: Final = 10.0
_CHUNK_BYTES: Final = 65_536


class TlsFront:
    """Forwards 127.0.0.1:`port` to `backend_port`, decrypted. A client that doesn't ask for TLS is closed."""

    def __init__(self, certificates: Certificates, *, port: int, backend_port: int) -> None:
        self._certificates, self._port, self._backend_port = certificates, port, backend_port
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._certificates.cert_file, self._certificates.key_file)

        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            if task is not None:
                self._connections.add(task)
                task.add_done_callback(self._connections.discard)
            with suppress(OSError, EOFError, asyncio.CancelledError):
                await self._serve(reader, writer, context)
            writer.close()

        self._server = await asyncio.start_server(accept, "127.0.0.1", self._port)

    async def stop(self) -> None:
        """Every connection has ended when this returns."""
        if self._server is None:
            return
        self._server.close()
        self._server = None
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, context: ssl.SSLContext
    ) -> None:
        async with asyncio.timeout(_BEGIN_S):
            if await reader.readexactly(len(_SSL_REQUEST)) != _SSL_REQUEST:
                return
            writer.write(_ACCEPTED)
            await writer.drain()
            await writer.start_tls(context)
            to_server = await asyncio.open_connection("127.0.0.1", self._backend_port)
        try:
            copies = {
                asyncio.create_task(_copy(reader, to_server[1])),
                asyncio.create_task(_copy(to_server[0], writer)),
            }
            try:
                # Either side's end is the connection's: Postgres has no half-closed ones.
                await asyncio.wait(copies, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for copy in copies:
                    copy.cancel()
                await asyncio.gather(*copies, return_exceptions=True)
        finally:
            to_server[1].close()


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while data := await source.read(_CHUNK_BYTES):
        target.write(data)
        await target.drain()
