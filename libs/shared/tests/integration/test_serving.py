"""Idle connections and open requests beyond the limit do not make a server unavailable."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from oslira_devstack.ports import free_port
from oslira_shared.serving import http_server, refusing_when_full


async def answer(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "http":
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})


@asynccontextmanager
async def serving(headers_within_s: float) -> AsyncGenerator[int]:
    port = free_port()
    server = http_server(answer, host="127.0.0.1", port=port, finish_s=1, headers_within_s=headers_within_s)
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield port
    server.should_exit = True
    await task


async def closed_after_s(port: int, *, sent: bytes, then: bytes = b"") -> float:
    """How long the server waits for the rest of what was begun."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    if then:
        await reader.readuntil(b"ok")
        writer.write(then)
    started = time.monotonic()
    async with asyncio.timeout(10):
        while True:
            try:
                if not await reader.read(1_000):
                    break
            except ConnectionError:
                break
    writer.close()
    return time.monotonic() - started


async def test_a_connection_that_sends_no_complete_headers_is_closed() -> None:
    whole = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n"
    async with serving(headers_within_s=0.5) as port:
        waits = await asyncio.gather(
            closed_after_s(port, sent=b""),
            closed_after_s(port, sent=b"GET / HTTP/1.1\r\nhost:"),
            closed_after_s(port, sent=whole, then=b"GET / HT"),
            closed_after_s(port, sent=whole, then=b"\r\n"),
        )
    assert all(0.3 < wait < 2 for wait in waits), waits


async def test_two_thousand_and_fifty_idle_connections_leave_a_server_to_others() -> None:
    async with serving(headers_within_s=30) as port:
        idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2_050)]
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
            for _ in range(20):
                assert (await http.get("/", headers={"connection": "close"})).status_code == 200
        for _, writer in idle:
            writer.close()


async def test_more_requests_than_a_process_takes_are_refused_and_health_is_not() -> None:
    release = asyncio.Event()

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        if not scope["path"].startswith("/health/"):
            await release.wait()
        await answer(scope, receive, send)

    app = refusing_when_full(slow, most=3)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://a") as http:
        waiting = [asyncio.create_task(http.get("/v1/x")) for _ in range(3)]
        await asyncio.sleep(0.01)
        refused = await http.get("/v1/x")
        assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
        assert refused.headers["retry-after"] == "2"
        assert (await http.get("/health/live")).status_code == 200
        release.set()
        assert [one.status_code for one in await asyncio.gather(*waiting)] == [200] * 3
        assert (await http.get("/v1/x")).status_code == 200
