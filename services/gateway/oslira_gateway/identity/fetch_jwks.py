"""Fetch the key set over HTTP, with limits of time and size, without redirects."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from oslira_shared.deadline import within

if TYPE_CHECKING:
    import httpx

MAX_BYTES: Final = 64 * 1024
TIMEOUT_S: Final = 5.0


class KeySetRefusedError(Exception):
    """The response is not acceptable."""


def fetch_jwks(url: str, *, timeout_s: float = TIMEOUT_S) -> Callable[[], Awaitable[bytes]]:
    """A function that fetches `url`. It raises KeySetRefusedError, TimeoutError or httpx's own errors."""

    async def fetch() -> bytes:
        import httpx  # noqa: PLC0415  # not before it is needed: start-up waits for no client

        # With redirects, another server could supply the trusted keys.
        async with httpx.AsyncClient(follow_redirects=False, timeout=timeout_s) as http:
            return await within(timeout_s, _read(http, url), call="jwks")

    return fetch


async def _read(http: "httpx.AsyncClient", url: str) -> bytes:
    async with http.stream("GET", url, headers={"accept": "application/json"}) as response:
        if response.status_code != HTTPStatus.OK:
            raise KeySetRefusedError(f"status {response.status_code}")
        body = bytearray()
        async for part in response.aiter_bytes():
            body += part
            if len(body) > MAX_BYTES:
                raise KeySetRefusedError(f"more than {MAX_BYTES} bytes")
        return bytes(body)
