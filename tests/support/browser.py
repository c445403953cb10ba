"""A headless Chromium, and a page on an origin of its own that uses the API as a front end would."""

import asyncio
import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final

from playwright.async_api import Browser, async_playwright

CHROMIUM: Final = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
# As root it has no sandbox; and it must not contact its vendor's servers from a machine without a network.
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
    """Raises RuntimeError if there is none; the test is not skipped."""
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
async def a_front_end(*, port: int = 0, scripts: Path | None = None) -> AsyncGenerator[str]:
    """The origin of a server with the page and the modules in `scripts` only."""
    server = await asyncio.start_server(partial(_serve, _modules(scripts)), "127.0.0.1", port)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await server.wait_closed()


def _modules(folder: Path | None) -> dict[str, bytes]:
    """By path."""
    files = folder.rglob("*.js") if folder is not None else ()
    return {f"/{file.relative_to(folder).as_posix()}": file.read_bytes() for file in files if folder}


async def _serve(
    modules: Mapping[str, bytes], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    try:
        path = (await reader.readuntil(b"\r\n\r\n")).split(b" ", 2)[1].decode()
        body, kind = (modules[path], "text/javascript") if path in modules else (_PAGE, "text/html")
        head = f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
    except (ConnectionError, asyncio.IncompleteReadError):  # a connection that the browser opened ahead
        pass
    finally:
        writer.close()
