"""`/app/runs/{run_id}`: one run, its times and its receipt."""

import asyncio
import json
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.params import FromPath
from oslira_client import ENDED, Conflict
from oslira_client.generated.analyses import Receipt

from oslira_gateway.console.forms import field_of
from oslira_gateway.console.runs.waterfall import waterfall
from oslira_gateway.console.visit import Visit, visit_of


def run_routes() -> list[Any]:
    """One run."""

    @get("/app/runs/{run_id:uuid}")
    async def run_page(request: Request[Any, Any, Any], run_id: FromPath[UUID]) -> Response[str]:
        visit = visit_of(request)
        return await visit.page("run.html", **await _shown(visit, run_id))

    @get("/app/runs/{run_id:uuid}/part")
    async def run_part(request: Request[Any, Any, Any], run_id: FromPath[UUID]) -> Response[str]:
        visit = visit_of(request)
        return visit.fragment("run_part.html", **await _shown(visit, run_id))

    @post("/app/runs/{run_id:uuid}/cancel", status_code=200)
    async def cancel(request: Request[Any, Any, Any], run_id: FromPath[UUID]) -> Response[str]:
        visit = visit_of(request)
        try:
            await visit.api.analyses.cancel_run(run_id)
        except Conflict as refusal:
            if refusal.code != "run_finished":
                raise
        if await field_of(request, "page"):
            return visit.go(f"/app/runs/{run_id}")
        run = await visit.api.analyses.get_run(run_id)
        return visit.fragment("run_rows.html", runs=[run], ended=ENDED)

    return [run_page, run_part, cancel]


async def _shown(visit: Visit, run_id: UUID) -> dict[str, Any]:
    run, receipt = await asyncio.gather(
        visit.api.analyses.get_run(run_id), visit.api.analyses.get_receipt(run_id)
    )
    result = run.result.model_dump(mode="json") if run.result else None
    return {
        "run": run,
        "receipt": receipt,
        "ended": ENDED,
        "waterfall": waterfall(receipt),
        "working_ms": _working_ms(receipt),
        "waiting_ms": _waiting_ms(receipt),
        "raw": json.dumps(result, indent=2, ensure_ascii=False) if result else "",
        "draft": result["business_profile"] if result and run.type == "business_profile" else None,
    }


def _waiting_ms(receipt: Receipt) -> int:
    return sum(step.duration_ms or 0 for step in receipt.steps if step.step in ("queued", "waiting"))


def _working_ms(receipt: Receipt) -> int:
    return sum(step.duration_ms or 0 for step in receipt.steps if step.step in ("scraping", "scoring"))
