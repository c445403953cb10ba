"""Development only: event streams and pictures, passed on to the API as they come.

Everywhere else a proxy gives /app to the console and /v1 to the gateway under one origin.
"""

from collections.abc import AsyncIterator
from typing import Any, Final

import httpx
from litestar import Request, get
from litestar.exceptions import NotFoundException
from litestar.response import Stream

from oslira_gateway.console.api import forwarded_for
from oslira_gateway.console.guard import OPEN

_PASSED: Final = ("accept", "last-event-id", "if-none-match")
_RETURNED: Final = ("content-type", "cache-control", "etag", "retry-after")
# Pings come every 15 s.
_TIMEOUT: Final = {"connect": 5.0, "read": 60.0, "write": 5.0, "pool": 5.0}
_STREAMS: Final = ("/v1/events", "/v1/runs/{run_id:uuid}/events", "/v1/bulk/{bulk_id:uuid}/events")
_PICTURES: Final = ("/v1/leads/{lead_id:uuid}/avatar",)


def passage_routes(transport: httpx.AsyncBaseTransport, api_url: str) -> list[Any]:
    """The addresses that hold a ticket, and no others. No cookie and no token is passed on."""

    @get(list(_STREAMS + _PICTURES), opt={OPEN: True})
    async def pass_on(request: Request[Any, Any, Any]) -> Stream:
        if "ticket" not in request.query_params:
            raise NotFoundException
        headers = {name: request.headers[name] for name in _PASSED if name in request.headers}
        headers["x-forwarded-for"] = ", ".join(forwarded_for(request.scope))
        outgoing = httpx.Request(
            "GET",
            f"{api_url}{request.url.path}?{request.url.query}",
            headers=headers,
            extensions={"timeout": _TIMEOUT},
        )
        answer = await transport.handle_async_request(outgoing)
        kept = {name: answer.headers[name] for name in _RETURNED if name in answer.headers}
        return Stream(_content(answer), status_code=answer.status_code, headers=kept)

    return [pass_on]


async def _content(answer: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for chunk in answer.aiter_bytes():
            yield chunk
    except httpx.TransportError:
        return  # the browser connects again
    finally:
        await answer.aclose()
