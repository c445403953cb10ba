"""`GET /v1/runs` and `GET /v1/runs/{run_id}`."""

from typing import Annotated, Any, Final
from uuid import UUID

from litestar import Request, Response, get
from litestar.params import FromPath, FromQuery, HeaderParameter
from oslira_shared.anonymous import ANONYMOUS_ACCOUNT_ID
from oslira_shared.contracts.analysis.v1 import RunStatus
from oslira_shared.errors import OsliraError

from oslira_gateway.http.auth import ANONYMOUS, granted_run_of, member_of, path_id
from oslira_gateway.http.documented import also, refuses
from oslira_gateway.http.listing import DEFAULT_LIMIT, Cursor, CursorText, Limit, Page
from oslira_gateway.http.rate_limits import LIMIT
from oslira_gateway.limits.policies import RouteClass
from oslira_gateway.runs.etag import etag_of, matches
from oslira_gateway.runs.ports import Runs
from oslira_gateway.runs.run import Run, RunSummary
from oslira_gateway.streams.addresses import POLL_AFTER_S, Addresses
from oslira_gateway.streams.tickets import ANONYMOUS_FOLLOWER, Follower, follower_of

_NOT_FOUND: Final = "run_not_found"
_REVALIDATED: Final = "private, no-cache"


def runs_routes(runs: Runs, addresses: Addresses) -> list[Any]:
    """Routes that read runs."""

    @get("/runs", operation_id="listRuns", tags=["analyses"])
    async def list_runs(
        request: Request[Any, Any, Any],
        status: FromQuery[RunStatus | None] = None,
        cursor: CursorText = None,
        limit: Limit = DEFAULT_LIMIT,
    ) -> Page[RunSummary]:
        """The account's runs, newest first, without their results."""
        after = Cursor.decode(cursor) if cursor is not None else None
        found = await runs.page(member_of(request), status=status, after=after, limit=limit + 1)
        items, last = list(found[:limit]), found[limit - 1] if len(found) > limit else None
        return Page(items, Cursor(last.created_at, last.run_id).encode() if last else None)

    @get(
        "/runs/{run_id:str}",
        operation_id="getRun",
        opt={LIMIT: RouteClass.POLL, ANONYMOUS: True},
        tags=["analyses"],
        responses=also(200, Run, "The run.")
        | also(304, None, "`If-None-Match` names the version you have.")
        | refuses(_NOT_FOUND),
    )
    async def read_run(
        request: Request[Any, Any, Any],
        run_id: FromPath[str],
        if_none_match: Annotated[str | None, HeaderParameter(name="If-None-Match")] = None,
    ) -> Response[Run | None]:
        """One run as it is now, with its result once it has completed. `If-None-Match` saves the body of an unchanged run."""
        run, follower = await _readable(request, path_id(run_id, _NOT_FOUND))
        headers = {"ETag": etag_of(run), "Cache-Control": _REVALIDATED}
        if not run.is_ended:
            headers["Retry-After"] = POLL_AFTER_S
        if matches(if_none_match, headers["ETag"]):
            return Response(None, status_code=304, headers=headers)
        return Response(addresses.with_addresses(run, follower), headers=headers)

    async def _readable(request: Request[Any, Any, Any], run_id: UUID) -> tuple[Run, Follower]:
        """The run and who may follow it: a member, or the anonymous caller whose token is for this run."""
        if (granted_id := granted_run_of(request)) is None:
            member = member_of(request)
            run, follower = await runs.find(member, run_id), follower_of(member)
        else:
            run = await runs.follow(ANONYMOUS_ACCOUNT_ID, run_id) if granted_id == run_id else None
            follower = ANONYMOUS_FOLLOWER
        if run is None:
            raise OsliraError(_NOT_FOUND, "There is no such run in this account.")
        return run, follower

    return [list_runs, read_run]
