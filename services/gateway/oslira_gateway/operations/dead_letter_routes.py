"""`/v1/admin/dead-letters`: messages that no consumer could read."""

from typing import Annotated, Any

from litestar import Request, get
from litestar.params import FromPath, QueryParameter

from oslira_gateway.operations.acts import Acts, recorded
from oslira_gateway.operations.admin_app import operator_of
from oslira_gateway.operations.dead_letters import DeadLetter, DeadLetterDetail, DeadLetters
from oslira_gateway.operations.places import Page


def dead_letter_routes(letters: DeadLetters, acts: Acts) -> list[Any]:
    """List and show. The body may hold anything, so each look at one is recorded."""

    @get("/dead-letters")
    async def list_dead_letters(
        limit: Annotated[int, QueryParameter(ge=1, le=200)] = 50,
    ) -> Page[DeadLetter]:
        return Page(await letters.newest(limit=limit), None)

    @get("/dead-letters/{sequence:int}")
    async def show_dead_letter(request: Request[Any, Any, Any], sequence: FromPath[int]) -> DeadLetterDetail:
        async with recorded(acts, operator_of(request), "show_dead_letter", id=str(sequence)):
            return await letters.show(sequence)

    return [list_dead_letters, show_dead_letter]
