"""`POST /v1/runs/{run_id}/cancel` and `GET /v1/runs/{run_id}/receipt`."""

from typing import Any, Final

from litestar import Request, get, post
from litestar.params import FromPath
from oslira_shared.errors import OsliraError

from oslira_gateway.http.auth import member_of, path_id
from oslira_gateway.http.documented import refuses
from oslira_gateway.runs.cancel_analysis import CancelAnalysis, CancelledRun, Receipts
from oslira_gateway.runs.receipt import Receipt

_NOT_FOUND: Final = "run_not_found"


def cancel_routes(cancel_analysis: CancelAnalysis, receipts: Receipts) -> list[Any]:
    """Routes that cancel a run, or read its receipt."""

    @post(
        "/runs/{run_id:str}/cancel",
        operation_id="cancelRun",
        status_code=200,
        tags=["analyses"],
        responses=refuses(_NOT_FOUND, "run_finished"),
    )
    async def cancel_run(request: Request[Any, Any, Any], run_id: FromPath[str]) -> CancelledRun:
        """Cancel a run. Its credits are released. A run that has completed answers 409 with its receipt."""
        return await cancel_analysis(member_of(request), path_id(run_id, _NOT_FOUND))

    @get(
        "/runs/{run_id:str}/receipt",
        operation_id="getReceipt",
        tags=["analyses"],
        responses=refuses(_NOT_FOUND),
    )
    async def read_receipt(request: Request[Any, Any, Any], run_id: FromPath[str]) -> Receipt:
        """What the run did and what it took: its steps, scrape, model calls and credits."""
        member = member_of(request)
        receipt = await receipts.of_run(member, path_id(run_id, _NOT_FOUND))
        if receipt is None:
            raise OsliraError(_NOT_FOUND, "There is no such run in this account.")
        return receipt if member.caller.is_operator else receipt.for_members()

    return [cancel_run, read_receipt]
