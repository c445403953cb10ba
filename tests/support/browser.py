"""A headless Chromium, and a page on an origin of its own that uses the API as a front end would."""

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from playwright.async_api import Browser, async_playwright

CHROMIUM: Final = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
# As root it has no sandbox; and it must not look for its maker's servers from a machine that reaches nobody.
_FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_PAGE: Final = b"""<!doctype html>
<meta charset="utf-8">
<title>A front end</title>
<script>
async function analyze(api, token, body) {
  const answer = await fetch(api + "/v1/analyses", {
    method: "POST",
    headers: {"Authorization": "Bearer " + token, "Content-Type": "application/json", "Idempotency-Key": crypto.randomUUID()},
    body: JSON.stringify(body),
  });
  return {status: answer.status, location: answer.headers.get("location"), body: await answer.json()};
}
function follow(api, eventsUrl) {
  return new Promise((resolve, reject) => {
    const seen = [], source = new EventSource(api + eventsUrl);
    source.addEventListener("progress", (event) => {
      const run = JSON.parse(event.data);
      seen.push({id: event.lastEventId, status: run.status, progress: run.progress});
      if (["completed", "failed", "cancelled"].includes(run.status)) { source.close(); resolve(seen); }
    });
    source.addEventListener("error", () => {
      if (source.readyState === EventSource.CLOSED) reject(new Error("the stream was refused"));
    });
  });
}
</script>
"""


@asynccontextmanager
async def a_browser() -> AsyncGenerator[Browser]:
    """Raises RuntimeError where there is none; nothing is skipped."""
    if not CHROMIUM.exists():
        raise RuntimeError(
            f"no browser at {CHROMIUM}: install Debian's chromium, or name another in CHROMIUM"
        )
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(_FLAGS))
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def a_front_end(*, port: int = 0) -> AsyncGenerator[str]:
    """The origin of a server that has the page, and nothing of ours."""
    server = await asyncio.start_server(_serve, "127.0.0.1", port)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await server.wait_closed()


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {len(_PAGE)}\r\nconnection: close\r\n\r\n"
        writer.write(head.encode() + _PAGE)
        await writer.drain()
    except (ConnectionError, asyncio.IncompleteReadError):  # a connection that the browser opened ahead
        pass
    finally:
        writer.close()
