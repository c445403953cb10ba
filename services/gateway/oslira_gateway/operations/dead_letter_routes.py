"""`/v1/admin/dead-letters`: messages that no consumer could read."""

from typing import Annotated, Any

from litestar import Request, get
from litestar.params import FromPath, QueryParameter

from oslira_gateway.operations.admin_app import operator_of
from oslira_gateway.operations.admin_urls import Page
from oslira_gateway.operations.audit_log import AuditLog, recorded
from oslira_gateway.operations.dead_letters import DeadLetter, DeadLetterDetail, DeadLetters


def dead_letter_routes(letters: DeadLetters, audit_log: AuditLog) -> list[Any]:
    """List and show. The body may have any content, so showing one is recorded in the audit log."""

    @get("/dead-letters")
    async def list_dead_letters(
        limit: Annotated[int, QueryParameter(ge=1, le=200)] = 50,
    ) -> Page[DeadLetter]:
        return Page(await letters.newest(limit=limit), None)

    @get("/dead-letters/{sequence:int}")
    async def show_dead_letter(request: Request[Any, Any, Any], sequence: FromPath[int]) -> DeadLetterDetail:
        async with recorded(audit_log, operator_of(request), "show_dead_letter", id=str(sequence)):
            return await letters.show(sequence)

    return [list_dead_letters, show_dead_letter]
