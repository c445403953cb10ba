"""No request holds a connection for longer than it is given; event streams are the exception and say so."""

import asyncio
from typing import Final

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from oslira_shared.errors import OsliraError

STREAMS: Final = "streams"


class RequestTimeout(ASGIMiddleware):
    """Ends a request that isn't answered in time, the reading of its body included."""

    scopes = (ScopeType.HTTP,)
    exclude_opt_key = STREAMS

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Raises OsliraError `timeout`, unless the answer is already on its way."""
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
