"""Sign-in by a mailed link, and by a password."""

import base64
import hashlib
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote

import httpx
from litestar import Request, Response, get, post
from litestar.params import FromQuery

from oslira_gateway.console.addresses import SIGN_IN, own
from oslira_gateway.console.forms import field_of
from oslira_gateway.console.guard import OPEN
from oslira_gateway.console.session import Grant
from oslira_gateway.console.sign_in.form import SignInForm
from oslira_gateway.console.sign_in.issuer import Issuer, SignInRefused
from oslira_gateway.console.visit import Visit, visit_of

_OPEN: Final = {OPEN: True}
_UNAVAILABLE: Final = "Sign-in does not answer at the moment. Try again in a minute."
_OTHER_BROWSER: Final = "This link is too old, or was asked for in another browser. Ask for a new one."


def issuer_routes(issuer: Issuer, form: SignInForm, *, app_url: str) -> list[Any]:
    """`app_url`: the origin that mailed links lead back to."""

    async def begin(visit: Visit, address: str, grant: Callable[[], Awaitable[Grant]]) -> Response[str]:
        try:
            given = await grant()
        except SignInRefused as refusal:
            return await form.show(visit, address, problem=str(refusal))
        except httpx.TransportError:
            return await form.show(visit, address, problem=_UNAVAILABLE)
        return await form.begin(visit, given, address)

    @post(f"{SIGN_IN}/link", status_code=200, opt=_OPEN)
    async def send_link(request: Request[Any, Any, Any]) -> Response[str]:
        visit, email = visit_of(request), await field_of(request, "email")
        address = own(await field_of(request, "next"))
        verifier = secrets.token_urlsafe(48)
        back = f"{app_url.rstrip('/')}{SIGN_IN}/confirm?next={quote(address, safe='')}"
        try:
            await issuer.send_link(email, code_challenge=_challenge(verifier), return_to=back)
        except SignInRefused as refusal:
            return await form.show(visit, address, problem=str(refusal))
        except httpx.TransportError:
            return await form.show(visit, address, problem=_UNAVAILABLE)
        visit.session = replace(visit.session, code_verifier=verifier)
        return await form.show(visit, address, sent_to=email)

    @get(f"{SIGN_IN}/confirm", opt=_OPEN)
    async def confirm(
        request: Request[Any, Any, Any],
        code: FromQuery[str | None] = None,
        next: FromQuery[str | None] = None,  # noqa: A002
    ) -> Response[str]:
        visit, address = visit_of(request), own(next)
        verifier = visit.session.code_verifier
        if not code or not verifier:
            return await form.show(visit, address, problem=_OTHER_BROWSER)
        return await begin(visit, address, lambda: issuer.by_code(code, code_verifier=verifier))

    @post(f"{SIGN_IN}/password", status_code=200, opt=_OPEN)
    async def by_password(request: Request[Any, Any, Any]) -> Response[str]:
        visit, address = visit_of(request), own(await field_of(request, "next"))
        email, password = await field_of(request, "email"), await field_of(request, "password")
        return await begin(visit, address, lambda: issuer.by_password(email, password))

    return [send_link, confirm, by_password]


def _challenge(verifier: str) -> str:
    """RFC 7636, S256."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
