"""A pooler in transaction mode, like pgbouncer and Supavisor: a client has a server connection for one transaction at a time.

Harsher than they are: the next transaction uses the connection that was idle longest, so never the same one while another is
idle. Passwords are passed through; each client's login adds one connection.
"""

import asyncio
import contextlib
import struct
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit, urlunsplit

_SSL_REQUEST: Final = 80877103
_CANCEL_REQUEST: Final = 80877102
_ASKS_FOR_PASSWORD: Final = frozenset({3, 5, 10, 11})  # the codes of Authentication that wait for the client
_TERMINATE: Final = b"X"
_READY: Final = b"Z"
_OUTSIDE: Final = b"I"  # of any transaction


@dataclass(frozen=True, slots=True)
class _Peer:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def read(self) -> bytes:
        """One message with its type and length."""
        head = await self.reader.readexactly(5)
        return head + await self.reader.readexactly(struct.unpack("!I", head[1:])[0] - 4)

    async def read_startup(self) -> bytes:
        """The first message, which has no type."""
        head = await self.reader.readexactly(4)
        return head + await self.reader.readexactly(struct.unpack("!I", head)[0] - 4)


class TransactionPooler:
    """In front of the server that `url` names."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._idle: deque[_Peer] = deque()
        self._freed = asyncio.Condition()
        self.transactions = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client, until it goes."""
        client = _Peer(reader, writer)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            if await self._log_in(client):
                message = await client.read()
                while message[:1] != _TERMINATE:
                    message = await self._transaction(client, message)
        writer.close()

    async def _log_in(self, client: _Peer) -> bool:
        startup = await client.read_startup()
        if _code(startup) == _SSL_REQUEST:
            client.writer.write(b"N")
            startup = await client.read_startup()
        if _code(startup) == _CANCEL_REQUEST:
            return False
        server = _Peer(*await asyncio.open_connection(self._host, self._port))
        server.writer.write(startup)
        while (message := await server.read())[:1] != _READY:
            client.writer.write(message)
            if message[:1] == b"R" and _code(message[1:]) in _ASKS_FOR_PASSWORD:
                server.writer.write(await client.read())
        client.writer.write(message)
        await self._release(server)
        return True

    async def _transaction(self, client: _Peer, message: bytes) -> bytes:
        """From this message until the server is outside any transaction; the message after it."""
        async with self._freed:
            await self._freed.wait_for(lambda: self._idle)
            server = self._idle.popleft()
        self.transactions += 1
        answers = asyncio.create_task(_answer(server, client))
        try:
            while True:
                server.writer.write(message)
                reading = asyncio.create_task(client.read())
                await asyncio.wait({answers, reading}, return_when=asyncio.FIRST_COMPLETED)
                if answers.done():
                    answers.result()  # raises where the server is gone
                    await self._release(server)
                    return await reading
                message = await reading
        except (asyncio.IncompleteReadError, ConnectionError):
            # The server is in the middle of something: it must not serve another client.
            answers.cancel()
            server.writer.close()
            raise

    async def _release(self, server: _Peer) -> None:
        async with self._freed:
            self._idle.append(server)
            self._freed.notify()

    async def close(self) -> None:
        """End the servers' sessions."""
        for server in self._idle:
            server.writer.close()
            with contextlib.suppress(ConnectionError):
                await server.writer.wait_closed()


async def _answer(server: _Peer, client: _Peer) -> None:
    """Pass answers on until the server is free."""
    while True:
        message = await server.read()
        client.writer.write(message)
        if message[:1] == _READY and message[5:] == _OUTSIDE:
            return


def _code(message: bytes) -> int:
    return struct.unpack("!I", message[4:8])[0]


@asynccontextmanager
async def transaction_pooler(url: str) -> AsyncGenerator[tuple[TransactionPooler, str]]:
    """The pooler, and its address instead of `url`."""
    parts = urlsplit(url)
    assert parts.hostname
    assert parts.port
    pooler = TransactionPooler(parts.hostname, parts.port)
    listening = await asyncio.start_server(pooler.serve, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    login = parts.netloc.rpartition("@")[0]
    async with listening:
        yield pooler, urlunsplit(parts._replace(netloc=f"{login}@127.0.0.1:{port}"))
    await pooler.close()
