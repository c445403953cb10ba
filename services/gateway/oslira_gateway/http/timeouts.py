"""The time limit of requests. Event streams are excluded by their `opt`."""

import asyncio
from typing import Final

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from oslira_shared.errors import OsliraError

STREAMS: Final = "streams"


class RequestTimeout(ASGIMiddleware):
    """Ends a request without a response in time. The time includes the reading of its body."""

    scopes = (ScopeType.HTTP,)
    exclude_opt_key = STREAMS

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Raises OsliraError `timeout`, unless the response has started."""
        is_answering = False

        async def sending(message: Message) -> None:
            nonlocal is_answering
            is_answering = True
            await send(message)

        try:
            async with asyncio.timeout(self._timeout_s):
                await next_app(scope, receive, sending)
        except TimeoutError as error:
            if is_answering:
                raise
            raise OsliraError("timeout", "The request took too long; try it again.") from error
