"""`/app/business`: what leads are scored for: a draft from four steps, editing with versions, and what models read."""

import asyncio
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.params import FromPath, FromQuery
from oslira_client.generated.business import OnboardingAnswers
from oslira_client.generated.shared import DraftResult

from oslira_gateway.console.business.compare import differences
from oslira_gateway.console.business.form import context_of
from oslira_gateway.console.forms import field_of
from oslira_gateway.console.visit import Visit, visit_of

_OPTIONAL: Final = ("customers", "location", "avoid", "tone", "language", "notes")
_VERSIONS: Final = 20


def business_routes() -> list[Any]:
    """Business profiles."""

    @get("/app/business")
    async def listed(request: Request[Any, Any, Any], deleted: FromQuery[str] = "") -> Response[str]:
        visit = visit_of(request)
        page = await visit.api.business.list_business_profiles(limit=100).first()
        return await visit.page("businesses.html", businesses=page.items, deleted=deleted)

    @get("/app/business/new")
    async def new(request: Request[Any, Any, Any], draft: FromQuery[UUID | None] = None) -> Response[str]:
        """The four steps, or the draft that a run made of them."""
        visit = visit_of(request)
        if draft is None:
            return await visit.page("business_new.html")
        return await visit.page("business_edit.html", business=await _draft(visit, draft), saved=None)

    @post("/app/business/draft", status_code=200)
    async def order_draft(request: Request[Any, Any, Any]) -> Response[str]:
        visit = visit_of(request)
        given = {name: value for name in _OPTIONAL if (value := await field_of(request, name))}
        answers = OnboardingAnswers(
            name=await field_of(request, "name"), offer=await field_of(request, "offer"), **given
        )
        run = await visit.api.business.generate_business_profile(answers)
        return visit.go(f"/app/runs/{run.run_id}")

    @post("/app/business", status_code=200)
    async def create(request: Request[Any, Any, Any]) -> Response[str]:
        visit = visit_of(request)
        saved = await visit.api.business.create_business_profile(await context_of(request))
        return visit.go(f"/app/business/{saved.business_profile_id}")

    return [listed, new, order_draft, create, *profile_routes()]


def profile_routes() -> list[Any]:
    """One business profile."""

    @get("/app/business/{profile_id:uuid}")
    async def show(request: Request[Any, Any, Any], profile_id: FromPath[UUID]) -> Response[str]:
        visit = visit_of(request)
        business, preview, versions = await asyncio.gather(
            visit.api.business.get_business_profile(profile_id),
            visit.api.business.get_context_preview(profile_id),
            visit.api.business.list_business_profile_versions(profile_id, limit=_VERSIONS).first(),
        )
        return await visit.page(
            "business.html",
            business=business,
            preview=preview,
            versions=versions.items,
            changes=[
                (newer, differences(older, newer))
                for newer, older in zip(versions.items, versions.items[1:], strict=False)
            ],
        )

    @get("/app/business/{profile_id:uuid}/edit")
    async def edit(request: Request[Any, Any, Any], profile_id: FromPath[UUID]) -> Response[str]:
        visit = visit_of(request)
        business = await visit.api.business.get_business_profile(profile_id)
        return await visit.page("business_edit.html", business=business, saved=business)

    @post("/app/business/{profile_id:uuid}", status_code=200)
    async def save(request: Request[Any, Any, Any], profile_id: FromPath[UUID]) -> Response[str]:
        """Only over the version that was edited: somebody else's change is not overwritten."""
        visit, version = visit_of(request), await field_of(request, "version")
        await visit.api.business.replace_business_profile(
            profile_id, await context_of(request), if_match=f'"{version}"'
        )
        return visit.go(f"/app/business/{profile_id}")

    @post("/app/business/{profile_id:uuid}/delete", status_code=200)
    async def delete(request: Request[Any, Any, Any], profile_id: FromPath[UUID]) -> Response[str]:
        visit = visit_of(request)
        await visit.api.business.delete_business_profile(profile_id, if_match="*")
        return visit.go(f"/app/business?deleted={profile_id}")

    @post("/app/business/{profile_id:uuid}/restore", status_code=200)
    async def restore(request: Request[Any, Any, Any], profile_id: FromPath[UUID]) -> Response[str]:
        visit = visit_of(request)
        await visit.api.business.restore_business_profile(profile_id)
        return visit.go(f"/app/business/{profile_id}")

    return [show, edit, save, delete, restore]


async def _draft(visit: Visit, run_id: UUID) -> Any:
    """What the run drafted; None while it has not."""
    run = await visit.api.analyses.get_run(run_id)
    return run.result.business_profile if isinstance(run.result, DraftResult) else None
