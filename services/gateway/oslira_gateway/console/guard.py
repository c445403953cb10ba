"""Before each request: opens the session, checks that a change comes from our own page, and keeps tokens fresh."""

import hmac
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
from jinja2 import Environment
from litestar import Request, Response
from litestar.exceptions import PermissionDeniedException

from oslira_gateway.console.addresses import sign_in_and_return
from oslira_gateway.console.api import CallersTransport, client_of, forwarded_for
from oslira_gateway.console.people import People
from oslira_gateway.console.session import COOKIE, Sealer, Session, SessionTooLarge
from oslira_gateway.console.sign_in.issuer import Issuer, SignInRefused
from oslira_gateway.console.visit import Visit

# In a route's opt: it needs no signed-in user.
OPEN: Final = "open"
# In a route's opt: it works with a token that has ended, and asks the issuer for no other.
WITHOUT_REFRESH: Final = "without_refresh"
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
# A token that ends sooner is replaced first: a page's requests take a while.
_REFRESH_BEFORE_S: Final = 90
_HEALTH: Final = "/health/"
CSRF_FIELD: Final = "csrf"
CSRF_HEADER: Final = "x-csrf-token"

Admit = Callable[[Request[Any, Any, Any]], Awaitable[Response[str] | None]]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all visits of the process share."""

    api_url: str
    api_timeout_s: float
    transport: httpx.AsyncBaseTransport
    templates: Environment
    sealer: Sealer
    people: People
    issuer: Issuer | None


def admit(shared: Surroundings) -> Admit:
    """The guard, for Litestar's `before_request`."""

    async def before(request: Request[Any, Any, Any]) -> Response[str] | None:
        if request.url.path.startswith(_HEALTH):
            return None
        visit = visit_for(request, shared)
        is_open = bool(request.route_handler.opt.get(OPEN))
        # Before the check of the CSRF token: a session that has ended is signed in again, and not called an attack.
        if not is_open and not visit.session.is_signed_in:
            return visit.go(sign_in_and_return(visit.address))
        if request.method not in _SAFE:
            await _require_own_page(request, visit.session)
        if is_open or request.route_handler.opt.get(WITHOUT_REFRESH) or await _is_fresh(visit, shared.issuer):
            return None
        visit.forget()
        return visit.go(sign_in_and_return(visit.address))

    return before


def visit_for(request: Request[Any, Any, Any], shared: Surroundings) -> Visit:
    """The visit of this request, which routes find with `visit_of`."""
    session = shared.sealer.open(request.cookies.get(COOKIE, "")) or Session.new()
    transport = CallersTransport(shared.transport, forwarded_for(request.scope))
    visit = Visit(
        request,
        session,
        api_of=lambda session: client_of(session, shared.api_url, transport, timeout_s=shared.api_timeout_s),
        transport=transport,
        templates=shared.templates,
        sealer=shared.sealer,
        people=shared.people,
    )
    request.scope["state"]["console_visit"] = visit
    return visit


async def _is_fresh(visit: Visit, issuer: Issuer | None) -> bool:
    """Whether the session's token is good, if need be after it was replaced."""
    session = visit.session
    left_s = session.expires_at - time.time()
    if left_s > _REFRESH_BEFORE_S:
        return True
    if issuer is None or not session.refresh_token:
        return left_s > 0
    try:
        grant = await issuer.refresh(session.refresh_token)
    except SignInRefused:
        return False
    except httpx.TransportError:
        if left_s <= 0:
            raise  # a page that offers another try: the session is good once the issuer answers
        return True
    try:
        visit.keep(session.refreshed(grant))
    except SessionTooLarge:
        return False
    return True


async def _require_own_page(request: Request[Any, Any, Any], session: Session) -> None:
    """Raises PermissionDeniedException for a change that another site's page may have sent."""
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise PermissionDeniedException("This request came from another site.")
    given = request.headers.get(CSRF_HEADER)
    if given is None:
        given = (await request.form()).get(CSRF_FIELD)
    if not isinstance(given, str) or not hmac.compare_digest(given.encode(), session.form_token.encode()):
        raise PermissionDeniedException("This page is out of date. Open it again, and repeat what you did.")
