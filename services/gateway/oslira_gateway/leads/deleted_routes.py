"""`DELETE /v1/leads/{lead_id}` and `POST /v1/leads/{lead_id}/restore`."""

from typing import Any

from litestar import Request, delete, post
from litestar.params import FromPath
from oslira_shared.errors import OsliraError

from oslira_gateway.http.auth import member_of, path_id
from oslira_gateway.http.documented import refuses
from oslira_gateway.leads.lead import Lead
from oslira_gateway.leads.ports import Leads
from oslira_gateway.leads.routes import NOT_FOUND, no_such_lead, with_avatars
from oslira_gateway.streams.addresses import Addresses


def deleted_routes(leads: Leads, addresses: Addresses) -> list[Any]:
    """Routes that soft-delete and restore leads."""

    @delete(
        "/leads/{lead_id:str}",
        operation_id="deleteLead",
        status_code=204,
        tags=["leads"],
        responses=refuses(NOT_FOUND),
    )
    async def delete_lead(request: Request[Any, Any, Any], lead_id: FromPath[str]) -> None:
        """Delete a lead. It can be restored for 30 days."""
        if not await leads.delete(member_of(request), path_id(lead_id, NOT_FOUND)):
            raise no_such_lead()

    @post(
        "/leads/{lead_id:str}/restore",
        operation_id="restoreLead",
        status_code=200,
        tags=["leads"],
        responses=refuses(NOT_FOUND, "lead_replaced"),
    )
    async def restore_lead(request: Request[Any, Any, Any], lead_id: FromPath[str]) -> Lead:
        """Restore a deleted lead."""
        member = member_of(request)
        restored = await leads.restore(member, path_id(lead_id, NOT_FOUND))
        if restored.outcome == "replaced":
            raise OsliraError(
                "lead_replaced",
                "The profile was analysed again since; delete that lead first to restore this one.",
                lead_id=str(restored.lead_id),
            )
        lead = await leads.find(member, restored.lead_id)
        if lead is None:
            raise no_such_lead()
        (shown,) = await with_avatars([lead], member, leads, addresses)
        return shown

    return [delete_lead, restore_lead]
