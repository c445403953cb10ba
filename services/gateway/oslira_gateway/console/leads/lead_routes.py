"""`/app/leads/{lead_id}`: one lead, its analyses, and what can be done with it."""

import asyncio
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.exceptions import ValidationException
from litestar.params import FromPath
from oslira_client.generated.leads import LeadAnalysis
from oslira_client.generated.shared import AcceptedRun

from oslira_gateway.console.forms import field_of
from oslira_gateway.console.leads.formulas import FORMULAS
from oslira_gateway.console.visit import visit_of

_HISTORY: Final = 20
_DEEPER: Final = {"light": ("deep", "xray"), "deep": ("xray",), "xray": ()}


def lead_routes() -> list[Any]:
    """One lead."""

    @get("/app/leads/{lead_id:uuid}")
    async def lead_page(request: Request[Any, Any, Any], lead_id: FromPath[UUID]) -> Response[str]:
        visit = visit_of(request)
        lead, analyses, catalogue = await asyncio.gather(
            visit.api.leads.get_lead(lead_id),
            visit.api.leads.list_lead_analyses(lead_id, limit=_HISTORY).first(),
            visit.api.credits.list_plans(),
        )
        prices = {one.type: one.price_credits for one in catalogue.prices}
        shown = _chosen(analyses.items, request.query_params.get("analysis"))
        return await visit.page(
            "lead.html",
            lead=lead,
            analyses=analyses.items,
            shown=shown,
            result=shown.result if shown else None,
            deeper=[(kind, prices[kind]) for kind in _DEEPER.get(lead.type, ()) if kind in prices],
            again=prices.get(lead.type),
            formulas=FORMULAS,
        )

    @post("/app/leads/{lead_id:uuid}/analyse", status_code=200)
    async def analyse(request: Request[Any, Any, Any], lead_id: FromPath[UUID]) -> Response[str]:
        """Analyse it again, or deeper."""
        visit, kind = visit_of(request), await field_of(request, "type")
        if kind not in _DEEPER:
            raise ValidationException("There is no such type of analysis.")
        run = await visit.api.leads.refresh_lead(
            lead_id, type=kind, idempotency_key=await field_of(request, "key") or None
        )
        is_new = isinstance(run, AcceptedRun)
        return visit.go(f"/app/runs/{run.run_id}" if is_new else f"/app/leads/{lead_id}")

    @post("/app/leads/{lead_id:uuid}/delete", status_code=200)
    async def delete(request: Request[Any, Any, Any], lead_id: FromPath[UUID]) -> Response[str]:
        visit = visit_of(request)
        await visit.api.leads.delete_lead(lead_id)
        return visit.go(f"/app/leads?deleted={lead_id}")

    return [lead_page, analyse, delete]


def _chosen(analyses: list[LeadAnalysis], wanted: str | None) -> LeadAnalysis | None:
    """The one that was asked for, else the newest."""
    found = [one for one in analyses if str(one.analysis_id) == wanted]
    return (found or analyses or [None])[0]
