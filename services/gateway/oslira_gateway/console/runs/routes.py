"""`/app/runs`: the board of runs, and acts on several of them."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Final, TypeVar
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.exceptions import ValidationException
from litestar.params import FromQuery
from oslira_client import ENDED, Conflict, NotFound
from oslira_client.generated.bulk import BulkBody
from oslira_client.generated.shared import Run

from oslira_gateway.console.forms import field_of, ids_of
from oslira_gateway.console.runs.bulk_routes import bulk_routes
from oslira_gateway.console.runs.run_routes import run_routes
from oslira_gateway.console.visit import Visit, visit_of

AnswerT = TypeVar("AnswerT")
STATUSES: Final = ("queued", "waiting", "scraping", "scoring", "completed", "failed", "cancelled")
_PAGE: Final = 50
_MOST_MARKED: Final = 100
_AT_ONCE: Final = 10


def runs_routes() -> list[Any]:
    """Everything below /app/runs and /app/bulk."""

    @get("/app/runs")
    async def board(
        request: Request[Any, Any, Any], status: FromQuery[str] = "", cursor: FromQuery[str | None] = None
    ) -> Response[str]:
        visit = visit_of(request)
        if status and status not in STATUSES:
            raise ValidationException("There is no such state.")
        page, bulks = await asyncio.gather(
            visit.api.analyses.list_runs(status=status or None, cursor=cursor or None, limit=_PAGE).first(),
            visit.api.bulk.list_bulks(limit=5).first(),
        )
        return await visit.page(
            "runs.html",
            runs=page.items,
            next_cursor=page.next_cursor,
            is_first=not cursor,
            statuses=STATUSES,
            chosen=status,
            bulks=[one for one in bulks.items if one.finished_at is None],
            ended=ENDED,
        )

    @get("/app/runs/rows")
    async def rows(request: Request[Any, Any, Any], id: FromQuery[list[UUID]]) -> Response[str]:  # noqa: A002
        """The rows of these runs as they are now. Rows stay where they are."""
        visit = visit_of(request)
        runs = await _read(visit, id[:_MOST_MARKED])
        return visit.fragment("run_rows.html", runs=runs, ended=ENDED)

    @post("/app/runs/cancel", status_code=200)
    async def cancel(request: Request[Any, Any, Any]) -> Response[str]:
        visit, ids = visit_of(request), await _marked(request)
        await _each(ids, partial(_cancel, visit))
        return visit.go(visit.address)

    @post("/app/runs/again", status_code=200)
    async def again(request: Request[Any, Any, Any]) -> Response[str]:
        """One bulk for each type and business among the marked runs."""
        visit, ids = visit_of(request), await _marked(request)
        key = await field_of(request, "key")
        groups: dict[tuple[str, UUID], list[str]] = defaultdict(list)
        for run in await _read(visit, ids):
            if run.username and run.business_profile_id and run.type in ("light", "deep", "xray"):
                groups[run.type, run.business_profile_id].append(run.username)
        if not groups:
            raise ValidationException("Mark runs of profiles: a draft can't be analysed again.")
        accepted = [
            await visit.api.bulk.create_bulk(
                BulkBody(business_profile_id=business, type=kind, usernames=names),  # pyright: ignore[reportArgumentType]  # checked above
                idempotency_key=f"{key}-{kind}-{business}" if key else None,
            )
            for (kind, business), names in groups.items()
        ]
        return visit.go(f"/app/bulk/{accepted[0].bulk_id}" if len(accepted) == 1 else "/app/runs")

    return [board, rows, cancel, again, *run_routes(), *bulk_routes()]


async def _marked(request: Request[Any, Any, Any]) -> list[UUID]:
    ids = await ids_of(request, "run_id")
    if not 1 <= len(ids) <= _MOST_MARKED:
        raise ValidationException(f"Mark 1 to {_MOST_MARKED} runs.")
    return ids


async def _read(visit: Visit, ids: Sequence[UUID]) -> list[Run]:
    """Those that are the account's, in the same order."""
    found = await _each(ids, partial(_find, visit))
    return [run for run in found if run is not None]


async def _find(visit: Visit, run_id: UUID) -> Run | None:
    try:
        return await visit.api.analyses.get_run(run_id)
    except NotFound:
        return None


async def _cancel(visit: Visit, run_id: UUID) -> None:
    """One that has ended meanwhile needs nothing."""
    try:
        await visit.api.analyses.cancel_run(run_id)
    except (Conflict, NotFound):
        return


async def _each(ids: Sequence[UUID], act: Callable[[UUID], Awaitable[AnswerT]]) -> list[AnswerT]:
    """A few at once: a page must not take all the connections to the API."""
    places = asyncio.Semaphore(_AT_ONCE)

    async def one(run_id: UUID) -> AnswerT:
        async with places:
            return await act(run_id)

    return await asyncio.gather(*(one(run_id) for run_id in ids))
