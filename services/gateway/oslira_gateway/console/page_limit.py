"""The time limit of a page, the API's and the issuer's answers included. What has begun to be sent may take longer: files, streams."""

import asyncio

import httpx
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send


class PageLimit(ASGIMiddleware):
    """Ends a request whose answer has not begun in time, as one to which no answer came."""

    scopes = (ScopeType.HTTP,)

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Raises httpx.ReadTimeout."""
        limit = asyncio.timeout(self._limit_s)

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                limit.reschedule(None)
            await send(message)

        try:
            async with limit:
                await next_app(scope, receive, sending)
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise httpx.ReadTimeout("the page took too long") from error
