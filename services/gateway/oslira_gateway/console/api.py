"""The API as one browser's user: its token, its account, its address."""

import time
from collections.abc import Sequence
from typing import Any

import httpx
from oslira_client import Oslira, Retries

from oslira_gateway.console.session import Session

# A page is waited for: one more try, then the page says what happened and offers another.
_RETRIES = Retries(at_most=1)


class CallersTransport(httpx.AsyncBaseTransport):
    """Sends requests over the process's connections, with the browser's address; measures how long the API takes."""

    def __init__(self, inner: httpx.AsyncBaseTransport, forwarded_for: Sequence[str]) -> None:
        self._inner = inner
        self._forwarded_for = ", ".join(forwarded_for)
        self._in_flight = 0
        self._since_s = 0.0
        self.taken_s = 0.0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self._forwarded_for:
            request.headers["X-Forwarded-For"] = self._forwarded_for
        if self._in_flight == 0:
            self._since_s = time.perf_counter()
        self._in_flight += 1
        try:
            return await self._inner.handle_async_request(request)
        finally:
            self._in_flight -= 1
            if self._in_flight == 0:
                self.taken_s += time.perf_counter() - self._since_s

    async def aclose(self) -> None:
        """The connections are the process's."""


def client_of(
    session: Session, api_url: str, transport: httpx.AsyncBaseTransport, *, timeout_s: float
) -> Oslira:
    """A client for one request of the browser. It holds nothing that has to be closed."""
    return Oslira(
        api_url,
        session.access_token or None,
        account_id=session.account_id or None,
        timeout_s=timeout_s,
        retries=_RETRIES,
        transport=transport,
    )


def forwarded_for(scope: Any) -> list[str]:
    """The addresses that came with a request, and its peer's at the end, as every proxy adds it."""
    given = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
    peer = scope.get("client")
    return [*given, peer[0]] if peer else given
