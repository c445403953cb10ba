"""`GET /v1/leads/{lead_id}/avatar`: for a token, or for `<img src>`, which sends none, under the ticket in its address."""

import asyncio
from typing import Annotated, Any, Final

from litestar import Request, get
from litestar.params import FromPath, HeaderParameter, QueryParameter
from litestar.response.base import ASGIResponse
from oslira_shared.errors import OsliraError

from oslira_gateway.http.auth import BY_TICKET, member_of, path_id
from oslira_gateway.http.documented import also, refuses
from oslira_gateway.http.rate_limits import LIMIT
from oslira_gateway.leads.ports import Pictures
from oslira_gateway.limits.policies import RouteClass
from oslira_gateway.streams.open_streams import StreamAccess
from oslira_gateway.streams.tickets import Tickets, follower_of, ticket_refused

NOT_FOUND: Final = "avatar_not_found"
# Detected by the first bytes of the copy. No SVG, because it can contain scripts.
_SHOWN: Final = frozenset({"image/jpeg", "image/png", "image/webp"})
_MEDIA_TYPE: Final = "image/*"
# Each has up to 640 KiB, several times while it is read: this limits the memory of a process.
_AT_ONCE: Final = 8
_HEADERS: Final = {
    # The shortest life of a ticket. Never in shared caches.
    "cache-control": "private, max-age=600",
    "vary": "authorization, x-account-id",
    "content-disposition": "inline",
    # Untrusted content: opened directly, it may not load or run anything. (`nosniff` is on every response.)
    "content-security-policy": "default-src 'none'; sandbox",
    # The application is on another origin.
    "cross-origin-resource-policy": "cross-origin",
}


def avatar_routes(pictures: Pictures, tickets: Tickets, access: StreamAccess) -> list[Any]:
    """Routes that show pictures. A ticket was signed for a member; whether they still are one is looked up each time."""
    places = asyncio.Semaphore(_AT_ONCE)

    @get(
        "/leads/{lead_id:str}/avatar",
        operation_id="getLeadAvatar",
        opt={BY_TICKET: True, LIMIT: RouteClass.READ},
        media_type=_MEDIA_TYPE,
        tags=["leads"],
        responses=also(
            200, bytes, "The picture: `image/jpeg`, `image/png` or `image/webp`.", media_type=_MEDIA_TYPE
        )
        | also(304, None, "`If-None-Match` names the picture you have.")
        | refuses("ticket_invalid", NOT_FOUND),
    )
    async def read_avatar(
        request: Request[Any, Any, Any],
        lead_id: FromPath[str],
        ticket: Annotated[
            str | None,
            QueryParameter(
                max_length=512,
                description="In the token's place: `<img src>` sends no headers. Every `avatar_url` has one.",
            ),
        ] = None,
        if_none_match: Annotated[str | None, HeaderParameter(name="If-None-Match", max_length=1_000)] = None,
    ) -> ASGIResponse:
        """The profile picture of a lead. Its address, with a ticket, is the lead's `avatar_url`."""
        thing_id = path_id(lead_id, NOT_FOUND)
        reader = (
            follower_of(member_of(request))
            if ticket is None
            else tickets.check(ticket, "avatar", thing_id=thing_id)
        )
        if await access.refused([reader]):
            raise ticket_refused()
        async with places:
            picture = await pictures.of_lead(
                reader.account_id, thing_id, known_etags=_etags_in(if_none_match)
            )
        headers = {"etag": f'"{picture.etag}"', **_HEADERS}
        if picture.content is None:
            return ASGIResponse(status_code=304, headers=headers)
        if picture.content_type not in _SHOWN:
            raise OsliraError(NOT_FOUND, "There is no picture of this lead.")
        return ASGIResponse(body=picture.content, media_type=picture.content_type, headers=headers)

    return [read_avatar]


def _etags_in(if_none_match: str | None) -> list[str]:
    tags = (tag.strip().removeprefix("W/").strip('"') for tag in (if_none_match or "").split(","))
    return [tag for tag in tags if tag][:10]
