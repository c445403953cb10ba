"""The key set over HTTP: bounded in time and size, and from nowhere but the address that was configured."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from oslira_shared.deadline import within

if TYPE_CHECKING:
    import httpx

MAX_BYTES: Final = 64 * 1024
TIMEOUT_S: Final = 5.0


class KeySetRefusedError(Exception):
    """The answer is none that we take."""


def fetch_jwks(url: str, *, timeout_s: float = TIMEOUT_S) -> Callable[[], Awaitable[bytes]]:
    """What asks `url`. It raises KeySetRefusedError, TimeoutError or httpx's own errors."""

    async def fetch() -> bytes:
        import httpx  # noqa: PLC0415  # not before it is needed: start-up waits for no client

        # A redirect would let whoever answers choose whose keys we trust.
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
