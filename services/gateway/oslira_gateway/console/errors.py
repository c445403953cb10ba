"""Failures as pages: what happened, and what to do next."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import httpx
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException
from oslira_client import ApiError

from oslira_gateway.console.addresses import HOME, sign_in_and_return
from oslira_gateway.console.session import SessionTooLarge
from oslira_gateway.console.visit import Visit

_LOG = structlog.get_logger()
# The API's word that this sign-in is over.
_SIGNED_OUT: Final = frozenset({"unauthenticated", "token_expired", "token_invalid", "signed_out"})
_NO_ACCOUNT: Final = "account_not_found"
_TITLES: Final = {
    400: "This request can't be read",
    402: "Not enough credits",
    403: "You may not do this",
    404: "There is nothing here",
    409: "That has changed meanwhile",
    412: "That has changed meanwhile",
    413: "That is too large",
    422: "Please check what you entered",
    429: "Too many requests",
}
_NOT_FOUND: Final = 404
_TOO_MANY: Final = 429
_NO_ANSWER: Final = "The system does not answer at the moment. Nothing was lost; try again in a few seconds."


def failures(visit_for: Callable[[Request[Any, Any, Any]], Visit]) -> Any:
    """Litestar's handlers. They can't wait, so their pages ask the API nothing. `visit_for`: for what no route took."""

    def answer(request: Request[Any, Any, Any], error: Exception) -> Response[str]:
        visit: Visit = request.scope["state"].get("console_visit") or visit_for(request)
        status, title, detail = _described(error)
        if isinstance(error, ApiError) and error.code in _SIGNED_OUT:
            visit.forget()
            return visit.go(sign_in_and_return(visit.address))
        if isinstance(error, ApiError) and error.code == _NO_ACCOUNT and visit.session.account_id:
            # The user has left the account that was chosen, or was removed from it.
            visit.keep(replace(visit.session, account_id=""))
            return visit.go(HOME)
        if visit.is_fragment:
            notice = visit.fragment("notice.html", status=status, title=title, detail=detail)
            notice.headers |= {"HX-Retarget": "#notices", "HX-Reswap": "innerHTML"}
            return notice
        may_pass = httpx.codes.is_server_error(status) or status == _TOO_MANY
        retry = visit.address if may_pass else ""
        return visit.page_at_once("error.html", status, title=title, detail=detail, retry=retry)

    return {Exception: answer}


def _described(error: Exception) -> tuple[int, str, str]:
    """(status, title, detail)."""
    match error:
        case ApiError():
            title = _TITLES.get(error.status, "That did not work")
            return error.status, title, error.detail
        case httpx.TransportError():
            return 503, "No answer", _NO_ANSWER
        case SessionTooLarge():
            return (
                422,
                "This session is too large",
                "Your account's token does not fit into a browser session.",
            )
        case HTTPException():
            title = _TITLES.get(error.status_code, "That did not work")
            detail = "" if error.status_code == _NOT_FOUND else error.detail
            return error.status_code, title, detail
        case _:
            _LOG.error("page_failed", exc_info=error)
            return 500, "Something went wrong here", "It was reported. Try again in a moment."
