"""The proxy that makes a server hang, drip or unreachable."""

import asyncio
import time
from collections.abc import AsyncGenerator, Coroutine
from contextlib import suppress

import pytest
import pytest_asyncio
from oslira_devstack.tcp_proxy import TcpProxy


@pytest_asyncio.fixture
async def proxy() -> AsyncGenerator[TcpProxy]:
    """Before a server that sends back what it gets."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(1024):
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            return
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    async with server, TcpProxy(server.sockets[0].getsockname()[1], drip_every_s=0.1) as running:
        yield running


async def _echoed(proxy: TcpProxy, text: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    try:
        writer.write(text)
        writer.write_eof()
        return await reader.read()
    finally:
        writer.transport.abort()


async def _is_broken(reading: Coroutine[None, None, bytes]) -> bool:
    with suppress(OSError):
        return not await reading
    return True


async def test_it_passes_bytes_and_the_end_of_them(proxy: TcpProxy) -> None:
    text = b"all of it" * 20_000
    assert await _echoed(proxy, text) == text


async def test_a_hanging_server_goes_on_where_it_was(proxy: TcpProxy) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    await proxy.set_mode("hang")
    writer.write(b"held")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await reader.read(1)
    await proxy.set_mode("pass")
    assert await reader.readexactly(4) == b"held"
    writer.transport.abort()


async def test_a_dripping_server_sends_byte_by_byte(proxy: TcpProxy) -> None:
    await proxy.set_mode("drip")
    began = time.monotonic()
    assert await _echoed(proxy, b"slowly") == b"slowly"
    assert time.monotonic() - began >= 0.5


async def test_a_server_that_is_gone_breaks_open_connections_and_new_ones(proxy: TcpProxy) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(b"?")
    assert await reader.readexactly(1) == b"?"
    await proxy.set_mode("refuse")
    assert await _is_broken(reader.read(1))
    writer.transport.abort()
    assert await _is_broken(_echoed(proxy, b"?"))
    await proxy.set_mode("pass")
    assert await _echoed(proxy, b"again") == b"again"
