"""`GET /v1/leads/export.csv`."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import timedelta
from typing import Any, Final

from litestar import Request, get
from litestar.di import NamedDependency, Provide
from litestar.response.base import ASGIResponse
from litestar.response.streaming import ASGIStreamingResponse
from litestar.types import Receive, Scope, Send

from oslira_gateway.http.auth import member_of
from oslira_gateway.http.documented import also
from oslira_gateway.http.rate_limits import LIMIT
from oslira_gateway.http.timeouts import STREAMS
from oslira_gateway.leads.export_leads import ExportLeads
from oslira_gateway.leads.routes import read_filter
from oslira_gateway.leads.search import LeadFilter
from oslira_gateway.limits.policies import RouteClass

MEDIA_TYPE: Final = "text/csv"
# The time limit of an export. 200,000 leads take some seconds.
LONGEST: Final = timedelta(minutes=10)


class CsvDownload(ASGIStreamingResponse):
    """A file in parts. Its source is closed with the connection.

    If the client disconnects or exceeds the time limit, the response ends without its last chunk, so that it does not look complete.
    """

    __slots__ = ("_longest_s", "_parts")

    def __init__(self, parts: AsyncGenerator[bytes], *, name: str, longest: timedelta = LONGEST) -> None:
        headers: dict[str, Any] = {"content-disposition": f'attachment; filename="{name}"'}
        super().__init__(iterator=parts, media_type=MEDIA_TYPE, headers=headers, status_code=200)
        self._parts = parts
        self._longest_s = longest.total_seconds()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        async with aclosing(self._parts), asyncio.timeout(self._longest_s):
            await super().__call__(scope, receive, send)


def export_routes(export_leads: ExportLeads) -> list[Any]:
    """Routes that export leads as a file. The export has its own time limit."""

    @get(
        "/leads/export.csv",
        operation_id="exportLeads",
        dependencies={"wanted": Provide(read_filter)},
        opt={STREAMS: True, LIMIT: RouteClass.EXPORT},
        media_type=MEDIA_TYPE,
        tags=["leads"],
        responses=also(200, str, "The file, in parts.", media_type=MEDIA_TYPE),
    )
    async def export_leads_csv(
        request: Request[Any, Any, Any], wanted: NamedDependency[LeadFilter]
    ) -> ASGIResponse:
        """All leads of a filter as a CSV file that is safe to open in a spreadsheet."""
        return CsvDownload(await export_leads(member_of(request), wanted), name="leads.csv")

    return [export_leads_csv]
