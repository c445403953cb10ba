"""`POST /v1/analyses/bulk`, `POST /v1/analyses/quote` and `/v1/bulk`."""

import asyncio
from dataclasses import dataclass
from typing import Annotated, Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.params import FromPath, QueryParameter
from oslira_shared.errors import OsliraError
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from oslira_gateway.bulk.bulk import Bulk, BulkItem, BulkOrder, BulkStatus, Quote
from oslira_gateway.bulk.cancel_bulk import CancelBulk
from oslira_gateway.bulk.name_list import NameList, read_names
from oslira_gateway.bulk.read_csv import read_csv
from oslira_gateway.bulk.request_bulk import Bulks, RequestBulk, with_events, with_texts
from oslira_gateway.http.auth import member_of, path_id
from oslira_gateway.http.documented import also, refuses
from oslira_gateway.http.listing import (
    DEFAULT_LIMIT,
    MAX_LIMIT,
    Cursor,
    CursorText,
    Limit,
    Page,
    cursor_of_number,
    number_of_cursor,
)
from oslira_gateway.http.media import ACCEPTS
from oslira_gateway.http.openapi.bodies import BODY, CSV_TERMS
from oslira_gateway.http.rate_limits import LIMIT
from oslira_gateway.http.whole_number import WholeNumber
from oslira_gateway.identity.caller import Member
from oslira_gateway.limits.policies import RouteClass
from oslira_gateway.runs.order import read_order
from oslira_gateway.runs.order_fields import IdText, TypeName, UsernameText
from oslira_gateway.runs.order_routes import IdempotencyKey, idempotency_key_of
from oslira_gateway.streams.addresses import POLL_AFTER_S, Addresses
from oslira_gateway.streams.tickets import follower_of

_NOT_FOUND: Final = "bulk_not_found"
_CSV: Final = "text/csv"
_MEDIA_TYPES: Final = ("application/json", _CSV)
# A thousand names as people paste them, addresses and other columns included.
_MAX_BODY_BYTES: Final = 1024 * 1024
_ANY_NAME: Final = "any"
BULK_REFUSALS: Final = (
    "no_usable_names",
    _NOT_FOUND,
    "idempotency_key_reused",
    "insufficient_credits",
    "cost_limit_reached",
)
_TYPE: Final = "The type of all its analyses."
_BUSINESS_PROFILE: Final = "The business that all names are scored for."
_MAX_AGE: Final = "Seconds. How old a profile or an analysis that is used again may be."
_MAX_CREDITS: Final = "What the bulk may cost at most. Names beyond it are rejected."
_STOP: Final = "End the bulk once so many leads score `stop_score`."
_STOP_SCORE: Final = "The score that counts for `stop_after_leads`."
_LIST_REFUSALS: Final = ("unknown_type", "too_many_names", "column_unclear", "business_profile_not_found")


class BulkTerms(BaseModel):
    """Terms for all names. In a CSV request these are query parameters."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: TypeName = Field(description=_TYPE)
    business_profile_id: IdText = Field(description=_BUSINESS_PROFILE)
    max_age: Annotated[int, Field(ge=0, le=10**9)] | None = Field(default=None, description=_MAX_AGE)
    max_credits: Annotated[int, Field(ge=0, le=10**9)] | None = Field(default=None, description=_MAX_CREDITS)
    stop_after_leads: Annotated[int, Field(ge=1, le=1_000)] | None = Field(default=None, description=_STOP)
    stop_score: Annotated[int, Field(ge=0, le=100)] | None = Field(default=None, description=_STOP_SCORE)


class CsvTerms(BulkTerms):
    """What a CSV needs in addition."""

    column: Annotated[str, Field(min_length=1, max_length=200)] | None = Field(
        default=None,
        description="The title or number (from 1) of the column that holds the names; without it, the reader looks for it.",
    )


class BulkBody(BulkTerms):
    """Terms and names. `stop_after_leads` and `stop_score` belong together."""

    model_config = ConfigDict(
        json_schema_extra={
            "dependentRequired": {"stop_after_leads": ["stop_score"], "stop_score": ["stop_after_leads"]}
        }
    )

    usernames: list[UsernameText] = Field(max_length=20_000, json_schema_extra={"minItems": 1})
    max_age: Annotated[WholeNumber, Field(ge=0, le=10**9)] | None = Field(default=None, description=_MAX_AGE)
    max_credits: Annotated[WholeNumber, Field(ge=0, le=10**9)] | None = Field(
        default=None, description=_MAX_CREDITS
    )
    stop_after_leads: Annotated[WholeNumber, Field(ge=1, le=1_000)] | None = Field(
        default=None, description=_STOP
    )
    stop_score: Annotated[WholeNumber, Field(ge=0, le=100)] | None = Field(
        default=None, description=_STOP_SCORE
    )


_BODIES: Final = {"application/json": BulkBody, _CSV: str}


@dataclass(frozen=True, slots=True)
class AcceptedBulk:
    """The answer to a new bulk: its addresses, and the rejected lines."""

    bulk_id: UUID
    status: BulkStatus
    poll_url: str
    events_url: str
    bulk: Bulk


def bulk_routes(
    request_bulk: RequestBulk, bulks: Bulks, cancel_bulk: CancelBulk, addresses: Addresses
) -> list[Any]:
    """Routes about bulks."""

    @post(
        "/analyses/bulk",
        operation_id="createBulk",
        status_code=202,
        opt={ACCEPTS: _MEDIA_TYPES, BODY: _BODIES, CSV_TERMS: CsvTerms, LIMIT: RouteClass.COSTLY},
        request_max_body_size=_MAX_BODY_BYTES,
        tags=["bulk"],
        responses=also(202, AcceptedBulk, "Accepted; the credits of its new names are held.")
        | also(200, AcceptedBulk, "The same bulk was accepted a moment ago; this is it.")
        | refuses(*_LIST_REFUSALS, *BULK_REFUSALS),
    )
    async def create_bulk(
        request: Request[Any, Any, Any],
        idempotency_key: IdempotencyKey = None,
    ) -> Response[AcceptedBulk]:
        """Order the analysis of up to 1,000 names under one hold, as JSON or as a CSV file.

        Lines without a usable name are listed in `rejected` and cost nothing.
        """
        member = member_of(request)
        order = await read_bulk_order(request)
        key = idempotency_key_of(idempotency_key)
        bulk_id, is_new = await request_bulk(member, order, key, request.state.request_id)
        bulk = await bulks.find(member, bulk_id)
        return accepted_bulk(addresses, member, bulk, order, status=202 if is_new or key else 200)

    @post(
        "/analyses/quote",
        operation_id="quoteBulk",
        status_code=200,
        opt={ACCEPTS: _MEDIA_TYPES, BODY: _BODIES, CSV_TERMS: CsvTerms},
        request_max_body_size=_MAX_BODY_BYTES,
        tags=["bulk"],
        responses=refuses(*_LIST_REFUSALS),
    )
    async def quote_bulk(request: Request[Any, Any, Any]) -> Quote:
        """What a bulk would do and cost now. Nothing is ordered and nothing is held."""
        return await request_bulk.quote(member_of(request), await read_bulk_order(request))

    @get("/bulk", operation_id="listBulks", tags=["bulk"])
    async def list_bulks(
        request: Request[Any, Any, Any],
        cursor: CursorText = None,
        limit: Limit = DEFAULT_LIMIT,
    ) -> Page[Bulk]:
        """The account's bulks, newest first."""
        after = Cursor.decode(cursor) if cursor is not None else None
        found = await bulks.page(member_of(request), after=after, limit=limit + 1)
        items, last = list(found[:limit]), found[limit - 1] if len(found) > limit else None
        return Page(items, Cursor(last.created_at, last.bulk_id).encode() if last else None)

    @get(
        "/bulk/{bulk_id:str}",
        operation_id="getBulk",
        opt={LIMIT: RouteClass.POLL},
        tags=["bulk"],
        responses=refuses(_NOT_FOUND),
    )
    async def read_bulk(request: Request[Any, Any, Any], bulk_id: FromPath[str]) -> Response[Bulk]:
        """One bulk as it is now: its counts, credits and rejected lines."""
        member = member_of(request)
        bulk = await bulks.find(member, path_id(bulk_id, _NOT_FOUND))
        if bulk is None:
            raise OsliraError(_NOT_FOUND, "There is no such bulk in this account.")
        headers = {} if bulk.is_ended else {"Retry-After": POLL_AFTER_S}
        events_url = addresses.bulk_events_url(bulk.bulk_id, follower_of(member))
        return Response(with_events(bulk, events_url), headers=headers)

    @get(
        "/bulk/{bulk_id:str}/items",
        operation_id="listBulkItems",
        opt={LIMIT: RouteClass.POLL},
        tags=["bulk"],
        responses=refuses(_NOT_FOUND),
    )
    async def list_items(
        request: Request[Any, Any, Any],
        bulk_id: FromPath[str],
        cursor: CursorText = None,
        limit: Annotated[
            int, QueryParameter(ge=1, le=1_000, description="How many items a page has at most.")
        ] = MAX_LIMIT,
    ) -> Page[BulkItem]:
        """The bulk's names in the order of the list, each with the state of its run."""
        member, thing_id = member_of(request), path_id(bulk_id, _NOT_FOUND)
        if await bulks.find(member, thing_id) is None:
            raise OsliraError(_NOT_FOUND, "There is no such bulk in this account.")
        after_line = number_of_cursor(cursor) if cursor is not None else 0
        found = await bulks.items(member, thing_id, after_line=after_line, limit=limit + 1)
        next_cursor = cursor_of_number(found[limit - 1].line) if len(found) > limit else None
        return Page(list(found[:limit]), next_cursor)

    @post(
        "/bulk/{bulk_id:str}/cancel",
        operation_id="cancelBulk",
        status_code=200,
        tags=["bulk"],
        responses=refuses(_NOT_FOUND, "bulk_finished"),
    )
    async def cancel(request: Request[Any, Any, Any], bulk_id: FromPath[str]) -> Bulk:
        """Cancel what the bulk has not finished. The credits of those runs are released."""
        return await cancel_bulk(member_of(request), path_id(bulk_id, _NOT_FOUND))

    return [create_bulk, quote_bulk, list_bulks, read_bulk, list_items, cancel]


def accepted_bulk(
    addresses: Addresses, member: Member, bulk: Bulk | None, order: BulkOrder, *, status: int
) -> Response[AcceptedBulk]:
    """The answer to an order. Raises OsliraError `bulk_not_found` if it no longer exists."""
    if bulk is None:
        raise OsliraError(_NOT_FOUND, "The bulk of this Idempotency-Key is not there any more.")
    poll_url = f"/v1/bulk/{bulk.bulk_id}"
    events_url = addresses.bulk_events_url(bulk.bulk_id, follower_of(member))
    shown = with_texts(with_events(bulk, events_url), order)
    body = AcceptedBulk(bulk.bulk_id, bulk.status, poll_url, events_url, shown)
    headers = {"Location": poll_url, "Retry-After": POLL_AFTER_S}
    return Response(body, status_code=status, headers=headers)


async def read_bulk_order(request: Request[Any, Any, Any]) -> BulkOrder:
    """From JSON, or from CSV with the terms in the query. Raises OsliraError like read_order, and more."""
    body = await request.body()
    is_csv = request.headers.get("content-type", "").partition(";")[0].strip().lower() == _CSV
    try:
        if is_csv:
            terms = CsvTerms.model_validate(dict(request.query_params))
            # Up to a megabyte of text: not in the event loop.
            names = await asyncio.to_thread(read_csv, body, column=terms.column)
        else:
            parsed = BulkBody.model_validate_json(body)
            terms, names = parsed, read_names(parsed.usernames)
    except ValidationError as error:
        # Without the input itself: it is a list of names.
        errors = [{"key": ".".join(map(str, e["loc"])), "message": e["msg"]} for e in error.errors()]
        raise OsliraError(
            "invalid_request", "The request is not what this endpoint accepts.", errors=errors
        ) from error
    if (terms.stop_after_leads is None) != (terms.stop_score is None):
        raise OsliraError("invalid_request", "stop_after_leads and stop_score belong together.")
    return _order(terms, names)


def _order(terms: BulkTerms, names: NameList) -> BulkOrder:
    # The terms of a single analysis, read by the same function.
    single = read_order(
        username=_ANY_NAME,
        kind=terms.type,
        business_profile_id=terms.business_profile_id,
        max_age_s=terms.max_age,
    )
    return BulkOrder(
        names,
        single.type,
        single.business_profile_id,
        single.max_age,
        terms.max_credits,
        terms.stop_after_leads,
        terms.stop_score,
    )
