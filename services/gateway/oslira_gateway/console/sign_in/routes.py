"""`/app/sign-in`, `/app/sign-out` and the choice of an account."""

import asyncio
from contextlib import suppress
from typing import Any, Final

import httpx
from litestar import Request, Response, get, post
from litestar.params import FromQuery
from oslira_client import ApiError

from oslira_gateway.console.addresses import HOME, SIGN_IN, own
from oslira_gateway.console.forms import field_of
from oslira_gateway.console.guard import OPEN, WITHOUT_REFRESH
from oslira_gateway.console.sign_in.as_anybody_routes import as_anybody_routes
from oslira_gateway.console.sign_in.form import SignInForm
from oslira_gateway.console.sign_in.issuer import Issuer, SignInRefused
from oslira_gateway.console.sign_in.issuer_routes import issuer_routes
from oslira_gateway.console.visit import visit_of

# For each of the two places that end a token; a page may take several times as long.
_SIGN_OUT_S: Final = 5.0


def sign_in_routes(issuer: Issuer | None, *, app_url: str, development_secret: str | None) -> list[Any]:
    """`issuer`: Supabase, where it is set. `development_secret`: None outside development, where nobody signs in as another."""
    form = SignInForm(has_issuer=issuer is not None, has_development=development_secret is not None)

    @get(SIGN_IN, opt={OPEN: True})
    async def show(
        request: Request[Any, Any, Any],
        next: FromQuery[str | None] = None,  # noqa: A002
    ) -> Response[str]:
        visit, address = visit_of(request), own(next)
        return visit.go(address) if visit.session.is_signed_in else await form.show(visit, address)

    return [
        show,
        *session_routes(issuer),
        *(issuer_routes(issuer, form, app_url=app_url) if issuer is not None else ()),
        *(as_anybody_routes(development_secret, form) if development_secret is not None else ()),
    ]


def session_routes(issuer: Issuer | None) -> list[Any]:
    """What a signed-in user may do with the session."""

    @post("/app/sign-out", status_code=200, opt={WITHOUT_REFRESH: True})
    async def sign_out(request: Request[Any, Any, Any]) -> Response[str]:
        visit = visit_of(request)
        access_token = visit.session.access_token
        # The browser's session ends in any case; its tokens if these two answer soon.
        visit.forget()
        with suppress(ApiError, httpx.TransportError, TimeoutError):
            async with asyncio.timeout(_SIGN_OUT_S):
                await visit.api.identity.sign_out()
        if issuer is not None:
            with suppress(SignInRefused, httpx.TransportError, TimeoutError):
                async with asyncio.timeout(_SIGN_OUT_S):
                    await issuer.sign_out(access_token)
        return visit.go(SIGN_IN)

    @post("/app/account", status_code=200)
    async def choose_account(request: Request[Any, Any, Any]) -> Response[str]:
        """Work for another account of the user."""
        visit = visit_of(request)
        await visit.choose_account(await field_of(request, "account_id"))
        return visit.go(HOME)

    return [sign_out, choose_account]
