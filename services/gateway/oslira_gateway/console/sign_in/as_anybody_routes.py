"""Development only: "sign in as"."""

from typing import Any

from litestar import Request, Response, post

from oslira_gateway.console.addresses import SIGN_IN, own
from oslira_gateway.console.forms import field_of
from oslira_gateway.console.guard import OPEN
from oslira_gateway.console.sign_in.development import grant_as
from oslira_gateway.console.sign_in.form import SignInForm
from oslira_gateway.console.visit import visit_of


def as_anybody_routes(secret: str, form: SignInForm) -> list[Any]:
    """Not wired outside development: there the address is 404."""

    @post(f"{SIGN_IN}/as", status_code=200, opt={OPEN: True})
    async def sign_in_as(request: Request[Any, Any, Any]) -> Response[str]:
        visit, email = visit_of(request), await field_of(request, "email")
        address = own(await field_of(request, "next"))
        if "@" not in email:
            return await form.show(visit, address, problem="Enter an e-mail address.")
        return await form.begin(visit, grant_as(email, secret), address)

    return [sign_in_as]
