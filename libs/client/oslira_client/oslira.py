"""The client: one user, or one anonymous caller, of one deployment."""

from collections.abc import Callable, Generator
from typing import Final, Self
from uuid import UUID

import httpx

from oslira_client.calls import Calls, Retries
from oslira_client.generated.operations import Operations

ENDED: Final = frozenset({"completed", "failed", "cancelled"})
_AS_IT_COMES: Final = Retries()


class Oslira(Operations):
    """Every method raises ApiError for a problem, httpx.TransportError when no answer comes.

    Reads, and orders under an Idempotency-Key, are tried again when the server was away or busy; nothing else is.
    """

    def __init__(
        self,
        base_url: str,
        token: str | Callable[[], str] | None = None,
        *,
        account_id: UUID | str | None = None,
        timeout_s: float = 30.0,
        retries: Retries = _AS_IT_COMES,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """`token`: a text, or a function that is called at each request, since tokens expire. `account_id`: an account of the user."""
        self.http = httpx.AsyncClient(
            base_url=base_url,
            auth=_Bearer(token) if token is not None else None,
            headers={"X-Account-Id": str(account_id)} if account_id is not None else {},
            timeout=timeout_s,
            trust_env=False,
            limits=httpx.Limits(max_connections=400),
            transport=transport,
        )
        super().__init__(Calls(self.http, retries))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()


class _Bearer(httpx.Auth):
    def __init__(self, token: str | Callable[[], str]) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        if "authorization" not in request.headers:
            token = self._token if isinstance(self._token, str) else self._token()
            request.headers["Authorization"] = f"Bearer {token}"
        yield request
