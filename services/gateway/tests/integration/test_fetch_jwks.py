"""The key set over real HTTP: redirects, size and time."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from oslira_gateway.identity.fetch_jwks import MAX_BYTES, KeySetRefusedError, fetch_jwks


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    path = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode()
    status, body, extra = "200 OK", b'{"keys": []}', ""
    if path == "/moved":
        status, extra = "302 Found", "location: /good\r\n"
    elif path == "/broken":
        status = "500 Internal Server Error"
    elif path == "/big":
        body = b" " * (MAX_BYTES + 1)
    elif path == "/slow":
        await asyncio.sleep(5)
    writer.write(
        f"HTTP/1.1 {status}\r\n{extra}content-length: {len(body)}\r\nconnection: close\r\n\r\n".encode()
        + body
    )
    writer.close()


@pytest_asyncio.fixture(scope="module")
async def url() -> AsyncGenerator[str]:
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()


async def test_a_key_set_is_fetched(url: str) -> None:
    assert await fetch_jwks(f"{url}/good")() == b'{"keys": []}'


@pytest.mark.parametrize("path", ["moved", "broken", "big"])
async def test_anything_else_is_refused(url: Any, path: str) -> None:
    with pytest.raises(KeySetRefusedError):
        await fetch_jwks(f"{url}/{path}")()


async def test_a_slow_issuer_is_not_waited_for(url: str) -> None:
    with pytest.raises((TimeoutError, httpx.TimeoutException)):
        await fetch_jwks(f"{url}/slow", timeout_s=0.2)()
